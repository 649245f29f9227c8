// P15: a tenant never sees, changes or can guess what is another's. Acme owns what is here; globex knows its ids and asks.
import { accountsService } from '@kams/accounts';
import { tenantFaults } from '@kams/platform/read-model/tenants';
import { startTestServices, type TestServices } from '@kams/testing';
import { chance, SEED } from '@kams/testing/faults/chance';
import { trials } from '@kams/testing/faults/promise';
import { Client, type Pool } from 'pg';
import { runKams } from '../run-kams';

const { next: random, upTo } = chance(SEED);
const below = (n: number): number => upTo(n - 1);

const TENANTS = ['acme', 'globex'] as const;
type Tenant = (typeof TENANTS)[number];
const OWNER = { as: { tenantId: 'acme' } };
const STRANGER = { as: { tenantId: 'globex' } };

const UNKNOWN = '0190f5a0-dead-7000-8000-00000000dead';
const ID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const REQUESTS = trials(1_000, 10_000);
const LANES = 24;
const PAIRS = 1_000;
const OWN = 12;

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: { readonly format?: string } }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly example?: object }>> };
}
interface Route {
  readonly method: 'get' | 'post';
  readonly path: string;
  readonly operation: Operation;
  readonly body: object | undefined;
}

let kams: TestServices;
let routes: readonly Route[];
/** Of acme, one of each kind, and one of nothing. */
let ids: readonly string[];
const accounts: Record<Tenant, string[]> = { acme: [], globex: [] };
const counts: Record<string, number | string> = {};

const example = (path: string): object => routes.find((it) => it.path === path && it.method === 'post')!.body!;

async function opened(path: string, body: object, tenantId: string = OWNER.as.tenantId): Promise<string> {
  const answer = await kams.post(path, body, { as: { tenantId } });
  if (answer.status !== 201) throw new Error(`${path}: ${answer.status} ${answer.text}`);
  return (answer.body as { id: string }).id;
}

async function settled(): Promise<void> {
  const { position } = await kams.store.head();
  for (const it of kams.runtime.projections())
    if (!(await it.reached(position, 10_000))) throw it.failure() ?? new Error('is late');
}

beforeAll(async () => {
  kams = await startTestServices([accountsService], { poolSize: 2 });
  const { paths } = (await kams.ask('/openapi.json')).body as { paths: Record<string, Record<string, Operation>> };
  routes = Object.entries(paths).flatMap(([path, operations]) =>
    (['get', 'post'] as const).flatMap((method) => {
      const operation = operations[method];
      const body = operation && Object.values(operation.requestBody?.content ?? {})[0]?.example;
      return operation ? [{ method, path, operation, body }] : [];
    }),
  );
  const account = await opened('/accounts', example('/accounts'));
  const parent = await opened('/accounts', { profile: { name: 'acme parent' } });
  const contact = await opened('/contacts', { ...example('/contacts'), accountId: account });
  const purchase = await opened('/purchases', example('/purchases'));
  const model = await opened('/scoring-models', example('/scoring-models'));
  await kams.post('/hierarchy/link', { ...example('/hierarchy/link'), accountId: account, parentId: parent }, OWNER);
  const approval = await opened('/accounts-approvals', { ...example('/accounts-approvals'), accountId: account });
  const template = await opened('/accounts-form-templates', example('/accounts-form-templates'));
  await kams.post(`/accounts-form-templates/${template}/publish`, {}, OWNER);
  const filled = { ...example('/accounts-forms'), templateId: template, accountId: account };
  const form = await opened('/accounts-forms', filled);
  const talk = { ...example('/interactions'), accountId: account, participants: [{ userId: 'li' }] };
  const interaction = await opened('/interactions', talk);
  const times = { startsAt: '2040-03-01T01:00:00Z', endsAt: '2040-03-01T02:00:00Z' };
  const visit = await opened('/visits', { ...example('/visits'), accountId: account, contactIds: [contact], ...times });
  const promise = { ...example('/commitments'), accountId: account, contactId: contact, dueAt: times.endsAt };
  const commitment = await opened('/commitments', promise);
  const relationship = await opened('/relationships', { ...example('/relationships'), accountId: account, contactId: contact });
  const [event] = await kams.sql<{ id: string }>('select event_id::text as id from es.events order by position limit 1');
  const streams = await kams.sql<{ id: string }>(`select distinct substring(stream_id from '${ID.source}') as id from es.events`);
  ids = [
    ...new Set([
      account,
      contact,
      purchase,
      model,
      approval,
      template,
      form,
      interaction,
      visit,
      commitment,
      relationship,
      event!.id,
      ...streams.map((it) => it.id).filter(Boolean),
    ]),
  ];
  for (const tenantId of TENANTS)
    for (let i = 0; i < OWN; i++)
      accounts[tenantId].push(await opened('/accounts', { profile: { name: `${tenantId} ${i}` } }, tenantId));
  await settled();
}, 60_000);
afterAll(() => kams?.stop());

/** An answer without what is its own: the id that was asked for. */
const said = ({ status, text }: { status: number; text: string }) => ({ status, text: text.replace(ID, '<id>') });

test('P15 a foreign id gets the answer of an unknown one, on every route with an id, of every kind of id', async () => {
  // What is operated is the installation's, and no tenant's.
  const withId = routes.filter((it) => it.path.includes('{id}') && !it.path.startsWith('/operations/'));
  const queries = withId.filter((it) => it.method === 'get');
  for (const { method, path, body } of withId) {
    const ask = (id: string) => kams.ask(path.replace('{id}', id), { method: method.toUpperCase(), body, ...STRANGER });
    const unknown = said(await ask(UNKNOWN));
    expect({ path, ...unknown }).toMatchObject({ status: 404 });
    for (const id of ids) expect({ path, id, ...said(await ask(id)) }).toEqual({ path, id, ...unknown });
  }
  // It is no wonder where nobody sees anything.
  const shown = await Promise.all(queries.flatMap(({ path }) => ids.map((id) => kams.ask(path.replace('{id}', id), OWNER))));
  expect(shown.filter((it) => it.status === 200).length).toBeGreaterThanOrEqual(queries.length);
  counts['routes'] = routes.length;
  counts['ids'] = ids.length;
}, 60_000);

test('P15 lists show none of it, whatever of it they are filtered by', async () => {
  const mine = new Set([...accounts.globex, ...TENANTS]);
  const lists = routes.filter(
    (it) => it.method === 'get' && !it.path.includes('{') && it.operation.parameters?.some(({ name }) => name === 'limit'),
  );
  expect(lists.length).toBeGreaterThanOrEqual(6);
  for (const { path, operation } of lists) {
    const filters = operation
      .parameters!.filter((it) => it.in === 'query' && it.schema.format === 'uuid')
      .flatMap(({ name }) => ids.map((id) => `${name}=${id}`));
    for (const filter of [
      '',
      ...filters,
      ...(path === '/accounts' ? ['externalId=erp:customer:17850', 'search=acme', 'search=corporation'] : []),
    ]) {
      const { text, status } = await kams.ask(`${path}?${filter}`, STRANGER);
      expect({ path, filter, status }).toEqual({ path, filter, status: 200 });
      expect([path, filter, ids.filter((id) => text.includes(id) && !mine.has(id))]).toEqual([path, filter, []]);
      expect([path, filter, /acme/i.test(text)]).toEqual([path, filter, false]);
    }
  }
  const search = await kams.post('/contacts/search', { name: 'Li Wei' }, STRANGER);
  expect(search.body).toEqual({ items: [], next: null });
  expect((await kams.post('/contacts/search', { name: 'Li Wei' }, OWNER)).body.items).toHaveLength(1);
  const { next } = (await kams.ask('/accounts?limit=1', OWNER)).body as { next: string };
  expect((await kams.ask(`/accounts?limit=1&cursor=${next}`, STRANGER)).body).toMatchObject({ code: 'cursor-invalid' });
});

test('P15 a foreign id in the body of a command is as good as an unknown one, and no stream has events of two tenants', async () => {
  const naming = routes.filter(
    (it) => it.method === 'post' && !it.path.includes('{') && JSON.stringify(it.body ?? '').search(ID) >= 0,
  );
  expect(naming.length).toBeGreaterThanOrEqual(7);
  for (const { path, body } of naming) {
    const ask = (id: string) =>
      kams.post(
        path,
        JSON.parse(JSON.stringify(body).replace(ID, (it) => (it.endsWith('2') ? accounts.globex[0]! : id))),
        STRANGER,
      );
    const unknown = said(await ask(UNKNOWN));
    // What names an account of another service does not look whether it is there; what it opens is its own tenant's.
    if (unknown.status === 201) expect(path).toMatch(/^\/accounts-(approvals|forms)$/);
    const told = ({ status, text }: ReturnType<typeof said>) => ({ status, text: status === 201 ? '' : text });
    for (const id of ids) expect({ path, id, ...told(said(await ask(id))) }).toEqual({ path, id, ...told(unknown) });
  }
  // The key of another system names an account of acme only for acme.
  expect((await kams.post('/purchases', example('/purchases'), STRANGER)).status).toBeGreaterThanOrEqual(400);
});

test(`P15 ${REQUESTS} requests of two tenants over two connections, some cut off, answer each with its own`, async () => {
  const { queries } = kams.runtime.readDatabase;
  const tokens = { acme: await kams.token({ tenantId: 'acme' }), globex: await kams.token({ tenantId: 'globex' }) };
  let left = REQUESTS;
  let foreign = 0;
  let answered = 0;
  let cut = 0;
  let stored = 0;
  async function one(): Promise<void> {
    const tenantId = TENANTS[below(2)]!;
    const other = TENANTS.find((it) => it !== tenantId)!;
    const path = [
      '/accounts?limit=50',
      '/accounts?search=ac&limit=50',
      `/accounts?search=${other}`,
      `/accounts/${accounts[tenantId][below(OWN)]}`,
      `/accounts/${accounts[other][below(OWN)]}/history`,
      '/purchases',
      undefined, // a command
      'fails',
    ][below(8)];
    if (path === 'fails') {
      await expect(queries.rows(tenantId, 'select 1 / (select 0 from accounts.account limit 1)', [])).rejects.toThrow(
        'division by zero',
      );
      return;
    }
    const signal = random() < 0.2 ? AbortSignal.timeout(below(15)) : undefined;
    const name = `${tenantId} during ${left}`;
    const answer = await fetch(`${kams.url}${path ?? '/accounts'}`, {
      headers: { authorization: `Bearer ${tokens[tenantId]}`, 'content-type': 'application/json' },
      signal,
      ...(path === undefined && { method: 'POST', body: JSON.stringify({ profile: { name } }) }),
    })
      .then(async (it) => ({ status: it.status, text: await it.text() }))
      .catch(() => undefined);
    if (!answer) return void cut++;
    answered++;
    if (answer.status === 201) stored++;
    if (answer.text.includes(`"${other} `) || (path?.includes(accounts[other][0]!) && answer.status !== 404)) foreign++;
  }
  await Promise.all(
    Array.from({ length: LANES }, async () => {
      while (left-- > 0) await one();
    }),
  );
  expect(cut).toBeGreaterThan(REQUESTS / 50);
  expect(stored).toBeGreaterThan(REQUESTS / 20);

  // Nothing of a tenant is left over for whoever is given the connection next.
  const pool = (queries as unknown as { pool: Pool }).pool;
  const over = await Promise.all(
    [1, 2, 3, 4].map(() => pool.query<{ it: string | null }>(`select current_setting('app.tenant', true) as it, pg_sleep(0.02)`)),
  );
  expect(over.map(({ rows }) => rows[0]!.it ?? '')).toEqual(['', '', '', '']);
  expect(pool.totalCount).toBe(2);

  await settled();
  const [row] = await kams.sql<{ streams: number; rows: number }>(
    `select (select count(*)::int from (select from es.events group by stream_id having count(distinct metadata->>'tenantId') > 1) mixed) as streams,
            (select count(*)::int from accounts.account where name ~ '^(acme|globex) ' and split_part(name, ' ', 1) <> tenant_id) as rows`,
  );
  counts['requests'] = answered;
  counts['cut'] = cut;
  counts['foreign_rows'] = foreign + row!.rows + row!.streams;
  expect(counts['foreign_rows']).toBe(0);
}, 300_000);

describe('P15 SQL', () => {
  let client: Client;
  const rows = async (sql: string) => (await client.query<{ tenant_id: string; n: number }>(sql)).rows;
  beforeAll(async () => {
    client = new Client(kams.databaseUrl);
    await client.connect();
  });
  afterAll(() => client.end());

  test('as the role of queries shows no row without a tenant, its own with one, and may change nothing', async () => {
    await client.query('set role kams_query');
    const shown = await rows(
      `select c.oid::regclass::text as tenant_id, 0 as n from pg_class c join pg_namespace s on s.oid = relnamespace
        where nspname !~ '^pg_|^information_schema$' and relkind in ('r', 'v', 'm') and has_table_privilege(c.oid, 'select')`,
    );
    expect(shown.length).toBeGreaterThanOrEqual(9);
    let all = 0;
    let shownBeyond = 0;
    for (const { tenant_id: table } of shown) {
      const by = `select tenant_id, count(*)::int as n from ${table} group by 1`;
      for (const nothing of [`reset app.tenant`, `set app.tenant = ''`]) {
        await client.query(nothing);
        expect([table, await rows(by)]).toEqual([table, []]);
      }
      for (const tenantId of TENANTS) {
        await client.query(`set app.tenant = '${tenantId}'`);
        const own = await rows(by);
        all += own[0]?.n ?? 0;
        shownBeyond += own.filter((it) => it.tenant_id !== tenantId).length;
        expect([table, own.filter((it) => it.tenant_id !== tenantId)]).toEqual([table, []]);
      }
    }
    expect(all).toBeGreaterThan(20);
    counts['shown_by_sql'] = shownBeyond;
    for (const sql of [
      'select from es.events',
      'select from es.store',
      'select from keys.person',
      'select from keys.master',
      'select from accounts.checkpoint',
      `update accounts.account set name = ''`,
      'delete from accounts.account',
      'create table accounts.more ()',
      'alter table accounts.account no force row level security',
      'drop policy one_tenant on accounts.account',
    ])
      await expect(client.query(sql)).rejects.toThrow(/permission denied|must be owner/);
  });

  test('of the pools of a process is that of their roles', async () => {
    const { readDatabase } = kams.runtime;
    const sql = `select current_user::text as role, count(*)::int as n from accounts.account where tenant_id <> 'globex'`;
    expect(await readDatabase.queries.rows('globex', sql, [])).toEqual([{ role: 'kams_query', n: 0 }]);
    expect(await readDatabase.query(sql)).toEqual([{ role: 'kams_projector', n: expect.any(Number) }]);

    // Another's session says its user and not its role: each is known by what it can not do any more.
    const withdrawn = async (right: string, on: string, work: () => Promise<{ status: number }>) => {
      await kams.sql(`revoke ${right} on ${on} from kams_append, kams_keys`);
      const { status } = await work();
      await kams.sql(`grant ${right} on ${on} to ${on.includes('es.') ? 'kams_append' : 'kams_keys'}`);
      return status;
    };
    expect(await withdrawn('insert', 'es.events', () => kams.post('/accounts', { profile: { name: 'acme never' } }, OWNER))).toBe(
      503,
    );
    const contact = { ...example('/contacts'), accountId: accounts.acme[0] };
    expect(await withdrawn('select', 'keys.person', () => kams.post('/contacts', contact, OWNER))).toBe(503);
    counts['roles'] = 4;
  });

  test.each([
    [
      'kams_append',
      [
        'update es.events set type = type',
        'delete from es.events',
        'truncate es.events',
        'select from accounts.account',
        'select from keys.person',
      ],
    ],
    [
      'kams_projector',
      ['select from es.events', 'select from keys.person', 'create table accounts.more ()', 'drop table accounts.account'],
    ],
    ['kams_keys', ['select from es.events', 'select from accounts.account', 'delete from keys.person']],
  ])('as %s reaches what it needs and no more', async (role, refused) => {
    await client.query(`set role ${role}`);
    for (const sql of refused) await expect(client.query(sql)).rejects.toThrow(/permission denied|must be owner/);
  });
});

describe('P15 the catalogue', () => {
  const faults = () => tenantFaults((sql, values) => kams.sql(sql, values));

  test('has no table, view or role that shows more than one tenant', async () => {
    const found = await faults();
    counts['faults'] = found.length;
    expect(found).toEqual([]);
    const doctor = () =>
      runKams(['doctor'], { KAMS_POSTGRES_URL: kams.databaseUrl, KAMS_DATA: kams.data, KAMS_URL: 'http://127.0.0.1:1' });
    expect((await doctor()).out).toMatch(/^ok +tenants /m);
    await kams.sql('alter table accounts.contact no force row level security');
    expect((await doctor()).out).toMatch(/^wrong +tenants +accounts.contact .*not forced -> start a host again/m);
    await kams.sql('alter table accounts.contact force row level security');
  });

  const loose =
    'create table accounts.loose (tenant_id text primary key, id int); alter table accounts.loose owner to kams_owner';
  test.each<[string, string, string, RegExp]>([
    ['a table without row level security', loose, 'drop table accounts.loose', /^accounts.loose has no row level security/],
    ['a table of another owner', 'create table accounts.loose (id int)', 'drop table accounts.loose', /belongs to postgres/],
    [
      'a key that begins with something else',
      `${loose}; create unique index on accounts.loose (id, tenant_id); alter table accounts.loose enable row level security, force row level security`,
      'drop table accounts.loose',
      /unique key that does not begin with the tenant/,
    ],
    [
      'row level security that is not forced',
      'alter table accounts.contact no force row level security',
      'alter table accounts.contact force row level security',
      /not forced/,
    ],
    [
      'a policy that is always true',
      'alter policy one_tenant on accounts.contact using (true)',
      `alter policy one_tenant on accounts.contact using (tenant_id = current_setting('app.tenant', true))`,
      /shown to kams_query beyond one tenant/,
    ],
    [
      'a second policy',
      'create policy more on accounts.contact for select using (true)',
      'drop policy more on accounts.contact',
      /has the policy more/,
    ],
    [
      'a plain view',
      'create view accounts.plain as select * from accounts.contact; alter view accounts.plain owner to kams_owner',
      'drop view accounts.plain',
      /^accounts.plain is a view that shows what its owner sees/,
    ],
    [
      'a search that forgets the tenant',
      'create or replace view accounts.contact__searched as select * from accounts.contact',
      `create or replace view accounts.contact__searched as select * from accounts.contact where tenant_id = current_setting('app.tenant', true)`,
      /contact__searched is a view that shows/,
    ],
    [
      'a materialized view',
      'create materialized view accounts.kept as select * from accounts.contact; grant select on accounts.kept to kams_query',
      'drop materialized view accounts.kept',
      /materialized view that kams_query may read/,
    ],
    [
      'the right to make tables',
      'grant create on schema accounts to kams_query',
      'revoke create on schema accounts from kams_query',
      /tables may be made by kams_query/,
    ],
    [
      'the right to the log',
      'grant usage on schema es to kams_query',
      'revoke usage on schema es from kams_query',
      /es may be reached by kams_query/,
    ],
    [
      'the right to change events',
      'grant update on es.events to kams_append',
      'revoke update on es.events from kams_append',
      /changed by kams_append/,
    ],
  ])('is told of %s', async (_, make, undo, fault) => {
    await kams.sql(make);
    try {
      expect(await faults()).toContainEqual(expect.stringMatching(fault));
    } finally {
      await kams.sql(undo);
    }
    expect(await faults()).toEqual([]);
  });
});

test('P15 a foreign id takes as long as an unknown one', async () => {
  const times = { foreign: [] as number[], unknown: [] as number[] };
  const timed = async (which: keyof typeof times, id: string) => {
    const began = performance.now();
    await kams.ask(`/accounts/${id}`, STRANGER);
    times[which].push(performance.now() - began);
  };
  for (let i = 0; i < PAIRS; i++) {
    const pair = [() => timed('foreign', accounts.acme[i % OWN]!), () => timed('unknown', UNKNOWN)];
    for (const it of i % 2 ? pair : pair.reverse()) await it();
  }
  const median = (of: readonly number[]) => of.toSorted((a, b) => a - b)[of.length >> 1]!;
  const ms = Math.abs(median(times.foreign) - median(times.unknown));
  counts['ms_apart'] = ms.toFixed(3);
  expect(ms).toBeLessThan(2);
}, 60_000);

afterAll(() => {
  const told = Object.entries(counts).map(([name, it]) => `${name}=${it}`);
  const isPassed =
    counts['foreign_rows'] === 0 &&
    counts['shown_by_sql'] === 0 &&
    counts['faults'] === 0 &&
    'routes' in counts &&
    'roles' in counts;
  console.log(`P15 ${isPassed ? 'pass' : 'FAIL'} ${told.join(' ')} pairs=${PAIRS} seed=${SEED}`);
});
