// P10: each public event takes effect once in another service's rows, whatever becomes of the processes that collect, of the
// relay that repeats, and of the broker.
import { newId } from '@kams/eventing/run/ids';
import type { Point } from '@kams/eventing/point';
import { relay, type NewEvent } from '@kams/eventing';
import { kafkaBus } from '@kams/eventing/bus/kafka/kafka-bus';
import { postgresStore, type PostgresStore } from '@kams/eventing/store/postgres/postgres-store';
import { postgresCheckpoints } from '@kams/platform/read-model/checkpoints';
import { postgresInbox } from '@kams/platform/read-model/inbox';
import { postgresReadModel } from '@kams/platform/read-model/postgres-read-model';
import { chance, SEED } from '@kams/testing/faults/chance';
import { killAt } from '@kams/testing/faults/killpoints';
import { startWorker, type Proc, type ProcOptions } from '@kams/testing/faults/procs';
import { isFull, promised, trials } from '@kams/testing/faults/promise';
import { readTopic } from '@kams/testing/kafka';
import { freshDatabase, type TestDatabase } from '@kams/testing/postgres';
import { eventually } from '@kams/testing/until';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { effects, effectsOf, keepLedger, SCHEMA, tallyContract } from '../promises/effects';
import { ownKafka, SIZES, type OwnKafka } from './own-kafka';

const EVENTS = trials(10_000, 50_000);
const STREAMS = 200;
const CONSUMERS = 3;
const FAULTS = {
  'kill of a consumer': trials(6, 60),
  'kill of the one that collects, at a place': trials(4, 40),
  'a consumer leaves and another comes': trials(5, 30),
  'cut of all connections': trials(5, 50),
  'kill of the broker': trials(1, 3),
  'the relay begins again': trials(3, 10),
};
type Fault = keyof typeof FAULTS;
const PLACES = ['inbox.before-add', 'inbox.after-add'] as const satisfies readonly Point[];
const TOPIC = 'kams.tallies.v1';
const DRAINED_WITHIN_MS = 60_000;

if (process.env['KAMS_TEST_KAFKA_DATA'] === undefined) {
  test.skip('P10 over Kafka (npm run test:kafka)', () => undefined);
  process.stderr.write('P10: NOT RUN (npm run test:kafka)\n');
} else {
  describe.each(SIZES)('consumers over a Kafka of nodes: %d', (nodes) => {
    const { between, of, shuffled } = chance(SEED);
    let broker: OwnKafka;
    const consumers: Proc[] = [];
    let database: TestDatabase;
    let client: Client;
    let store: PostgresStore;
    let source: DataSource;
    let relaying: { end(): Promise<void> };

    beforeAll(async () => {
      broker = await ownKafka(nodes);
      database = await freshDatabase();
      store = await postgresStore({ connection: database.url });
      client = new Client(database.url);
      await client.connect();
      source = await new DataSource({ type: 'postgres', url: database.url }).initialize();
      await postgresReadModel(source, SCHEMA).prepare(effects);
      await keepLedger(client);
      relaying = await relays();
    }, 120_000);
    afterAll(async () => {
      try {
        await Promise.all(consumers.map((it) => it.end('SIGKILL')));
        await relaying?.end();
        await source?.destroy();
        await client?.end();
        await store?.close();
        await database?.drop();
      } finally {
        await broker?.remove();
      }
    }, 180_000);

    async function started(options?: ProcOptions): Promise<Proc> {
      const it = startWorker(join(__dirname, 'collector.ts'), { ...options, args: [database.url, broker.address] });
      await it.message();
      return it;
    }
    async function relays() {
      const to = kafkaBus({ brokers: broker.address.split(',') });
      const checkpoints = await postgresCheckpoints(source, SCHEMA);
      const ending = new AbortController();
      const running = relay('tallies', [tallyContract], { store, to, checkpoints }).run(ending.signal);
      return {
        async end() {
          ending.abort();
          await running;
          await to.close();
        },
      };
    }

    const faults: Record<Fault, () => Promise<void>> = {
      async 'kill of a consumer'() {
        const i = between(0, CONSUMERS - 1);
        await consumers[i]!.end('SIGKILL');
        consumers[i] = await started();
      },
      async 'kill of the one that collects, at a place'() {
        // All at once, or the place might be passed by one that goes on.
        const at = killAt(of(PLACES), between(1, 4));
        await Promise.all(consumers.map((it) => it.end('SIGKILL')));
        consumers[0] = await started({ at });
        expect((await consumers[0].gone).signal).toBe('SIGKILL');
        for (let i = 0; i < CONSUMERS; i++) consumers[i] = await started();
      },
      async 'a consumer leaves and another comes'() {
        const i = between(0, CONSUMERS - 1);
        const left = consumers[i]!;
        left.process.kill('SIGTERM');
        consumers[i] = await started();
        expect(await left.gone).toEqual({ code: 0, signal: null });
      },
      async 'cut of all connections'() {
        broker.cutAll();
        await sleep(between(0, 300));
      },
      async 'kill of the broker'() {
        broker.kill();
        await sleep(between(0, 1_000));
        await broker.start();
      },
      /** From a place before what it has published: what a restore and a lost checkpoint make of it. */
      async 'the relay begins again'() {
        await relaying.end();
        await client.query(`delete from ${SCHEMA}.checkpoint where projection = 'relay:tallies'`);
        relaying = await relays();
      },
    };

    promised(
      'P10',
      'each event of another service takes effect once, whatever dies, repeats and moves',
      async (tell) => {
        for (let i = 0; i < CONSUMERS; i++) consumers.push(await started());
        const rowsOf = await postgresInbox(source, SCHEMA, 'tallies');
        // What comes of the log as well as from the topic would be told twice, without anybody having sent it twice.
        await eventually(async () => expect((await rowsOf.place()).offsets).not.toBeNull(), 30_000);
        const metadata = {
          tenantId: 'acme',
          actor: 'user-1',
          occurredAt: '2026-01-05T09:00:00Z',
          commandId: '',
          commandHash: '',
        };
        const one = (): NewEvent => ({
          id: newId(),
          type: 'Counted',
          schema: 1,
          data: {},
          metadata: { ...metadata, correlationId: '', causationId: '' },
        });
        const streams = Array.from({ length: STREAMS }, () => `tally-${newId()}`);
        let isOver = false;
        let written = 0;
        const writing = (async () => {
          while (!isOver || written < EVENTS) {
            const some = Array.from({ length: between(1, 8) }, one);
            await store.append(of(streams), 'any', some);
            written += some.length;
            if (!isOver) await sleep(15); // as long as faults go on, not faster than they do
          }
        })();

        const plan = shuffled(
          Object.entries(FAULTS).flatMap(([fault, times]) => Array<Fault>(times).fill(fault as Fault)),
        ).filter((it) => nodes === 1 || it !== 'kill of the broker');
        const brokerKills = await broker
          .whileNodesDie(async () => {
            for (const fault of plan) {
              await sleep(between(100, 800));
              await faults[fault]();
            }
          })
          .finally(() => (isOver = true));
        await writing;
        const began = Date.now();
        let found = await effectsOf(client);
        for (; found.missing > 0 && Date.now() < began + DRAINED_WITHIN_MS; found = await effectsOf(client)) await sleep(200);
        const drainedMs = Date.now() - began;

        const bus = kafkaBus({ brokers: broker.address.split(',') });
        const events = await readTopic(bus, TOPIC);
        await bus.close();
        const repeats = events.length - new Set(events.map(({ id }) => id)).size;
        const place = await rowsOf.place();
        const { rows } = await client.query<{ count: number }>(
          `select count(distinct event->>'id')::int as count from ${SCHEMA}.inbox where producer = 'tallies'`,
        );
        tell({
          events: written,
          streams: STREAMS,
          kills: FAULTS['kill of a consumer'] + FAULTS['kill of the one that collects, at a place'],
          moves: FAULTS['a consumer leaves and another comes'],
          cuts: FAULTS['cut of all connections'],
          nodes,
          'broker-kills': brokerKills,
          ...found,
          'repeats-sent': repeats,
          'repeats-dropped': place.repeats,
          healed: place.healed,
          collected: place.position,
          distinct: rows[0]!.count,
          'drained-ms': drainedMs,
        });
        expect(found).toEqual({ applied: written, missing: 0, doubled: 0, outOfOrder: 0, leftovers: 0 });
        expect([place.position, rows[0]!.count]).toEqual([written, written]);
        expect(repeats).toBeGreaterThan(0);
        expect(place.repeats).toBe(repeats + place.healed);
      },
      isFull ? 3_600_000 : 400_000,
    );
  });
}
