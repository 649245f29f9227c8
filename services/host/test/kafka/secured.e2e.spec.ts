// A broker with TLS that asks who one is: what is right goes through, and each thing that is not is told as what it is.
import { execFile } from 'node:child_process';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { CloudEvent } from '@kams/eventing';
import { certificateFor } from '@kams/testing/certificate';
import { root } from '@kams/testing/faults/procs';
import { dataFolder, freePort, removeFolder } from '@kams/testing/host';
import { localKafka } from '@kams/testing/kafka';
import { askKafka, type Asking } from '@kams/testing/kafka-client';
import { eventually, until } from '@kams/testing/until';
import { AclOperationTypes, AclPermissionTypes, AclResourceTypes, Kafka, logLevel, ResourcePatternTypes } from 'kafkajs';
import { ask, installation, type Installation } from '../promises/installation';

const PASSWORD = 'right-9fGt2';
const WRONG = 'wrong-7hKm4';
const TOPIC = 'kams.accounts.v1';
/** kafkajs gives up a password at once, and tries the rest again for about a second: all that is longer would be a wait for nothing. */
const TOLD_WITHIN_MS = 5_000;

if (process.env['KAMS_TEST_KAFKA_DATA'] === undefined) {
  test.skip('Kafka with TLS (npm run test:kafka)', () => undefined);
  // Not in afterAll: where every test is skipped, Jest does not come to it.
  process.stderr.write('Kafka with TLS: NOT RUN (npm run test:kafka)\n');
} else {
  describe('Kafka with TLS', () => {
    let data: string;
    let authority: string;
    let clear: string;
    let port: number;
    let kams: Installation;
    const broker = () => localKafka(data);
    /** By the way that needs no proof, on which everybody may do everything. */
    async function asAdmin<T>(work: (admin: ReturnType<Kafka['admin']>) => Promise<T>): Promise<T> {
      const admin = new Kafka({ brokers: [clear], logLevel: logLevel.NOTHING }).admin();
      await admin.connect();
      return work(admin).finally(() => admin.disconnect());
    }

    beforeAll(async () => {
      data = await dataFolder();
      const { certificate, key } = certificateFor('localhost');
      authority = join(data, 'authority.pem');
      const keyStore = join(data, 'server.pem');
      await writeFile(authority, certificate);
      await writeFile(keyStore, key + certificate, { mode: 0o600 });
      const plain = await freePort();
      port = await freePort();
      clear = `127.0.0.1:${plain}`;
      await broker().start(plain, { secured: { port, keyStore, users: { 'kams-accounts': PASSWORD, stranger: PASSWORD } } });
      await granted();
      // The first group of a new broker has to wait for its topic.
      const isRead = async () => (await asked([{ act: 'publish' }, { act: 'newest' }])).every((it) => !it.failure);
      await until('a coordinator', isRead, 30_000);
      kams = await installation();
    }, 120_000);
    afterAll(async () => {
      try {
        await kams?.stop();
      } finally {
        await broker().stop();
        await removeFolder(data);
      }
    }, 120_000);

    /** What acls.sh asks of Kafka's own commands, which are not there: they write down what they were given. */
    async function granted(): Promise<void> {
      const said = join(data, 'said');
      for (const name of ['kafka-topics.sh', 'kafka-acls.sh']) {
        const stub = join(data, name);
        await writeFile(stub, `#!/usr/bin/env bash\necho "\${0##*/} $*" >> ${said}\n`);
        await chmod(stub, 0o755);
      }
      await promisify(execFile)('bash', [join(root, 'deploy/kafka/acls.sh'), 'accounts'], {
        env: { ...process.env, PATH: `${data}:${process.env['PATH']}`, BOOTSTRAP: clear, ADMIN: 'none', REPLICAS: '1' },
      });
      const lines = (await readFile(said, 'utf8')).trim().split('\n');
      const option = (line: string, name: string) => new RegExp(`--${name} (\\S+)`).exec(line)?.[1];
      const acls = lines.flatMap((line) => {
        if (!line.startsWith('kafka-acls.sh')) return [];
        const group = option(line, 'group');
        return [...line.matchAll(/--operation (\w+)/g)].map(([, operation]) => ({
          principal: option(line, 'allow-principal')!,
          host: '*',
          permissionType: AclPermissionTypes.ALLOW,
          resourceType: group === undefined ? AclResourceTypes.TOPIC : AclResourceTypes.GROUP,
          resourceName: (group ?? option(line, 'topic'))!,
          resourcePatternType:
            option(line, 'resource-pattern-type') === 'prefixed' ? ResourcePatternTypes.PREFIXED : ResourcePatternTypes.LITERAL,
          operation:
            AclOperationTypes[operation!.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase() as keyof typeof AclOperationTypes],
        }));
      });
      expect(acls.length).toBeGreaterThanOrEqual(5);
      const [topic] = lines.filter((line) => line.startsWith('kafka-topics.sh'));
      await asAdmin(async (admin) => {
        const configEntries = [...topic!.matchAll(/--config ([\w.]+)=(\S+)/g)]
          .map(([, name, value]) => ({ name: name!, value: value! }))
          .filter((it) => it.name !== 'min.insync.replicas'); // there is one broker
        const numPartitions = Number(option(topic!, 'partitions'));
        await admin.createTopics({
          waitForLeaders: false,
          topics: [
            { topic: option(topic!, 'topic')!, numPartitions, configEntries },
            { topic: 'kams.club.v1', numPartitions },
          ],
        });
        await admin.createAcls({ acl: acls });
      });
    }

    interface Way {
      readonly user?: string;
      readonly password?: string;
      readonly brokers?: string;
      readonly tls?: boolean;
      readonly env?: NodeJS.ProcessEnv;
    }
    /** One after the other. As the service, as it should be done, in so far as nothing else is said. */
    const asked = (its: readonly Partial<Asking>[], way: Way = {}) => {
      const { user: name = 'kams-accounts', password = PASSWORD, brokers = `localhost:${port}`, tls = true } = way;
      const { env = { NODE_EXTRA_CA_CERTS: authority } } = way;
      const options = { brokers: [brokers], security: { tls, user: { name, password } } };
      const askings = its.map((it) => ({ options, act: 'ends', topic: TOPIC, events, ...it }) as const);
      return askKafka(askings, env);
    };
    const events: readonly CloudEvent[] = [1, 2, 3].map((n) => ({
      specversion: '1.0',
      id: `event-${n}`,
      type: 'kams.accounts.account.registered.v1',
      source: '/kams/acme/accounts',
      subject: `account/${n}`,
      time: '2026-11-23T05:30:00Z',
      dataschema: 'https://schemas.kams.local/kams.accounts.account.registered.v1/0.json',
      datacontenttype: 'application/json',
      partitionkey: `account-${n}`,
      sequence: '0',
      globalpos: String(n).padStart(20, '0'),
      storeepoch: 'epoch',
      correlationid: 'request',
      causationid: 'request',
      recordedtime: '2026-11-23T05:30:00Z',
      tenantid: 'acme',
      actor: 'user-1',
      data: {},
    }));

    test('what is published is read, by who proves who he is and has the rights of acls.sh', async () => {
      const told = await asked([{ act: 'ensureTopic' }, { act: 'publish' }, { act: 'newest' }, { act: 'consume' }]);
      expect(told.map((it) => it.failure)).toEqual([undefined, undefined, undefined, undefined]);
      expect(told[2]!.answer).not.toEqual([]);
      expect(new Set(told[3]!.answer as string[])).toEqual(new Set(events.map((it) => it.id)));
    }, 60_000);

    test.each<[string, RegExp, string | undefined, () => Way]>([
      ['a wrong password', /the user or the password is refused/, 'password', () => ({ password: WRONG })],
      ['a user that is unknown', /the user or the password is refused/, 'password', () => ({ user: 'nobody' })],
      ['a certificate of an unknown authority', /of no authority that this/, 'authority', () => ({ env: {} })],
      ['a certificate of another name', /is of another name: .*127\.0\.0\.1/, 'name', () => ({ brokers: `127.0.0.1:${port}` })],
      ['a broker without TLS', /does it speak TLS at this address/, undefined, () => ({ brokers: clear })],
      ['a broker that wants TLS', /does it want TLS, or a user/, undefined, () => ({ tls: false })],
      ['a broker that asks nobody', /nobody is asked at this/, 'listener', () => ({ tls: false, brokers: clear })],
    ])(
      '%s is told as what it is, soon, and without the password',
      async (_, says, why, way) => {
        // By each of the three parts of the client: who asks, who writes and who reads.
        for (const { failure, ms } of await asked([{ act: 'ends' }, { act: 'publish' }, { act: 'consume' }], way())) {
          expect(failure?.message).toMatch(says);
          expect(failure?.why).toBe(why);
          expect(failure?.all).not.toMatch(new RegExp(`${PASSWORD}|${WRONG}`));
          expect(ms).toBeLessThan(TOLD_WITHIN_MS);
        }
      },
      60_000,
    );

    test('a right that is missing is named', async () => {
      const failures = async (its: readonly Partial<Asking>[], way?: Way) =>
        (await asked(its, way)).map(({ failure }) => failure?.message);
      const other = 'kams.club.v1';
      expect(
        await failures([
          { act: 'ensureTopic', topic: 'kams.other.v1' },
          { act: 'ensureTopic', topic: other },
          { act: 'publish', topic: other },
        ]),
      ).toEqual([
        'Kafka: the user has no right to see kams.other.v1 (Describe), or to create it (Create)',
        `Kafka: the user has no right to see the settings of ${other} (DescribeConfigs)`,
        `Kafka: the user has no right to write to ${other} (Write)`,
      ]);
      // kafkajs drops the reason.
      expect((await failures([{ act: 'consume', group: 'kams.club' }]))[0]).toMatch(
        'has the user the right to groups that begin with kams.club. (Read)?',
      );
      expect(await failures([{ act: 'ensureTopic' }, { act: 'ends' }], { user: 'stranger' })).toEqual([
        `Kafka: the user has no right to see ${TOPIC} (Describe), or to create it (Create)`,
        `there is no topic ${TOPIC}, or the user may not see it`,
      ]);
    }, 60_000);

    describe('a host', () => {
      const env = (password: string) => ({
        KAMS_KAFKA_BROKERS: `localhost:${port}`,
        KAMS_KAFKA_TLS: 'true',
        KAMS_KAFKA_USER: 'kams-accounts',
        KAMS_KAFKA_PASSWORD: password,
        NODE_EXTRA_CA_CERTS: authority,
        KAMS_LOG_LEVEL: 'debug',
        KAMS_LEASE: '1s',
      });
      const statusOf = async (url: string) => (await ask(kams.tokens, `${url}/operations/status`))!.text;
      const relayIn = (status: string) =>
        (JSON.parse(status) as { relays: { topic: string; lag?: number; failure?: string }[] }).relays.find(
          (it) => it.topic === TOPIC,
        );

      test('publishes, or says what is wrong and works on; neither it nor the doctor says the password', async () => {
        const said: string[] = [];
        const refused = await kams.start({ env: env(WRONG) });
        const answer = await ask(kams.tokens, `${refused.url}/accounts`, { profile: { name: 'Acme' } }, { key: 'one' });
        expect(answer?.status).toBe(201);
        await eventually(async () => {
          const status = await statusOf(refused.url);
          said.push(status);
          expect(relayIn(status)?.failure).toBe('Kafka: the user or the password is refused');
        }, 20_000);
        const doctor = await refused.kams('doctor');
        expect(doctor.stdout).toMatch(/^wrong +kafka +Kafka: the user or the password is refused -> set KAMS_KAFKA_USER and /m);
        expect((await fetch(`${refused.url}/health/ready`)).status).toBe(200);
        await refused.end();

        // What the other tests have published is in no store.
        await asAdmin(async (admin) => {
          const partitions = (await admin.fetchTopicOffsets(TOPIC)).map(({ partition }) => ({ partition, offset: '-1' }));
          await admin.deleteTopicRecords({ topic: TOPIC, partitions });
        });
        const host = await kams.start({ env: env(PASSWORD) });
        await eventually(async () => {
          const status = await statusOf(host.url);
          said.push(status);
          expect(relayIn(status)).toMatchObject({ lag: 0 });
        }, 20_000);
        const well = await host.kams('doctor');
        expect(well.stdout).toMatch(/^ok +kafka +answers, with TLS, and takes us for kams-accounts$/m);
        expect(well.stdout).toMatch(/^ok +kafka +kams\.accounts\.v1 has its 12 partitions/m);
        await host.end();

        said.push(refused.said(), host.said(), ...[doctor, well].flatMap((it) => [it.stdout, it.stderr]));
        expect(said.join()).toContain('the user or the password is refused');
        expect(said.join()).not.toMatch(new RegExp(`${PASSWORD}|${WRONG}`));
      }, 120_000);
    });
  });
}
