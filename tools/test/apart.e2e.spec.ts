// A process for each service, over a real Kafka: what the page of the guide shows of one process is what comes of several; a
// reader that is not ours finds on the topics what the document says; and nothing of a person who was erased lies about.
import { dataFolder, freePort, removeFolder } from '@kams/testing/host';
import { cleanEnv, startBuilt, type Proc } from '@kams/testing/faults/procs';
import { hits } from '@kams/testing/markers';
import { eventually, until } from '@kams/testing/until';
import { startUp, type Up } from '@kams/testing/up';
import Ajv2020 from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';
import { copyOfProject } from './document';
import { expectAsPrinted, files } from './guide';

const TEST_MS = 300_000;
const MARKERS = ['Mark00ErVoNstedt', 'Mark01ErVoNstedt', 'Mark02ErVoNstedt'];

if (process.env['KAMS_TEST_KAFKA_DATA'] === undefined) {
  test.skip('services apart, over Kafka (npm run test:kafka)', () => undefined);
  process.stderr.write('services apart: NOT RUN (npm run test:kafka)\n');
} else {
  const copy = copyOfProject();
  beforeAll(() => {
    files.forEach(copy.take);
    copy.run('node', 'tools/build.mjs');
  });
  afterAll(() => copy.remove());

  describe.each(['postgres', 'eventstoredb'] as const)('services apart, over Kafka, with the log in %s', (store) => {
    let data: string;
    let scratch: string;
    let env: NodeJS.ProcessEnv;
    let double: Proc | undefined;
    let up: Up;

    beforeAll(async () => {
      [data, scratch] = [await dataFolder(), await dataFolder()];
      env = { ...cleanEnv(), KAMS_DATA: data, KAMS_PORT: String(await freePort()), KAMS_LOG_LEVEL: 'warn' };
      if (store === 'eventstoredb') {
        double = startBuilt('libs/testing/src/eventstoredb/main.js', {
          env: { NODE_OPTIONS: `--heapsnapshot-signal=SIGUSR2 --diagnostic-dir=${scratch}` },
        });
        env['KAMS_STORE'] = store;
        env['KAMS_EVENTSTOREDB_URL'] = await until('the double', () => /^esdb:.*$/m.exec(double!.said())?.[0], 60_000);
      }
      up = await startUp(env, ['--bus', 'kafka', '--store', store], copy.folder);
    }, TEST_MS);
    afterAll(async () => {
      await up?.end();
      await double?.end();
      for (const it of [data, scratch]) if (it) await removeFolder(it);
    }, TEST_MS);

    async function ask<T>(path: string, body?: object): Promise<T> {
      const answer = await fetch(`${up.url}${path}`, {
        method: body ? 'POST' : 'GET',
        headers: { authorization: `Bearer ${up.token}`, 'content-type': 'application/json' },
        body: body && JSON.stringify(body),
      });
      const text = await answer.text();
      if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
      return JSON.parse(text) as T;
    }

    test(
      'each request of the page is answered as by one process, as soon as the others have heard of who may do what',
      async () => {
        const loans = /^loans +(\S+)$/m.exec(up.said())![1]!;
        const hears = (who: string, role: string) =>
          `until curl -sS -H "Authorization: Bearer $${who}" ${loans}/me | grep -q ${role}; do sleep 0.1; done\n`;
        await expectAsPrinted(copy, env, hears('WANG', 'key_account_manager') + hears('LINA', 'service_desk'));
      },
      TEST_MS,
    );

    test('the status of all of them is one, and each has its own work', async () => {
      interface Named {
        readonly name: string;
        readonly owner: string;
      }
      const { projections, inboxes, relays } = await ask<{
        projections: Named[];
        inboxes: { service: string; producer: string; lag: number }[];
        relays: { topic: string }[];
      }>('/operations/status');
      const ownerOf = (name: string) => projections.find((it) => it.name === name)!.owner;
      expect(ownerOf('accounts')).not.toBe(ownerOf('loans'));
      expect(inboxes).toMatchObject([{ service: 'loans', producer: 'accounts', lag: 0 }]);
      expect(relays.map((it) => it.topic)).toEqual(['kams.accounts.v1', 'kams.loans.v1']);
    });

    test(
      'a reader that is not ours finds on the topics what /asyncapi.json describes, and no byte besides',
      async () => {
        interface Described {
          readonly headers: object;
          readonly payload: object;
        }
        const document = await ask<{ channels: Record<string, { messages: Record<string, Described> }>; components: object }>(
          '/asyncapi.json',
        );
        const ajv = addFormats(new Ajv2020({ strict: false, allErrors: true }));
        const faults = (schema: object, value: unknown): string | undefined => {
          const check = ajv.compile({ ...schema, components: document.components });
          return check(value) ? undefined : ajv.errorsText(check.errors);
        };
        const { components } = document as unknown as { components: { schemas: Record<string, object> } };
        const headersOf = ({ headers }: Described): object => {
          const name = (headers as { $ref: string }).$ref.split('/').at(-1)!;
          return { ...components.schemas[name], additionalProperties: false };
        };
        const brokers = [/Kafka at (\S+)/.exec(up.said())![1]!];
        const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING });
        const admin = kafka.admin();
        await admin.connect();
        for (const [topic, { messages }] of Object.entries(document.channels)) {
          const wanted = (await admin.fetchTopicOffsets(topic)).reduce(
            (sum, { low, high }) => sum + Number(high) - Number(low),
            0,
          );
          const found: { type: string; headers: object; value: unknown; key: string | undefined }[] = [];
          const consumer = kafka.consumer({ groupId: `not-ours-${topic}` });
          await consumer.connect();
          await consumer.subscribe({ topic, fromBeginning: true });
          await consumer.run({
            eachMessage: async ({ message: { key, value, headers = {} } }) => {
              const said_ = Object.fromEntries(Object.entries(headers).map(([name, it]) => [name, String(it)]));
              found.push({ type: said_['ce_type']!, headers: said_, value: JSON.parse(String(value)), key: key?.toString() });
            },
          });
          for (const end = Date.now() + 30_000; found.length < wanted && Date.now() < end; await sleep(50));
          await consumer.disconnect();
          expect(found.length).toBeGreaterThanOrEqual(wanted);
          expect(wanted).toBeGreaterThan(3);
          for (const { type, headers, value, key } of found) {
            const described = messages[type]!;
            expect({ type, headers: faults(headersOf(described), headers) }).toEqual({ type });
            expect({ type, payload: faults(described.payload, value) }).toEqual({ type });
            expect(key).toBe((headers as { ce_partitionkey?: string }).ce_partitionkey);
          }
          expect(new Set(found.map((it) => it.type))).toContain('kams.watermark.v1');
        }
        await admin.disconnect();
      },
      TEST_MS,
    );

    test(
      'P14 nothing of an erased person is in the files of Kafka, in the log that is not a file, or in what is parked',
      async () => {
        const [name, email, note] = MARKERS as [string, string, string];
        const { id: accountId } = await ask<{ id: string }>('/accounts', { profile: { name: 'Erased GmbH' } });
        const person = { name, email: `${email}@example.com` };
        const { id: contactId } = await ask<{ id: string }>('/contacts', { accountId, person });
        await ask('/loans', { accountId, contactId, unit: 'T-1', dueAt: '2030-01-01T00:00:00.000Z', note });
        const { position } = await ask<{ position: string }>(`/contacts/${contactId}/erase`, { request: 'dsr-2026-0043' });
        await ask(`/contacts?after=${position}`);
        await eventually(async () => {
          const { relays } = await ask<{ relays: { lag: number }[] }>('/operations/status');
          expect(relays.every((it) => it.lag === 0)).toBe(true);
        }, 30_000);
        expect(await ask<{ items: object[] }>('/operations/parked')).toMatchObject({ items: [] });
        if (double) {
          double.process.kill('SIGUSR2');
          // It is written in one go, and while that lasts the process answers nobody.
          await until('the dump', async () => (await readdir(scratch)).length > 0, 30_000);
          await ask('/accounts', { profile: { name: 'After the dump' } });
        }
        expect(await hits(join(data, 'kafka'), MARKERS)).toEqual([]);
        expect(await hits(scratch, MARKERS)).toEqual([]);
        // It does look: what is not personal is there.
        expect(await hits(join(data, 'kafka'), [accountId])).not.toEqual([]);
        if (double) expect(await hits(scratch, [accountId])).not.toEqual([]);
      },
      TEST_MS,
    );

    test(
      'a service that dies is started again, and the others answer meanwhile',
      async () => {
        const { workers } = await ask<{ workers: object[] }>('/operations/status');
        expect(workers.length).toBeGreaterThan(0);
        const { projections } = await ask<{ projections: { name: string; owner: string }[] }>('/operations/status');
        const pid = Number(projections.find((it) => it.name === 'loans')!.owner.split(':')[1]);
        process.kill(pid, 'SIGKILL');
        await ask('/accounts');
        await eventually(
          async () =>
            expect((await fetch(`${up.url}/loans`, { headers: { authorization: `Bearer ${up.token}` } })).status).toBe(200),
          30_000,
        );
        expect(up.said()).toMatch(/loans ended with SIGKILL: it is started again/);
      },
      TEST_MS,
    );
  });
}
