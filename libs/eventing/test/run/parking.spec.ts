// An event that can not be handled: what waits for it, and what does not.
import { eventually } from '@kams/testing/until';
import { storeFeed } from '../../src/run/feeds';
import { HELD_MOST } from '../../src/run/parking';
import { projection, type Projection } from '../../src/run/projection';
import { delay } from '../../src/delay';
import { RowsRefused } from '../../src/run/read-model';
import { rebuild } from '../../src/run/rebuild';
import { memoryStore, type MemoryStore } from '../../src/store/memory';
import { memoryReadModel, type MemoryReadModel } from './memory-read-model';
import { parcelContract } from './parcels';
import { delivered, foldOf, movedBy, parcels, sentTo, towns, townTable, working, type Working } from './reading';
import { event } from '../store/events';

let store: MemoryStore;
let readModel: MemoryReadModel;
const open: Working[] = [];
beforeEach(() => {
  store = memoryStore();
  readModel = memoryReadModel();
});
afterEach(() => Promise.all(open.splice(0).map((it) => it.stop())));

const feed = () => storeFeed(store, [parcelContract]);
async function starts(of: Projection): Promise<Working> {
  await readModel.prepare(of);
  const it = working(of, feed(), readModel);
  open.push(it);
  return it;
}
const append = (id: string, ...events: Parameters<typeof store.append>[2]) => store.append(`parcel-${id}`, 'any', events);
const held = () => [...readModel.sides.live!.held.values()];
const rowOf = (id: string) => readModel.rows().find((it) => it['id'] === id);

/** `towns` and `parcels`, but what `isBad` says fails. */
const picky = (of: Projection, isBad: (it: Parameters<Projection['apply']>[1]) => boolean): Projection => ({
  ...of,
  apply(rows, it) {
    if (isBad(it)) throw new RangeError('there is no such town');
    return of.apply(rows, it);
  },
});
/** Its owner is asked, as an operator asks. */
function ask(key: string): void {
  const { held: all } = readModel.sides.live!;
  all.set(key, { ...all.get(key)!, wanted: true });
}
const isParked = (key: string) => eventually(() => expect(held().find((it) => it.key === key)).toMatchObject({ parked: true }));

describe('an event that can not be handled', () => {
  test('holds back its own stream, in the order of it, and no other', async () => {
    let isBroken = true;
    const it = await starts(picky(parcels, ({ data }) => isBroken && 'to' in data && data.to === 'Nowhere'));
    await append('a', sentTo('Bern'));
    await append('b', sentTo('Nowhere'), movedBy(1));
    await append('c', sentTo('Rome'), movedBy(5));
    await append('b', movedBy(10));
    await it.caughtUp();
    expect(readModel.rows()).toMatchObject([{ id: 'a' }, { id: 'c', moved: 5 }]);
    expect(held()).toMatchObject([
      { key: 'group b', waiting: 3, tries: 1, parked: false, error: 'RangeError: there is no such town' },
    ]);
    expect(held()[0]!.event).toMatchObject({ type: 'ParcelSent', revision: 0, tenantId: 'tenant-1' });
    await isParked('group b');
    expect(it.it.failure()).toBeUndefined();

    isBroken = false;
    ask('group b');
    await eventually(() => expect(held()).toEqual([]));
    expect(rowOf('b')).toMatchObject({ moved: 11, path: [1, 2], revision: 2 });
    await append('b', movedBy(100));
    await it.caughtUp();
    expect(rowOf('b')).toMatchObject({ moved: 111, revision: 3 });
  }, 20_000);

  test('that is handled at the fourth try is not parked', async () => {
    let failures = 3;
    const it = await starts(picky(parcels, ({ type }) => type === 'ParcelSent' && failures-- > 0));
    await append('a', sentTo('Bern'), movedBy(1));
    await it.caughtUp();
    expect(held()).toMatchObject([{ waiting: 2, parked: false }]);
    await eventually(() => expect(held()).toEqual([]));
    expect(failures).toBe(-1);
    expect(rowOf('a')).toMatchObject({ moved: 1 });
  });

  test('keeps what was folded before it', async () => {
    const it = await starts(picky(parcels, ({ type, revision }) => type === 'ParcelMoved' && revision === 2));
    await append('a', sentTo('Bern'), movedBy(1), movedBy(2), movedBy(4));
    await it.caughtUp();
    expect(rowOf('a')).toMatchObject({ moved: 1, revision: 1 });
    expect(held()).toMatchObject([{ waiting: 2, event: { revision: 2 } }]);
  });

  test('holds back the rows that it changes where several streams feed them, so that none comes out of turn', async () => {
    let isBroken = true;
    const inTurn = projection({
      name: 'towns',
      from: [parcelContract],
      table: { ...townTable, columns: { ...townTable.columns, path: 'json' } },
      key: (it) => (it.type === 'ParcelSent' ? it.data.to : undefined),
    })({
      ParcelSent: (row, it) => ({
        to: it.data.to,
        sent: (row?.sent ?? 0) + 1,
        path: [...((row as { path?: string[] } | undefined)?.path ?? []), it.id],
      }),
    });
    const it = await starts(picky(inTurn, ({ id }) => isBroken && id === 'b'));
    for (const id of ['a', 'b', 'c']) await append(id, sentTo('Bern'));
    await append('d', sentTo('Rome'));
    await it.caughtUp();
    expect(readModel.rows()).toMatchObject([{ to: 'Bern', sent: 1 }, { to: 'Rome' }]);
    await isParked('group Bern');
    await append('e', sentTo('Bern'));
    await it.caughtUp();
    expect(held()).toMatchObject([{ waiting: 3 }]);
    isBroken = false;
    ask('group Bern');
    await eventually(() => expect(held()).toEqual([]));
    expect(readModel.rows()[0]).toMatchObject({ sent: 4, path: ['a', 'b', 'c', 'e'] });
  }, 20_000);

  test('of which nothing can be read holds back its stream', async () => {
    for (const one of [parcels, towns]) {
      store = memoryStore();
      readModel = memoryReadModel();
      const it = await starts(one);
      await append('a', sentTo('Bern'));
      await append('b', event({ to: 'Bern' }, { type: 'ParcelSent', schema: 7 }));
      await append('b', event({}, { type: 'ParcelPainted' }), sentTo('Bern'));
      await append('c', sentTo('Rome'));
      await it.caughtUp();
      expect(readModel.rows()).toHaveLength(2);
      expect(held()).toMatchObject([{ key: one === parcels ? 'group b' : 'stream parcel-b', waiting: 3 }]);
      expect(held()[0]!.error).toMatch('version 7, which this release can not read');
      await Promise.all(open.splice(0).map((at) => at.stop()));
    }
  });

  test('holds back all of its stream, also what changes no row, and none of that is lost when it is left out', async () => {
    const it = await starts(towns);
    await append('a', event({}, { type: 'ParcelPainted' }), movedBy(1), movedBy(2), sentTo('Bern'));
    await it.caughtUp();
    await append('a', movedBy(3), sentTo('Rome'));
    await it.caughtUp();
    expect(held()).toMatchObject([{ key: 'stream parcel-a', waiting: 6 }]);
    await isParked('stream parcel-a');
    readModel.skipped.push(held()[0]!.event.eventId);
    ask('stream parcel-a');
    await eventually(() => expect(held()).toEqual([]));
    expect(readModel.rows()).toMatchObject([
      { to: 'Bern', sent: 1 },
      { to: 'Rome', sent: 1 },
    ]);
  }, 20_000);

  test('that waits with its rows is not lost when its stream is held back later', async () => {
    let isBroken = true;
    const it = await starts(picky(towns, ({ id, revision }) => isBroken && id === 'a' && revision === 0));
    await append('a', sentTo('Bern'));
    await it.caughtUp();
    await append('a', event({}, { type: 'ParcelPainted' }), sentTo('Bern'));
    await append('b', sentTo('Bern'));
    await it.caughtUp();
    const waiting = () => Object.fromEntries(held().map((one) => [one.key, one.waiting]));
    expect(waiting()).toEqual({ 'group Bern': 2, 'stream parcel-a': 2 });
    await isParked('group Bern');
    isBroken = false;
    ask('group Bern');
    await eventually(() => expect(waiting()).toEqual({ 'stream parcel-a': 2 }));
    expect(readModel.rows()).toMatchObject([{ to: 'Bern', sent: 2 }]);
    await isParked('stream parcel-a');
    readModel.skipped.push(held()[0]!.event.eventId);
    ask('stream parcel-a');
    await eventually(() => expect(held()).toEqual([]));
    expect(readModel.rows()).toMatchObject([{ to: 'Bern', sent: 3 }]);
  }, 20_000);

  test('whose rows the database refuses is found among all that were written with it', async () => {
    readModel.beforeWrite = (rows) => {
      if (rows.some((row) => row['id'] === 'p137')) throw new RowsRefused('violates check constraint');
    };
    for (let i = 0; i < 300; i++) await append(`p${i}`, sentTo('Bern'), movedBy(i));
    const it = await starts(parcels);
    await it.caughtUp();
    expect(readModel.rows()).toHaveLength(299);
    expect(held()).toMatchObject([{ key: 'group p137', waiting: 2, error: expect.stringContaining('violates check') }]);
    readModel.beforeWrite = () => undefined;
    await eventually(() => expect(rowOf('p137')).toMatchObject({ moved: 137 }));
    expect(held()).toEqual([]);
  });

  test('whose rows wait for ever keeps no other waiting', async () => {
    const it = await starts(parcels);
    let cut = 0;
    readModel.beforeWrite = async (rows) => {
      if (!rows.some((row) => row['id'] === 'slow')) return;
      await delay(200);
      cut++;
      throw new RowsRefused('canceling statement due to statement timeout');
    };
    await append('slow', sentTo('Bern'));
    await eventually(() => expect(held()).toHaveLength(1));
    for (let i = 0; i < 20; i++) {
      const { position } = await append(`p${i}`, sentTo('Bern'));
      expect(await it.it.reached(position, 150)).toBe(true);
    }
    await isParked('group slow');
    expect(cut).toBeGreaterThan(3);
  }, 20_000);

  test('whose rows wait for ever keeps no other waiting either when it comes behind what is just handled', async () => {
    let isBroken = true;
    const it = await starts(picky(parcels, ({ id }) => isBroken && id === 'a'));
    await append('a', sentTo('Bern'), movedBy(1));
    await it.caughtUp();
    isBroken = false;
    let cut = 0;
    let isBehind = false;
    readModel.beforeWrite = async (rows) => {
      const moved = rows.find((row) => row['id'] === 'a')?.['moved'] as number | undefined;
      if (moved === undefined || moved < 1) return;
      if (moved >= 100) {
        await delay(200);
        cut++;
        throw new RowsRefused('canceling statement due to statement timeout');
      }
      if (isBehind) return;
      isBehind = true;
      await append('a', movedBy(100), movedBy(1), movedBy(1), movedBy(1));
      await eventually(() => expect(held()).toMatchObject([{ waiting: 5 }]));
    };
    await eventually(() => expect(isBehind).toBe(true));
    for (let i = 0; cut < 4; i++) {
      const { position } = await append(`p${i}`, sentTo('Bern'));
      expect(await it.it.reached(position, 150)).toBe(true);
      await delay(10);
    }
    expect(rowOf('a')).toMatchObject({ moved: 1, revision: 1 });
  }, 20_000);

  test('and that a person leaves out is left out for good, also by a rebuild; the next one goes on', async () => {
    const broken = picky(parcels, ({ type }) => type === 'ParcelMoved');
    const it = await starts(broken);
    await append('a', sentTo('Bern'), movedBy(1), sentTo('Rome'));
    await it.caughtUp();
    await isParked('group a');
    readModel.skipped.push(held()[0]!.event.eventId);
    ask('group a');
    await eventually(() => expect(held()).toEqual([]));
    const rows = [{ to: 'Rome', moved: 0, revision: 2 }];
    expect(readModel.rows()).toMatchObject(rows);
    expect(await rebuild(broken, feed(), readModel, { signal: new AbortController().signal })).toBe(true);
    expect(readModel.rows()).toMatchObject(rows);
  }, 20_000);

  test('behind which another one fails is through, and that one holds back the rest', async () => {
    let bad = [0, 2];
    const it = await starts(picky(parcels, ({ revision }) => bad.includes(revision)));
    await append('a', sentTo('Bern'), movedBy(1), movedBy(2), movedBy(4));
    await it.caughtUp();
    await isParked('group a');
    bad = [2];
    ask('group a');
    await eventually(() => expect(rowOf('a')).toMatchObject({ moved: 1 }));
    expect(held()).toMatchObject([{ waiting: 2, event: { revision: 2 }, parked: false }]);
    await isParked('group a');
  }, 20_000);
});

test('events that come while what is held back is handled are neither lost nor handled twice', async () => {
  let isBroken = true;
  const it = await starts(picky(parcels, ({ id }) => isBroken && id === 'a'));
  await append('a', sentTo('Bern'));
  await it.caughtUp();
  let n = 0;
  let isOver = false;
  const writing = (async () => {
    for (; !isOver; n++) {
      await append('a', movedBy(1));
      if (n % 5 === 0) await delay(1);
    }
  })();
  readModel.beforeWrite = () => delay(Math.random() * 3);
  await delay(100);
  isBroken = false;
  // The writer goes on meanwhile, and a busy machine gives it as much time as who catches up with it.
  await eventually(() => expect(held()).toEqual([]), 30_000);
  const before = n;
  await eventually(() => expect(n).toBeGreaterThan(before + 50));
  isOver = true;
  await writing;
  await it.caughtUp();
  expect(rowOf('a')).toMatchObject({ moved: n, revision: n });
}, 60_000);

describe('a rebuild', () => {
  const failing = picky(parcels, ({ id }) => id === 'b');

  test('holds back what the live rows hold back, and takes their place', async () => {
    const it = await starts(failing);
    await append('a', sentTo('Bern'));
    await append('b', sentTo('Bern'), movedBy(1));
    await it.caughtUp();
    await isParked('group b');
    expect(await rebuild(failing, feed(), readModel, { signal: new AbortController().signal })).toBe(true);
    expect(readModel.rows()).toMatchObject([{ id: 'a' }]);
    expect(held()).toMatchObject([{ key: 'group b', waiting: 2 }]);
  }, 20_000);

  test('that would hold back more ends with the reason, and the live rows stay', async () => {
    await append('a', sentTo('Bern'));
    await append('b', sentTo('Bern'));
    await (await starts(parcels)).caughtUp();
    const run = rebuild(failing, feed(), readModel, { signal: new AbortController().signal });
    await expect(run).rejects.toThrow('there is no such town');
    expect(readModel.rows()).toHaveLength(2);
  });

  test('by code that is mended holds back nothing', async () => {
    const it = await starts(failing);
    await append('b', sentTo('Bern'), delivered(), sentTo('Rome'));
    await it.caughtUp();
    expect(await rebuild(parcels, feed(), readModel, { signal: new AbortController().signal })).toBe(true);
    expect(held()).toEqual([]);
    expect(readModel.rows()).toEqual(await foldOf(parcels, feed(), store));
  });
});

test('when nearly everything fails it is not the events: the projector stands, and says so', async () => {
  const it = await starts(picky(parcels, () => true));
  for (let i = 0; i <= HELD_MOST; i++) await append(`p${i}`, sentTo('Bern'));
  await it.failing('aggregates are held back');
  expect(held().length).toBeLessThanOrEqual(HELD_MOST);
});
