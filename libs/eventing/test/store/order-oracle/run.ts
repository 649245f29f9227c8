// Writers in processes of their own, connections that are killed, two readers that never stop, and a verdict.
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freshDatabase } from '@kams/testing/postgres';
import { Client } from 'pg';
import { START } from '../../../src/store/port';
import { install } from '../../../src/store/postgres/install';
import { postgresStore, type PostgresStore } from '../../../src/store/postgres/postgres-store';
import type { Attempt, WriterReport } from './attempt';
import { type StoredRow, type Verdict, verdict } from './verdict';

const ROOT = join(__dirname, '../../../../..');
/** Processes, and callers in each. */
const WRITERS = [
  ['transactions', 12],
  ['store', 48],
  ['store', 48],
  ['store', 48],
] as const;

export interface Outcome extends Verdict {
  readonly events: number;
  readonly answers: Readonly<Record<string, number>>;
  readonly errors: Readonly<Record<string, number>>;
  readonly kills: number;
  readonly deadlocks: number;
  /** Of the reader that uses the store, when it stopped by itself. */
  readonly stopped: string | undefined;
}

/** `sabotage`: SQL that breaks the store before the writers start. */
export async function runOracle({
  seconds,
  sabotage,
}: {
  seconds: number;
  sabotage?: (client: Client) => Promise<void>;
}): Promise<Outcome> {
  const { url, drop } = await freshDatabase();
  await install(url);
  const client = new Client(url);
  await client.connect();
  await sabotage?.(client);
  const store = await postgresStore({ connection: url });
  try {
    const polling = pollingReader(url);
    const following = followingReader(store);
    const killing = killer(client);
    const reports = await Promise.all(WRITERS.map(([role, callers]) => writer(role, url, callers, seconds)));
    const kills = await killing.stop();

    const log = await storedRows(client);
    const shown = [await polling.stop(log.length), await following.stop(log.length)];
    const attempts: Attempt[] = reports.flatMap((it) => it.attempts);
    const { rows } = await client.query<{ missing: string }>('select es.missing()::text as missing');
    const { failures, ...found } = verdict(log, shown, attempts);
    return {
      ...found,
      failures: Number(rows[0]!.missing) === 0 ? failures : { ...failures, 'es.missing() is not 0': Number(rows[0]!.missing) },
      events: log.length,
      answers: sum(attempts.map((it) => ({ [it.before ? `${it.answer} (sent again)` : it.answer]: 1 }))),
      errors: sum(reports.map((it) => it.errors)),
      kills,
      deadlocks: await deadlocks(client),
      stopped: following.stopped(),
    };
  } finally {
    await store.close();
    await client.end();
    await drop();
  }
}

function writer(role: string, url: string, callers: number, seconds: number): Promise<WriterReport> {
  return new Promise((resolve, reject) => {
    const child = fork(join(__dirname, 'writer.ts'), [role, url, String(callers), String(seconds)], {
      cwd: ROOT,
      execArgv: ['--require', require.resolve('@swc-node/register')],
      serialization: 'advanced',
    });
    child.on('message', (report) => resolve(report as WriterReport));
    child.on('exit', (code) => reject(new Error(`a writer ended with ${code}`)));
  });
}

/** The plainest reader there can be: what comes after the last position that it saw. */
function pollingReader(url: string) {
  const seen: string[] = [];
  let enough = Infinity;
  let deadline = Infinity;
  const reading = (async () => {
    const client = new Client(url);
    await client.connect();
    for (let at = 0; seen.length < enough && Date.now() < deadline;) {
      const { rows } = await client.query<{ position: string; event_id: string }>({
        name: 'poll',
        text: 'select position::text, event_id from es.events where position > $1 order by es.events.position limit 500',
        values: [at],
      });
      for (const row of rows) seen.push(row.event_id);
      at = Number(rows.at(-1)?.position ?? at);
      if (rows.length === 0) await sleep(1);
    }
    await client.end();
    return seen;
  })();
  return {
    stop(total: number) {
      enough = total;
      deadline = Date.now() + 3_000;
      return reading;
    },
  };
}

/** A subscription of the store, in a process that does not write: it polls. */
function followingReader(store: PostgresStore) {
  const seen: string[] = [];
  const stopping = new AbortController();
  let stopped: string | undefined;
  const reading = (async () => {
    for await (const page of store.subscribe(START, stopping.signal)) for (const { id } of page.events) seen.push(id);
  })().catch((error: Error) => (stopped = error.message));
  return {
    stopped: () => stopped,
    async stop(total: number) {
      for (const deadline = Date.now() + 5_000; seen.length < total && !stopped && Date.now() < deadline;) await sleep(10);
      stopping.abort();
      await reading;
      return seen;
    },
  };
}

function killer(client: Client) {
  let stopped = false;
  let kills = 0;
  const killing = (async () => {
    for (; !stopped; await sleep(300)) {
      const { rowCount } = await client.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
          where application_name = 'oracle-writer' and datname = current_database() order by random() limit 1`,
      );
      kills += rowCount ?? 0;
    }
  })();
  return {
    async stop() {
      stopped = true;
      await killing;
      return kills;
    },
  };
}

async function storedRows(client: Client): Promise<StoredRow[]> {
  const { rows } = await client.query<{ position: string; stream_id: string; revision: string; event_id: string }>(
    'select position::text, stream_id, revision::text, event_id from es.events order by es.events.position',
  );
  return rows.map((it) => ({
    position: Number(it.position),
    stream: it.stream_id,
    revision: Number(it.revision),
    id: it.event_id,
  }));
}

async function deadlocks(client: Client): Promise<number> {
  const { rows } = await client.query<{ deadlocks: string }>(
    'select deadlocks::text from pg_stat_database where datname = current_database()',
  );
  return Number(rows[0]!.deadlocks);
}

function sum(counts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const it of counts) for (const [key, n] of Object.entries(it)) total[key] = (total[key] ?? 0) + n;
  return total;
}
