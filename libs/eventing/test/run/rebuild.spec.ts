import { eventually } from '@kams/testing/until';
import { storeFeed } from '../../src/run/feeds';
import { projection } from '../../src/run/projection';
import { delay } from '../../src/delay';
import type { Feed } from '../../src/run/projector';
import { rebuild, type RebuildProgress } from '../../src/run/rebuild';
import { memoryStore, type MemoryStore } from '../../src/store/memory';
import { memoryReadModel, type MemoryReadModel } from './memory-read-model';
import { parcelContract } from './parcels';
import { movedBy, parcels, parcelTable, positionOf, sentTo, working, type Working } from './reading';

let store: MemoryStore;
let feed: Feed;
let readModel: MemoryReadModel;
let live: Working;
const ever = new AbortController().signal;
beforeEach(async () => {
  store = memoryStore();
  feed = storeFeed(store, [parcelContract]);
  readModel = memoryReadModel();
  await readModel.prepare(parcels);
  live = working(parcels, feed, readModel);
});
afterEach(() => live.stop());
const append = (id: string, ...events: Parameters<typeof store.append>[2]) => store.append(`parcel-${id}`, 'any', events);

test('new rows take the place of the old ones, and the live projector goes on from them', async () => {
  await append('a', sentTo('Bern'), movedBy(1));
  await live.caughtUp();
  const before = readModel.rows();
  readModel.sides.live!.rows.clear();
  expect(await rebuild(parcels, feed, readModel, { signal: ever })).toBe(true);
  expect(readModel.rows()).toEqual(before);
  expect(readModel.sides.beside).toBeUndefined();
  await append('a', movedBy(1));
  await live.caughtUp();
  expect(readModel.rows()).toMatchObject([{ revision: 2, moved: 2 }]);
});

test('while writes go on, no event is lost and none counts twice', async () => {
  let isDone = false;
  let n = 0;
  const writing = (async () => {
    for (; !isDone; n++) {
      await append(`p${n % 7}`, n < 7 ? sentTo('Bern') : movedBy(1));
      if (n % 20 === 0) await delay(1);
    }
  })();
  for (let more = 100; more <= 500; more += 100) {
    await eventually(() => expect(n).toBeGreaterThan(more));
    expect(await rebuild(parcels, feed, readModel, { signal: ever })).toBe(true);
  }
  isDone = true;
  await writing;
  await live.caughtUp();
  expect(readModel.rows().reduce((sum, row) => sum + (row['moved'] as number), 0)).toBe(n - 7);
});

test('readers do not go back in time: rows that are behind the live ones wait', async () => {
  await append('a', sentTo('Bern'));
  await live.caughtUp();
  readModel.beforeCommit = (side) => (side === 'beside' ? delay(30) : undefined);
  const seen: string[] = [];
  const replace = readModel.replace.bind(readModel);
  readModel.replace = async (...args) => {
    if (seen.length < 3) {
      await append('a', movedBy(1));
      await live.caughtUp();
    }
    const done = await replace(...args);
    seen.push(`${done} at ${Number(readModel.sides.live?.checkpoint?.position)}`);
    return done;
  };
  expect(await rebuild(parcels, feed, readModel, { signal: ever })).toBe(true);
  expect(seen).toEqual(['false at 2', 'false at 3', 'false at 4', 'true at 4']);
});

test.each([
  ['has read further than the store reaches', { position: positionOf(99) }],
  ['belongs to another history', { epoch: 'restored', position: positionOf(99) }],
  ['read another event', { eventId: 'another' }],
])('live rows whose checkpoint %s are replaced all the same, and the projector goes on', async (_, change) => {
  await append('a', sentTo('Bern'), movedBy(1));
  await live.caughtUp();
  await live.stop();
  const it = readModel.sides.live!;
  it.checkpoint = { ...it.checkpoint!, ...change };
  live = working(parcels, feed, readModel);
  await live.failing('kams rebuild parcels');
  expect(await rebuild(parcels, feed, readModel, { signal: ever })).toBe(true);
  await append('a', movedBy(1));
  await eventually(() => expect(readModel.rows()).toMatchObject([{ moved: 2 }]));
  expect(live.it.failure()).toBeUndefined();
});

test('rows of another version are replaced, and only then written to', async () => {
  await live.stop();
  readModel = memoryReadModel({ current: false });
  await readModel.prepare(parcels);
  live = working(parcels, feed, readModel);
  await append('a', sentTo('Bern'));
  await live.failing('another version');
  expect(readModel.rows()).toEqual([]);
  expect(await rebuild(parcels, feed, readModel, { signal: ever })).toBe(true);
  await append('a', movedBy(1));
  await eventually(() => expect(readModel.rows()).toMatchObject([{ moved: 1 }]));
});

test('an event that can not be digested ends it with the reason, and the live rows are as they were', async () => {
  await append('a', sentTo('Bern'));
  await live.caughtUp();
  const before = structuredClone(readModel.rows());
  const broken = projection({ name: 'parcels', from: [parcelContract], table: parcelTable })({
    ParcelSent: () => {
      throw new Error('there is no such town');
    },
  });
  await expect(rebuild(broken, feed, readModel, { signal: ever })).rejects.toThrow('there is no such town');
  expect(readModel.rows()).toEqual(before);
});

test('another process that began or finished it meanwhile ends it, with that reason', async () => {
  await append('a', sentTo('Bern'));
  await live.caughtUp();
  const replace = readModel.replace.bind(readModel);
  readModel.replace = async (...args) => {
    await readModel.beginBeside(parcels);
    return replace(...args);
  };
  await expect(rebuild(parcels, feed, readModel, { signal: ever })).rejects.toThrow('another process builds parcels again');
  expect(readModel.rows()).toHaveLength(1);
});

test('the signal ends it: the live rows are as they were', async () => {
  await append('a', sentTo('Bern'));
  await live.caughtUp();
  const stop = new AbortController();
  readModel.replace = async () => {
    stop.abort();
    return false;
  };
  expect(await rebuild(parcels, feed, readModel, { signal: stop.signal })).toBe(false);
  expect(readModel.rows()).toHaveLength(1);
  expect(await rebuild(parcels, feed, readModel, { signal: AbortSignal.abort() })).toBe(false);
});

test('progress is told, up to the head', async () => {
  for (let i = 0; i < 10; i++) await append(`p${i}`, sentTo('Bern'));
  const told: RebuildProgress[] = [];
  readModel.beforeCommit = (side) => (side === 'beside' ? delay(300) : undefined);
  await rebuild(parcels, feed, readModel, { signal: ever, progress: (it) => told.push(it) });
  expect(told[0]).toEqual({ projection: 'parcels', position: positionOf(0), head: positionOf(10) });
  expect(told.length).toBeGreaterThan(1);
});
