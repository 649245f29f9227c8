// P11: an event that can not be handled parks its own aggregate and nothing else; after repair what waited is handled in order,
// and nothing twice.
import 'reflect-metadata';
import { accountsService } from '@kams/accounts';
import { projector, START, storeFeed, type NewEvent, type Position, type Projection } from '@kams/eventing';
import { newId } from '@kams/eventing/run/ids';
import { selectList } from '@kams/platform';
import { postgresReadModel } from '@kams/platform/read-model/postgres-read-model';
import { chance, SEED } from '@kams/testing/faults/chance';
import { promised, trials } from '@kams/testing/faults/promise';
import { until } from '@kams/testing/until';
import { startTestServices, type TestServices } from '@kams/testing/services';
import { setTimeout as sleep } from 'node:timers/promises';
import { colours, LATER, mend, POISON, probes, probesService } from './probes';

const PLACES = trials(3, 100);
const HEALTHY = 20;
const LAG_MS = 2_000;
const WRITE_EVERY_MS = 25;
const REACTION = 'reaction:echo-hears-each-probe';
const KINDS = ['throws', 'unknown type', 'unreadable', 'constraint', 'hangs', 'passes'] as const;
type Kind = (typeof KINDS)[number];

/** Who can not handle what. What the database does to rows of probes is nothing to the others. */
const READERS: Readonly<Record<Kind, readonly string[]>> = {
  throws: ['probes', 'colours', REACTION],
  'unknown type': ['probes', 'colours', REACTION],
  unreadable: ['probes', 'colours', REACTION],
  constraint: ['probes'],
  hangs: ['probes'],
  passes: [],
};

interface ParkedItem {
  readonly id: string;
  readonly reader: string;
  readonly eventId: string;
  readonly type: string;
  readonly stream: string;
  readonly waiting: number;
  readonly state: string;
}

const services: TestServices[] = [];
afterEach(async () => void (await Promise.all(services.splice(0).map((it) => it.stop()))), 30_000);
async function started(...all: Parameters<typeof startTestServices>): Promise<TestServices> {
  const it = await startTestServices(...all);
  services.push(it);
  return it;
}

function eventOf(n: number, colour: string, more: Partial<NewEvent> = {}): NewEvent {
  const commandId = newId();
  const metadata = {
    tenantId: 'acme',
    actor: 'user-1',
    occurredAt: '2026-03-02T09:00:00.000Z',
    commandId,
    commandHash: '',
    correlationId: commandId,
    causationId: commandId,
  };
  return { id: newId(), type: 'ProbeAdded', schema: 1, data: { n, colour }, metadata, ...more };
}
const poisonOf = (kind: Kind, colour: string): NewEvent => {
  switch (kind) {
    case 'unknown type':
      return eventOf(1, colour, { type: LATER.type });
    case 'unreadable':
      return eventOf(1, colour, { schema: LATER.schema });
    default:
      return eventOf(POISON[kind], colour);
  }
};

async function parked({ ask }: TestServices): Promise<ParkedItem[]> {
  const all: ParkedItem[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const path: string = `/operations/parked?limit=7${cursor && `&cursor=${cursor}`}`;
    const { items, next } = (await ask<{ items: ParkedItem[]; next: string | null }>(path)).body;
    all.push(...items);
    cursor = next;
  }
  return all;
}

/** What makes the rows of probes refuse a number, or never come back from it. */
const OBSTACLES = `
  alter table probes.probe add constraint not_seventeen check (not path @> '${POISON.constraint}');
  create function probes.hang() returns trigger language plpgsql as $$ begin
    if new.path @> '${POISON.hangs}' then perform pg_sleep(60); end if; return new; end $$;
  create trigger hang before insert or update on probes.probe for each row execute function probes.hang()`;
const NO_OBSTACLES = 'alter table probes.probe drop constraint not_seventeen; drop trigger hang on probes.probe';

promised(
  'P11',
  'a poison event parks its aggregate and nothing else, and after repair what waited is handled in order and once',
  async (tell) => {
    const dice = chance(SEED);
    const it = await started([probesService]);
    const { store, runtime } = it;
    const db = runtime.readDatabase;
    await it.sql(OBSTACLES);
    const append = (id: string, ...events: NewEvent[]) => store.append(`probe-${id}`, 'any', events);
    const projectorOf = (name: string) => runtime.projector(name)!;

    // The others: what is written of them is there within the promised time, all the while.
    let isOver = false;
    let worst = 0;
    /** How long the disk and the machine let anybody wait: no poison is in the way of an append. */
    let stall = 0;
    let watched = 0;
    const seen = async (position: Position) => {
      const at = performance.now();
      for (const name of ['probes', 'colours']) await projectorOf(name).reached(position, 60_000);
      worst = Math.max(worst, performance.now() - at);
    };
    const healthy = Array.from({ length: HEALTHY }, () => newId());
    const writing = (async () => {
      const all: Promise<void>[] = [];
      for (; !isOver; await sleep(WRITE_EVERY_MS)) {
        const at = performance.now();
        const { position } = await append(healthy[watched % HEALTHY]!, eventOf(100 + watched, `healthy ${watched % 5}`));
        stall = Math.max(stall, performance.now() - at);
        watched++;
        all.push(seen(position));
      }
      await Promise.all(all);
    })();

    // The sick: some events before the poison, and some behind it.
    const plan = dice.shuffled(KINDS.flatMap((kind) => Array.from({ length: PLACES }, () => kind)));
    const expected: string[] = [];
    const behind = new Map<string, number>();
    for (const kind of plan) {
      const id = newId();
      const colour = `of ${id}`;
      for (let n = dice.upTo(3); n > 0; n--) await append(id, eventOf(200 + n, colour));
      const poison = poisonOf(kind, colour);
      const after = Array.from({ length: dice.between(1, 4) }, (_, n) => eventOf(300 + n, colour));
      // In one page with it, and in later ones.
      await append(id, poison, ...after.slice(0, 1));
      await sleep(dice.upTo(40));
      for (const event of after.slice(1)) await append(id, event);
      expected.push(...READERS[kind].map((reader) => `${reader} ${poison.id}`));
      behind.set(poison.id, 1 + after.length);
    }
    const names = (all: readonly ParkedItem[]) => all.map(({ reader, eventId }) => `${reader} ${eventId}`).sort();
    const parkedBy = performance.now() + (20_000 + PLACES * 10_000);
    while ((await parked(it)).length < expected.length && performance.now() < parkedBy) await sleep(250);
    isOver = true;
    await writing;
    // What passes has had its time: nothing is still tried.
    const tried = () =>
      db.query<object[]>(`select reader, key, event_type, tries, waiting, error from probes.parked where not parked`);
    for (let i = 0; i < 40 && (await tried()).length > 0; i++) await sleep(250);
    expect(await tried()).toEqual([]);
    const all = await parked(it);
    expect(names(all)).toEqual(expected.sort());
    expect(all.filter(({ eventId, waiting }) => waiting !== behind.get(eventId))).toEqual([]);
    expect(runtime.ready).toBe(true);
    expect(it.logged().match(/an event is parked/g)).toHaveLength(expected.length);
    const { body: status } = await it.ask('/operations/status');
    expect(status.projections.find((one: { name: string }) => one.name === 'probes').parked).toBe(5 * PLACES);
    expect((await it.ask('/metrics')).text).toContain(`kams_parked{reader="${REACTION}"} ${3 * PLACES}`);

    // Mended, and asked for: some twice at a time.
    await it.sql(NO_OBSTACLES);
    mend();
    const retry = (id: string) => it.post(`/operations/parked/${id}/retry`, {});
    for (const [i, { id }] of all.entries()) {
      const answers = await Promise.all(i % 3 === 0 ? [retry(id), retry(id)] : [retry(id)]);
      // A second one may come when nothing is left to be asked for.
      for (const [n, { status: code, body }] of answers.entries())
        expect(n > 0 && code === 404 ? 'through' : [code, body.state]).toEqual(
          n > 0 && code === 404 ? 'through' : [200, 'through'],
        );
    }
    expect(await parked(it)).toEqual([]);
    // What waited behind it follows by itself.
    await until('nothing waits', async () => (await db.query<object[]>('select from probes.parked')).length === 0, 20_000);

    const clean = postgresReadModel(db, 'clean');
    const stopping = new AbortController();
    const { position } = await store.head();
    const rowsOf = (schema: string, { table }: Projection) =>
      db.query<object[]>(`select ${selectList(table)} from ${schema}.${table.name} order by ${table.primaryKey.join(', ')}`);
    for (const of_ of [probes, colours]) {
      expect(await projectorOf(of_.name).reached(position, 10_000)).toBe(true);
      await clean.prepare(of_);
      const one = projector(of_, storeFeed(store, of_.contracts), clean);
      void one.run(stopping.signal);
      expect(await one.reached(position, 30_000)).toBe(true);
      expect({ [of_.name]: await rowsOf('probes', of_) }).toEqual({ [of_.name]: await rowsOf('clean', of_) });
    }
    stopping.abort();
    const { events } = await store.readAll(START, 1_000_000, { categories: ['probe', 'echo'] });
    // The reaction heard every event of every probe once, in the order of each.
    const heard = new Map<string, string[]>();
    const said = new Map<string, string[]>();
    for (const { type, stream, id, data } of events) {
      const isEcho = type === 'EchoHeard';
      const of_ = isEcho ? (data as { of: string }).of : stream.slice('probe-'.length);
      const into = isEcho ? heard : said;
      into.set(of_, [...(into.get(of_) ?? []), isEcho ? stream.slice('echo-'.length) : id]);
    }
    expect(Object.fromEntries(heard)).toEqual(Object.fromEntries(said));

    tell({
      kinds: KINDS.length,
      places: PLACES,
      parked: all.length,
      expected: expected.length,
      worst_lag_ms: Math.round(worst),
      worst_append_ms: Math.round(stall),
      watched,
    });
    expect(worst - stall).toBeLessThanOrEqual(LAG_MS);
  },
  120_000 + PLACES * 20_000,
);

test('an event that is left out is left out for good, with who and why, and a rebuild leaves it out too', async () => {
  const administrators = ['user-1', 'olga'].map((subject) => ({ tenantId: '*', subject }));
  const it = await started([probesService], { administrators });
  const db = it.runtime.readDatabase;
  await it.sql(OBSTACLES);
  const id = newId();
  await it.store.append(
    `probe-${id}`,
    'any',
    [1, POISON.constraint, 2, POISON.constraint, 3].map((n) => eventOf(n, 'red')),
  );
  for (let left = 2; left > 0; left--) {
    await until('parked', async () => (await parked(it)).length === 1, 15_000);
    const [item] = await parked(it);
    expect((await it.ask(`/operations/parked/${item!.id}`)).body).toMatchObject({
      waiting: left * 2,
      type: 'ProbeAdded',
      state: 'parked',
    });
    expect((await it.post(`/operations/parked/${item!.id}/skip`, {})).status).toBe(422);
    const skip = { reason: 'Counted by hand' };
    const as = { subject: 'olga' };
    expect((await it.post(`/operations/parked/${item!.id}/skip`, skip, { as })).status).toBe(200);
  }
  await until('nothing waits', async () => (await db.query<object[]>('select from probes.parked')).length === 0, 10_000);
  const paths = async () =>
    (await db.query<{ path: number[]; revision: number }[]>('select path, revision from probes.probe'))[0];
  expect(await paths()).toEqual({ path: [1, 2, 3], revision: 4 });
  expect(await db.query('select by, reason from probes.skipped')).toEqual(
    Array(2).fill({ by: 'olga', reason: 'Counted by hand' }),
  );
  expect((await it.post('/operations/projections/probes/rebuild', {})).status).toBe(202);
  await until('built again', () => it.runtime.rebuildOf('probes')!.state === 'done', 10_000);
  expect(await paths()).toEqual({ path: [1, 2, 3], revision: 4 });
  // And nothing follows from a rebuild: reactions are not of it.
  await sleep(300);
  const echoes = (await it.store.readAll(START, 1_000, { categories: ['echo'] })).events;
  expect(echoes).toHaveLength(5);
  expect((await it.ask('/operations/parked', { as: { subject: 'somebody' } })).status).toBe(403);
  expect((await it.post(`/operations/parked/${newId()}/retry`, {})).status).toBe(404);
}, 60_000);

test('what is parked says nothing of a person, before the person is erased and after', async () => {
  const it = await started([accountsService]);
  const db = it.runtime.readDatabase;
  const person = { name: 'Zebedee Quux', email: 'zebedee@example.com' };
  const accountId = (await it.post('/accounts', { profile: { name: 'Acme' } })).body.id;
  const registered = async () => (await it.post('/contacts', { accountId, person })).body as { id: string; position: string };
  const [one, other] = [await registered(), await registered()];
  expect((await it.ask(`/contacts/${other.id}?after=${other.position}`)).body.person.name).toBe(person.name);

  await it.sql('alter table accounts.contact add constraint no_fives check (power <> 5)');
  await it.post(`/contacts/${one.id}/set-role`, { role: 'decision_maker', power: 5, stance: 1 });
  // Worse than what any release stores: the words themselves where a sealed text should be.
  const { metadata } = (await it.store.read(`contact-${other.id}`))[0]!;
  const data = { contactId: other.id, name: person.name, cleared: [] };
  await it.store.append(`contact-${other.id}`, 'any', [{ id: newId(), type: 'ContactChanged', schema: 1, data, metadata }]);

  const kept = async () =>
    JSON.stringify([await db.query('select * from accounts.parked'), await db.query('select * from accounts.skipped')]);
  const inAll = async (what: RegExp) => (await parked(it)).filter(({ type }) => what.test(type)).length;
  // The list of contacts, and the history of the buying centre: what can not be read waits in each.
  await until('parked', async () => (await inAll(/ContactRoleSet/)) === 1 && (await inAll(/ContactChanged/)) === 2, 20_000);
  expect(await kept()).not.toMatch(/zebedee|quux/i);
  expect((await it.post(`/contacts/${one.id}/erase`, { request: 'dsr-2026-0042' })).status).toBe(200);
  await until(
    'counted',
    async () => (await parked(it)).some(({ stream, waiting }) => stream.endsWith(one.id) && waiting === 2),
    10_000,
  );
  expect(await kept()).not.toMatch(/zebedee|quux/i);
  expect(JSON.stringify(await parked(it))).not.toMatch(/zebedee|quux/i);

  // When it is through it shows the person as erased, and never as the person was.
  await it.sql('alter table accounts.contact drop constraint no_fives');
  const item = (await parked(it)).find(({ stream }) => stream.endsWith(one.id))!;
  expect((await it.post(`/operations/parked/${item.id}/retry`, {})).body).toMatchObject({ state: 'through' });
  const rest = `select from accounts.parked where aggregate = '${one.id}'`;
  await until('nothing waits', async () => (await db.query<object[]>(rest)).length === 0, 10_000);
  expect((await it.ask(`/contacts/${one.id}`)).body.person).toEqual({ name: '[erased]' });
}, 60_000);
