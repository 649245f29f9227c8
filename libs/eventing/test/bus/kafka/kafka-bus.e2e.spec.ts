import { Kafka, logLevel } from 'kafkajs';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { localKafka } from '@kams/testing/kafka';
import { eventually } from '@kams/testing/until';
import { kafkaBus, type KafkaBus } from '../../../src/bus/kafka/kafka-bus';
import { publisher, type CloudEvent } from '../../../src/run/cloud-event';
import { LogDamaged, NotStorable, Unavailable, type Position, type Recorded } from '../../../src/store/port';
import { parcelContract } from '../../run/parcels';
import { event } from '../../store/events';
import { busContract, consuming, GROUP, inTurn, readAll, type Topic } from '../contract';
import { partitionOf } from './partitions';

/** KAMS_TEST_KAFKA_DATA: where the broker is one of `npm run kafka` that may be stopped and killed. */
const { KAFKA_BROKERS: brokers, KAMS_TEST_KAFKA_DATA: ownData } = process.env;
const published = publisher('post', [parcelContract], randomUUID());

/** What the relay would publish: one event of each of these streams, at the next positions of the log. */
function eventsOf(streams: readonly string[], from: number) {
  return streams.map((stream, i) => {
    const { id, type, schema, data, metadata } = event({ by: from + i }, { type: 'ParcelMoved', schema: 3 });
    const position = String(from + i).padStart(20, '0') as Position;
    const stored: Recorded = {
      ...{ id, type, schema, data, metadata, stream, position },
      revision: from + i,
      recordedAt: '2026-11-23T05:30:00.000000Z',
    };
    return published(stored)!;
  });
}

if (brokers === undefined) {
  test.skip('the bus over Kafka (KAFKA_BROKERS is not set)', () => undefined);
  // Not in afterAll: where every test is skipped, Jest does not come to it.
  process.stderr.write('bus contract, kafka: NOT RUN (KAFKA_BROKERS is not set)\n');
} else {
  describe('the bus over Kafka', () => {
    let bus: KafkaBus;
    beforeAll(() => void (bus = kafkaBus({ brokers: brokers.split(',') })));
    afterAll(() => bus.close());

    async function topic(): Promise<Topic> {
      const name = `kams.test-${randomUUID()}.v1`;
      await bus.ensureTopic(name);
      let n = 1;
      return {
        bus,
        name,
        async write(streams) {
          const events = eventsOf(streams, n);
          n += events.length;
          await bus.publish(name, events);
          return events;
        },
      };
    }

    describe('by the contract', () => busContract('kafka', topic));

    const kafka = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING });
    async function asked<T>(question: (admin: ReturnType<typeof kafka.admin>) => Promise<T>): Promise<T> {
      const admin = kafka.admin();
      await admin.connect();
      return question(admin).finally(() => admin.disconnect());
    }
    const sockets = () => process.getActiveResourcesInfo().filter((it) => it === 'TCPSocketWrap').length;
    const data = (bytes: number) => ({ text: 'x'.repeat(bytes - '{"text":""}'.length) });

    test('a topic is created once, with 12 partitions, and never compacted', async () => {
      const { name } = await topic();
      await bus.ensureTopic(name);
      expect((await bus.ends(name)).size).toBe(12);
      const { resources } = await asked((it) =>
        it.describeConfigs({
          includeSynonyms: false,
          resources: [{ type: 2, name, configNames: ['cleanup.policy', 'retention.ms'] }],
        }),
      );
      const config = Object.fromEntries(resources[0]!.configEntries.map((it) => [it.configName, it.configValue]));
      expect(config).toEqual({ 'cleanup.policy': 'delete', 'retention.ms': '604800000' });
    });

    test('a topic with another number of partitions is refused', async () => {
      const name = `kams.test-${randomUUID()}.v1`;
      await asked((it) => it.createTopics({ topics: [{ topic: name, numPartitions: 3 }], waitForLeaders: false }));
      await expect(bus.ensureTopic(name)).rejects.toThrow(`${name} has 3 partitions and needs 12`);
    });

    test('a topic that is compacted is refused', async () => {
      const name = `kams.test-${randomUUID()}.v1`;
      const configEntries = [{ name: 'cleanup.policy', value: 'compact' }];
      await asked((it) =>
        it.createTopics({ topics: [{ topic: name, numPartitions: 12, configEntries }], waitForLeaders: false }),
      );
      await expect(bus.ensureTopic(name)).rejects.toThrow(`${name} is compacted`);
    });

    test('the newest event of each partition is told, and nothing of a topic without any', async () => {
      const to = await topic();
      expect(await bus.newest(to.name)).toEqual([]);
      const written = await to.write(inTurn(5, 7));
      const last = new Map(
        (await readAll(to)).flatMap(({ partition, records }) => records.map(({ event }) => [partition, event])),
      );
      expect(last.size).toBeGreaterThan(1);
      expect(new Set(await bus.newest(to.name))).toEqual(
        new Set([...last.values()].map((it) => ({ eventId: it.id, eventPosition: it.globalpos }))),
      );
      expect([...last.values()].every((it) => written.some(({ id }) => id === it.id))).toBe(true);
    });

    test('streams are where Kafka’s own client puts them', async () => {
      const to = await topic();
      const keys = [...partitionOf.keys()];
      const events = eventsOf(
        keys.map(() => 'parcel-1'),
        1,
      ).map((it, i) => ({ ...it, partitionkey: keys[i]! }));
      await bus.publish(to.name, events);
      const found = (await readAll(to)).flatMap(({ partition, records }) => records.map(({ key }) => [key, partition] as const));
      expect(new Map(found)).toEqual(partitionOf);
      expect(found).toHaveLength(keys.length);
    });

    test('what is large goes in portions, and the largest event alone', async () => {
      const to = await topic();
      const events = eventsOf(Array(60).fill('parcel-1'), 1).map((it, i) => ({
        ...it,
        data: data(i === 30 ? 1_000_000 : 100_000),
      }));
      await bus.publish(to.name, events);
      expect((await readAll(to)).flatMap((it) => it.records.map(({ event }) => event))).toEqual(events);
    });

    test('what is too large for a broker is told from a broker that is away, and the next goes through', async () => {
      const to = await topic();
      const [event] = eventsOf(['parcel-1'], 1);
      await expect(bus.publish(to.name, [{ ...event!, data: data(2_000_000) }])).rejects.toThrow(NotStorable);
      const written = await to.write(['parcel-1']);
      expect((await readAll(to)).flatMap((it) => it.records.map(({ event: read }) => read))).toEqual(written);
    });

    test('who publishes beside himself is refused', async () => {
      const { name } = await topic();
      const first = bus.publish(name, eventsOf(['parcel-1'], 1));
      await expect(bus.publish(name, eventsOf(['parcel-1'], 2))).rejects.toThrow('the last publish is still on its way');
      await first;
    });

    test('a watermark knows of what another one has published in between', async () => {
      const to = await topic();
      const other = kafkaBus({ brokers: brokers.split(',') });
      try {
        const [first] = await to.write(['parcel-1']);
        const [position, next] = ['1', '2'].map((it) => it.padStart(20, '0') as Position) as [Position, Position];
        const place = { epoch: 'epoch', position, eventId: first!.id, eventPosition: position };
        await bus.mark(to.name, place);
        await other.publish(to.name, eventsOf(['parcel-2'], 1));
        const ends = await bus.ends(to.name);
        bus.begin(to.name);
        await bus.mark(to.name, { ...place, position: next });
        const marks = (await readAll(to)).flatMap(({ watermark }) => watermark ?? []);
        expect(marks.at(-1)!.ends).toEqual(ends);
      } finally {
        await other.close();
      }
    });

    test('what nobody of us has written stops a consumer at its place, and every other one', async () => {
      const to = await topic();
      await to.write(['parcel-1', 'parcel-1']);
      const [partition] = [...(await bus.ends(to.name))].find(([, end]) => end !== '')!;
      const stranger = kafka.producer();
      await stranger.connect();
      await stranger.send({ topic: to.name, messages: [{ partition, key: 'parcel-1', value: '{}' }] });
      await stranger.disconnect();
      await to.write(['parcel-1']);
      for (let i = 0; i < 2; i++) {
        const it = consuming(to);
        await expect(it.until(() => false)).rejects.toThrow(`${to.name}, partition ${partition}, offset 2 is no event`);
        expect(it.records().length).toBeLessThanOrEqual(2);
      }
    });

    test('what Kafka has forgotten is missed by who has not read it, and by nobody else', async () => {
      const to = await topic();
      await to.write(Array(10).fill('parcel-1'));
      const all = (await readAll(to)).flatMap(({ partition, records }) => records.map((it) => ({ partition, ...it })));
      const { partition } = all[0]!;
      await asked(async (it) => {
        await it.fetchTopicOffsets(to.name); // it deletes only where it has looked before
        await it.deleteTopicRecords({ topic: to.name, partitions: [{ partition, offset: '5' }] });
      });
      for (const after of ['', all[3]!.offset]) {
        const it = consuming(to, { after: new Map([[partition, after]]) });
        await expect(it.until(() => false)).rejects.toThrow(LogDamaged);
        expect(it.batches).toEqual([]);
      }
      const rest = await readAll(to, new Map([[partition, all[4]!.offset]]));
      expect(rest.flatMap((it) => it.records.map(({ event: read }) => read))).toEqual(all.slice(5).map((it) => it.event));
    });

    test('a consumer that has ended leaves no connection and no group', async () => {
      const to = await topic();
      await to.write(inTurn(5, 5));
      const before = sockets();
      const group = `${GROUP}-${randomUUID()}`;
      const them = [1, 2, 3].map(() => consuming(to, { group }));
      for (const it of them) await it.count(25);
      const groups = async () => (await asked((it) => it.listGroups())).groups.filter((it) => it.groupId.startsWith(group));
      expect(sockets()).toBeGreaterThan(before);
      expect(await groups()).toHaveLength(3);
      for (const it of them) await it.stop();
      await eventually(() => expect(sockets()).toBeLessThanOrEqual(before));
      const left = (await groups()).map((it) => it.groupId);
      const { groups: described } = await asked((it) => it.describeGroups(left));
      expect(described.flatMap((it) => it.members)).toEqual([]);
    });

    test('a broker that is not there is told, and who is stopped meanwhile stops', async () => {
      const errors: Unavailable[] = [];
      const away = kafkaBus({ brokers: ['127.0.0.1:1'], onError: (error) => errors.push(error) });
      const it = consuming({ ...(await topic()), bus: away });
      await eventually(() => expect(errors.length).toBeGreaterThan(0), 15_000);
      expect(await it.stop()).toBeLessThan(5_000);
      await expect(away.ends('kams.post.v1')).rejects.toThrow(Unavailable);
      await expect(away.publish('kams.post.v1', eventsOf(['parcel-1'], 1))).rejects.toThrow(Unavailable);
      await away.close();
    });

    const ofOurOwn = ownData === undefined ? test.skip : test;
    ofOurOwn(
      'while the broker is stopped, killed and started again nothing is lost, and the order of each stream stands',
      async () => {
        const { start, stop, kill } = localKafka(ownData!);
        const port = Number(brokers.split(':')[1]);
        const errors: Unavailable[] = [];
        const patient = kafkaBus({ brokers: brokers.split(','), onError: (error) => errors.push(error) });
        const to = { ...(await topic()), bus: patient };
        const it = consuming(to);

        const written: CloudEvent[] = [];
        let repeats = 0;
        let restarted: Promise<unknown> = Promise.resolve();
        const isAway = (error: Error) => {
          if (!(error instanceof Unavailable)) throw error;
          return true;
        };
        for (let i = 0; i < 60; i++) {
          if (i === 20) restarted = stop().then(() => start(port));
          if (i === 40) {
            await restarted;
            kill();
            restarted = sleep(500).then(() => start(port));
          }
          const events = eventsOf(inTurn(5, 4), 1 + written.length);
          while (await patient.publish(to.name, events).then(() => false, isAway)) {
            if (repeats > 200) await restarted; // which says why it is still away
            repeats++;
            await sleep(50);
          }
          written.push(...events);
          await sleep(20);
        }
        await restarted;
        const ids = () => new Set(it.events().map(({ id }) => id));
        await it.until(() => ids().size === written.length);
        await it.stop();
        await patient.close();

        expect(repeats).toBeGreaterThan(0);
        expect(errors.length).toBeGreaterThan(0);
        expect(ids()).toEqual(new Set(written.map(({ id }) => id)));
        const highest = new Map<string, number>();
        const first: CloudEvent[] = [];
        for (const event of it.events()) {
          const revision = Number(event.sequence);
          if (revision <= (highest.get(event.partitionkey) ?? -1)) continue; // again, after an answer that was lost
          highest.set(event.partitionkey, revision);
          first.push(event);
        }
        expect(first).toHaveLength(written.length);
        const offsets = new Map<number, string>();
        for (const { partition, records } of it.batches)
          for (const { offset } of records) {
            expect(offset > (offsets.get(partition) ?? '')).toBe(true);
            offsets.set(partition, offset);
          }
      },
      120_000,
    );
  });
}
