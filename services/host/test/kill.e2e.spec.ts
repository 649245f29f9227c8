// P1, P2, P3, P7 and P8 against the product as it is started: SIGKILL of the host and of its Postgres, under load.
import { accountsService } from '@kams/accounts';
import { projectionsOf } from '@kams/platform';
import { openKeys } from '@kams/platform/config/keys';
import { removeEmbeddedPostgres, runningEmbeddedPostgres } from '@kams/platform/embedded-postgres/embedded-postgres';
import { readPostmasterFile } from '@kams/platform/embedded-postgres/postmaster-file';
import { openDevelopmentIssuer } from '@kams/platform/tokens/development-issuer';
import type { CloudEvent } from '@kams/eventing';
import { dataFolder, freePort, removeFolder, startHost, type TestHost } from '@kams/testing/host';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client as Database } from 'pg';
import { commandIdOf, judge, type Sending, type Stored } from './history';
import { Client } from './load';

const KILLS = Number(process.env['KAMS_TEST_KILLS'] ?? 50);
const SEED = Number(process.env['KAMS_TEST_SEED'] ?? 20_261_125);
const CLIENTS = 8;
/** Within this the product must serve again after a kill, by itself or by a start. */
const SERVES_AGAIN_MS = 60_000;

/** The seed fixes what is sent and what is killed; when, is up to the machine as well. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe(`${KILLS} kills under load`, () => {
  const chance = mulberry32(SEED);
  const clients: Client[] = [];
  const failed = new AbortController();
  let data: string;
  let port: number;
  let host: TestHost;
  let database: Database;
  const tokens = new Map<string, Promise<string>>();

  const postgres = () => join(data, 'postgres');
  const start = () =>
    startHost({ KAMS_DATA: data, KAMS_PORT: String(port), KAMS_LOG_LEVEL: 'error', KAMS_ADMINISTRATORS: '*:*' });
  async function token(subject: string, tenantId: string): Promise<string> {
    const issuer = await openDevelopmentIssuer({ mode: 'development', data });
    const mint = () => issuer.mint({ subject, tenantId });
    if (!tokens.has(subject)) {
      tokens.set(subject, mint());
      setTimeout(() => tokens.delete(subject), 10 * 60_000).unref();
    }
    return tokens.get(subject)!;
  }
  const acknowledged = () => clients.reduce((sum, it) => sum + it.acknowledged, 0);

  async function until(what: string, holds: () => boolean | Promise<boolean>, withinMs = SERVES_AGAIN_MS): Promise<void> {
    for (const end = Date.now() + withinMs; !(await holds()); await sleep(10)) {
      if (Date.now() > end) throw new Error(`${what}: not within ${withinMs} ms; the host said ${host.said().slice(-2_000)}`);
    }
  }

  const kills = {
    async host() {
      await host.end('SIGKILL');
      host = await start();
    },
    async postgres() {
      await until('a Postgres', () => postmaster() !== undefined);
      const pid = postmaster()!;
      process.kill(pid, 'SIGKILL');
      await until('another Postgres', () => ![pid, undefined].includes(postmaster()));
    },
  };
  /** While the server starts, the file may name its host. */
  const postmaster = () => {
    const file = readPostmasterFile(join(postgres(), 'data'));
    return file?.ready ? file.pid : undefined;
  };

  beforeAll(async () => {
    data = await dataFolder();
    port = await freePort();
    host = await start();
  }, 90_000);
  afterAll(async () => {
    failed.abort();
    await database?.end();
    await host?.end();
    await removeEmbeddedPostgres(postgres());
    await removeFolder(data);
  }, 60_000);

  test(
    'lose nothing that was acknowledged, leave nothing half done, and leave projections that equal a rebuild',
    async () => {
      const began = Date.now();
      for (let i = 0; i < CLIENTS; i++) clients.push(new Client({ url: host.url, token, chance, signal: failed.signal }, i));
      await Promise.all(clients.map((it) => it.begin()));

      let isOver = false;
      const load = Promise.all(clients.flatMap((it) => [it.run(() => isOver), it.readOn(() => isOver)]));
      load.catch(() => undefined).finally(() => (isOver = true));
      const plan = Array.from({ length: KILLS }, (_, i) => (i % 2 === 0 ? ('host' as const) : ('postgres' as const)));
      plan.sort(() => chance() - 0.5);
      const outages: number[] = [];
      for (const what of plan) {
        if (isOver) break;
        await sleep(20 + chance() * 500);
        const at = Date.now();
        await kills[what]();
        const before = acknowledged();
        // More than what was on its way, so that the next kill meets a product at work.
        await until(`serving again after a kill of the ${what}`, () => isOver || acknowledged() > before + 3 * CLIENTS);
        outages.push(Date.now() - at);
      }
      const killedFor = Date.now() - began;
      isOver = true;
      await load;

      await until('ready', async () => {
        const ready = await fetch(`${host.url}/health/ready`);
        const { projections } = (await ready.json()) as { projections: { lag: number }[] };
        return ready.ok && projections.every((it) => it.lag === 0);
      });
      const { postgresPassword } = await openKeys(data);
      database = new Database((await runningEmbeddedPostgres(postgres(), postgresPassword.reveal()))!);
      await database.connect();

      const sent = clients.flatMap((it) => it.sent);
      const verdict = judge(sent, await stored());
      const halves = await halfAssessments();
      const missing = await one<string>('select es.missing()::text');
      const holes = await one<string>(
        `select count(*)::text from (select stream_id from es.events group by stream_id having count(*) <> max(revision) + 1) s`,
      );
      const overHttp = await compareWithHttp(sent);
      const rows = await compareWithRebuild();
      const repeats = await sendAgain(sent);
      const faults = clients.flatMap((it) => it.faults);
      const reads = sumOf(clients.map((it) => it.reads));
      outages.sort((a, b) => a - b);

      console.log(
        [
          `P1 P2 P3 P7 P8 kills=${outages.length} (host ${plan.filter((it) => it === 'host').length}, postgres ${plan.filter((it) => it === 'postgres').length})`,
          `acked=${verdict.acknowledged} lost=${verdict.lost} partial=${verdict.partial + halves} otherwise=${verdict.otherwise}`,
          `unanswered=${verdict.unanswered} (stored ${verdict.unansweredStored}) refused=${verdict.refused}`,
          `told-not-stored-but-is=${verdict.storedThoughNot} sent-again=${repeats.sent} doubled=${repeats.doubled} changed=${repeats.changed.length}`,
          `reads-of-own-writes=${reads.shown} (503 ${reads.later}) stale=${reads.stale} faults=${faults.length}`,
          `missing=${missing} http=${overHttp.events} rows=${rows} outage p50=${outages[outages.length >> 1]} max=${outages.at(-1)} ms`,
          `in ${Math.round(killedFor / 1000)} s, all ${Math.round((Date.now() - began) / 1000)} s seed=${SEED}`,
        ].join(' '),
      );
      expect(verdict).toMatchObject({
        lost: 0,
        partial: 0,
        otherwise: 0,
        storedThoughNot: 0,
        storedThoughRefused: 0,
        refused: 0,
      });
      expect({ halves, missing, holes }).toEqual({ halves: 0, missing: '0', holes: '0' });
      expect(overHttp).toMatchObject({ lost: [], different: 0 });
      expect(repeats).toMatchObject({ doubled: 0, changed: [] });
      expect(reads).toMatchObject({ stale: 0 });
      expect(faults).toEqual([]);
      expect(reads.shown).toBeGreaterThan(KILLS);
      expect(outages).toHaveLength(KILLS);
      expect(verdict.acknowledged).toBeGreaterThan(10 * KILLS);
      expect(verdict.unanswered).toBeGreaterThan(0);
      expect(host.said()).not.toMatch(/"level":60|unhandled|Unhandled/);
    },
    120_000 + KILLS * 12_000,
  );

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
        const answer = await fetch(`${host.url}/events?limit=5000${after && `&after=${after}`}`, {
          headers: { authorization: `Bearer ${await token(`reader-${tenantId}`, tenantId)}` },
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
    const admin = { authorization: `Bearer ${await token('operator', 'acme')}` };
    const { rows: tables } = await database.query<{ name: string; pk: string }>(
      `select c.relname as name, string_agg(quote_ident(a.attname), ', ' order by array_position(i.indkey::int2[], a.attnum)) as pk
         from pg_index i join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace
         join pg_attribute a on a.attrelid = c.oid and a.attnum = any(i.indkey)
        where i.indisprimary and n.nspname = 'accounts' and c.relname not in ('checkpoint', 'definition', 'timer_noted') group by 1 order by 1`,
    );
    let count = 0;
    const hashes = async () => {
      const all: Record<string, string> = {};
      count = 0;
      for (const { name, pk } of tables) {
        const { rows } = await database.query<{ row: string }>(`select t::text as row from accounts.${name} t order by ${pk}`);
        count += rows.length;
        all[name] = createHash('sha256')
          .update(rows.map((it) => it.row).join('\n'))
          .digest('hex');
      }
      return all;
    };
    const before = await hashes();
    const names = projectionsOf(accountsService).map((it) => it.name);
    expect(tables).toHaveLength(names.length);
    for (const name of names) {
      const path = `${host.url}/operations/projections/${name}/rebuild`;
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
    const isAnswered = (it: Sending) => it.told.some((told) => told.is === 'stored');
    const open = sent.filter((it) => !isAnswered(it));
    const some = sent.filter((it) => isAnswered(it) && it.path !== '/hierarchy/link').filter(() => chance() < 0.02);
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

/** A bulk answer has a line number besides. */
const placeOf = ({ id, revision, position }: { id: string; revision: number; position: string }) => ({ id, revision, position });
