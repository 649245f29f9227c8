import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as tcpServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as tlsServer } from 'node:tls';
import { certificateFor } from '@kams/testing/certificate';
import { askKafka } from '@kams/testing/kafka-client';
import { kafkaBus } from '../../../src/bus/kafka/kafka-bus';
import { isTooLarge, Refused, told } from '../../../src/bus/kafka/refusal';
import { Unavailable } from '../../../src/store/port';

const PASSWORD = 'marker-9fGt2';
const security = { tls: true, user: { name: 'kams-accounts', password: PASSWORD } };
const server = certificateFor('localhost');
const servers: Server[] = [];
let folder: string;
let authority: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kams-tls-'));
  authority = join(folder, 'authority.pem');
  await writeFile(authority, server.certificate);
});
afterEach(() => void servers.splice(0).forEach((it) => it.close()));
afterAll(() => rm(folder, { recursive: true }));

async function listening(it: Server): Promise<number> {
  servers.push(it);
  await new Promise<void>((done) => it.listen(0, '127.0.0.1', done));
  return (it.address() as AddressInfo).port;
}
/** Knows no Kafka: tells what it was sent behind the handshake, and hangs up. */
async function endOfTls(): Promise<{ port: number; sent: () => string }> {
  let sent = '';
  const it = tlsServer({ key: server.key, cert: server.certificate }, (socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (more) => {
      sent += more.toString('latin1');
      socket.destroy();
    });
  });
  return { port: await listening(it.on('tlsClientError', () => undefined)), sent: () => sent };
}
const failureOf = (work: Promise<unknown>): Promise<Refused> =>
  work.then(
    () => {
      throw new Error('it was let in');
    },
    (error: Refused) => error,
  );

describe('a broker with TLS', () => {
  const ask = async (name: string, port: number, env?: NodeJS.ProcessEnv) => {
    const options = { brokers: [`${name}:${port}`], security };
    const [told] = await askKafka([{ options, act: 'ends', topic: 'kams.accounts.v1' }], env);
    return told!.failure;
  };

  test.each([{}, { NODE_TLS_REJECT_UNAUTHORIZED: '0' }])(
    'is sent nothing when no authority that is trusted has signed its certificate, with the environment %j',
    async (env) => {
      const { port, sent } = await endOfTls();
      const failure = await ask('localhost', port, env);
      expect(failure?.message).toBe('Kafka: the certificate is of no authority that this process trusts');
      expect(failure?.why).toBe('authority');
      expect(sent()).toBe('');
    },
  );

  test('is sent nothing when its certificate is of another name than it was called by', async () => {
    const { port, sent } = await endOfTls();
    const failure = await ask('127.0.0.1', port, { NODE_EXTRA_CA_CERTS: authority });
    expect(failure?.message).toMatch(/^Kafka: the certificate is of another name: .*127\.0\.0\.1/);
    expect(failure?.why).toBe('name');
    expect(sent()).toBe('');
    expect(await ask('localhost', port, { NODE_EXTRA_CA_CERTS: authority })).toMatchObject({ why: undefined });
    expect(sent()).toContain('kams');
  });
});

test('a broker without TLS is told from one that is away, and is not sent the password', async () => {
  let sent = '';
  // As a broker does with a request that would be too large.
  const port = await listening(
    tcpServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (more) => {
        sent += more.toString('latin1');
        socket.destroy();
      });
    }),
  );
  const bus = kafkaBus({ brokers: [`127.0.0.1:${port}`], security });
  const error = await failureOf(bus.ends('kams.accounts.v1'));
  expect(error.message).toMatch(/before TLS was agreed on; does it speak TLS/);
  expect(sent).not.toContain(PASSWORD);
  const away = await failureOf(kafkaBus({ brokers: ['127.0.0.1:1'], security }).ends('kams.accounts.v1'));
  expect(away.message).toMatch(/^Kafka is away: .*ECONNREFUSED/);
});

describe('what the client throws', () => {
  const asked = { right: 'write to a topic (Write)', groupRight: 'a group (Read)', tls: true };
  const error = (message: string, more: object = {}) => Object.assign(new Error(message), more);
  const SASL = { name: 'KafkaJSSASLAuthenticationError' };
  const SCRAM = 'SASL SCRAM SHA512 authentication failed:';
  test.each([
    ['password', `${SCRAM} Authentication failed during authentication due to invalid credentials`, SASL],
    ['password', `${SCRAM} Invalid server signature in server final message`, SASL],
    ['listener', 'SASL SCRAM-SHA-512 mechanism is not supported by the server', SASL],
    ['listener', 'The broker does not support it', { type: 'UNSUPPORTED_SASL_MECHANISM' }],
    ['listener', 'Request is not valid', { type: 'ILLEGAL_SASL_STATE' }],
    ['name', 'Connection error', { code: 'ERR_TLS_CERT_ALTNAME_INVALID' }],
    ['authority', 'Connection error', { code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY' }],
    ['validity', 'Connection error', { code: 'CERT_HAS_EXPIRED' }],
    ['right', 'Not authorized', { type: 'CLUSTER_AUTHORIZATION_FAILED' }],
  ])('is a refusal for its %s: %s %j', (why, message, more) => {
    const cause = error(message, more);
    // As it comes after its own attempts, and from several brokers at once.
    for (const it of [cause, error('gave up', { cause }), error('several', { errors: [cause] })])
      expect(told(it, asked)).toMatchObject({ why, cause: it });
  });

  test('names the right that is missing, and the topic or the group', () => {
    const missing = (type: string) => told(error('x', { type }), asked).message;
    expect(missing('TOPIC_AUTHORIZATION_FAILED')).toBe('Kafka: the user has no right to write to a topic (Write)');
    expect(missing('GROUP_AUTHORIZATION_FAILED')).toBe('Kafka: the user has no right to a group (Read)');
  });

  test('is no wrong password when the broker dies while it is asked for one', () => {
    const it = told(error(`${SCRAM} Request SaslAuthenticate timed out`, SASL), asked);
    expect(it).toBeInstanceOf(Unavailable);
    expect(it).not.toBeInstanceOf(Refused);
  });

  test('may be a coordinator that is not found, for whatever reason: the right is asked for', () => {
    const it = told(error('Failed to find group coordinator', { name: 'KafkaJSGroupCoordinatorNotFound' }), asked);
    expect(it.message).toBe('Kafka is away: it names no coordinator; has the user the right to a group (Read)?');
    expect(it).not.toBeInstanceOf(Refused);
  });

  test('may be a connection that was closed: by who wants TLS, or a user, or is going', () => {
    const closed = (tls: boolean) => told(error('Closed connection'), { ...asked, tls }).message;
    expect(closed(false)).toBe('Kafka is away: it has closed the connection; does it want TLS, or a user?');
    expect(closed(true)).toBe('Kafka is away: it has closed the connection; does it want a user?');
  });

  test('may be that something is too large, whatever it is wrapped in', () => {
    const cause = error('x', { type: 'MESSAGE_TOO_LARGE' });
    expect(isTooLarge(error('gave up', { cause }))).toBe(true);
    expect(isTooLarge(error('x'))).toBe(false);
  });
});
