// P9 and the part of P22 that is Kafka's: the product as it is started, with a real broker that goes away in every way it can.
import { accountsService } from '@kams/accounts';
import { kafkaBus, type KafkaBus } from '@kams/eventing/bus/kafka/kafka-bus';
import type { CloudEvent } from '@kams/eventing';
import { chance, SEED } from '@kams/testing/faults/chance';
import { killAt, type AtPoint } from '@kams/testing/faults/killpoints';
import { isFull, promised, trials } from '@kams/testing/faults/promise';
import type { TestHost } from '@kams/testing/host';
import { readTopic } from '@kams/testing/kafka';
import { eventually } from '@kams/testing/until';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask, installation, WHO, type Installation } from '../promises/installation';
import { ownKafka, SIZES, type OwnKafka } from './own-kafka';

const EVENTS = trials(10_000, 50_000);
const STREAMS = 200;
const SENDERS = 4;
const LINES = 50;
const FAULTS = {
  'kill of the relay': trials(5, 50),
  'kill between the broker and the checkpoint': trials(5, 50),
  'cut of all connections': trials(5, 50),
  'kill of the broker': trials(1, 3),
};
type Fault = keyof typeof FAULTS;
const DRAINED_WITHIN_MS = 60_000;
/** A relay at work passes the place between broker and checkpoint some times a second. */
const PASSED_WITHIN_MS = 30_000;
const TOPIC = 'kams.accounts.v1';

const PUBLIC = accountsService.aggregates.flatMap(({ contract }) =>
  Object.entries(contract.events).flatMap(([type, it]) => ('public' in it && it.public ? [`${contract.name}/${type}`] : [])),
);

if (process.env['KAMS_TEST_KAFKA_DATA'] === undefined) {
  test.skip('P9 P22 over Kafka (npm run test:kafka)', () => undefined);
  // Not in afterAll: where every test is skipped, Jest does not come to it.
  process.stderr.write('P9 P22: NOT RUN (npm run test:kafka)\n');
} else {
  describe.each(SIZES)('a relay over a Kafka of nodes: %d', (nodes) => {
    const dice = chance(SEED);
    let broker: OwnKafka;
    let kams: Installation;
    let bus: KafkaBus;
    let host: TestHost;
    let stalls = 0;
    /** When it answers: how far its views are is another promise, and on a machine that starts so much they are behind. */
    const starting = (at?: AtPoint) =>
      kams.start({ env: { KAMS_KAFKA_BROKERS: broker.address, KAMS_LEASE: '1s' }, until: 'live', at });

    beforeAll(async () => {
      broker = await ownKafka(nodes);
      kams = await installation();
      bus = kafkaBus({ brokers: broker.address.split(',') });
      host = await starting();
    }, 120_000);
    afterAll(async () => {
      try {
        await kams?.stop();
        await bus?.close();
      } finally {
        await broker?.remove();
      }
    }, 180_000);

    /** Until it is answered, whoever answers. */
    async function told(path: string, body: object, key: string): Promise<string> {
      for (;;) {
        const answer = await ask(kams.tokens, `${host.url}${path}`, body, { key });
        if (answer && answer.status < 300) return answer.text;
        if (answer && answer.status < 500) throw new Error(answer.text);
        await sleep(50);
      }
    }
    /** Until it is done, or nobody wants it any more. */
    async function bulk(lines: readonly object[], isWanted: () => boolean): Promise<void> {
      const body = lines.map((it) => JSON.stringify(it)).join('\n');
      while (isWanted()) {
        const answer = await fetch(`${host.url}/accounts/bulk`, {
          method: 'POST',
          headers: {
            authorization: `Bearer ${await kams.tokens(WHO.subject, WHO.tenantId)}`,
            'content-type': 'application/x-ndjson',
          },
          body,
          signal: AbortSignal.timeout(20_000),
        })
          .then(async (it) => ({ ok: it.ok, text: await it.text() }))
          .catch(() => undefined);
        const statuses = answer?.ok
          ? answer.text
              .trim()
              .split('\n')
              .map((it) => (JSON.parse(it) as { status: number }).status)
          : [];
        if (statuses.length === lines.length && statuses.every((it) => it < 300)) return;
        const refused = statuses.find((it) => it >= 400 && it < 500 && it !== 409);
        if (refused) throw new Error(answer!.text);
        await sleep(50);
      }
    }
    /** What the operator is shown of the topic. */
    async function relayOf({ url }: TestHost): Promise<{ lag?: number; failure?: string } | undefined> {
      const answer = await ask(kams.tokens, `${url}/operations/status`);
      return answer?.status === 200
        ? (JSON.parse(answer.text) as { relays: { topic: string; lag?: number; failure?: string }[] }).relays.find(
            (it) => it.topic === TOPIC,
          )
        : undefined;
    }
    async function drained(): Promise<number> {
      const began = Date.now();
      for (; (await relayOf(host))?.lag !== 0; await sleep(50))
        if (Date.now() > began + DRAINED_WITHIN_MS)
          throw new Error(`not drained within ${DRAINED_WITHIN_MS} ms: ${JSON.stringify(await relayOf(host))}; ${host.said()}`);
      return Date.now() - began;
    }
    /** What the topic should hold, by its order in the log. */
    async function stored() {
      const { rows } = await kams.client.query<{ id: string; stream: string; revision: number }>(
        `select event_id as id, stream_id as stream, revision::int from es.events
          where split_part(stream_id, '-', 1) || '/' || type = any($1) order by position`,
        [PUBLIC],
      );
      return rows;
    }
    /** A repeat may come at any time; what comes first does so in the order of its stream. */
    function judge(events: readonly CloudEvent[], of: Awaited<ReturnType<typeof stored>>) {
      const seen = new Set<string>();
      const highest = new Map<string, number>();
      let disordered = 0;
      for (const { id, partitionkey, sequence } of events) {
        if (seen.has(id)) continue;
        seen.add(id);
        const revision = Number(sequence);
        if (revision <= (highest.get(partitionkey) ?? -1)) disordered++;
        highest.set(partitionkey, revision);
      }
      const known = new Set(of.map((it) => it.id));
      return {
        missing: of.filter((it) => !seen.has(it.id)).length,
        disordered,
        invented: [...seen].filter((it) => !known.has(it)).length,
        repeats: events.length - seen.size,
      };
    }

    const faults: Record<Fault, () => Promise<void>> = {
      async 'kill of the relay'() {
        await host.end('SIGKILL');
        host = await starting();
      },
      async 'kill between the broker and the checkpoint'() {
        await host.end('SIGKILL');
        const at = killAt('relay.after-publish', dice.between(1, 4));
        const dying = await starting(at).catch((error: Error) => error);
        // It may come to that place before it answers.
        if (dying instanceof Error) expect(dying.message).toMatch('ended with SIGKILL');
        else {
          host = dying;
          const it = dying;
          const passed = await Promise.race([it.gone, sleep(PASSED_WITHIN_MS)]);
          if (passed) expect(passed.signal).toBe('SIGKILL');
          else {
            // The test fails by it; until then it goes on, and what is known is told.
            stalls++;
            process.stderr.write(`P9: the relay stood: ${JSON.stringify(await relayOf(it))}; ${it.said()}\n`);
            await it.end('SIGKILL');
          }
        }
        host = await starting();
      },
      async 'cut of all connections'() {
        broker.cutAll();
        await sleep(dice.between(0, 300));
      },
      async 'kill of the broker'() {
        broker.kill();
        await sleep(dice.between(0, 1_000));
        await broker.start();
      },
    };

    promised(
      'P9',
      'Kafka receives every public event at least once, and those of each stream in order, whatever dies',
      async (tell) => {
        const accounts = await Promise.all(
          Array.from({ length: STREAMS }, async (_, i) => {
            const text = await told('/accounts', { profile: { name: `Account ${i}` } }, `p9-open-${i}`);
            return (JSON.parse(text) as { id: string }).id;
          }),
        );
        const live: CloudEvent[] = [];
        const ending = new AbortController();
        const living = (async () => {
          for await (const { records } of bus.consume(TOPIC, 'kams.test.p9-live', new Map(), ending.signal))
            live.push(...records.map((it) => it.event));
        })();
        living.catch(() => undefined);

        let isOver = false;
        let n = 0;
        let failure: Error | undefined;
        let fail!: (error: Error) => void;
        // A fault may wait for what a sender that has failed does not bring about any more.
        const failed = new Promise<never>((_, reject) => (fail = reject));
        failed.catch(() => undefined);
        const senders = Array.from({ length: SENDERS }, async (_, sender) => {
          const own = accounts.filter((__, i) => i % SENDERS === sender);
          for (let round = 0; !failure && (!isOver || n < EVENTS); round++) {
            const lines = Array.from({ length: LINES }, (__, i) => ({
              command: 'UpdateProfile',
              id: own[(round * LINES + i) % own.length]!,
              idempotencyKey: `p9-${sender}-${round}-${i}`,
              data: { set: { employees: ++n } },
            }));
            await bulk(lines, () => !failure);
            // As long as faults go on, not faster than they do: each is to meet a relay at work.
            await sleep(isOver ? 0 : 100);
          }
        }).map((it) => it.catch((error: Error) => fail((failure = error))));

        const plan = dice
          .shuffled(Object.entries(FAULTS).flatMap(([fault, times]) => Array<Fault>(times).fill(fault as Fault)))
          .filter((it) => nodes === 1 || it !== 'kill of the broker');
        const brokerKills = await broker.whileNodesDie(async () => {
          try {
            for (const fault of plan) {
              if (failure) break;
              await sleep(dice.between(100, 800));
              await Promise.race([faults[fault](), failed]);
            }
          } catch (error) {
            failure = error as Error;
          }
        });
        isOver = true;
        await Promise.all(senders);
        if (failure) throw failure;
        const drainedMs = await drained();

        const of = await stored();
        const after = judge(await readTopic(bus, TOPIC), of);
        for (const end = Date.now() + 20_000; Date.now() < end && judge(live, of).missing > 0; await sleep(50));
        ending.abort();
        await living;
        const during = judge(live, of);
        tell({
          events: of.length,
          streams: STREAMS,
          kills: FAULTS['kill of the relay'] + FAULTS['kill between the broker and the checkpoint'],
          cuts: FAULTS['cut of all connections'],
          nodes,
          'broker-kills': brokerKills,
          missing: after.missing,
          disordered: after.disordered,
          invented: after.invented,
          repeats: after.repeats,
          'live-missing': during.missing,
          'live-disordered': during.disordered,
          stalls,
          'drained-ms': drainedMs,
        });
        expect(stalls).toBe(0);
        for (const it of [after, during]) expect(it).toMatchObject({ missing: 0, disordered: 0, invented: 0 });
        expect(of.length).toBeGreaterThanOrEqual(EVENTS);
        expect(after.repeats).toBeGreaterThan(0);
      },
      isFull ? 3_600_000 : 400_000,
    );

    promised(
      'P22',
      'With Kafka down commands and reads go on, and what waited comes in its order when it is back',
      async (tell) => {
        let asked = 0;
        let failed = 0;
        const times: number[] = [];
        for (let outage = 0; outage < trials(3, 5); outage++) {
          // Away in two ways: its port is closed; it takes what comes and says nothing.
          const isSilent = outage % 2 === 1;
          if (isSilent) broker.set({ held: 'both' });
          else await broker.stop();
          const until = Date.now() + 3_000;
          for (; Date.now() < until; await sleep(20)) {
            const opened = await ask(
              kams.tokens,
              `${host.url}/accounts`,
              { profile: { name: `Outage ${outage} ${asked}` } },
              { key: `p22-${outage}-${asked}` },
            );
            const { id, position } = opened?.status === 201 ? (JSON.parse(opened.text) as { id: string; position: string }) : {};
            const read = await ask(kams.tokens, `${host.url}/accounts/${id}?after=${position}`);
            const ready = await ask(kams.tokens, `${host.url}/health/ready`);
            asked += 3;
            failed += [opened, read, ready].filter((it) => !it || it.status >= 300).length;
          }
          if (!isSilent) await eventually(async () => expect((await relayOf(host))?.failure).toMatch('Kafka is away'), 20_000);
          if (isSilent) broker.set({});
          else await broker.start();
          times.push(await drained());
        }
        const { missing, disordered } = judge(await readTopic(bus, TOPIC), await stored());
        tell({ outages: times.length, asked, failed, missing, disordered, 'drained-ms': times.join('/') });
        expect({ failed, missing, disordered }).toEqual({ failed: 0, missing: 0, disordered: 0 });
        expect(asked).toBeGreaterThan(60);
      },
      240_000,
    );
  });
}
