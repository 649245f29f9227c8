import { START } from '../../src/store/port';
import { ensureHere, install, keepLogElsewhere, newEpoch, notDurable, type StoreRefused } from '../../src/store/postgres/install';
import type { PostgresStoreOptions } from '../../src/store/postgres/postgres-store';
import { events, ids, readOn } from './events';
import { postgresLab } from './postgres-lab';

const { url, client, opened } = postgresLab('for each test');

const refusal = (options: Partial<PostgresStoreOptions> = {}) =>
  opened(options).then(
    () => undefined,
    (error: StoreRefused) => error.code,
  );

test('the schema is made once, however many processes begin together', async () => {
  const stores = await Promise.all(Array.from({ length: 5 }, () => opened()));
  const heads = await Promise.all(stores.map((it) => it.head()));
  expect(new Set(heads.map((it) => it.epoch)).size).toBe(1);
  await install(url());
  expect((await stores[0]!.head()).epoch).toBe(heads[0]!.epoch);
});

test('a service reads all and inserts events, and may do no more', async () => {
  const store = await opened();
  const given = events(2);
  await store.append('order-1', 'none', given);
  expect(await store.append('order-1', 'none', given)).toMatchObject({ status: 'duplicate' });
  expect(ids(await readOn(store, START))).toEqual(ids(given));

  await client().query('set role kams_append');
  for (const sql of [
    `update es.events set type = 'Other'`,
    'delete from es.events',
    'truncate es.events',
    'update es.store set epoch = gen_random_uuid()',
    'insert into es.removed values (1, 2)',
    'alter table es.events add column more text',
    'create table es.more ()',
  ])
    await expect(client().query(sql)).rejects.toThrow(/permission denied|must be owner/);
});

test('is refused where there is no store and none may be made', async () => {
  expect(await refusal({ install: false })).toBe('not-installed');
});

test('is refused beside a log that is elsewhere, and so is everything else that works on a log here', async () => {
  await Promise.all([keepLogElsewhere(url()), keepLogElsewhere(url())]);
  expect(await refusal()).toBe('elsewhere');
  expect(await refusal({ install: false })).toBe('elsewhere');
  for (const act of [newEpoch, ensureHere, install]) await expect(act(url())).rejects.toMatchObject({ code: 'elsewhere' });
});

test('a database that has a log is not taken for one beside a log elsewhere', async () => {
  await expect(ensureHere(url())).rejects.toMatchObject({ code: 'not-installed' });
  await install(url());
  await ensureHere(url());
  await expect(keepLogElsewhere(url())).rejects.toMatchObject({ code: 'elsewhere' });
  expect(await refusal()).toBeUndefined();
});

test('is refused when the schema is older or newer than this process knows', async () => {
  await install(url());
  await client().query('update es.store set version = 99');
  expect(await refusal()).toBe('too-new');
  expect(await refusal({ install: false })).toBe('too-new');
  await client().query('update es.store set version = 0');
  expect(await refusal({ install: false })).toBe('too-old');
});

test('P1 is refused on a server that may forget what it has confirmed', async () => {
  await client().query(`alter database ${client().database} set synchronous_commit = off`);
  expect(await refusal()).toBe('not-durable');
  await client().query(`alter database ${client().database} set synchronous_commit = local`);
  expect(await refusal()).toBeUndefined();
  expect(notDurable(['fsync', 'full_page_writes']).message).toMatch(/^fsync, full_page_writes are off/);
});

test('is refused on a copy in another cluster, until it has an epoch of its own', async () => {
  await install(url());
  await client().query('update es.store set cluster = cluster + 1');
  expect(await refusal()).toBe('other-cluster');
  await newEpoch(url());
  expect(await refusal()).toBeUndefined();
});
