// One owner among several, each with connections of its own as processes have them.
import { leases, type Leases, type Term } from '@kams/eventing';
import { freshDatabase, type TestDatabase } from '@kams/testing/postgres';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DataSource } from 'typeorm';
import { changingTables } from '../src/read-model/changing-tables';
import { makeOwnTables, moveCheckpoint } from '../src/read-model/checkpoints';
import { postgresLeases } from '../src/read-model/leases';
import { openReadDatabase } from '../src/read-model/read-database';
import type { Position, Proof } from '@kams/eventing';

const LEASE_MS = 400;
let database: TestDatabase;
let source: DataSource;
const ends: (() => Promise<void>)[] = [];
beforeEach(async () => {
  database = await freshDatabase();
  source = await openReadDatabase({ url: database.url, poolSize: 8 });
  await changingTables(source, 's', (manager) => makeOwnTables(manager, 's'));
});
afterEach(async () => {
  await Promise.all(ends.splice(0).map((it) => it()));
  await source.destroy();
  await database.drop();
});

interface Process {
  readonly terms: Term[];
  readonly owned: Leases;
  isOwner(): boolean;
  stop(): Promise<void>;
}
function starts(owner: string, { alone = false, rows = postgresLeases(source, 's') } = {}): Process {
  const stopping = new AbortController();
  const owned = leases(rows, { owner, leaseMs: LEASE_MS, alone });
  const terms: Term[] = [];
  const running = owned.run(stopping.signal);
  const working = owned.own('views', stopping.signal, async (term) => {
    terms.push(term);
    await new Promise<void>((done) => {
      term.signal.addEventListener('abort', () => done());
      stopping.signal.addEventListener('abort', () => done());
    });
  });
  const stop = async () => {
    stopping.abort();
    await Promise.all([running, working]);
  };
  ends.push(stop);
  return { terms, owned, isOwner: () => terms.at(-1)?.holds() ?? false, stop };
}
async function eventually(holds: () => boolean): Promise<number> {
  const began = performance.now();
  while (!holds()) {
    if (performance.now() - began > 5_000) throw new Error('not within 5 s');
    await sleep(5);
  }
  return performance.now() - began;
}
const fencings = ({ terms }: Process) => terms.map((it) => it.fencing);

test('of many that want it one owns it, and keeps it while nothing happens', async () => {
  const all = ['a', 'b', 'c', 'd'].map((name) => starts(name));
  await eventually(() => all.some((it) => it.isOwner()));
  for (let i = 0; i < 40; i++) {
    expect(all.filter((it) => it.isOwner())).toHaveLength(1);
    await sleep(50);
  }
  expect(all.flatMap(fencings)).toEqual([1]);
});

test('what is given back is taken at once, under a larger number', async () => {
  const first = starts('a');
  await eventually(() => first.isOwner());
  const next = starts('b');
  await sleep(100);
  const stopped = first.stop();
  expect(await eventually(() => next.isOwner())).toBeLessThan(LEASE_MS);
  await stopped;
  expect(fencings(next)).toEqual([2]);
});

test('an owner that can not renew stops by its own clock before another one begins', async () => {
  const rows = postgresLeases(source, 's');
  let isAway = false;
  const first = starts('a', {
    rows: { ...rows, renew: (it) => (isAway ? Promise.reject(new Error('away')) : rows.renew(it)) },
  });
  await eventually(() => first.isOwner());
  const next = starts('b');
  isAway = true;
  let both = 0;
  while (!next.isOwner()) {
    await sleep(1);
    if (next.isOwner() && first.terms[0]!.holds()) both++;
  }
  expect(both).toBe(0);
  expect(first.terms[0]!.signal.aborted).toBe(true);
});

test('an owner that renews too late goes on when nobody has taken it meanwhile, and does nothing until it knows', async () => {
  const rows = postgresLeases(source, 's');
  let lateMs = 0;
  const first = starts('a', { rows: { ...rows, renew: async (it) => sleep(lateMs).then(() => rows.renew(it)) } });
  await eventually(() => first.isOwner());
  lateMs = LEASE_MS * 0.8;
  await eventually(() => !first.isOwner());
  lateMs = 0;
  await eventually(() => first.isOwner());
  expect([fencings(first), first.terms[0]!.signal.aborted]).toEqual([[1], false]);

  const next = starts('b');
  lateMs = LEASE_MS * 2;
  await eventually(() => next.isOwner());
  expect(first.isOwner()).toBe(false);
  await eventually(() => first.terms[0]!.signal.aborted);
  expect(fencings(next)).toEqual([2]);
});

test('one that is alone takes what the dead have, and the other is fenced if it lives after all', async () => {
  const first = starts('a');
  await eventually(() => first.isOwner());
  const next = starts('b', { alone: true });
  expect(await eventually(() => next.isOwner())).toBeLessThan(LEASE_MS);
  await eventually(() => !first.isOwner());
  expect(fencings(next)).toEqual([2]);
});

describe('a write', () => {
  const to = (n: number) => ({
    epoch: 'e',
    position: String(n).padStart(20, '0') as Position,
    eventId: null,
    eventPosition: null,
  });
  const from = (n: number) => ({ ...to(n), generation: '' });
  const move = (n: number, proof: Proof) =>
    moveCheckpoint(source.manager, 's', 'views', 'live', n === 0 ? undefined : from(n), to(n + 1), proof);
  const proof = (owner: string, fencing: number): Proof => ({ name: 'views', owner, fencing, leaseMs: LEASE_MS });

  test('with an old number, or another name, changes nothing, be it the first or a later one', async () => {
    const rows = postgresLeases(source, 's');
    expect(await rows.take(['views'], 'a', 1, false)).toEqual(new Map([['views', 1]]));
    await sleep(20);
    expect(await rows.take(['views'], 'b', LEASE_MS, false)).toEqual(new Map([['views', 2]]));
    expect(await move(0, proof('a', 1))).toBe(false);
    expect(await move(0, proof('b', 2))).toBe(true);
    expect(await move(1, proof('a', 1))).toBe(false);
    expect(await move(1, proof('a', 2))).toBe(false);
    expect(await move(1, proof('b', 2))).toBe(true);
    expect(await source.query('select position, fencing from s.checkpoint')).toEqual([
      { position: to(2).position, fencing: '2' },
    ]);
  });

  test('renews the lease: who writes is not asked again', async () => {
    const rows = postgresLeases(source, 's');
    await rows.take(['views'], 'a', LEASE_MS, false);
    for (let n = 0; n < 6; n++) {
      await sleep(LEASE_MS / 3);
      expect(await move(n, proof('a', 1))).toBe(true);
    }
    expect(await rows.take(['views'], 'b', LEASE_MS, false)).toEqual(new Map());
  });

  test('that is not committed yet keeps its lease: nobody waits for it, and nobody takes it', async () => {
    const rows = postgresLeases(source, 's');
    await rows.take(['views'], 'a', 1, false);
    await sleep(20);
    await source.transaction(async (manager) => {
      await moveCheckpoint(manager, 's', 'views', 'live', undefined, to(1), proof('a', 1));
      expect(await rows.take(['views'], 'b', LEASE_MS, false)).toEqual(new Map());
      expect(await rows.renew([proof('a', 1)])).toEqual(new Map([['views', false]]));
    });
    expect(await rows.renew([proof('a', 1)])).toEqual(new Map([['views', true]]));
    expect(await rows.renew([proof('b', 1)])).toEqual(new Map());
  });
});
