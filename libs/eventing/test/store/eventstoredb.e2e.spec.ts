import { eventStoreDbDouble, type DoubleOptions, type EventStoreDbDouble } from '@kams/testing/eventstoredb/server';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventStoreDbStore, newEpoch, type EventStoreDbOptions } from '../../src/store/eventstoredb/eventstoredb-store';
import {
  Conflict,
  LogDamaged,
  NotStorable,
  OutcomeUnknown,
  START,
  Unavailable,
  type EventStore,
  type NewEvent,
  type Page,
} from '../../src/store/port';
import { eventStoreContract } from './contract';
import { event, events, following, ids, readOn, stream } from './events';

const { EVENTSTOREDB_URL: serverUrl } = process.env;
/** For a test that waits for no answer; no other may be shorter of patience than the product is. */
const IMPATIENT = { appendWithinMs: 1_000 };

describe('the store in EventStoreDB', () => {
  describe('of the double', () => {
    let double: EventStoreDbDouble;
    beforeAll(async () => void (double = await eventStoreDbDouble()));
    afterAll(() => double.close());
    eventStoreContract('eventstoredb', () => eventStoreDbStore({ connectionString: double.url }), 'eventstoredb double');
  });

  if (serverUrl !== undefined) {
    describe('of a server', () =>
      eventStoreContract('eventstoredb', () => eventStoreDbStore({ connectionString: serverUrl }), 'eventstoredb server'));
  } else {
    test.skip('of a server (EVENTSTOREDB_URL is not set)', () => undefined);
    afterAll(
      () => void process.stderr.write('event store contract, eventstoredb server: NOT RUN (EVENTSTOREDB_URL is not set)\n'),
    );
  }
});

const opened: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

async function doubled(options?: DoubleOptions): Promise<EventStoreDbDouble> {
  const double = await eventStoreDbDouble(options);
  opened.push(() => double.close());
  return double;
}

async function storeOf({ url }: { url: string }, options?: Partial<EventStoreDbOptions>): Promise<EventStore> {
  const store = await eventStoreDbStore({ connectionString: url, ...options });
  opened.push(() => store.close());
  return store;
}

/** As a caller does it who has to know: again and again, with the same ids. */
async function persistently(store: EventStore, name: string, expected: number | 'none', given: readonly NewEvent[]) {
  for (;;) {
    const answer = await store.append(name, expected, given).catch((error: Error) => error);
    if (!(answer instanceof Error)) return answer;
    if (!(answer instanceof OutcomeUnknown || answer instanceof Unavailable)) throw answer;
    await sleep(20);
  }
}

describe.each([
  ['that takes appends over one stream', true],
  ['that takes a call for each append', false],
])('a server %s', (_, batchAppend) => {
  test('answers an append, a conflict and a repeat', async () => {
    const store = await storeOf(await doubled({ batchAppend }));
    const it = stream();
    const given = events(2);
    const first = await store.append(it, 'none', given);
    expect(first).toMatchObject({ status: 'appended', revision: 1 });
    expect(await store.append(it, 'none', given)).toEqual(first);
    await expect(store.append(it, 0, events(1))).rejects.toMatchObject({ stream: it, expected: 0, actual: 1 });
    await expect(store.append(stream(), 'exists', events(1))).rejects.toBeInstanceOf(Conflict);
    expect(await store.append(it, 1, events(1))).toMatchObject({ revision: 2 });
  });

  test('that loses an answer leaves the outcome unknown; the repeat gets the first answer, and nothing is there twice', async () => {
    const double = await doubled({ batchAppend });
    const store = await storeOf(double, IMPATIENT);
    const it = stream();
    const given = events(3);
    double.faults.loseAnswer();
    await expect(store.append(it, 'none', given)).rejects.toThrow(OutcomeUnknown);
    expect(await store.append(it, 'none', given)).toMatchObject({ revision: 2 });
    expect(ids(await store.read(it))).toEqual(ids(given));
  });

  test('that stands still leaves the outcome unknown after a while; what is asked for meanwhile was surely not written', async () => {
    const double = await doubled({ batchAppend });
    const store = await storeOf(double, IMPATIENT);
    const [it, other] = [stream(), stream()];
    const given = events(2);
    await store.append(stream(), 'none', events(1));
    double.faults.freeze();
    const began = performance.now();
    await expect(store.append(it, 'none', given)).rejects.toThrow(OutcomeUnknown);
    expect(performance.now() - began).toBeLessThan(4_000);
    await expect(store.append(other, 'none', events(1))).rejects.toThrow(Unavailable);
    double.faults.thaw();
    expect(await store.append(it, 'none', given)).toMatchObject({ revision: 1 });
    expect(ids(await store.read(it))).toEqual(ids(given));
    expect(await store.read(other)).toEqual([]);
  });

  test('that takes less than an append has says that it can never be stored', async () => {
    const store = await storeOf(await doubled({ batchAppend }));
    const given = Array.from({ length: 3_000 }, () => event({}, { metadata: {} as never, type: 'T'.repeat(200) }));
    await expect(store.append(stream(), 'none', given)).rejects.toThrow(NotStorable);
  });
});

test('a server that is not ready has written nothing', async () => {
  const double = await doubled();
  const store = await storeOf(double);
  const it = stream();
  double.faults.isReady = false;
  await expect(store.append(it, 'none', events(1))).rejects.toThrow(Unavailable);
  double.faults.isReady = true;
  expect(await store.append(it, 'none', events(1))).toMatchObject({ revision: 0 });
});

test('a server that is not there is unavailable, and when it is there again all goes on', async () => {
  const double = await doubled();
  const store = await storeOf(double);
  const it = stream();
  await store.append(it, 'none', events(1));
  await double.kill();
  const given = events(1);
  await expect(store.append(it, 0, given)).rejects.toThrow(OutcomeUnknown);
  await expect(store.append(it, 0, given)).rejects.toThrow(Unavailable);
  await expect(store.read(it)).rejects.toThrow(Unavailable);
  await expect(store.head()).rejects.toThrow(Unavailable);
  await expect(eventStoreDbStore({ connectionString: double.url })).rejects.toThrow(Unavailable);
  await double.comeBack();
  expect(await persistently(store, it, 0, given)).toMatchObject({ revision: 1 });
});

test('a cluster that could not be found while an append was asked for is found later', async () => {
  const double = await doubled();
  const store = await storeOf({ url: `${double.clusterUrl}&maxDiscoverAttempts=1` });
  await store.append(stream(), 'none', events(1));
  await double.kill();
  for (let i = 0; i < 3; i++) await expect(store.append(stream(), 'none', events(1))).rejects.toThrow();
  await double.comeBack();
  await persistently(store, stream(), 'none', events(1));
});

test('an append to one server does not suffer for good from another one that dies, nor does the process from its late answer', async () => {
  const [dying, slow] = [await doubled(), await doubled()];
  const [other, store] = [await storeOf(dying), await storeOf(slow)];
  await other.append(stream(), 'none', events(1));
  const it = stream();
  const given = events(2);
  await store.append(stream(), 'none', events(1));
  slow.faults.slowMs = 200;
  const unknown = expect(store.append(it, 'none', given)).rejects.toThrow(OutcomeUnknown);
  await sleep(50);
  await dying.kill();
  await unknown;
  expect(await store.read(it)).toEqual([]);
  await sleep(400); // its answer comes, and nobody waits for it
  slow.faults.slowMs = 0;
  expect(await store.append(it, 'none', given)).toMatchObject({ revision: 1 });
  expect(ids(await store.read(it))).toEqual(ids(given));
});

test('a server that dies under many appends leaves each of them unknown or not written', async () => {
  const double = await doubled();
  const store = await storeOf(double);
  await store.append(stream(), 'none', events(1));
  const asked = Array.from({ length: 200 }, () => ({ name: stream(), given: [event({ text: 'x'.repeat(20_000) })] }));
  const answers = Promise.allSettled(asked.map(({ name, given }) => store.append(name, 'none', given)));
  await sleep(5);
  await double.kill();
  for (const it of await answers)
    if (it.status === 'rejected') expect([OutcomeUnknown, Unavailable]).toContain(it.reason.constructor);
  await double.comeBack();
  for (const { name, given } of asked) await persistently(store, name, 'none', given);
  for (const { name, given } of asked) expect(ids(await store.read(name))).toEqual(ids(given));
});

describe('a subscription', () => {
  test('goes on when the server dies and comes back: nothing is missed, nothing comes twice, all in order', async () => {
    const double = await doubled();
    const lost: Error[] = [];
    const [reading, writing] = [await storeOf(double, { onError: (it) => lost.push(it) }), await storeOf(double)];
    const start = (await reading.head()).position;
    const it = stream();
    const given = Array.from({ length: 60 }, () => events(3));
    const pages: Page[] = [];
    const seen = () => pages.flatMap((page) => page.events);
    const stopping = new AbortController();
    const reader = (async () => {
      for await (const page of reading.subscribe(start, stopping.signal, { categories: ['order'] })) {
        pages.push(page);
        if (seen().length >= 180) stopping.abort();
        await sleep(30); // so that it is behind when the server dies
      }
    })();
    for (const [i, more] of given.entries()) {
      if (i % 20 !== 10) {
        await persistently(writing, it, i === 0 ? 'none' : 3 * i - 1, more);
        continue;
      }
      const before = pages.length;
      while (pages.length === before) await sleep(5);
      await double.kill();
      const written = persistently(writing, it, 3 * i - 1, more);
      await double.comeBack();
      await written;
    }
    await reader;
    expect(ids(seen())).toEqual(ids(given.flat()));
    const positions = pages.map((page) => page.position);
    expect(positions).toEqual([...new Set(positions)].sort());
    expect(lost).toHaveLength(3);
  });

  test('does not say that it has come to where it has not: a checkpoint arrives before what is in front of it is read', async () => {
    const store = await storeOf(await doubled());
    const it = stream();
    for (let i = 0; i < 6; i++) await store.append(it, i === 0 ? 'none' : 100 * i - 1, events(100));
    const stopping = new AbortController();
    const pages: Page[] = [];
    for await (const page of store.subscribe(START, stopping.signal, { categories: ['order'] })) {
      pages.push(page);
      await sleep(200); // meanwhile more comes than one page holds, with checkpoints
      if (pages.flatMap((p) => p.events).length >= 600) stopping.abort();
    }
    for (const [i, { position }] of pages.entries())
      for (const later of pages.slice(i + 1).flatMap((page) => page.events)) expect(later.position > position).toBe(true);
    expect(pages.flatMap((page) => page.events.map((e) => e.revision))).toEqual(Array.from({ length: 600 }, (_, i) => i));
  });

  test('to something rare goes on from checkpoints, and is not sent the history again', async () => {
    const double = await doubled();
    const store = await storeOf(double);
    const [rare, common] = [stream('rare'), stream('common')];
    await store.append(rare, 'none', events(1));
    for (let i = 0; i < 5; i++) await store.append(common, i === 0 ? 'none' : 1_000 * i - 1, events(1_000));
    const { position } = await store.append(rare, 0, events(1));
    double.counts.sent = 0;
    const first = following(store, START, { categories: ['rare'] });
    await first.until(() => first.pages.at(-1)?.position === position);
    await first.stop();
    expect(double.counts.sent).toBeLessThan(200);

    await store.append(common, 4_999, events(1_000));
    double.counts.sent = 0;
    const second = following(store, position, { categories: ['rare'] });
    const { position: end } = await store.head();
    await second.until(() => second.pages.at(-1)?.position === end);
    expect(double.counts.sent).toBeLessThan(200);
    await store.append(rare, 1, events(1));
    await second.until(() => second.seen.length === 1);
    await second.stop();
    expect(double.counts.subscribedFrom).toEqual(['start', BigInt(position.split('/')[0]!)]);
  });

  test('moves on over a few events that it does not want, also when another process has written them', async () => {
    const double = await doubled();
    const [here, there] = [await storeOf(double), await storeOf(double)];
    const reader = following(here, START, { categories: ['rare'] });
    await sleep(50);
    const { position } = await there.append(stream('common'), 'none', events(3));
    await reader.until(() => reader.pages.at(-1)?.position === position);
    await reader.stop();
    expect(reader.seen).toEqual([]);
  });
});

test("the server's own events, those of other applications, and the name of the history are shown to nobody", async () => {
  const double = await doubled();
  const store = await storeOf(double);
  const start = (await store.head()).position;
  const reader = following(store, START);
  const text = (it: string) => Buffer.from(it);
  const foreign = { contentType: 'application/json', data: text('{}'), metadata: text('{}') };
  double.log.append('$stats-127.0.0.1:2113', 'any', [{ ...foreign, id: randomUUID(), type: '$statsCollected' }]);
  double.log.append('orders-1', 'any', [{ ...foreign, id: randomUUID(), type: 'OrderPlaced' }]);
  double.log.append('orders-1', 'any', [{ ...foreign, id: randomUUID(), type: 'Blob', contentType: 'application/octet-stream' }]);
  const given = events(1);
  const { position } = await store.append(stream(), 'none', given);
  double.log.append('orders-1', 'any', [{ ...foreign, id: randomUUID(), type: 'OrderPlaced' }]);
  const head = (await store.head()).position;
  await reader.until(() => reader.pages.at(-1)?.position === head);
  await reader.stop();
  expect(ids(reader.seen)).toEqual(ids(given));
  expect(ids(await readOn(store, START))).toEqual(ids(given));
  expect(await store.read('kams-store')).toEqual([]);
  expect(await store.at(start)).toBeUndefined();
  expect(ids([(await store.at(position))!])).toEqual(ids(given));
  await expect(store.append('kams-store', 'any', events(1))).rejects.toThrow(NotStorable);
  await expect(store.append('$mine', 'any', events(1))).rejects.toThrow(NotStorable);
  await expect(store.append(stream(), 'none', [event({}, { type: '$Mine' })])).rejects.toThrow(NotStorable);
});

test('the history has one name, whoever opens the store first, until a new one is begun', async () => {
  const double = await doubled();
  const stores = await Promise.all(Array.from({ length: 4 }, () => storeOf(double)));
  const epochs = async () => [...new Set((await Promise.all(stores.map((it) => it.head()))).map((it) => it.epoch))];
  const before = await epochs();
  expect(before).toHaveLength(1);
  expect(double.log.stream('kams-store')).toHaveLength(1);
  const renewed = await newEpoch(double.url);
  expect(renewed).not.toBe(before[0]);
  expect(await epochs()).toEqual([renewed]);
  expect((await (await storeOf(double)).head()).epoch).toBe(renewed);
});

test('a connection string that would make answers wrong is refused', async () => {
  const { url } = await doubled();
  for (const more of ['throwOnAppendFailure=false', 'nodePreference=follower'])
    await expect(eventStoreDbStore({ connectionString: `${url}&${more}` })).rejects.toThrow(RangeError);
});

test('a stream that was deleted for ever is damage', async () => {
  const double = await doubled();
  const store = await storeOf(double);
  const it = stream();
  await store.append(it, 'none', events(1));
  double.log.tombstone(it);
  await expect(store.append(it, 0, events(1))).rejects.toThrow(LogDamaged);
  await expect(store.read(it)).rejects.toThrow(LogDamaged);
});
