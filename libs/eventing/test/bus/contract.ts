// One suite for every driver of the bus.
import { setTimeout as sleep } from 'node:timers/promises';
import { LogDamaged } from '../../src/store/port';
import type { Bus, BusBatch, BusRecord } from '../../src/bus/port';
import type { CloudEvent } from '../../src/run/cloud-event';

/** A topic that nobody else uses, and a way to write to it. */
export interface Topic {
  readonly bus: Bus;
  readonly name: string;
  /** Publishes one event of each of these streams, in this order: what a consumer is to get. */
  write(streams: readonly string[]): Promise<readonly CloudEvent[]>;
}

export const GROUP = 'depot.parcels';
/** A consumer that waits for what is not there must not wait for ever; a broker that starts a group takes a while. */
const LONGEST_MS = 20_000;
/** A consumer that was told to stop has stopped. */
const STOPPED_WITHIN_MS = 3_000;

/** `n` streams in turn, `each` events for each of them: `parcel-0`, `parcel-1` ... `parcel-0` ... */
export const inTurn = (n: number, each: number): string[] => Array.from({ length: n * each }, (_, i) => `parcel-${i % n}`);

/** Follows a topic in the background. */
export function consuming(
  { bus, name }: Topic,
  { after = new Map(), group = GROUP, workMs = 0 }: { after?: ReadonlyMap<number, string>; group?: string; workMs?: number } = {},
) {
  const stopping = new AbortController();
  const batches: BusBatch[] = [];
  const ended = (async () => {
    for await (const batch of bus.consume(name, group, after, stopping.signal)) {
      batches.push(batch);
      await sleep(workMs);
    }
  })();
  ended.catch(() => undefined); // for who awaits it later
  const records = (): BusRecord[] => batches.flatMap((it) => it.records);
  const it = {
    batches,
    records,
    events: () => records().map(({ event }) => event),
    ended,
    /** @throws what it ended with, or that it did not come so far */
    async until(enough: () => boolean | Promise<boolean>): Promise<void> {
      let failure: Error | undefined;
      ended.catch((error: Error) => (failure = error));
      for (const end = performance.now() + LONGEST_MS; !(await enough()); await sleep(5)) {
        if (failure) throw failure;
        if (performance.now() > end) throw new Error(`${records().length} records came within ${LONGEST_MS} ms, and no more`);
      }
    },
    count: (n: number) => it.until(() => records().length >= n),
    /** @returns the time that it took to stop, in ms */
    async stop(): Promise<number> {
      const began = performance.now();
      stopping.abort();
      await ended;
      return performance.now() - began;
    },
  };
  return it;
}

/** Everything up to where the topic ends now. */
export async function readAll(topic: Topic, after: ReadonlyMap<number, string> = new Map()): Promise<readonly BusBatch[]> {
  const ends = await topic.bus.ends(topic.name);
  const it = consuming(topic, { after });
  const reached = (partition: number) => it.batches.findLast((batch) => batch.partition === partition)?.offset ?? '';
  await it.until(() => [...ends].every(([partition, end]) => end <= (after.get(partition) ?? '') || reached(partition) >= end));
  await it.stop();
  return it.batches;
}

const byKey = (events: readonly CloudEvent[]): Map<string, CloudEvent[]> => {
  const found = new Map<string, CloudEvent[]>();
  for (const it of events) found.set(it.partitionkey, [...(found.get(it.partitionkey) ?? []), it]);
  return found;
};
const byPartition = (batches: readonly BusBatch[]): Map<number, BusRecord[]> => {
  const found = new Map<number, BusRecord[]>();
  for (const { partition, records } of batches) found.set(partition, [...(found.get(partition) ?? []), ...records]);
  return found;
};
/** The same events, and those of each stream in the same order: between streams there is none. */
const expectSame = (events: readonly CloudEvent[], written: readonly CloudEvent[]) => {
  expect(events).toHaveLength(written.length);
  expect(byKey(events)).toEqual(byKey(written));
};

/** @param create a new topic without anything on it */
export function busContract(driver: string, create: () => Promise<Topic>): void {
  let ran = 0;
  let topic: Topic;
  const open: { stop(): Promise<unknown> }[] = [];

  beforeEach(async () => {
    ran++;
    topic = await create();
  });
  afterEach(() => Promise.all(open.splice(0).map((it) => it.stop().catch(() => undefined))));
  afterAll(() => void process.stderr.write(`bus contract, ${driver}: ran, ${ran} cases\n`));

  function consumer(...args: [options?: Parameters<typeof consuming>[1]]) {
    const it = consuming(topic, ...args);
    open.push(it);
    return it;
  }

  test('a consumer gets every event as it was published, with its stream as the key', async () => {
    const written = await topic.write(inTurn(7, 10));
    const batches = await readAll(topic);
    expectSame(
      batches.flatMap((it) => it.records.map(({ event }) => event)),
      written,
    );
    for (const { records } of batches) for (const { key, event } of records) expect(key).toBe(event.partitionkey);
    expect(batches.every((it) => it.topic === topic.name)).toBe(true);
  });

  test('the events of a stream are in one partition', async () => {
    await topic.write(inTurn(30, 3));
    const partitions = new Map<string, number>();
    for (const { partition, records } of await readAll(topic))
      for (const { key } of records) expect(partitions.set(key, partitions.get(key) ?? partition).get(key)).toBe(partition);
    expect(partitions.size).toBe(30);
  });

  test('offsets of a partition grow, also as text, and a batch reaches at least to its last record', async () => {
    await topic.write(inTurn(12, 30));
    const batches = await readAll(topic);
    for (const records of byPartition(batches).values()) {
      const offsets = records.map((it) => it.offset);
      expect(offsets).toEqual([...new Set(offsets)].sort());
    }
    for (const { records, offset } of batches) expect(records.every((it) => it.offset <= offset)).toBe(true);
  });

  test('a consumer goes on behind any offset of each partition', async () => {
    await topic.write(inTurn(24, 15));
    const all = byPartition(await readAll(topic));
    for (const part of [0, 0.3, 0.7, 1]) {
      const first = new Map([...all].map(([partition, records]) => [partition, Math.ceil(part * (records.length - 1))]));
      const after = new Map([...first].map(([partition, i]) => [partition, all.get(partition)![i]!.offset]));
      const rest = byPartition(await readAll(topic, after));
      for (const [partition, records] of all) expect(rest.get(partition) ?? []).toEqual(records.slice(first.get(partition)! + 1));
    }
  });

  test('only the partitions that are given are read from an offset, the others from the start; so is an empty offset', async () => {
    await topic.write(inTurn(24, 4));
    const ends = await topic.bus.ends(topic.name);
    const all = byPartition(await readAll(topic));
    const [given] = all.keys();
    const after = new Map([...ends.keys()].slice(0, 6).map((partition) => [partition, '']));
    after.set(given!, all.get(given!)!.at(-1)!.offset);
    const rest = byPartition(await readAll(topic, after));
    for (const [partition, records] of all) expect(rest.get(partition) ?? []).toEqual(partition === given ? [] : records);
  });

  test('who goes on from where a batch ends gets nothing again, and what comes next', async () => {
    await topic.write(inTurn(12, 5));
    const ends = new Map((await readAll(topic)).map((it) => [it.partition, it.offset]));
    const it = consumer({ after: ends });
    const written = await topic.write(inTurn(12, 2));
    await it.count(written.length);
    await sleep(100);
    expectSame(it.events(), written);
  });

  test('an offset behind the end is of another history, and is refused', async () => {
    await topic.write(inTurn(12, 5));
    const [partition, end] = [...(await topic.bus.ends(topic.name))].find(([, it]) => it !== '')!;
    const beyond = String(BigInt(end) + 1n).padStart(end.length, '0');
    const it = consumer({ after: new Map([[partition, beyond]]) });
    await expect(it.until(() => false)).rejects.toThrow(LogDamaged);
    expect(it.batches).toEqual([]);
  });

  test('ends are where a consumer comes to, and no partition has one before it has an event', async () => {
    const before = await topic.bus.ends(topic.name);
    expect(before.size).toBeGreaterThan(0);
    expect([...before.values()].every((it) => it === '')).toBe(true);
    await topic.write(inTurn(50, 2));
    const ends = await topic.bus.ends(topic.name);
    expect([...ends.keys()].sort()).toEqual([...before.keys()].sort());
    const last = new Map((await readAll(topic)).map((it) => [it.partition, it.offset]));
    expect(last).toEqual(new Map([...ends].filter(([, it]) => it !== '')));
  });

  test('on an empty topic a consumer waits, and gets the first event', async () => {
    const it = consumer();
    await sleep(300);
    expect(it.batches).toEqual([]);
    const written = await topic.write(['parcel-1']);
    await it.count(1);
    expect(it.events()).toEqual(written);
  });

  test('each consumer gets everything, also under the same name of a group', async () => {
    const together = [consumer(), consumer(), consumer({ group: 'another' })];
    const written = await topic.write(inTurn(20, 20));
    for (const it of together) await it.count(written.length);
    for (const it of together) expectSame(it.events(), written);
  });

  test('it is the same whether a consumer begins before, during or after the writing', async () => {
    const before = consumer();
    const first = await topic.write(inTurn(15, 10));
    const writing = (async () => {
      const written: CloudEvent[] = [];
      for (let i = 0; i < 20; i++) written.push(...(await topic.write(inTurn(15, 2))));
      return written;
    })();
    const during = consumer();
    const written = [...first, ...(await writing)];
    const after = consumer();
    for (const it of [before, during, after]) {
      await it.count(written.length);
      expectSame(it.events(), written);
    }
  });

  test('who is slow misses nothing and gets nothing twice', async () => {
    const it = consumer({ workMs: 150 });
    const written: CloudEvent[] = [];
    for (let i = 0; i < 10; i++) {
      written.push(...(await topic.write(inTurn(5, 20))));
      await sleep(50);
    }
    await it.count(written.length);
    expectSame(it.events(), written);
  });

  describe('the signal', () => {
    test('ends a consumer that waits', async () => {
      const it = consumer();
      await topic.write(['parcel-1']);
      await it.count(1);
      expect(await it.stop()).toBeLessThan(STOPPED_WITHIN_MS);
    });

    test('ends one that has only begun', async () => {
      const it = consumer();
      await sleep(5);
      await it.stop();
      expect(it.batches).toEqual([]);
    });

    test('that was given before begins nothing', async () => {
      await topic.write(['parcel-1']);
      for await (const batch of topic.bus.consume(topic.name, GROUP, new Map(), AbortSignal.abort()))
        throw new Error(`a batch came: ${batch.offset}`);
    });

    test('ends one in the middle of what there is, and nothing comes after it', async () => {
      await topic.write(inTurn(12, 100));
      const stopping = new AbortController();
      let batches = 0;
      for await (const _ of topic.bus.consume(topic.name, GROUP, new Map(), stopping.signal)) {
        batches++;
        stopping.abort();
      }
      expect(batches).toBe(1);
    });
  });

  test('who leaves the loop has stopped', async () => {
    const written = await topic.write(inTurn(3, 10));
    for await (const { records } of topic.bus.consume(topic.name, GROUP, new Map(), new AbortController().signal)) {
      expect(written).toContainEqual(records[0]!.event);
      break;
    }
  });

  test('a topic that is not there is refused by its name', async () => {
    const name = 'kams.nowhere.v1';
    await expect(topic.bus.ends(name)).rejects.toThrow(`there is no topic ${name}`);
    const it = consuming({ ...topic, name });
    await expect(it.until(() => false)).rejects.toThrow(`there is no topic ${name}`);
  });
}
