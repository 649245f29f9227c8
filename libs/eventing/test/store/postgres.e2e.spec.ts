import { types } from 'pg';
import { Conflict, NotStorable, OutcomeUnknown, START, Unavailable } from '../../src/store/port';
import { postgresStore } from '../../src/store/postgres/postgres-store';
import { eventStoreContract } from './contract';
import { event, events, following, ids, readOn, stream } from './events';
import { postgresLab, WITHOUT_TAIL } from './postgres-lab';

// Other libraries in a process do this: it must not matter.
types.setTypeParser(types.builtins.INT8, BigInt);

const { url, client, opened, proxied, missing, cutAll } = postgresLab('for all tests');
const sleep = (ms: number) => new Promise((done) => setTimeout(done, ms));

describe('the store in Postgres', () => {
  describe('with a tail', () => eventStoreContract('postgres', () => postgresStore({ connection: url() })));
  describe('without a tail', () => eventStoreContract('postgres', () => postgresStore({ connection: url(), ...WITHOUT_TAIL })));
});

/** One append in a transaction of the caller: what it answers, as `revision@position` or `refused`. */
async function appendBySql(name: string, expected: number | null, given = events(1)): Promise<string> {
  const each = given.map(() => 1);
  const json = given.map(() => '{}');
  const { rows } = await client().query<{ head: string; last: string; refused: boolean }>(
    `select head::text, last[1]::text as last, cardinality(refused) > 0 as refused from es.append_batch($1, $2, $3, $4, $5, $6, $7, $8)`,
    [[name], [expected], each, ids(given), given.map(() => 'T'), each, json, json],
  );
  const { head, last, refused } = rows[0]!;
  return refused ? 'refused' : `${Number(last) + given.length}@${Number(head) + given.length}`;
}

describe('an append', () => {
  test('that is rolled back leaves no gap', async () => {
    const store = await opened();
    const head = Number((await store.head()).position);
    await client().query('begin');
    expect(await appendBySql(stream(), -1, events(3))).toBe(`2@${head + 3}`);
    await client().query('rollback');
    expect(Number((await store.append(stream(), 'none', events(1))).position)).toBe(head + 1);
  });

  test('that is rolled back to a savepoint leaves no gap', async () => {
    const head = Number((await (await opened()).head()).position);
    const it = stream();
    await client().query('begin');
    expect(await appendBySql(it, -1)).toBe(`0@${head + 1}`);
    await client().query('savepoint before');
    expect(await appendBySql(it, 0)).toBe(`1@${head + 2}`);
    await client().query('rollback to before');
    expect(await appendBySql(it, 0)).toBe(`1@${head + 2}`);
    await client().query('commit');
    expect(await missing()).toBe(0);
  });

  test('waits for an open one, and sees what became of it', async () => {
    const store = await opened();
    const it = stream();
    await client().query('begin');
    await appendBySql(it, -1);
    const waiting = store.append(it, 'none', events(1));
    const first = await Promise.race([waiting, sleep(100).then(() => 'waits')]);
    await client().query('commit');
    await expect(waiting).rejects.toMatchObject({ actual: 0 });
    expect(first).toBe('waits');
  });

  test('is unavailable, and stored nothing, when another holds the lock too long', async () => {
    const store = await opened({ connection: { connectionString: url(), lock_timeout: 200 } });
    const it = stream();
    await client().query('begin');
    await appendBySql(stream(), -1);
    await expect(store.append(it, 'none', events(1))).rejects.toThrow(Unavailable);
    await client().query('rollback');
    expect(await store.append(it, 'none', events(1))).toMatchObject({ revision: 0 });
  });

  test('is refused in a transaction that would not see the others', async () => {
    await opened();
    await client().query('begin isolation level repeatable read');
    await expect(appendBySql(stream(), -1)).rejects.toThrow('an append needs READ COMMITTED');
  });

  test('with an expectation of null is refused', async () => {
    await opened();
    expect(await appendBySql(stream(), null)).toBe('refused');
  });

  test('that Postgres can not store fails alone', async () => {
    // What one turn sends is one batch, and this server parses JSON only so deep.
    const store = await opened({ connection: { connectionString: url(), options: '-c max_stack_depth=100kB' } });
    let deep: object = {};
    for (let i = 0; i < 4_000; i++) deep = { deep };
    const it = stream();
    const answers = await Promise.allSettled([
      store.append(stream(), 'none', events(1)),
      store.append(it, 'none', [event(deep)]),
      store.append(stream(), 'none', events(1)),
    ]);
    expect(answers.map((a) => (a.status === 'fulfilled' ? a.value.status : a.reason.constructor))).toEqual([
      'appended',
      NotStorable,
      'appended',
    ]);
    expect(await store.read(it)).toEqual([]);
  });
});

describe('a lost answer', () => {
  test('of an append that was not stored is unknown, and the repeat stores it', async () => {
    const store = await opened();
    const it = stream();
    const given = events(2);
    await client().query('begin');
    await appendBySql(stream(), -1);
    const unknown = expect(store.append(it, 'none', given)).rejects.toThrow(OutcomeUnknown);
    await sleep(100);
    await cutAll();
    await unknown;
    await client().query('rollback');
    expect(await store.append(it, 'none', given)).toMatchObject({ status: 'appended', revision: 1 });
  });

  test('of an append that was stored is unknown, and the repeat gets the first answer', async () => {
    const proxy = await proxied();
    const store = await opened({ connection: proxy.url });
    const it = stream();
    const given = events(2);
    await store.append(stream(), 'none', events(1));
    const cut = proxy.cut(/es\.append_batch/, 'before its answer');
    await expect(store.append(it, 'none', given)).rejects.toThrow(OutcomeUnknown);
    await cut;
    const [, last] = await (await opened()).read(it);
    expect(await store.append(it, 'none', given)).toEqual({ status: 'duplicate', revision: 1, position: last!.position });
  });

  test('of a connection that says nothing more is unknown after a while, and the repeat takes another one', async () => {
    const proxy = await proxied();
    const store = await opened({ connection: { connectionString: proxy.url, query_timeout: 500 } });
    const it = stream();
    const given = events(2);
    await store.append(stream(), 'none', events(1));
    proxy.set({ held: 'to client' }, 'those there are');
    await expect(store.append(it, 'none', given)).rejects.toThrow(OutcomeUnknown);
    expect(await store.append(it, 'none', given)).toMatchObject({ status: 'duplicate', revision: 1 });
  });
});

test('a process whose appends were all refused does not take the last event of another for its own', async () => {
  const [mine, other] = [await opened(), await opened()];
  const name = stream();
  await mine.append(stream(), 'none', [event()]); // its connection is open, and will not look at the head again
  await other.append(name, 'none', [event()]);
  await expect(mine.append(name, 'none', [event()])).rejects.toThrow(Conflict);
  expect((await mine.head()).position).toBe((await other.head()).position);
  await mine.append(name, 0, [event()]);
  expect((await other.read(name)).map((it) => it.revision)).toEqual([0, 1]);
});

test('a server that is not there is unavailable, for appends and for reads', async () => {
  const proxy = await proxied();
  const store = await opened({ connection: proxy.url });
  await store.append(stream(), 'none', events(1));
  await proxy.close();
  await sleep(50);
  await expect(store.append(stream(), 'none', events(1))).rejects.toThrow(Unavailable);
  await expect(store.read(stream())).rejects.toThrow(Unavailable);
  await expect(store.head()).rejects.toThrow(Unavailable);
  await expect(postgresStore({ connection: proxy.url })).rejects.toThrow(Unavailable);
});

describe('a subscription', () => {
  test('sees within seconds what other processes append', async () => {
    const [here, there] = [await opened(), await opened()];
    const reader = following(here, (await here.head()).position);
    const given = events(3);
    await there.append(stream(), 'none', given);
    await reader.until(() => reader.seen.length === 3);
    expect(ids(reader.seen)).toEqual(ids(given));
  });

  test('goes on by itself when its connections are cut', async () => {
    const lost: Error[] = [];
    const store = await opened({ onError: (error) => lost.push(error) });
    const reader = following(store, (await store.head()).position);
    const other = await opened();
    for (let i = 0; i < 3; i++) {
      await other.append(stream(), 'none', events(2));
      await cutAll();
      await reader.until(() => reader.seen.length === 2 * (i + 1));
    }
    expect(lost).not.toEqual([]);
    expect(new Set(ids(reader.seen)).size).toBe(6);
  });

  test('is served from the tail as from the database, byte for byte', async () => {
    const [writer, other] = [await opened(), await opened(WITHOUT_TAIL)];
    const { position } = await writer.head();
    const reader = following(writer, position);
    const given = Array.from({ length: 20 }, (_, i) => event({ i, at: new Date(i), no: undefined, text: 'ü\u0000' }));
    for (const it of given) await writer.append(stream(), 'none', [it]);
    await reader.until(() => reader.seen.length === 20);
    const stored = await readOn(other, position);
    expect(stored).toHaveLength(20);
    expect(JSON.stringify(reader.seen)).toBe(JSON.stringify(stored));
    expect((await readOn(writer, position))[7]).toBe(reader.seen[7]); // parsed once
    expect((await readOn(other, position))[7]).not.toBe(stored[7]);
  });
});

test('a page holds no more than a process can bear', async () => {
  const store = await opened(WITHOUT_TAIL);
  const start = (await store.head()).position;
  const it = stream();
  for (let i = 0; i < 12; i++) await store.append(it, i === 0 ? 'none' : i - 1, [event({ text: 'x'.repeat(999_000) })]);
  expect((await store.readAll(start, 1_000)).events).toHaveLength(9);
  expect(await readOn(store, start)).toHaveLength(12);
  expect((await store.readAll(start, 1_000, { categories: ['other'] })).position).toBe((await store.head()).position);
  for (const read of await Promise.all([store.read(it), store.read(it), store.read(it, { limit: 12 })]))
    expect(read).toHaveLength(12);
});

test('the log counts on beyond what 32 bits hold, and never back in time', async () => {
  await opened();
  const revision = 2 ** 40 + 5;
  await client().query(
    `insert into es.events (position, revision, recorded_at, event_id, schema_version, stream_id, type, data, metadata)
     values ($1, $2, '2222-02-22T22:22:22.222222Z', gen_random_uuid(), 1, 'far', 'T', '{}', '{}')`,
    [2 * revision, revision],
  );
  const store = await opened();
  const { position, ...appended } = await store.append('far', revision, events(1));
  expect({ ...appended, position: Number(position) }).toEqual({
    status: 'appended',
    revision: revision + 1,
    position: 2 * revision + 1,
  });
  expect(await store.at(position)).toMatchObject({ recordedAt: '2222-02-22T22:22:22.222222Z' });
  expect(await store.at(START)).toBeUndefined();
  await client().query(`delete from es.events where stream_id = 'far'`);
});
