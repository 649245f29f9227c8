import { accountsService } from '../src/accounts.module';
import { accountContract } from '@kams/contracts/accounts/account';
import {
  categoryOf,
  delay,
  NotFound,
  OutcomeUnknown,
  occurrencesOf,
  PersonErased,
  projection,
  projector,
  Refusal,
  storeFeed,
  table,
  TooContended,
  Unavailable,
  type EventStore,
  type Feed,
  type Projection,
  type Vault,
} from '@kams/eventing';
import { postgresStore } from '@kams/eventing/store/postgres/postgres-store';
import { postgresReadModel } from '@kams/platform/read-model/postgres-read-model';
import { SEED } from '@kams/testing/faults/chance';
import { promised, trials } from '@kams/testing/faults/promise';
import { startTestServices, type TestServices } from '@kams/testing/services';
import { createHash } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { CONTRACTS, randomCommands, TENANTS } from './random-commands';

const LANES = 12;
const BUILT_AT_ONCE = 5;
const { projections } = accountsService;

/** What a busy machine may answer: the caller goes on with the next command. */
const LATER_MS = 100;
/** What a rule says no to, what is not there, and whom nothing more is said of. */
const REFUSED = [Refusal, NotFound, PersonErased];
const isLater = (error: unknown): boolean => [Unavailable, OutcomeUnknown, TooContended].some((it) => error instanceof it);

/** Callers that send one command after another until `enough`, each with a pause before it. */
async function write(
  { runtime }: TestServices,
  lanes: ReturnType<typeof randomCommands>[],
  enough: () => boolean,
  pauseMs: () => number = () => 0,
): Promise<void> {
  const lane = async (commands: ReturnType<typeof randomCommands>) => {
    while (!enough()) {
      if (pauseMs() > 0) await delay(pauseMs());
      const { aggregate, command } = commands.next().value;
      try {
        await runtime.commands.handle(aggregate, command);
      } catch (error) {
        if (isLater(error)) await delay(LATER_MS);
        else if (!REFUSED.some((it) => error instanceof it)) throw error;
      }
    }
  };
  await Promise.all(lanes.map(lane));
}

/** The number of events stored so far, near enough to write until there are enough. */
function counting({ store }: TestServices) {
  const it = { head: 0, stop: () => clearInterval(timer) };
  const timer = setInterval(() => void store.head().then(({ position }) => (it.head = Number(position))), 50);
  return it;
}

/** Every row as the database writes it, in the order of the primary key. */
async function rowsOf({ runtime }: TestServices, schema: string, { table: { name, primaryKey } }: Projection): Promise<string[]> {
  const rows = await runtime.readDatabase.query<{ row: string }[]>(
    `select t::text as row from ${schema}.${name} t order by ${primaryKey.join(', ')}`,
  );
  return rows.map((it) => it.row);
}
const hashOf = (rows: readonly string[]): string => createHash('sha256').update(rows.join('\n')).digest('hex');

/** Equal to the byte; where not, the message shows a row that differs and not 20,000. */
function expectEqual(name: string, actual: readonly string[], expected: readonly string[]): void {
  if (hashOf(actual) === hashOf(expected)) return;
  const at = expected.findIndex((row, i) => row !== actual[i]);
  expect({ name, rows: actual.length, row: actual[at] }).toEqual({ name, rows: expected.length, row: expected[at] });
  throw new Error(`${name} differs`);
}

/** A page and no more: its reader begins again after each, and finds nothing in memory. */
const inPagesOf = (events: number, store: EventStore, { contracts }: Projection, vault: Vault): Feed => ({
  ...storeFeed(store, contracts, vault),
  async *from(position, signal) {
    const page = await store.readAll(position, events, { categories: contracts.map((it) => it.name) });
    if (page.position === position) return delay(5, signal);
    yield { occurrences: await occurrencesOf(contracts, vault)(page.events), position: page.position };
  },
});

/** Builds a projection in a schema of its own, up to the head of the store. */
async function build({ runtime, store }: TestServices, schema: string, it: Projection, feed: Feed): Promise<void> {
  const readModel = postgresReadModel(runtime.readDatabase, schema);
  await readModel.prepare(it);
  const stop = new AbortController();
  const building = projector(it, feed, readModel);
  const running = building.run(stop.signal);
  try {
    const { position } = await store.head();
    while (!(await building.reached(position, 1_000))) if (building.failure()) throw building.failure();
  } finally {
    stop.abort();
    await running;
  }
}

async function rebuilt({ runtime }: TestServices, { name }: Projection): Promise<void> {
  runtime.rebuild(name);
  while (runtime.rebuildOf(name)!.state === 'running') await delay(5);
  expect(runtime.rebuildOf(name)).toMatchObject({ state: 'done' });
}

async function caughtUp({ runtime, store }: TestServices): Promise<void> {
  const { position } = await store.head();
  for (const it of runtime.projections()) expect(await it.reached(position, 60_000)).toBe(true);
}

describe.each([
  { events: 2_000, page: 17 },
  { events: trials(4_000, 10_000), page: 61 },
  { events: trials(12_000, 100_000), page: 499 },
])('with about $events events', ({ events, page }) => {
  let services: TestServices;
  let count: ReturnType<typeof counting>;
  /** What was never built again: it has followed from the first event on. */
  const follower = new AbortController();
  const following: Promise<void>[] = [];

  beforeAll(async () => {
    setMaxListeners(0, follower.signal); // each of them listens to it
    services = await startTestServices([accountsService]);
    count = counting(services);
    for (const it of projections) {
      const readModel = postgresReadModel(services.runtime.readDatabase, 'follower');
      await readModel.prepare(it);
      following.push(
        projector(it, storeFeed(services.store, it.contracts, services.runtime.vault), readModel).run(follower.signal),
      );
    }
  }, 60_000);
  afterAll(async () => {
    count.stop();
    follower.abort();
    await Promise.all(following);
    await services.stop();
  }, 60_000);

  promised(
    'P7',
    `a projection rebuilt from zero is equal to the live one to the byte, of about ${events} events and while writes go on`,
    async (tell) => {
      const lanes = Array.from({ length: LANES }, (_, lane) => randomCommands(SEED + events, lane));
      let isRebuilt = false;
      await write(services, lanes, () => count.head >= events * 0.7);

      // However long the rebuilds take, the data set stays about as large as it is meant to be.
      const pauseMs = () => Math.max(0, count.head / events - 1) * 1_000;
      const writing = write(services, lanes, () => count.head >= events && isRebuilt, pauseMs);
      const reading = (async () => {
        const statuses = new Set<number>();
        while (!isRebuilt) {
          const paths = [
            '/accounts?limit=5',
            '/purchases?limit=5',
            '/scoring-models?limit=1',
            '/rankings/value?currency=EUR&limit=5',
          ];
          for (const path of paths) statuses.add((await services.ask(path, { as: { tenantId: TENANTS[0] } })).status);
        }
        return [...statuses];
      })();
      const atWhichHeads: number[] = [];
      try {
        for (const it of projections) {
          atWhichHeads.push(count.head);
          tell({ during: atWhichHeads.join() });
          await rebuilt(services, it);
        }
      } finally {
        isRebuilt = true;
        await Promise.allSettled([writing, reading]);
      }
      await writing;
      expect(await reading).toEqual([200]);

      await caughtUp(services);
      const { n, types } = await stored(services);
      tell({ events: n, types, projections: projections.length });
      const live = new Map<string, string[]>();
      const uncached = await postgresStore({ connection: services.databaseUrl, tail: { events: 0, bytes: 0 } });
      const compare = async (it: Projection): Promise<void> => {
        const rows = await rowsOf(services, 'accounts', it);
        live.set(it.name, rows);
        expect(rows.length).toBeGreaterThan(0);
        await build(services, 'small_pages', it, inPagesOf(page, uncached, it, services.runtime.vault));
        expectEqual(`${it.name}, page by page`, await rowsOf(services, 'small_pages', it), rows);
        expectEqual(`${it.name}, never rebuilt`, await rowsOf(services, 'follower', it), rows);
      };
      // Several at once: each of their many small pages waits for the disk.
      const left = [...projections];
      const lane = async () => {
        for (let it = left.shift(); it; it = left.shift()) await compare(it);
      };
      await Promise.all(Array.from({ length: BUILT_AT_ONCE }, lane));
      await uncached.close();
      for (const it of projections) {
        await rebuilt(services, it);
        expectEqual(`${it.name}, rebuilt in silence`, await rowsOf(services, 'accounts', it), live.get(it.name)!);
      }

      tell({ rows: [...live.values()].flat().length });
    },
    600_000 + events * 20,
  );

  test('events of every type of every contract were among them', async () => {
    const all = CONTRACTS.flatMap((it) => Object.keys(it.events).map((type) => `${it.name}/${type}`));
    const found = await services.sql<{ stream_id: string; type: string }>(
      `select distinct split_part(stream_id, '-', 1) as stream_id, type from es.events`,
    );
    expect(all.filter((it) => !found.some(({ stream_id, type }) => `${categoryOf(stream_id)}/${type}` === it))).toEqual([]);
  });
});

async function stored({ sql }: TestServices): Promise<{ n: number; types: number }> {
  const [row] = await sql<{ n: number; types: number }>(
    'select count(*)::int as n, count(distinct type)::int as types from es.events',
  );
  return row!;
}

describe('a projection that is not made of the events alone', () => {
  let services: TestServices;
  beforeAll(async () => {
    services = await startTestServices([accountsService]);
    const count = counting(services);
    await write(services, [randomCommands(SEED, 0), randomCommands(SEED, 1)], () => count.head >= 300);
    count.stop();
  }, 60_000);
  afterAll(() => services.stop(), 60_000);

  const saying = (name: string, say: (profile: object) => string): Projection => {
    const saidTable = table(
      name,
      { id: 'uuid', revision: 'int', profile: 'json', said: 'text' },
      { primaryKey: ['id'], groupBy: 'id' },
    );
    return projection({ name, from: [accountContract], table: saidTable })({
      AccountRegistered: (_, { id, revision, data: { industry, revenue } }) => ({
        id,
        revision,
        profile: { revenue, industry },
        said: '',
      }),
      AccountProfileUpdated: (row) => row && { ...row, said: say(row.profile as object) },
    });
  };
  let calls = 0;

  test.each([
    ['of chance', () => String(Math.random())],
    ['of the clock', () => String(performance.now())],
    ['of how often it was called', () => String(++calls)],
    ['of fields that are there and undefined', (profile: object) => String(Object.keys(profile).length)],
    ['of the order of fields, which the database does not keep', (profile: object) => JSON.stringify(profile)],
  ])('is found out: one made %s', async (_, say) => {
    const it = saying('said', say);
    for (const schema of ['whole', 'in_parts']) await services.sql(`drop schema if exists ${schema} cascade`);
    await build(services, 'whole', it, storeFeed(services.store, it.contracts, services.runtime.vault));
    await build(services, 'in_parts', it, inPagesOf(3, services.store, it, services.runtime.vault));
    const whole = await rowsOf(services, 'whole', it);
    expect(whole.length).toBeGreaterThan(10);
    await expect(async () => expectEqual(it.name, await rowsOf(services, 'in_parts', it), whole)).rejects.toThrow();
  });

  test('its honest twin is equal', async () => {
    const it = saying('honest', (profile) => String(Object.values(profile).filter((value) => value !== undefined).length));
    await build(services, 'whole', it, storeFeed(services.store, it.contracts, services.runtime.vault));
    await build(services, 'in_parts', it, inPagesOf(3, services.store, it, services.runtime.vault));
    expectEqual(it.name, await rowsOf(services, 'in_parts', it), await rowsOf(services, 'whole', it));
  });

  test('a single byte is found out', async () => {
    const it = projections[0]!;
    await caughtUp(services);
    const before = await rowsOf(services, 'accounts', it);
    await services.runtime.readDatabase.query(
      `update accounts.account set name = name || ' ' where id = (select id from accounts.account order by id limit 1)`,
    );
    const after = await rowsOf(services, 'accounts', it);
    expect(() => expectEqual(it.name, after, before)).toThrow();
  });
});
