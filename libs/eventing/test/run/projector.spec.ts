import { eventually } from '@kams/testing/until';
import fc from 'fast-check';
import { storeFeed } from '../../src/run/feeds';
import { occurrenceOf, type Occurrence } from '../../src/run/occurrence';
import { delay } from '../../src/delay';
import { leases, type LeaseRows, type Proof } from '../../src/run/lease';
import type { Projection } from '../../src/run/projection';
import { projector, type Feed } from '../../src/run/projector';
import { memoryStore, type MemoryStore } from '../../src/store/memory';
import { Unavailable } from '../../src/store/port';
import { parcelContract } from './parcels';
import { memoryReadModel, type MemoryReadModel } from './memory-read-model';
import {
  delivered,
  foldOf,
  movedBy,
  parcels,
  positionOf,
  readdressed,
  sentTo,
  towns,
  whereabouts,
  working,
  type Working,
} from './reading';
import { event } from '../store/events';

let store: MemoryStore;
let feed: Feed;
let readModel: MemoryReadModel;
const open: Working[] = [];
beforeEach(async () => {
  store = memoryStore();
  feed = storeFeed(store, [parcelContract]);
  readModel = memoryReadModel();
  await readModel.prepare(parcels);
});
afterEach(() => Promise.all(open.splice(0).map((it) => it.stop())));

function starts(...args: Parameters<typeof working>): Working {
  const it = working(...args);
  open.push(it);
  return it;
}
const append = (id: string, ...events: Parameters<typeof store.append>[2]) => store.append(`parcel-${id}`, 'any', events);

describe('a projector', () => {
  test('turns what is stored into rows, and goes on with what comes', async () => {
    await append('a', sentTo('Bern'), movedBy(2));
    const it = starts(parcels, feed, readModel);
    await it.caughtUp();
    expect(readModel.rows()).toEqual([{ tenant_id: 'tenant-1', id: 'a', revision: 1, to: 'Bern', moved: 2, path: [1] }]);
    await append('a', movedBy(3));
    await it.caughtUp();
    expect(readModel.rows()).toMatchObject([{ revision: 2, moved: 5, path: [1, 2] }]);
  });

  test('removes a row that an event ends, and takes it up again with the next', async () => {
    const it = starts(parcels, feed, readModel);
    await append('a', sentTo('Bern'), delivered());
    await it.caughtUp();
    expect(readModel.rows()).toEqual([]);
    await append('a', sentTo('Rome'));
    await it.caughtUp();
    expect(readModel.rows()).toMatchObject([{ to: 'Rome', revision: 2 }]);
  });

  test('moves its checkpoint on over events that are not for it', async () => {
    const it = starts(parcels, feed, readModel);
    await store.append('tariff-t', 'none', [event({ price: 1 }, { type: 'TariffSet' })]);
    await it.caughtUp();
    expect(it.it.position()).toBe((await store.head()).position);
    expect(readModel.rows()).toEqual([]);
  });

  test('begins where its rows end, after a restart', async () => {
    await append('a', sentTo('Bern'));
    const before = starts(parcels, feed, readModel);
    await before.caughtUp();
    await before.stop();
    await append('a', movedBy(1));
    const seen: Occurrence[] = [];
    const watched = { ...feed, from: watching(feed, seen) };
    const after = starts(parcels, watched, readModel);
    await after.caughtUp();
    expect(seen.map((it) => it.revision)).toEqual([1]);
    expect(readModel.rows()).toMatchObject([{ moved: 1 }]);
  });

  test('reads rows that are not in its memory from the tables', async () => {
    await append('a', sentTo('Bern'), movedBy(1));
    const before = starts(parcels, feed, readModel);
    await before.caughtUp();
    await before.stop();
    await append('a', movedBy(4));
    await starts(parcels, feed, readModel).caughtUp();
    expect(readModel.rows()).toMatchObject([{ moved: 5, path: [1, 2] }]);
  });

  test('tries again what failed, says so meanwhile, and is sound when it has caught up', async () => {
    let failures = 2;
    readModel.beforeCommit = () => {
      if (failures-- > 0) throw new Error('no connection');
    };
    await append('a', sentTo('Bern'));
    const it = starts(parcels, feed, readModel);
    await it.failing('no connection');
    await eventually(() => expect(readModel.rows()).toHaveLength(1));
    await eventually(() => expect(it.it.failure()).toBeUndefined());
  });

  test('is sound again after a failure though nothing new comes', async () => {
    await append('a', sentTo('Bern'));
    let isDown = false;
    const unsteady: Feed = {
      ...feed,
      async *from(position, signal) {
        yield* feed.from(position, AbortSignal.any([signal, cut.signal]));
        if (!signal.aborted && isDown) throw new Unavailable('the store went away');
        yield* feed.from(position, signal);
      },
      head: async () => {
        if (isDown) throw new Unavailable('the store is away');
        return feed.head();
      },
    };
    const cut = new AbortController();
    const it = starts(parcels, unsteady, readModel);
    await it.caughtUp();
    isDown = true;
    cut.abort();
    await it.failing('away');
    isDown = false;
    await eventually(() => expect(it.it.failure()).toBeUndefined());
  });
});

describe('the checkpoint', () => {
  test('moves with the rows or not at all', async () => {
    let fails = true;
    readModel.beforeCommit = () => {
      if (fails) throw new Error('no connection');
    };
    await append('a', sentTo('Bern'));
    const it = starts(parcels, feed, readModel);
    await it.failing('no connection');
    expect(readModel.sides.live).toMatchObject({ checkpoint: undefined, rows: new Map() });
    fails = false;
    await eventually(() => expect(readModel.sides.live?.checkpoint?.position).toBe(positionOf(1)));
    expect(readModel.rows()).toHaveLength(1);
  });

  test('that another process moved is read again: the two never count an event twice', async () => {
    const [one, other] = [starts(towns, feed, readModel), starts(towns, feed, readModel)];
    for (let i = 0; i < 200; i++) await append(`p${i}`, sentTo(i % 2 ? 'Bern' : 'Rome'));
    await Promise.all([one.caughtUp(), other.caughtUp()]);
    expect(readModel.rows()).toEqual([
      { to: 'Bern', sent: 100 },
      { to: 'Rome', sent: 100 },
    ]);
  });

  test('whose commit has no answer is read again: nothing is counted twice or lost', async () => {
    const commit = readModel.commit.bind(readModel);
    let n = 0;
    readModel.commit = async (...args) => {
      const done = await commit(...args);
      if (n++ % 3 === 1) throw new Error('the answer was lost');
      return done;
    };
    const it = starts(towns, feed, readModel);
    for (let i = 0; i < 8; i++) {
      await append(`p${i}`, sentTo('Bern'));
      await delay(2);
    }
    await eventually(() => expect(readModel.rows()).toEqual([{ to: 'Bern', sent: 8 }]));
    await eventually(async () => expect(it.it.position()).toBe((await store.head()).position));
  });

  const readOn = async () => {
    await append('a', sentTo('Bern'));
    await append('a', movedBy(1));
    const before = starts(parcels, feed, readModel);
    await before.caughtUp();
    await before.stop();
    return readModel.sides.live!;
  };
  test.each([
    ['another epoch', 'another history', { epoch: 'restored' }],
    ['a position that the store does not reach', 'further than the store reaches', { position: positionOf(99) }],
    ['another event at its position', 'read another event at', { eventId: 'another' }],
    ['an event where there is none', 'read another event at', { eventPosition: positionOf(98) }],
  ])('with %s stops the projector, which says what to do, and writes nothing', async (_, message, change) => {
    const live = await readOn();
    live.checkpoint = { ...live.checkpoint!, ...change };
    await append('a', movedBy(5));
    const it = starts(parcels, feed, readModel);
    await it.failing(message);
    expect(it.it.failure()!.message).toContain('kams rebuild parcels');
    expect(readModel.rows()).toMatchObject([{ moved: 1 }]);
    expect(await it.it.reached(positionOf(1), 10)).toBe(false);
  });

  test('of rows of another version of the projection stops it as well', async () => {
    await readOn();
    const outdated = Object.assign(memoryReadModel({ current: false }), { sides: readModel.sides });
    outdated.checkpoint = readModel.checkpoint.bind(readModel);
    await starts(parcels, feed, outdated).failing('another version');
  });
});

describe('the revision of a row', () => {
  /** The feed, but what it gives is changed on the way. */
  const through = (change: (event: Occurrence) => readonly Occurrence[], of = feed): Feed => ({
    ...of,
    async *from(position, signal) {
      for await (const it of of.from(position, signal)) yield { ...it, occurrences: it.occurrences.flatMap(change) };
    },
  });
  const three = () => append('a', sentTo('Bern'), movedBy(1), movedBy(10), movedBy(100));
  const all = [{ tenant_id: 'tenant-1', id: 'a', revision: 3, to: 'Bern', moved: 111, path: [1, 2, 3] }];

  test('lets an event that comes twice count once', async () => {
    await three();
    await starts(
      parcels,
      through((it) => [it, it]),
      readModel,
    ).caughtUp();
    expect(readModel.rows()).toEqual(all);
  });

  test('shows a gap, which is healed from the stream', async () => {
    await three();
    await starts(
      parcels,
      through((it) => (it.revision === 1 || it.revision === 2 ? [] : [it])),
      readModel,
    ).caughtUp();
    expect(readModel.rows()).toEqual(all);
  });

  test('shows a gap at the beginning of a stream too', async () => {
    await three();
    await starts(
      parcels,
      through((it) => (it.revision === 3 ? [it] : [])),
      readModel,
    ).caughtUp();
    expect(readModel.rows()).toEqual(all);
  });

  test('puts events that came in the wrong order right', async () => {
    await three();
    const swapped = through((it) => [it]);
    const feedOf: Feed = {
      ...swapped,
      async *from(position, signal) {
        for await (const it of swapped.from(position, signal)) yield { ...it, occurrences: [...it.occurrences].reverse() };
      },
    };
    await starts(parcels, feedOf, readModel).caughtUp();
    expect(readModel.rows()).toEqual(all);
  });

  test('stops the projector when the stream itself has lost events', async () => {
    await three();
    const without: Feed = { ...feed, stream: async (...args) => (await feed.stream(...args)).filter((it) => it.revision !== 2) };
    await starts(
      parcels,
      through((it) => (it.revision === 3 || it.revision === 0 ? [it] : []), without),
      readModel,
    ).failing('has lost events');
    expect(readModel.rows()).toEqual([]);
  });
});

describe('a reader of its own write', () => {
  test('waits until the projection has come there', async () => {
    const it = starts(parcels, feed, readModel);
    const { position } = await append('a', sentTo('Bern'));
    expect(await it.it.reached(position, 5_000)).toBe(true);
    expect(readModel.rows()).toHaveLength(1);
    expect(await it.it.reached(position, 0)).toBe(true);
  });

  test('is told when it takes too long', async () => {
    readModel.beforeCommit = () => delay(300);
    const it = starts(parcels, feed, readModel);
    const { position } = await append('a', sentTo('Bern'));
    expect(await it.it.reached(position, 20)).toBe(false);
    expect(await it.it.reached(position, 5_000)).toBe(true);
  });

  test('is never told before the rows are committed', async () => {
    let committed = 0;
    readModel.beforeCommit = async () => {
      await delay(Math.random() * 4);
      committed++;
    };
    const it = starts(parcels, feed, readModel);
    for (let i = 0; i < 30; i++) {
      const { position } = await append(`p${i}`, sentTo('Bern'));
      expect(await it.it.reached(position, 5_000)).toBe(true);
      expect(readModel.rows().some((row) => row['id'] === `p${i}`)).toBe(true);
    }
    expect(committed).toBeGreaterThan(0);
  });

  test('among many gets an answer each', async () => {
    const it = starts(parcels, feed, readModel);
    const waits = Array.from({ length: 50 }, (_, i) => it.it.reached(positionOf(i + 1), 5_000));
    for (let i = 0; i < 50; i++) await append(`p${i}`, sentTo('Bern'));
    expect(await Promise.all(waits)).toEqual(Array(50).fill(true));
    expect(await it.it.reached(positionOf(51), 5)).toBe(false);
  });
});

test('pages that change no row are noted together, soon or at the end, and what follows them begins behind them', async () => {
  const other = () => store.append('tariff-t', 'any', [event({ price: 1 }, { type: 'TariffSet' })]);
  const it = starts(parcels, feed, readModel);
  await append('a', sentTo('Bern'));
  await it.caughtUp();
  const before = readModel.commits;
  const noted = () => readModel.sides.live!.checkpoint!.position;
  for (let i = 0; i < 30; i++) expect(await it.it.reached((await other()).position, 5_000)).toBe(true);
  expect(readModel.commits).toBeLessThan(before + 15);
  await eventually(() => expect(noted()).toBe(positionOf(31)));
  await append('a', movedBy(1));
  await it.caughtUp();
  expect(readModel.rows()).toMatchObject([{ moved: 1, revision: 1 }]);
  expect(noted()).toBe(positionOf(32));
  await other();
  await it.caughtUp();
  await it.stop();
  expect(noted()).toBe(positionOf(33));
});

test('a checkpoint that is another one than was noted last is read again, though nothing comes', async () => {
  const other = () => store.append('tariff-t', 'any', [event({ price: 1 }, { type: 'TariffSet' })]);
  const it = starts(parcels, feed, readModel);
  await append('a', sentTo('Bern'));
  await it.caughtUp();
  const before = readModel.sides.live!.checkpoint!;
  const noted = () => readModel.sides.live!.checkpoint!.position;
  await other();
  await eventually(() => expect(noted()).toBe(positionOf(2)));
  readModel.sides.live!.checkpoint = before;
  await other();
  await eventually(() => expect(noted()).toBe(positionOf(3)));
  expect(it.it.failure()).toBeUndefined();
});

test('rows of which a page takes longer than the lease are written all the same, in parts', async () => {
  const LEASE_MS = 100;
  const ROWS = 60;
  const load = readModel.load.bind(readModel);
  readModel.load = async (of, side, groups, since) => {
    const end = performance.now() + (groups.length * 3 * LEASE_MS) / ROWS;
    while (performance.now() < end); // nothing else runs meanwhile
    await delay(1);
    return load(of, side, groups, since);
  };
  for (let i = 0; i < ROWS; i++) await append(`p${i}`, sentTo('Bern'));
  const head = await feed.head();
  const { it, stop } = owning(parcels, LEASE_MS);
  try {
    await eventually(() => expect(it.position()).toBe(head));
    expect(readModel.rows()).toHaveLength(ROWS);
  } finally {
    await stop();
  }
});

/** At work whenever it holds its lease, as a process is. */
function owning(of: Projection, leaseMs: number) {
  let until = 0;
  let fencing = 0;
  const isOver = () => performance.now() > until;
  const renew = () => ((until = performance.now() + leaseMs), true);
  const isHeldBy = (proof: Proof | undefined) => proof?.fencing === fencing && !isOver();
  const commit = readModel.commit.bind(readModel);
  readModel.commit = async (...args) => isHeldBy(args[4]) && renew() && commit(...args);
  const rows: LeaseRows = {
    async take(names) {
      await delay(1); // as a database, it answers later
      return new Map(names.filter(() => isOver() && renew()).map((name) => [name, ++fencing]));
    },
    async renew(proofs) {
      await delay(1);
      return new Map(proofs.filter((proof) => isHeldBy(proof) && renew()).map(({ name }) => [name, true]));
    },
    giveBack: async () => void (until = 0),
  };
  const it = projector(of, feed, readModel);
  const leased = leases(rows, { owner: 'one', leaseMs });
  const stopping = new AbortController();
  const running = [
    leased.run(stopping.signal),
    leased.own(of.name, stopping.signal, (term) => it.run(AbortSignal.any([stopping.signal, term.signal]), term)),
  ];
  return { it, stop: () => (stopping.abort(), Promise.all(running)) };
}

test('what became known at one instant is closed as one row, though a page ends in between', async () => {
  let ms = 0;
  const own = memoryStore({ now: () => new Date(Date.UTC(2026, 10, 24) + ms++) });
  await own.append('parcel-a', 'any', [sentTo('Bern')]);
  await own.append('parcel-a', 'any', [movedBy(7), readdressed('Oslo')]);
  const source = storeFeed(own, [parcelContract]);
  const it = starts(whereabouts, inPagesOf(1, own, source), readModel);
  await it.caughtUp();
  const rows = readModel.rows().map((row) => row['attributes']);
  expect(rows).toEqual(
    expect.arrayContaining([
      { moved: 0, to: 'Bern' },
      { moved: 7, to: 'Oslo' },
    ]),
  );
});

test('whatever happens on the way, the rows are the fold of the log', async () => {
  const kinds = ['sent', 'moved', 'moved', 'delivered', 'readdressed', 'both', 'tariff'] as const;
  const events = fc.array(fc.record({ id: fc.nat(3), what: fc.constantFrom(...kinds) }), { maxLength: 40 });
  const faults = fc.array(fc.constantFrom('none', 'none', 'fails', 'answer lost', 'other owner'), { maxLength: 8 });
  const inOrder = (_: string, it: unknown) =>
    typeof it === 'object' && it !== null && !Array.isArray(it) ? Object.entries(it).sort(([a], [b]) => (a < b ? -1 : 1)) : it;
  const byText = (rows: readonly unknown[]) => rows.map((row) => JSON.stringify(row, inOrder)).sort();
  await fc.assert(
    fc.asyncProperty(events, faults, fc.integer({ min: 1, max: 7 }), async (happened, planned, size) => {
      let ms = 0;
      const own = memoryStore({ now: () => new Date(Date.UTC(2026, 10, 24) + ms++) });
      for (const { id, what } of happened) {
        if (what === 'tariff') await own.append('tariff-t', 'any', [event({ price: 1 }, { type: 'TariffSet' })]);
        else {
          const both = [movedBy(7), readdressed('Oslo')];
          const made = {
            sent: [sentTo(`T${id}`)],
            moved: [movedBy(id)],
            delivered: [delivered()],
            readdressed: [readdressed('Rome')],
            both,
          };
          await own.append(`parcel-p${id}`, 'any', made[what]);
        }
      }
      const source = storeFeed(own, [parcelContract]);
      for (const it of [parcels, towns, whereabouts]) {
        const rows = memoryReadModel();
        await rows.prepare(it);
        const commit = rows.commit.bind(rows);
        const left = [...planned];
        rows.commit = async (...args) => {
          const fault = left.shift();
          if (fault === 'fails') throw new Error('failed');
          const done = await commit(...args);
          if (fault === 'answer lost') throw new Error('lost');
          return done && fault !== 'other owner';
        };
        const at = working(it, inPagesOf(size, own, source), rows);
        const head = await source.head();
        while (!(await at.it.reached(head, 50)));
        await eventually(() => expect(rows.sides.live?.checkpoint?.position ?? '').toBe(head));
        await at.stop();
        expect(byText(rows.rows())).toEqual(byText(await foldOf(it, source, own)));
      }
    }),
    { numRuns: 40 },
  );
}, 120_000);

/** Small pages, so that there are many commits. */
const inPagesOf = (size: number, of: MemoryStore, source: Feed): Feed => ({
  ...source,
  async *from(position, signal) {
    for (let at = position; !signal.aborted;) {
      const page = await of.readAll(at, size, { categories: ['parcel'] });
      if (page.position === at) await delay(1, signal);
      else yield { occurrences: page.events.map(occurrenceOf), position: page.position };
      at = page.position;
    }
  },
});

const watching = (of: Feed, seen: Occurrence[]): Feed['from'] =>
  async function* (position, signal) {
    for await (const it of of.from(position, signal)) {
      seen.push(...it.occurrences);
      yield it;
    }
  };
