import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { format, inspect } from 'node:util';
import { BadConfig } from '../src/config/bad-config';
import { openKeys } from '../src/config/keys';
import { forgetSecrets, readConfig } from '../src/config/read-config';
import { Secret } from '../src/config/secret';
import { CLIENT_SETTINGS, setting, SETTINGS, type Setting } from '../src/config/settings';
import { boolean, duration } from '../src/config/value';

const production = {
  KAMS_MODE: 'production',
  KAMS_ISSUER: 'https://id.example.com/realms/kams',
  KAMS_AUDIENCE: 'kams',
  KAMS_JWKS_URL: 'https://id.example.com/realms/kams/certs',
  KAMS_TOKEN_ALGORITHMS: 'ES256,RS256',
  KAMS_ADMINISTRATORS: 'acme:root',
  KAMS_OPERATING_TENANT: 'acme',
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kams-config-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** The lines of the refusal; none when the environment is accepted. */
function refusal(read: () => unknown): readonly string[] {
  try {
    read();
    return [];
  } catch (error) {
    if (!(error instanceof BadConfig)) throw error;
    return error.lines;
  }
}
const refused = (env: NodeJS.ProcessEnv): readonly string[] => refusal(() => readConfig(env));

describe('what is read', () => {
  test('with nothing set everything has its default, for this machine only', () =>
    expect(readConfig({})).toEqual({
      mode: 'development',
      port: 3000,
      host: '127.0.0.1',
      data: join(process.cwd(), '.kams'),
      administrators: [{ tenantId: '*', subject: 'developer' }],
      store: 'postgres',
      kafkaTls: false,
      bus: 'log',
      poolSize: 10,
      logLevel: 'info',
      readWaitMs: 2_000,
      leaseMs: 5_000,
      shutdownGraceMs: 10_000,
    }));

  test('production listens on all addresses and has its issuer', () =>
    expect(readConfig(production)).toMatchObject({
      mode: 'production',
      host: '0.0.0.0',
      issuer: production.KAMS_ISSUER,
      audience: 'kams',
      jwksUrl: production.KAMS_JWKS_URL,
      tokenAlgorithms: ['RS256', 'ES256'],
    }));

  test('services by their names, and where they answer', () => {
    expect(readConfig({ KAMS_SERVICES: 'accounts,club' }).services).toEqual(['accounts', 'club']);
    const peers = readConfig({ KAMS_PEERS: 'accounts=http://10.0.0.7:3000/,club=https://club.example.com/kams' }).peers;
    expect([...peers!]).toEqual([
      ['accounts', 'http://10.0.0.7:3000'],
      ['club', 'https://club.example.com/kams'],
    ]);
    for (const wrong of [
      '',
      'a=http://a?x=1',
      'accounts',
      'accounts=',
      'accounts=10.0.0.7',
      '=http://a',
      'a=http://a,a=http://b',
      'A=http://a',
    ])
      expect(() => readConfig({ KAMS_PEERS: wrong })).toThrow(BadConfig);
    for (const wrong of ['Accounts', 'accounts,accounts', 'accounts,', 'a b'])
      expect(() => readConfig({ KAMS_SERVICES: wrong })).toThrow(BadConfig);
    expect(() => readConfig({ KAMS_BUS: 'kafka' })).toThrow(BadConfig);
    expect(readConfig({ KAMS_BUS: 'kafka', KAMS_KAFKA_BROKERS: '127.0.0.1:9092' }).bus).toBe('kafka');
  });

  test('what belongs to the command line or to other programs is of no concern', () =>
    expect(refused({ KAMS_URL: '', KAMS_TOKEN: ' ', PATH: '/bin', PORT: 'x', KAMSHAFT: '1' })).toEqual([]));

  test('a relative folder is taken from where the process was started', () => {
    expect(readConfig({ KAMS_DATA: 'here' }).data).toBe(join(process.cwd(), 'here'));
    expect(isAbsolute(readConfig({}).data)).toBe(true);
  });

  test.each([
    ['250ms', 250],
    ['2s', 2_000],
    ['0ms', 0],
  ])('the duration %s is %d ms', (text, ms) => expect(readConfig({ KAMS_READ_WAIT: text }).readWaitMs).toBe(ms));

  test('a service brings settings of its own', () => {
    const settings = {
      ...SETTINGS,
      isQuiet: setting('KAMS_QUIET', boolean, { description: 'An example.', default: 'false' }),
      nap: setting('KAMS_NAP', duration('1s', '5m'), { description: 'An example.' }),
    };
    const { isQuiet, nap } = readConfig({ KAMS_QUIET: 'true', KAMS_NAP: '5m' }, settings);
    expect([isQuiet, nap]).toEqual([true, 300_000]);
    expect(refused({ KAMS_QUIET: 'true' })).toHaveLength(1);
  });
});

describe('what is refused', () => {
  test.each([
    // 74: empty
    ['KAMS_PORT', ''],
    ['KAMS_DATA', '   '],
    ['KAMS_POSTGRES_URL', ''],
    // 76: ports
    ...['0x50', '70000', '65536', '8080 ', ' 8080', '-1', '0', '80.0', '+80', '1e3', '0080', '٣'].map((it) => ['KAMS_PORT', it]),
    // 78: durations
    ...['10', '10 s', '1e3', '1e3s', '-2s', '2S', '2s\n', '1.5s', '31s', '2sec'].map((it) => ['KAMS_READ_WAIT', it]),
    // 79: URLs
    ...[
      'https://user:pw@id.example.com',
      'https://user@id.example.com',
      'ftp://id.example.com',
      'id.example.com',
      'https:id',
    ].map((it) => ['KAMS_ISSUER', it]),
    ...[
      'https://id.example.com\n',
      ' https://id.example.com',
      'https://id.example.com/#a',
      'https://',
      'urn:kams:development',
    ].map((it) => ['KAMS_ISSUER', it]),
    ...['mysql://host/db', 'postgres://host', 'postgres://host/db\n', 'postgres://u:%zz@host/db'].map((it) => [
      'KAMS_POSTGRES_URL',
      it,
    ]),
    ...['http://host:2113', 'esdb:host', 'esdb://', 'esdb://host:2113\n', 'esdb://user@host', 'esdb://a/b'].map((it) => [
      'KAMS_EVENTSTOREDB_URL',
      it,
    ]),
    ...[
      'host',
      'host:',
      ':9092',
      'host:0',
      'host:9092,',
      'host:9092, other:9092',
      'kafka://host:9092',
      'u@host:9092',
      '[::1]:9092',
    ].map((it) => ['KAMS_KAFKA_BROKERS', it]),
    ...['yes', 'TRUE', '1'].map((it) => ['KAMS_KAFKA_TLS', it]),
    ['KAMS_KAFKA_USER', 'kams accounts'],
    ['KAMS_KAFKA_PASSWORD', 'two words'],
    // the rest
    ['KAMS_STORE', 'eventstore'],
    ['KAMS_MODE', 'Production'],
    ['KAMS_MODE', 'production '],
    ['KAMS_LOG_LEVEL', 'verbose'],
    ['KAMS_POOL_SIZE', '0'],
    ['KAMS_HOST', 'http://here'],
    ['KAMS_AUDIENCE', 'a b'],
    ...['root', 'acme:', ':root', 'Acme:root', 'acme:root, acme:li', 'acme:root,'].map((it) => ['KAMS_ADMINISTRATORS', it]),
    ['KAMS_OPERATING_TENANT', 'Acme'],
    ...['HS256', 'none', 'ES256, RS256', 'ES256,', 'ES256,ES256'].map((it) => ['KAMS_TOKEN_ALGORITHMS', it]),
  ])('%s=%j', (key, text) => {
    const own = refused({ [key!]: text }).filter((line) => line.startsWith(`${key}: `));
    expect(own).toHaveLength(1);
  });

  test.each(Object.values<Setting>(SETTINGS).filter((it) => it.key !== 'KAMS_DATA'))(
    'no line repeats the value of $key',
    ({ key }) => {
      const lines = refused({ ...production, [key]: 'mark me' });
      expect(lines.filter((line) => line.startsWith(`${key}: `))).toHaveLength(1);
      expect(lines.join()).not.toContain('mark');
    },
  );

  test.each(['False', 'TRUE', 'yes', '0', '1', 'true '])('a boolean that is %j', (text) => {
    const settings = { ...SETTINGS, quiet: setting('KAMS_QUIET', boolean, { description: 'An example.', default: 'false' }) };
    expect(refusal(() => readConfig({ KAMS_QUIET: text }, settings))).toEqual(['KAMS_QUIET: must be true or false']);
  });

  test('a key that nobody knows, with the name that was meant', () => {
    expect(refused({ KAMS_LOGLEVEL: 'info' })).toEqual(['KAMS_LOGLEVEL: there is no such setting. Did you mean KAMS_LOG_LEVEL?']);
    expect(refused({ kams_port: '1' })).toEqual(['kams_port: there is no such setting. Did you mean KAMS_PORT?']);
    expect(refused({ KAMS_SOMETHING_ELSE: '1' })).toEqual(['KAMS_SOMETHING_ELSE: there is no such setting.']);
  });

  test('a key can not write a line of its own into the log', () =>
    expect(refused({ 'KAMS_A\nall is well': '1' })).toEqual([expect.stringMatching(/^KAMS_A\?all\?is\?well: /)]));

  test('everything that is wrong is said at once, and the exit code is 78', () => {
    const error = new BadConfig(refused({ KAMS_PORT: 'x', KAMS_READ_WAIT: '2', KAMS_PROT: '1' }));
    expect(error.lines.map((line) => line.split(':')[0])).toEqual(['KAMS_PROT', 'KAMS_PORT', 'KAMS_READ_WAIT']);
    expect(error.message.split('\n')).toHaveLength(3);
    expect(error.exitCode).toBe(78);
  });

  test('half an issuer, also in development', () =>
    expect(refused({ KAMS_ISSUER: 'http://localhost:8080', KAMS_AUDIENCE: 'kams', KAMS_TOKEN_ALGORITHMS: 'ES256' })).toEqual([
      'KAMS_JWKS_URL: is required beside KAMS_ISSUER',
    ]));
});

test('the brokers of Kafka are some of a cluster, in production of this machine where they are spoken to in clear', () => {
  const among = (KAMS_KAFKA_BROKERS: string) => ({ ...production, KAMS_KAFKA_BROKERS });
  expect(readConfig({ KAMS_KAFKA_BROKERS: 'a.example.com:9092,10.1.2.3:9093' }).kafkaBrokers).toEqual([
    'a.example.com:9092',
    '10.1.2.3:9093',
  ]);
  for (const it of ['localhost:9092', '127.0.0.1:9092,localhost:9093']) expect(refused(among(it))).toEqual([]);
  for (const it of ['a.example.com:9092', 'localhost:9092,localhost.example.com:9092'])
    expect(refused(among(it))).toEqual([
      expect.stringMatching(/^KAMS_KAFKA_BROKERS: must be on this machine .*; set KAMS_KAFKA_TLS=true for others$/),
    ]);
  expect(refused({ ...among('a.example.com:9093'), KAMS_KAFKA_TLS: 'true' })).toEqual([]);
});

describe('who one is in Kafka', () => {
  const marker = 'marker-9fGt2';
  const user = { KAMS_KAFKA_BROKERS: 'a.example.com:9093', KAMS_KAFKA_TLS: 'true', KAMS_KAFKA_USER: 'kams-accounts' };

  test('is a user with a password, which may be in a file', async () => {
    const path = join(folder, 'kafka-password');
    await writeFile(path, `${marker}\n`, { mode: 0o400 });
    for (const given of [{ KAMS_KAFKA_PASSWORD: marker }, { KAMS_KAFKA_PASSWORD_FILE: path }]) {
      const config = readConfig({ ...production, ...user, ...given });
      expect(config).toMatchObject({ kafkaTls: true, kafkaUser: 'kams-accounts' });
      expect(config.kafkaPassword?.reveal()).toBe(marker);
      expect(inspect(config, { depth: 9 })).not.toContain(marker);
    }
    const env = { ...user, KAMS_KAFKA_PASSWORD: marker };
    forgetSecrets(env);
    expect(env).toEqual(user);
  });

  test('is said whole, and beside brokers', () => {
    expect(refused(user)).toEqual(['KAMS_KAFKA_PASSWORD: is required beside KAMS_KAFKA_USER']);
    const { KAMS_KAFKA_USER: _, ...nobody } = user;
    expect(refused({ ...nobody, KAMS_KAFKA_PASSWORD: marker })).toEqual([
      'KAMS_KAFKA_USER: is required beside KAMS_KAFKA_PASSWORD',
    ]);
    expect(refused({ KAMS_KAFKA_TLS: 'true' })).toEqual(['KAMS_KAFKA_BROKERS: is required beside KAMS_KAFKA_TLS=true']);
    expect(refused({ KAMS_KAFKA_USER: 'kams-accounts', KAMS_KAFKA_PASSWORD: marker })).toEqual([
      'KAMS_KAFKA_BROKERS: is required beside KAMS_KAFKA_USER',
    ]);
  });

  test('is said with TLS only in production, also to this machine', () => {
    const local = { ...user, KAMS_KAFKA_BROKERS: '127.0.0.1:9092', KAMS_KAFKA_TLS: 'false', KAMS_KAFKA_PASSWORD: marker };
    expect(refused(local)).toEqual([]);
    expect(refused({ ...production, ...local })).toEqual(['KAMS_KAFKA_TLS: must be true in production beside KAMS_KAFKA_USER']);
  });

  test.each(['changeme', 'Change-Me', 'kams-accounts'])('is not proved by %s in production', (KAMS_KAFKA_PASSWORD) => {
    expect(refused({ ...user, KAMS_KAFKA_PASSWORD })).toEqual([]);
    expect(refused({ ...production, ...user, KAMS_KAFKA_PASSWORD })).toEqual([
      'KAMS_KAFKA_PASSWORD: is one that everybody knows; choose another',
    ]);
  });
});

describe('where the log is', () => {
  const url = 'esdb+discover://kams:9fGt2-vq@a.example.com:2113,b.example.com:2113?tls=true';

  test('is Postgres, or EventStoreDB with its address', () => {
    expect(readConfig({}).store).toBe('postgres');
    const config = readConfig({ KAMS_STORE: 'eventstoredb', KAMS_EVENTSTOREDB_URL: url });
    expect(config).toMatchObject({ store: 'eventstoredb' });
    expect(config.eventStoreDbUrl?.reveal()).toBe(url);
  });

  test('is said whole: the one without the other would begin a log somewhere else', () => {
    expect(refused({ KAMS_STORE: 'eventstoredb' })).toEqual([
      'KAMS_EVENTSTOREDB_URL: is required beside KAMS_STORE=eventstoredb',
    ]);
    expect(refused({ KAMS_EVENTSTOREDB_URL: url })).toEqual([
      'KAMS_STORE: must be eventstoredb beside KAMS_EVENTSTOREDB_URL; set it, or take that away',
    ]);
  });

  test.each(['esdb://host:2113?tls=false', 'esdb://admin:changeit@host:2113', 'esdb+discover://owner:owner@host'])(
    'is not %s in production',
    (unsafe) => {
      const store = { KAMS_STORE: 'eventstoredb', KAMS_EVENTSTOREDB_URL: unsafe };
      expect(refused(store)).toEqual([]);
      expect(refused({ ...production, ...store })).toEqual([expect.stringMatching(/^KAMS_EVENTSTOREDB_URL: /)]);
      expect(refused({ ...production, ...store, KAMS_EVENTSTOREDB_URL: url })).toEqual([]);
    },
  );
});

describe('production', () => {
  test('needs an issuer, first administrators and an operating tenant of its own', () =>
    expect(refused({ KAMS_MODE: 'production' })).toEqual([
      'KAMS_ISSUER: is required in production',
      'KAMS_AUDIENCE: is required in production',
      'KAMS_JWKS_URL: is required in production',
      'KAMS_TOKEN_ALGORITHMS: is required in production',
      'KAMS_ADMINISTRATORS: is required in production',
      'KAMS_OPERATING_TENANT: is required in production',
    ]));

  test.each([
    ['KAMS_ISSUER', 'http://id.example.com'],
    ['KAMS_ISSUER', 'urn:kams:development'],
    ['KAMS_ADMINISTRATORS', '*:developer'],
    ['KAMS_ADMINISTRATORS', 'acme:root,acme:*'],
    ['KAMS_JWKS_URL', 'http://id.example.com/certs'],
    ['KAMS_POSTGRES_URL', 'postgres://kams:changeme@db/kams'],
    ['KAMS_POSTGRES_URL', 'postgres://kams:Change-Me@db/kams'],
    ['KAMS_POSTGRES_URL', 'postgres://owner:owner@db/kams'],
    ['NODE_TLS_REJECT_UNAUTHORIZED', '0'],
    ['NODE_OPTIONS', '--max-old-space-size=512 --inspect'],
    ['NODE_OPTIONS', '--inspect-brk=0.0.0.0:9229'],
  ])('refuses %s=%s', (key, text) => {
    const lines = refused({ ...production, [key]: text });
    expect(lines).toEqual([expect.stringMatching(`^${key}: `)]);
    expect(lines.join()).not.toMatch(/example|change-?me|9229|512/i);
  });

  test.each([
    ['KAMS_POSTGRES_URL', 'postgres://kams:changeme@db/kams'],
    ['NODE_TLS_REJECT_UNAUTHORIZED', '0'],
    ['NODE_OPTIONS', '--inspect'],
  ])('development accepts %s=%s', (key, text) => expect(refused({ [key]: text })).toEqual([]));

  test('a database with a password of its own, or with none in the URL, is accepted', () => {
    expect(refused({ ...production, KAMS_POSTGRES_URL: 'postgres://kams:9fGt2-vq@db:5433/kams?sslmode=verify-full' })).toEqual(
      [],
    );
    expect(refused({ ...production, KAMS_POSTGRES_URL: 'postgresql://db/kams' })).toEqual([]);
  });
});

describe('secrets', () => {
  const marker = 'marker-9fGt2';
  const url = `postgres://kams:${marker}@db/kams`;

  test.each([
    ['a template', (it: unknown) => `${it}`],
    ['JSON', (it: unknown) => JSON.stringify({ it })],
    ['inspect', (it: unknown) => inspect({ it }, { showHidden: true, depth: 9 })],
    ['a raw inspect', (it: unknown) => inspect(it, { showHidden: true, customInspect: false, depth: 9 })],
    ['format', (it: unknown) => format('%s %o %j', it, it, it)],
    ['its keys', (it: unknown) => JSON.stringify(Object.entries(it as object))],
  ])('%s does not show a secret', (_, show) => {
    const { postgresUrl } = readConfig({ KAMS_POSTGRES_URL: url });
    expect(show(postgresUrl)).not.toContain(marker);
    expect(postgresUrl?.reveal()).toBe(url);
  });

  test('a secret is taken out of the environment once it was read, that of the command line too', () => {
    const env = { KAMS_POSTGRES_URL: url, KAMS_TOKEN: marker, KAMS_PORT: '3000' };
    forgetSecrets(env);
    expect(env).toEqual({ KAMS_PORT: '3000' });
  });

  const file = async (text: string, mode: number): Promise<NodeJS.ProcessEnv> => {
    const path = join(folder, 'postgres-url');
    await writeFile(path, text);
    await chmod(path, mode);
    return { KAMS_POSTGRES_URL_FILE: path };
  };

  test.each([url, `${url}\n`, `${url}\r\n`])(
    'a secret may stand in a file, with a line break at its end or without: %j',
    async (text) => expect(readConfig(await file(text, 0o440)).postgresUrl?.reveal()).toBe(url),
  );

  test.each([
    ['is empty', '', 0o600],
    ['is empty but for a line break', '\n', 0o600],
    ['has another line', `${url}\n\n`, 0o600],
    ['everybody may read', url, 0o644],
  ])('a secret file that %s is refused', async (_, text, mode) => {
    const lines = refused(await file(text, mode));
    expect(lines).toEqual([expect.stringMatching(/^KAMS_POSTGRES_URL(_FILE)?: /)]);
    expect(lines.join()).not.toContain(marker);
  });

  test('a secret file that is missing or a folder is refused', () => {
    expect(refused({ KAMS_POSTGRES_URL_FILE: join(folder, 'none') })).toEqual([
      'KAMS_POSTGRES_URL_FILE: the file can not be opened (ENOENT)',
    ]);
    expect(refused({ KAMS_POSTGRES_URL_FILE: folder })).toEqual(['KAMS_POSTGRES_URL_FILE: is not a file']);
  });

  test('a secret and its file together are refused', async () =>
    expect(refused({ ...(await file(url, 0o600)), KAMS_POSTGRES_URL: url })).toEqual([
      'KAMS_POSTGRES_URL: set it or KAMS_POSTGRES_URL_FILE, not both',
    ]));

  test('what is no secret has no file', () => expect(refused({ KAMS_PORT_FILE: '/tmp/port' })).toHaveLength(1));
});

describe('the table of settings', () => {
  const all: [string, Setting][] = Object.entries<Setting>({ ...SETTINGS, ...CLIENT_SETTINGS });

  test.each(all)('%s is described, has a form, and its default has that form', (_, it) => {
    expect(it.description).toMatch(/^[A-Za-z].*\.$/);
    expect(it.value.description).toMatch(/./);
    for (const text of [it.default, it.defaultInProduction]) {
      if (text !== undefined) expect(it.value.safeParse(text).success).toBe(true);
    }
  });

  test('no two settings have one key', () => expect(new Set(all.map(([, it]) => it.key)).size).toBe(all.length));
});

describe('the keys of the installation', () => {
  const path = (): string => join(folder, 'keys', 'installation.json');

  test('are made once, kept, and different from each other', async () => {
    const first = await openKeys(folder);
    const second = await openKeys(folder);
    expect(first.commandHashKey.reveal()).toHaveLength(32);
    expect(first.cursorKey.reveal()).toHaveLength(32);
    expect(first.postgresPassword.reveal()).toMatch(/^[\w-]{43}$/);
    expect(second.commandHashKey.reveal()).toEqual(first.commandHashKey.reveal());
    expect(second.postgresPassword.reveal()).toBe(first.postgresPassword.reveal());
    expect(first.commandHashKey.reveal()).not.toEqual(first.cursorKey.reveal());
  });

  test('differ from one installation to the next', async () => {
    const [here, there] = [await openKeys(folder), await openKeys(join(folder, 'other'))];
    expect(here.cursorKey.reveal()).not.toEqual(there.cursorKey.reveal());
  });

  test('are for their owner only', async () => {
    await openKeys(folder);
    expect((await stat(path())).mode & 0o777).toBe(0o600);
  });

  test('are the same for all who open them at once, and no draft stays behind', async () => {
    const opened = await Promise.all(Array.from({ length: 8 }, () => openKeys(folder)));
    expect(new Set(opened.map((it) => it.postgresPassword.reveal())).size).toBe(1);
    expect(await readdir(join(folder, 'keys'))).toEqual(['installation.json']);
  });

  test.each(['640', '604', '620'])('are refused when others may read or change the file (mode %s)', async (mode) => {
    await openKeys(folder);
    await chmod(path(), Number.parseInt(mode, 8));
    await expect(openKeys(folder)).rejects.toThrow(
      new BadConfig([`${path()}: others may read or change it; run chmod 600 on it`]),
    );
  });

  test.each([
    ['is empty', () => ''],
    ['was cut', (text: string) => text.slice(0, -10)],
    ['is other JSON', () => '[]'],
    ['lacks a key', (text: string) => text.replace('cursorKey', 'cursorkey')],
    ['has a short key', (text: string) => text.replace(/("cursorKey": ".)./, '$1')],
    ['is of another version', (text: string) => text.replace('"version": 1', '"version": 2')],
  ])('are refused and not made again when the file %s', async (_, damage) => {
    await openKeys(folder);
    const text = damage(await readFile(path(), 'utf8'));
    await writeFile(path(), text);
    await expect(openKeys(folder)).rejects.toThrow(/installation\.json: is damaged/);
    expect(await readFile(path(), 'utf8')).toBe(text);
  });

  test('are refused with a reason when the folder can not be made', async () => {
    await writeFile(join(folder, 'file'), '');
    await expect(openKeys(join(folder, 'file'))).rejects.toThrow(/can not be read or made \(ENOTDIR\)/);
  });

  test('are shown by nothing', async () => {
    const keys = await openKeys(folder);
    expect(inspect(keys)).toBe('{ commandHashKey: ***, cursorKey: ***, postgresPassword: *** }');
    expect(keys.cursorKey).toBeInstanceOf(Secret);
  });
});
