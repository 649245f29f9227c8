// The rows of a tenant, below the door of queries.
import { projection, table, type Change, type Position, type Projection } from '@kams/eventing';
import { postgresPersonKeys } from '@kams/eventing/personal/postgres-person-keys';
import { postgresStore } from '@kams/eventing/store/postgres/postgres-store';
import { RolesRefused } from '@kams/eventing/store/postgres/roles';
import { contract, event } from '@kams/contracts/define';
import { freshDatabase, type TestDatabase } from '@kams/testing/postgres';
import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { z } from 'zod';
import { postgresAgenda } from '../src/read-model/agenda';
import { createTable } from '../src/read-model/ddl';
import { postgresReadModel } from '../src/read-model/postgres-read-model';
import { openReadDatabase, type ReadDatabase } from '../src/read-model/read-database';
import { tenantFaults } from '../src/read-model/tenants';

const label = { en: 'Said', zh: '已说' };
const wordContract = contract({
  name: 'word',
  plural: 'words',
  label,
  description: 'A word.',
  commands: {},
  events: { Said: event({ version: 1, label, description: 'For a test.', data: z.strictObject({}), example: {} }) },
  refusals: {},
});
const wordTable = table(
  'word',
  { tenant_id: 'text', id: 'text', revision: 'int', said: 'json' },
  { primaryKey: ['tenant_id', 'id'], groupBy: 'id', indexes: ['using gin (tenant_id, said jsonb_path_ops)'] },
);
const words: Projection = projection({ name: 'words', from: [wordContract], table: wordTable })({});

const at = (n: number) => String(n).padStart(20, '0') as Position;
const change = (...upsert: Change['upsert']): Change => ({
  upsert,
  remove: [],
  to: { epoch: 'e', position: at(1), eventId: null, eventPosition: null },
});
const row = (tenant: string, id: string) => ({ tenant_id: tenant, id, revision: 0, said: { of: tenant } });

let database: TestDatabase;
let client: Client;
const opened: ReadDatabase[] = [];
async function open(url: string): Promise<ReadDatabase> {
  const it = await openReadDatabase({ url, poolSize: 2 });
  opened.push(it);
  return it;
}
beforeEach(async () => {
  database = await freshDatabase();
  client = new Client(database.url);
  await client.connect();
});
afterEach(async () => {
  for (const it of opened.splice(0)) await it.destroy();
  await client.end();
  await database.drop();
});

const sql = async (text: string, values: unknown[] = []): Promise<{ fault: string }[]> =>
  (await client.query(text, values)).rows as never;
const faults = () => tenantFaults(sql);
const idsOf = async ({ queries }: ReadDatabase, tenantId: string, from = 's.word'): Promise<string[]> =>
  (await queries.rows<{ id: string }>(tenantId, `select id from ${from} order by id`, [])).map((it) => it.id);

describe('a query', () => {
  test('sees the rows of its tenant and no other, without a condition of its own, also after a rebuild', async () => {
    const source = await open(database.url);
    const it = postgresReadModel(source, 's');
    await it.prepare(words);
    await it.commit(words, 'live', undefined, change(row('a', '1'), row('a', '2'), row('b', '3')));
    for (const from of ['s.word', 's.word__searched']) {
      expect(await idsOf(source, 'a', from)).toEqual(['1', '2']);
      expect(await idsOf(source, 'b', from)).toEqual(['3']);
      expect(await idsOf(source, '', from)).toEqual([]);
    }
    await it.beginBeside(words);
    await it.commit(words, 'beside', undefined, change(row('b', '4'), row('a', '5')));
    expect(await faults()).toEqual([]);
    expect(await it.replace(words, { evenIfBehind: true })).toBe(true);
    for (const from of ['s.word', 's.word__searched']) expect(await idsOf(source, 'a', from)).toEqual(['5']);
    expect(await faults()).toEqual([]);
  });

  test('leaves nothing behind on its connection, whether it answers or fails', async () => {
    const { queries } = await open(database.url);
    const settings = `select current_setting('app.tenant', true) as tenant, current_setting('kams.test', true) as test`;
    for (let i = 0; i < 6; i++) {
      expect(await queries.rows('a', settings, [], ['kams.test', 'x'])).toEqual([{ tenant: 'a', test: 'x' }]);
      await expect(queries.rows('a', 'select 1 / $1::int', [0])).rejects.toMatchObject({ code: '22012' });
      await expect(queries.rows('a', 'selekt', [])).rejects.toMatchObject({ code: '42601' });
      await expect(
        queries.rows('a', 'select $1::int', [
          {
            toPostgres: () => {
              throw new Error('no value');
            },
          },
        ]),
      ).rejects.toThrow('no value');
      const [{ test }] = (await queries.rows('b', settings, [])) as [{ test: string }];
      expect(test || null).toBeNull();
    }
    expect(await queries.rows('a', 'select $1::int as n, $2::text as text, null as nothing where $1 > 1', [2, 'x'])).toEqual([
      { n: 2, text: 'x', nothing: null },
    ]);
    expect(await queries.rows('a', 'select where false', [])).toEqual([]);
  });

  test('is refused the tables of others', async () => {
    const { queries } = await open(database.url);
    const store = await postgresStore({ connection: database.url });
    await store.close();
    await expect(queries.rows('a', 'select from es.events', [])).rejects.toThrow('permission denied');
  });
});

test('a table with a tenant has a key that begins with it', () => {
  expect(() => createTable('s', 'word', { ...wordTable, primaryKey: ['id', 'tenant_id'] }, 't')).toThrow(
    'does not begin with tenant_id',
  );
});

describe('an installation of an earlier release, of a user who may make no roles', () => {
  const user = `login_${randomUUID().slice(0, 8)}`;
  const url = () => Object.assign(new URL(database.url), { username: user, password: 'x' }).href;
  const master = {
    get: async () => Buffer.alloc(32, 1),
    versions: async () => [1],
    add: async () => Buffer.alloc(32, 1),
    keepOnly: async () => undefined,
  };
  afterEach(async () => {
    await client.query(`reassign owned by ${user} to current_user; drop owned by ${user}; drop role ${user}`);
  });

  test('says what an administrator runs, and is then secured', async () => {
    await (await open(database.url)).destroy(); // the roles are there, another installation has made them
    opened.splice(0);
    await client.query(`create role ${user} login password 'x'; grant create on database ${client.database} to ${user};
      grant create on schema public to ${user}; set role ${user};
      create schema s; create table s.word (tenant_id text not null, id text not null, revision int not null, said jsonb not null, primary key (tenant_id, id));
      create table s.timer_noted (timer text not null, tenant_id text not null, id text not null, due_at timestamptz not null, outcome text not null,
        primary key (timer, tenant_id, id, due_at));
      insert into s.word values ('a', '1', 0, '{}'), ('b', '2', 0, '{}'); reset role`);

    const refused: unknown = await openReadDatabase({ url: url(), poolSize: 2 }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(RolesRefused);
    const { message } = refused as Error;
    expect(message).toMatch(/^the user login_\w+ may not make the roles of the database: let an administrator run, once:\n/);
    await client.query(message.slice(message.indexOf('\n') + 1));

    const source = await open(url());
    await (await postgresStore({ connection: url() })).close();
    const keys = await postgresPersonKeys(url(), master);
    await keys.obtain({ tenantId: 'a', person: 'p' });
    await keys.close();
    const it = postgresReadModel(source, 's');
    await it.prepare(words);
    await postgresAgenda(source, 's', { name: 'bell', pending: words } as never);
    expect(await idsOf(source, 'a')).toEqual(['1']);
    expect(await idsOf(source, 'b', 's.word__searched')).toEqual(['2']);
    expect((await it.load(words, 'live', ['1', '2'], '')).size).toBe(2);
    expect(await faults()).toEqual([]);
    await it.beginBeside(words);
    await it.commit(words, 'beside', undefined, change(row('a', '7')));
    expect(await it.replace(words, { evenIfBehind: true })).toBe(true);
    expect(await idsOf(source, 'a')).toEqual(['7']);
  });
});
