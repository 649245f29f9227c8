import { contract, event } from '@kams/contracts/define';
import {
  assert,
  BEGINNING,
  history,
  holds,
  holdsSql,
  projection,
  table,
  type Change,
  type Checkpoint,
  type HistoryRow,
  type Position,
  type Projection,
  type ReadModel,
  RowsRefused,
} from '@kams/eventing';
import { firstHeld } from '@kams/eventing/run/parking';
import { isDatabaseAway } from '../src/read-model/database-away';
import { postgresReadModel } from '../src/read-model/postgres-read-model';
import { openReadDatabase } from '../src/read-model/read-database';
import { faultProxy } from '@kams/testing/faults/faultproxy';
import { freshDatabase, type TestDatabase } from '@kams/testing/postgres';
import fc from 'fast-check';
import { randomUUID } from 'node:crypto';
import { Pool } from 'pg';
import type { DataSource } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver';
import { z } from 'zod';

let database: TestDatabase;
let source: DataSource;
const opened: DataSource[] = [];
async function connected(): Promise<DataSource> {
  const it = await openReadDatabase({ url: database.url, poolSize: 4 });
  opened.push(it);
  return it;
}
beforeEach(async () => {
  database = await freshDatabase();
  source = await connected();
});
afterEach(async () => {
  for (const it of opened.splice(0)) await it.destroy();
  await database.drop();
});

/** One message is one transaction: the connection is a projector's again after it. */
const asSuperuser = (sql: string): Promise<unknown> => source.query(`set local role none; ${sql}`);

const about = {
  version: 1,
  label: { en: 'Said', zh: '已说' },
  description: 'For a test.',
  data: z.strictObject({}),
  example: {},
};
const wordContract = contract({
  name: 'word',
  plural: 'words',
  label: about.label,
  description: 'A word.',
  commands: {},
  events: { Said: event(about) },
  refusals: {},
});
const wordTable = table(
  'word',
  { id: 'text', revision: 'int', said: 'json', at: 'instant', n: 'bigint', day: 'date?' },
  { primaryKey: ['id'], groupBy: 'id', indexes: ['n'] },
);
const wordsOf = (version = 1): Projection => projection({ name: 'words', version, from: [wordContract], table: wordTable })({});
const words = wordsOf();

const at = (n: number) => String(n).padStart(20, '0') as Position;
const to = (n: number): Change['to'] => ({ epoch: 'e', position: at(n), eventId: null, eventPosition: null });
const row = (id: string, n = 1) => ({
  id,
  revision: n,
  said: { b: 1, a: [n] },
  at: '2026-01-05T09:00:00.123456Z',
  n: 2 ** 50 + n,
  day: null,
});
const change = (n: number, upsert: Change['upsert'] = [], remove: Change['remove'] = []): Change => ({
  upsert,
  remove,
  to: to(n),
});
const from = (n: number, generation = ''): Checkpoint => ({ ...to(n), generation });
const all = async (side: 'live' | 'beside' = 'live') =>
  [...(await postgresReadModel(source, 's').load(words, side, ['a', 'b', 'c'], '')).values()].flat();

describe('rows in Postgres', () => {
  test('come back as they were given, to the microsecond and the last digit', async () => {
    const it = postgresReadModel(source, 's');
    await it.prepare(words);
    await it.commit(words, 'live', undefined, change(1, [row('a'), { ...row('b'), day: '2026-01-05' }]));
    expect(await all()).toEqual(expect.arrayContaining([row('a'), { ...row('b'), day: '2026-01-05' }]));
    expect(await it.checkpoint(words, 'live')).toEqual(from(1));
  });

  test('are changed, added and removed by one commit', async () => {
    const it = postgresReadModel(source, 's');
    await it.prepare(words);
    await it.commit(words, 'live', undefined, change(1, [row('a'), row('b')]));
    expect(await it.commit(words, 'live', from(1), change(2, [row('b', 2), row('c')], [row('a')]))).toBe(true);
    expect(new Set((await all()).map((found) => `${found['id'] as string}${found['revision'] as number}`))).toEqual(
      new Set(['b2', 'c1']),
    );
  });

  test('and the checkpoint change together or not at all', async () => {
    const it = postgresReadModel(source, 's');
    await it.prepare(words);
    await it.commit(words, 'live', undefined, change(1, [row('a')]));
    await expect(it.commit(words, 'live', from(1), change(2, [row('b'), { ...row('c'), at: 'never' }]))).rejects.toThrow();
    expect(await it.checkpoint(words, 'live')).toEqual(from(1));
    expect(await all()).toEqual([row('a')]);
  });

  test('are written by one of two owners', async () => {
    const [one, other] = [postgresReadModel(source, 's'), postgresReadModel(await connected(), 's')];
    await one.prepare(words);
    const first = await Promise.all([one, other].map((it, i) => it.commit(words, 'live', undefined, change(1, [row('a', i)]))));
    expect(first.sort()).toEqual([false, true]);
    for (let n = 1; n < 20; n++) {
      const both = await Promise.all([one, other].map((it) => it.commit(words, 'live', from(n), change(n + 1, [row('a', n)]))));
      expect(both.sort()).toEqual([false, true]);
    }
    expect(await one.commit(words, 'live', from(20, 'another'), change(21, [row('a')]))).toBe(false);
    expect(await one.commit(words, 'live', { ...from(20), epoch: 'another' }, change(21, [row('a')]))).toBe(false);
    expect(await one.commit(words, 'live', from(3), change(21))).toBe(false);
    expect(await one.checkpoint(words, 'live')).toEqual(from(20));
  });

  test('of what waited are written only while no more waits than was counted', async () => {
    const it = postgresReadModel(source, 's');
    await it.prepare(words);
    const event = { eventId: randomUUID(), type: 'Said', tenantId: 't', category: 'word', id: 'a', revision: 1, position: at(1) };
    const opened = [firstHeld('group a', event, at(0), new Error('no'))];
    await it.commit(words, 'live', undefined, { ...change(1), holding: { opened, behind: new Map() } });
    const [one] = (await it.held(words, 'live')).held;
    await it.commit(words, 'live', from(1), { ...change(2), holding: { opened: [], behind: new Map([['group a', 1]]) } });
    const through = { upsert: [row('a')], remove: [], left: undefined };
    expect(await it.settle(words, '', one!, through)).toBe(false);
    expect(await all()).toEqual([]);
    const [both] = (await it.held(words, 'live')).held;
    expect(both).toMatchObject({ key: 'group a', waiting: 2 });
    expect(await it.settle(words, '', both!, through)).toBe(true);
    expect(await all()).toEqual([row('a')]);
    expect((await it.held(words, 'live')).held).toEqual([]);
  });

  test('that readers are told of wait for the disk; those of a rebuild do not', async () => {
    const it = postgresReadModel(source, 's');
    await it.prepare(words);
    await it.beginBeside(words);
    await asSuperuser(`create table s.seen (of text, how text); grant select, insert on s.seen to kams_projector;
      create function s.note() returns trigger language plpgsql as
      $$ begin insert into s.seen values (tg_table_name, current_setting('synchronous_commit')); return null; end $$`);
    for (const name of ['word', 'word__beside'])
      await asSuperuser(`create trigger note after insert on s.${name} for each statement execute function s.note()`);
    await asSuperuser('create trigger note after update on s.checkpoint for each statement execute function s.note()');
    await it.commit(words, 'live', undefined, change(1, [row('a')]));
    await it.commit(words, 'live', from(1), change(2)); // nothing but a place, which others go by
    await it.commit(words, 'beside', undefined, change(1, [row('a')]));
    expect(await source.query('select * from s.seen order by of')).toEqual([
      { of: 'checkpoint', how: 'on' },
      { of: 'word', how: 'on' },
      { of: 'word__beside', how: 'off' },
    ]);
    expect(await source.query(`select current_setting('synchronous_commit') as how`)).toEqual([{ how: 'off' }]);
  });
});

describe('rows that the database refuses', () => {
  const groups = (...ids: string[]) => new Map(ids.map((id) => [id, { upsert: [row(id)], remove: [] }]));
  const ids = Array.from({ length: 40 }, (_, i) => `r${i}`);

  test('are told from the others, by a constraint or because they do not end, and nothing is written', async () => {
    const it = postgresReadModel(source, 's');
    await it.prepare(words);
    await it.commit(words, 'live', undefined, change(1));
    await asSuperuser(`alter table s.word add constraint not_seven check (id <> 'r7')`);
    await asSuperuser(`create function s.hang() returns trigger language plpgsql as
      $$ begin if new.id = 'r21' then perform pg_sleep(60); end if; return new; end $$`);
    await asSuperuser('create trigger hang before insert on s.word for each row execute function s.hang()');
    const all = ids.map((id) => row(id));
    await expect(it.commit(words, 'live', from(1), change(2, all))).rejects.toThrow(RowsRefused);
    const refused = await it.refused(words, 'live', groups(...ids));
    expect([...refused].map(([id, { message }]) => [id, message])).toEqual([
      ['r7', expect.stringContaining('not_seven')],
      ['r21', expect.stringContaining('statement timeout')],
    ]);
    expect(await source.query('select count(*)::int as n from s.word')).toEqual([{ n: 0 }]);
    expect(await it.refused(words, 'live', new Map())).toEqual(new Map());
  });

  test('are not confused with a database that is away, or a table that is not there', async () => {
    const it = postgresReadModel(source, 's');
    await it.prepare(words);
    await asSuperuser('alter table s.word drop column said');
    await expect(it.commit(words, 'live', undefined, change(1, [row('a')]))).rejects.not.toThrow(RowsRefused);
  });
});

describe('tables', () => {
  test('are made once by many processes that start at the same moment', async () => {
    const processes = await Promise.all(Array.from({ length: 5 }, () => connected()));
    await Promise.all(processes.map((it) => postgresReadModel(it, 's').prepare(words)));
    expect(await postgresReadModel(source, 's').isCurrent(words)).toBe(true);
  });

  test('are current for the version that made them, and kept by every other', async () => {
    const it = postgresReadModel(source, 's');
    await it.prepare(words);
    await it.commit(words, 'live', undefined, change(1, [row('a')]));
    const next = wordsOf(2);
    await it.prepare(next);
    expect([await it.isCurrent(words), await it.isCurrent(next)]).toEqual([true, false]);
    expect(await all()).toEqual([row('a')]);
  });

  test('beside take the place of the live ones, which no owner of those can write to any more', async () => {
    const it = postgresReadModel(source, 's');
    await it.prepare(words);
    await it.commit(words, 'live', undefined, change(5, [row('a')]));
    const next = wordsOf(2);
    await it.beginBeside(next);
    await it.commit(next, 'beside', undefined, change(5, [row('b')]));
    expect(await it.replace(next, { evenIfBehind: false })).toBe(true);
    expect(await all()).toEqual([row('b')]);
    expect([await it.isCurrent(words), await it.isCurrent(next)]).toEqual([false, true]);
    expect(await it.commit(words, 'live', from(5), change(6, [row('c')]))).toBe(false);
    const { generation } = (await it.checkpoint(next, 'live'))!;
    expect(generation).not.toBe('');
    expect(await it.commit(next, 'live', from(5, generation), change(6, [row('c')]))).toBe(true);
    expect(await it.checkpoint(next, 'beside')).toBeUndefined();
  });

  test('beside wait while they are behind, unless what is in front is lost', async () => {
    const it = postgresReadModel(source, 's');
    await it.prepare(words);
    await it.commit(words, 'live', undefined, change(5, [row('a')]));
    expect(await it.replace(words, { evenIfBehind: true })).toBe(false);
    await it.beginBeside(words);
    expect(await it.replace(words, { evenIfBehind: true })).toBe(false);
    await it.commit(words, 'beside', undefined, change(4, [row('b')]));
    expect(await it.replace(words, { evenIfBehind: false })).toBe(false);
    expect(await all()).toEqual([row('a')]);
    expect(await it.replace(words, { evenIfBehind: true })).toBe(true);
    expect(await all()).toEqual([row('b')]);
  });

  test.each([
    { what: 'begun anew', change: (it: ReadModel) => it.beginBeside(words), live: 0, beside: 0 },
    { what: 'replaced', change: (it: ReadModel) => it.replace(words, { evenIfBehind: true }), live: 1, beside: undefined },
  ])('beside that are $what wait for a first commit that is on its way: rows and checkpoint stay together', async (expected) => {
    const it = postgresReadModel(source, 's');
    await it.prepare(words);
    await it.beginBeside(words);
    let changing: Promise<unknown> | undefined;
    // As a commit does it.
    await source.transaction(async (manager) => {
      await manager.query(`insert into s.checkpoint values ('words', 'beside', 'e', $1, null, null, '')`, [at(4)]);
      await manager.query(`insert into s.word__beside values ('a', 1, '{}', '2026-01-05', 1, null)`);
      changing = expected.change(it);
      await new Promise((done) => setTimeout(done, 200));
    });
    expect(await changing).not.toBe(false);
    expect(await it.checkpoint(words, 'beside')).toBeUndefined();
    const count = (side: 'live' | 'beside') =>
      all(side).then(
        (rows) => rows.length,
        () => undefined,
      );
    expect([await count('live'), await count('beside')]).toEqual([expected.live, expected.beside]);
  });

  test('beside are begun anew, also by two processes at once', async () => {
    const it = postgresReadModel(source, 's');
    await it.prepare(words);
    await it.beginBeside(words);
    await it.commit(words, 'beside', undefined, change(4, [row('b')]));
    await Promise.all([it, postgresReadModel(await connected(), 's')].map((one) => one.beginBeside(words)));
    expect(await all('beside')).toEqual([]);
    expect(await it.checkpoint(words, 'beside')).toBeUndefined();
    await it.commit(words, 'beside', undefined, change(4, [row('c')]));
    expect(await all('beside')).toEqual([row('c')]);
  });
});

test('a history is asked in SQL as it is in memory', async () => {
  const tiers = history({ name: 'tiers', from: [wordContract] })({});
  const day = (n: number) => `2026-01-${String(n).padStart(2, '0')}T00:00:00.000000Z`;
  const said = fc.sample(
    fc.record({ from: fc.option(fc.integer({ min: 1, max: 9 })), value: fc.constantFrom('A', 'B', null), later: fc.nat(1) }),
    { numRuns: 60, seed: 1 },
  );
  let recorded = 1;
  let rows: readonly HistoryRow[] = [];
  for (const { from: start, value, later } of said) {
    recorded = Math.min(28, recorded + later);
    rows = assert(rows, 'k', [{ attribute: 'tier', value, from: start === null ? BEGINNING : day(start) }], 't', day(recorded));
  }
  const it = postgresReadModel(source, 's');
  await it.prepare(tiers);
  await it.commit(tiers, 'live', undefined, change(1, rows));
  let found = 0;
  for (const asOf of [BEGINNING, ...[1, 3, 5, 7, 9, 20].map(day)]) {
    for (let known = 1; known <= recorded; known++) {
      const inSql = await source.query<{ attributes: unknown; valid: string }[]>(
        `select attributes, to_char(valid_from at time zone 'UTC', 'YYYY-MM-DD') as valid from s.tiers h where ${holdsSql('h', 1, 2)}`,
        [asOf, day(known)],
      );
      const inMemory = rows.filter((one) => holds(one, asOf, day(known)));
      expect(inSql).toEqual(inMemory.map((one) => ({ attributes: one.attributes, valid: one.valid_from.slice(0, 10) })));
      found += inSql.length;
    }
  }
  expect(found).toBeGreaterThan(20);
});

describe('a read database that is away', () => {
  const away = async (ask: () => Promise<unknown>) =>
    isDatabaseAway(
      await ask().then(
        () => 'answered',
        (error: unknown) => error,
      ),
    );

  test('is told from a question that it refuses', async () => {
    expect(await away(() => source.query('selekt 1'))).toBe(false);
    expect(await away(() => source.query(`select 1 / 0`))).toBe(false);
    expect(await away(() => source.query(`select 'x'::uuid`))).toBe(false);
    expect(await away(() => source.query('select 1'))).toBe(false);
    for (const it of [undefined, 'text', new Error('other'), new TypeError('x is not a function')])
      expect(isDatabaseAway(it)).toBe(false);
  });

  test('is known by a connection that is refused, ended, or that dies in a transaction', async () => {
    const other = await connected();
    for (const sql of ['set local role none; select pg_terminate_backend(pg_backend_pid())', 'select 1'])
      expect(await away(() => other.query(sql))).toBe(true);
    const closed = new Pool({ connectionString: 'postgres://postgres@127.0.0.1:1/none' });
    expect(await away(() => closed.query('select 1'))).toBe(true);
    await closed.end();
    const cut = source.transaction(async (manager) => {
      const [{ pid }] = (await manager.query<{ pid: number }[]>('select pg_backend_pid() as pid')) as [{ pid: number }];
      await asSuperuser(`select pg_terminate_backend(${pid})`);
      await new Promise((done) => setTimeout(done, 50));
      await manager.query('select 1');
    });
    expect(await away(() => cut)).toBe(true);
  });

  test('is known by its silence, and what waited for it is free again', async () => {
    const proxy = await faultProxy(database.url);
    const behind = await openReadDatabase({ url: proxy.through(database.url), poolSize: 1, silentMs: 500 });
    try {
      await behind.query('select 1');
      proxy.set({ held: 'both' }, 'those there are');
      // More than there are connections: the others wait for those that hang.
      const asked = Array.from({ length: 9 }, () => away(() => behind.query('select 1')));
      const told = [...asked, away(() => behind.queries.rows('acme', 'select 1', []))];
      const began = performance.now();
      expect(await told[0]).toBe(true);
      await Promise.all(told);
      expect(performance.now() - began).toBeLessThan(5_000);
      await behind.query('select 1');
      expect(await behind.queries.rows('acme', 'select 1 as one', [])).toEqual([{ one: 1 }]);
    } finally {
      await behind.destroy();
      await proxy.close();
    }
  });

  test('does not end the process: every connection has a listener from the first moment on', async () => {
    const pool = (source.driver as PostgresDriver).master as Pool;
    const clients = await Promise.all(Array.from({ length: 3 }, () => pool.connect()));
    expect(clients.map((it) => it.listenerCount('error') > 0)).toEqual([true, true, true]);
    for (const it of clients) it.release();
  });
});
