// P1 and P2, and with them P3, P7 and P8, against the product as it is started: two nodes on one Postgres, which the first of
// them brings with it, and SIGKILL of either node, of all of Postgres and of one session of it, under load.
import { accountsService } from '@kams/accounts';
import { projectionsOf } from '@kams/platform';
import { openKeys } from '@kams/platform/config/keys';
import { removeEmbeddedPostgres } from '@kams/platform/embedded-postgres/embedded-postgres';
import type { CloudEvent } from '@kams/eventing';
import { chance, SEED } from '@kams/testing/faults/chance';
import { faultProxy, type FaultProxy } from '@kams/testing/faults/faultproxy';
import { check, openHistory, pauseAfter, readHistory, type History } from '@kams/testing/faults/history';
import { postgresOf } from '@kams/testing/faults/procs';
import { promised, trials } from '@kams/testing/faults/promise';
import { dataFolder, freePort, removeFolder, startHost, type TestHost } from '@kams/testing/host';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client as Database } from 'pg';
import { tokensOf, type Tokens } from './installation';
import { Client } from './load';
import { commandIdOf, judge, type Sending, type Stored } from './sendings';

const KILLS = trials(50, 200);
const CLIENTS = 8;
/** Within this the product must serve again after a kill, by itself or by a start. */
const SERVES_AGAIN_MS = 60_000;
const READ_EVERY_MS = 30;
const SENT_AGAIN = 1_000;

/** Of twenty kills. */
const TARGETS = {
  'first node': 5,
  'second node': 5,
  'Postgres server': 3,
  'all of Postgres': 3,
  'Postgres session': 4,
};
type Target = keyof typeof TARGETS;

describe(`${KILLS} kills under load`, () => {
  const dice = chance(SEED);
  const clients: Client[] = [];
  const failed = new AbortController();
  let folder: string;
  let data: string;
  let ports: [number, number];
  let nodes: [TestHost, TestHost];
  /** The server comes back at another port whenever its node was killed: the second node finds it by this. */
  let towardsPostgres: FaultProxy;
  let password: string;
  let postgres: ReturnType<typeof postgresOf>;
  let database: Database;
  let history: History;
  let tokens: Tokens;

  const settings = (node: 0 | 1) => ({
    KAMS_DATA: data,
    KAMS_PORT: String(ports[node]),
    KAMS_ADMINISTRATORS: '*:*',
    KAMS_LEASE: '1s', // or else most of an outage is the wait for projections of a host that is dead
  });
  const startFirst = () => startHost(settings(0));
  const startSecond = () =>
    startHost({
      ...settings(1),
      KAMS_POSTGRES_URL: towardsPostgres.through(`postgres://postgres:${encodeURIComponent(password)}@127.0.0.1/postgres`),
    });
  const acknowledged = () => clients.reduce((sum, it) => sum + it.acknowledged, 0);

  const lastWords = async ({ url, said }: (typeof nodes)[number]): Promise<string> =>
    said().slice(-2_000) + (await fetch(`${url}/health/ready`).then((it) => it.text(), String));
  async function until(what: string, holds: () => boolean | Promise<boolean>, withinMs = SERVES_AGAIN_MS): Promise<void> {
    for (const end = Date.now() + withinMs; !(await holds()); await sleep(10)) {
      if (Date.now() > end)
        throw new Error(`${what}: not within ${withinMs} ms; the nodes said ${(await Promise.all(nodes.map(lastWords))).join()}`);
    }
  }
  /** As soon as there is a server that takes connections. */
  async function connected(): Promise<Database> {
    let it: Database | undefined;
    await until('a connection', async () => {
      const url = await postgres.url(password).catch(() => undefined);
      if (url === undefined) return false;
      it = new Database(url);
      it.on('error', () => undefined);
      return it.connect().then(
        () => true,
        () => false,
      );
    });
    return it!;
  }

  const killPostgres = async (which: 'the server' | 'all its processes') => {
    await until('a Postgres', () => postgres.server() !== undefined);
    await postgres.kill(which);
    await until('another Postgres', () => postgres.server() !== undefined);
  };
  const kills: Record<Target, () => Promise<void>> = {
    async 'first node'() {
      await nodes[0].end('SIGKILL');
      nodes[0] = await startFirst();
    },
    async 'second node'() {
      await nodes[1].end('SIGKILL');
      nodes[1] = await startSecond();
    },
    'Postgres server': () => killPostgres('the server'),
    'all of Postgres': () => killPostgres('all its processes'),
    async 'Postgres session'() {
      const asking = await connected();
      const { rows } = await asking.query<{ pid: number }>(
        `select pid from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid() order by state, pid`,
      );
      // The server ends this session too.
      await postgres.killSession(rows[Math.floor(dice.next() ** 2 * rows.length)]!.pid);
      await asking.end().catch(() => undefined);
    },
  };
  function plan(): Target[] {
    const weights = Object.entries(TARGETS) as [Target, number][];
    const twenty = weights.flatMap(([target, times]) => Array<Target>(times).fill(target));
    return Array.from({ length: Math.ceil(KILLS / 20) }, () => dice.shuffled(twenty))
      .flat()
      .slice(0, KILLS);
  }

  beforeAll(async () => {
    folder = await dataFolder();
    data = join(folder, 'data');
    ports = [await freePort(), await freePort()];
    history = openHistory(join(folder, 'history.ndjson'));
    postgres = postgresOf(join(data, 'postgres'));
    towardsPostgres = await faultProxy(() => `tcp://127.0.0.1:${postgres.port() ?? 1}`, SEED);
    const first = await startFirst();
    password = (await openKeys(data)).postgresPassword.reveal();
    tokens = tokensOf(data);
    nodes = [first, await startSecond()];
  }, 90_000);
  afterAll(async () => {
    failed.abort();
    await database?.end();
    try {
      await nodes?.[1].end();
    } finally {
      await nodes?.[0].end();
    }
    await towardsPostgres?.close();
    await removeEmbeddedPostgres(join(data, 'postgres'));
    await removeFolder(folder);
  }, 240_000);

  promised(
    'P1 P2',
    'kills lose nothing that was acknowledged, leave nothing half done or refused, and projections that equal a rebuild',
    async (tell) => {
      const began = Date.now();
      const urls = nodes.map((it) => it.url);
      const load = { urls, tokens, history, shared: new Map(), chance: dice.next, signal: failed.signal };
      for (let i = 0; i < CLIENTS; i++) clients.push(new Client(load, i));
      let begun = 0;
      const beginning = Promise.all(clients.map((it) => it.begin().then(() => begun++)));
      beginning.catch(() => failed.abort());
      await until('every client at work', () => failed.signal.aborted || begun === CLIENTS);
      await beginning;

      let isOver = false;
      const loading = Promise.all([
        ...clients.flatMap((it) => [it.run(() => isOver), it.readOn(() => isOver)]),
        readStreams(() => isOver),
      ]);
      loading.catch(() => undefined).finally(() => (isOver = true));
      const outages: number[] = [];
      for (const what of plan()) {
        if (isOver) break;
        await sleep(20 + dice.next() * 500);
        const at = Date.now();
        await kills[what]();
        const before = acknowledged();
        // More than what was on its way, so that the next kill meets a product at work.
        await until(`serving again after a kill of ${what}`, () => isOver || acknowledged() > before + 3 * CLIENTS);
        outages.push(Date.now() - at);
      }
      isOver = true;
      await loading;
      const killedForS = Math.round((Date.now() - began) / 1_000);

      for (const { url } of nodes) {
        await until('ready', async () => {
          const ready = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(10_000) });
          const { projections } = (await ready.json()) as { projections: { lag: number }[] };
          return ready.ok && projections.every((it) => it.lag === 0);
        });
      }
      database = await connected();

      const sent = clients.flatMap((it) => it.sent);
      const verdict = judge(sent, await stored());
      const halves = await halfAssessments();
      const missing = Number(await one<string>('select es.missing()::text'));
      const holes = Number(
        await one<string>(
          `select count(*)::text from (select stream_id from es.events group by stream_id having count(*) <> max(revision) + 1) s`,
        ),
      );
      outages.sort((a, b) => a - b);
      tell({
        kills: outages.length,
        acked: verdict.acknowledged,
        lost: verdict.lost,
        partial: verdict.partial + halves,
        otherwise: verdict.otherwise,
        'stored-though-not': verdict.storedThoughNot,
        refused: verdict.refusedForOthers,
        'stored-though-refused': verdict.storedThoughRefused,
        unanswered: `${verdict.unanswered}(${verdict.unansweredStored}-stored)`,
        missing: missing + holes,
      });

      const overHttp = await compareWithHttp(sent);
      const rows = await compareWithRebuild();
      const repeats = await sendAgain(sent);
      await readAll();
      await history.close();
      const { faults: broken, lists, reads: readings } = check(await readHistory(history.file));
      const faults = clients.flatMap((it) => it.faults);
      const reads = sumOf(clients.map((it) => it.reads));
      tell({
        'sent-again': repeats.sent,
        doubled: repeats.doubled,
        changed: repeats.changed.length,
        'reads-of-own-writes': `${reads.shown}(${reads.later}-later)`,
        stale: reads.stale,
        history: `${lists}x${readings}`,
        broken: broken.length,
        faults: faults.length,
        http: overHttp.events,
        rows,
        'outage-ms': `${outages[outages.length >> 1]}/${outages.at(-1)}`,
        seconds: `${killedForS}/${Math.round((Date.now() - began) / 1_000)}`,
      });
      expect(verdict).toMatchObject({
        lost: 0,
        partial: 0,
        otherwise: 0,
        storedThoughNot: 0,
        storedThoughRefused: 0,
        refused: 0,
      });
      expect({ halves, missing, holes, broken }).toEqual({ halves: 0, missing: 0, holes: 0, broken: [] });
      expect(overHttp).toMatchObject({ lost: [], different: 0 });
      expect(repeats).toMatchObject({ doubled: 0, changed: [] });
      expect(reads).toMatchObject({ stale: 0 });
      expect(faults).toEqual([]);
      expect(reads.shown).toBeGreaterThan(KILLS);
      expect(outages).toHaveLength(KILLS);
      expect(verdict.acknowledged).toBeGreaterThan(10 * KILLS);
      for (const it of [verdict.unanswered, verdict.refusedForOthers]) expect(it).toBeGreaterThan(0);
      for (const it of nodes) expect(it.said()).not.toMatch(/"level":60|unhandled|Unhandled/);
    },
    120_000 + KILLS * 20_000,
  );

  /** Streams as their own readers see them, all the time, and in every outage. */
  async function readStreams(enough: () => boolean): Promise<void> {
    let reading: Database | undefined;
    for (let values = 0; !enough(); await sleep(pauseAfter(values, READ_EVERY_MS))) {
      try {
        reading ??= await connected();
        const stream = dice.of(clients.flatMap((it) => it.streams()));
        const told = history.read(stream);
        const { rows } = await reading.query<{ id: string }>(
          `select metadata->>'commandId' as id from es.events where stream_id = $1 order by revision`,
          [stream],
        );
        told(commandsOf(rows));
        values = rows.length;
      } catch {
        await reading?.end().catch(() => undefined);
        reading = undefined;
      }
    }
    await reading?.end();
  }

  /** Every stream that anybody wrote to, as it is in the end. */
  async function readAll(): Promise<void> {
    const streams = [...new Set(clients.flatMap((it) => it.sent.map(({ stream }) => stream)))];
    const told = new Map(streams.map((it) => [it, history.read(it)]));
    const { rows } = await database.query<{ stream: string; id: string }>(
      `select stream_id as stream, metadata->>'commandId' as id from es.events order by stream_id, revision`,
    );
    const byStream = new Map<string, { id: string }[]>();
    for (const row of rows) {
      const before = byStream.get(row.stream);
      if (before) before.push(row);
      else byStream.set(row.stream, [row]);
    }
    for (const [stream, tell] of told) tell(commandsOf(byStream.get(stream) ?? []));
  }

  async function one<T>(sql: string): Promise<T> {
    const { rows } = await database.query<T[]>({ text: sql, rowMode: 'array' });
    return rows[0]![0]!;
  }

  /** What each command left in the log. */
  async function stored(): Promise<ReadonlyMap<string, Stored>> {
    const { rows } = await database.query<Stored>(
      `select metadata->>'commandId' as "commandId", count(distinct stream_id)::int as streams, count(*)::int as events,
              min(revision)::int as first, max(revision)::int as revision, max(position)::text as position
         from es.events group by 1`,
    );
    return new Map(rows.map((it) => [it.commandId, it]));
  }

  /** An assessment that moves the tier is two events: the score, and the move. */
  const halfAssessments = () =>
    one<number>(
      `select count(*)::int from (
         select metadata->>'commandId',
                bool_or(type = 'AccountScored' and data->>'cause' in ('placed', 'promoted', 'demoted') and data->>'needsApproval' = 'false') as moves,
                bool_or(type = 'AccountTierChanged') as moved
           from es.events where type in ('AccountScored', 'AccountTierChanged') group by 1) a where moves <> moved`,
    );

  /** The public events of each tenant, read over HTTP from the first one on, against the log; and every acknowledged one is among them. */
  async function compareWithHttp(sent: readonly Sending[]) {
    const found = new Map<string, CloudEvent>();
    let different = 0;
    for (const tenantId of new Set(sent.map((it) => it.tenantId))) {
      const inOrder: string[] = [];
      for (let after = ''; ;) {
        const answer = await fetch(`${nodes[1].url}/events?limit=5000${after && `&after=${after}`}`, {
          headers: { authorization: `Bearer ${await tokens(`reader-${tenantId}`, tenantId)}` },
        });
        const lines = (await answer.text()).split('\n').filter((it) => it !== '');
        if (lines.length === 0) break;
        for (const line of lines) {
          const event = JSON.parse(line) as CloudEvent;
          found.set(event.causationid, event);
          inOrder.push(event.id);
          after = `${event.storeepoch}.${Number(event.globalpos)}`;
        }
      }
      const { rows } = await database.query<{ event_id: string }>(
        `select event_id from es.events
          where metadata->>'tenantId' = $1 and type not in ('CriterionRated', 'KeyClaimed', 'KeyReleased', 'ScoringModelDrafted')
          order by position`,
        [tenantId],
      );
      if (rows.map((it) => it.event_id).join() !== inOrder.join()) different++;
    }
    const isRating = ({ path, body }: Sending) =>
      path.endsWith('/rate-criterion') || (body as { command?: string }).command === 'RateCriterion';
    const opensModel = ({ path }: Sending) => path === '/scoring-models';
    const lost = sent.filter(
      (it) =>
        it.told.some((told) => told.is === 'stored' && told.body.outcome !== 'unchanged') &&
        !isRating(it) &&
        !opensModel(it) &&
        !found.has(commandIdOf(it)),
    );
    return { events: found.size, lost: lost.map((it) => it.key), different };
  }

  /** Every projection, rebuilt now, has the rows that it had. */
  async function compareWithRebuild(): Promise<number> {
    const admin = { authorization: `Bearer ${await tokens('operator', 'acme')}` };
    const projections = projectionsOf(accountsService);
    let count = 0;
    const hashes = async () => {
      const all: Record<string, string> = {};
      count = 0;
      for (const { table } of projections) {
        const order = table.primaryKey.join(', ');
        const { rows } = await database.query<{ row: string }>(
          `select t::text as row from accounts.${table.name} t order by ${order}`,
        );
        count += rows.length;
        all[table.name] = createHash('sha256')
          .update(rows.map((it) => it.row).join('\n'))
          .digest('hex');
      }
      return all;
    };
    const before = await hashes();
    for (const { name } of projections) {
      const path = `${nodes[0].url}/operations/projections/${name}/rebuild`;
      expect((await fetch(path, { method: 'POST', headers: admin })).status).toBe(202);
      let state = 'running';
      await until(`${name} rebuilt`, async () => {
        ({ state } = (await (await fetch(path, { headers: admin })).json()) as { state: string });
        return state !== 'running';
      });
      expect(state).toBe('done');
    }
    expect(await hashes()).toEqual(before);
    return count;
  }

  /** With the same key: what was answered is answered again, and what was not gets one result; nothing is stored twice. */
  async function sendAgain(sent: readonly Sending[]) {
    const before = await stored();
    const lengths = new Map<string, number>();
    for (const { stream } of sent) lengths.set(stream, (lengths.get(stream) ?? 0) + 1);
    /** A repeat is recognised within the last 1,000 events of its stream. */
    const isRemembered = (it: Sending) => lengths.get(it.stream)! < 900;
    const isAnswered = (it: Sending) => it.told.some((told) => told.is === 'stored');
    const unanswered = sent.filter((it) => !isAnswered(it));
    // All that are stored, and of those that are not as many as the time allows: most never reached a node.
    const open = unanswered
      .filter((it) => before.has(commandIdOf(it)) || dice.next() < SENT_AGAIN / unanswered.length)
      .filter(isRemembered);
    const some = sent.filter((it) => isAnswered(it) && isRemembered(it)).filter(() => dice.next() < 0.02);
    const left = [...open, ...some];
    const changed: object[] = [];
    const resending = async () => {
      for (let it = left.pop(); it; it = left.pop()) {
        const client = clients.find((one) => one.subject === it!.subject)!;
        const first = it.told.find((told) => told.is === 'stored');
        const told = await client.sendOnce(it);
        const again = await client.sendOnce(it);
        const same = (a: typeof told | undefined, b: typeof told) =>
          // Where nothing was to be done nothing was kept: it is decided again.
          a?.is !== 'stored' ||
          a.body.outcome === 'unchanged' ||
          (b.is === 'stored' && JSON.stringify(placeOf(a.body)) === JSON.stringify(placeOf(b.body)));
        if (!same(first, told) || !same(told, again)) changed.push({ key: it.key, path: it.path, first, told, again });
      }
    };
    await Promise.all(Array.from({ length: 16 }, resending));
    const after = await stored();
    const doubled = [...open, ...some].filter((it) => {
      const [was, is] = [before.get(commandIdOf(it)), after.get(commandIdOf(it))];
      return (was && is?.events !== was.events) || (is && (is.streams !== 1 || is.revision - is.first + 1 !== is.events));
    }).length;
    return { sent: open.length + some.length, changed, doubled };
  }
});

const sumOf = <K extends string>(all: readonly Readonly<Record<K, number>>[]): Record<K, number> =>
  all.reduce(
    (sum, it) =>
      Object.fromEntries(Object.entries<number>(it).map(([name, n]) => [name, (sum[name as K] ?? 0) + n])) as Record<K, number>,
    {} as Record<K, number>,
  );

/** The commands in the order of their events; those of one command stand together, or it is there twice. */
const commandsOf = (events: readonly { readonly id: string }[]): string[] =>
  events.map((it) => it.id).filter((id, i, all) => id !== all[i - 1]);

/** A bulk answer has a line number besides. */
const placeOf = ({ id, revision, position }: { id: string; revision: number; position: string }) => ({ id, revision, position });
