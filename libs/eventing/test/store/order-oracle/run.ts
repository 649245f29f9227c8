// Writers in processes of their own, connections that are killed, two readers that never stop, and a verdict.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startWorker, type Proc } from '@kams/testing/faults/procs';
import { freshDatabase } from '@kams/testing/postgres';
import { Client } from 'pg';
import { START } from '../../../src/store/port';
import { install } from '../../../src/store/postgres/install';
import { postgresStore } from '../../../src/store/postgres/postgres-store';
import type { Attempt, WriterReport } from './attempt';
import { type StoredRow, type Verdict, verdict } from './verdict';

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
  const writers: Writer[] = [];
  const stopping = new AbortController();
  const client = new Client(url);
  try {
    await install(url);
    await client.connect();
    await sabotage?.(client);
    for (const [role, callers] of WRITERS) writers.push(new Writer([role, url, String(callers), String(seconds)]));
    await Promise.all(writers.map((it) => it.ready));

    const polling = pollingReader(url, stopping.signal);
    const following = followingReader(url, stopping.signal);
    const writing = Promise.all(writers.map((it) => it.write()));
    const kills = await killWhile(client, writing);
    const reports = await writing;

    const log = await storedRows(client);
    const readers = [polling, following];
    await untilAllIsSeen(readers, log.length);
    stopping.abort();
    await Promise.all(readers.map((it) => it.ended));

    const attempts: Attempt[] = reports.flatMap((it) => it.attempts);
    const { rows } = await client.query<{ missing: string; deadlocks: string }>(
      `select es.missing()::text as missing, deadlocks::text from pg_stat_database where datname = current_database()`,
    );
    const { missing, deadlocks } = rows[0]!;
    const found = verdict(
      log,
      readers.map((it) => it.seen),
      attempts,
    );
    return {
      ...found,
      failures: missing === '0' ? found.failures : { ...found.failures, 'es.missing() is not 0': Number(missing) },
      events: log.length,
      answers: sum(attempts.map((it) => ({ [it.before ? `${it.answer} (sent again)` : it.answer]: 1 }))),
      errors: sum(reports.map((it) => it.errors)),
      kills,
      deadlocks: Number(deadlocks),
      stopped: following.stopped,
    };
  } finally {
    stopping.abort();
    for (const it of writers) it.end();
    await client.end();
    await drop();
  }
}

/** A reader that came no further for so long has seen all that it will ever see. On a busy machine one may lag by seconds. */
const STANDS_STILL_MS = 5_000;

async function untilAllIsSeen(readers: readonly Reader[], events: number): Promise<void> {
  let [before, since] = [-1, Date.now()];
  while (readers.some((it) => it.seen.length < events && !it.stopped)) {
    const seen = readers.reduce((sum, it) => sum + it.seen.length, 0);
    if (seen !== before) [before, since] = [seen, Date.now()];
    else if (Date.now() - since > STANDS_STILL_MS) return;
    await sleep(10);
  }
}

class Writer {
  readonly ready: Promise<unknown>;
  private readonly worker: Proc;

  constructor(args: readonly string[]) {
    this.worker = startWorker(join(__dirname, 'writer.ts'), { args });
    this.ready = this.worker.message();
  }

  write(): Promise<WriterReport> {
    this.worker.send('go');
    return this.worker.message();
  }

  end(): void {
    this.worker.signal('SIGKILL');
  }
}

interface Reader {
  readonly seen: readonly string[];
  /** Why it stopped by itself. */
  readonly stopped: string | undefined;
  readonly ended: Promise<void>;
}

/** `read` shows what it gets. */
function reader(read: (show: (id: string) => void) => Promise<void>): Reader {
  const seen: string[] = [];
  const it = { seen, stopped: undefined as string | undefined, ended: Promise.resolve() };
  it.ended = read((id) => seen.push(id)).catch((error: Error) => void (it.stopped = error.message));
  return it;
}

/** The plainest reader there can be: what comes after the last position that it saw. */
const pollingReader = (url: string, signal: AbortSignal): Reader =>
  reader(async (show) => {
    const client = new Client(url);
    await client.connect();
    for (let at = 0; !signal.aborted;) {
      const { rows } = await client.query<{ position: string; event_id: string }>({
        name: 'poll',
        text: 'select e.position::text, e.event_id from es.events e where e.position > $1 order by e.position limit 500',
        values: [at],
      });
      for (const row of rows) show(row.event_id);
      at = Number(rows.at(-1)?.position ?? at);
      if (rows.length === 0) await sleep(1);
    }
    await client.end();
  });

/** A subscription of the store, in a process that does not write. */
const followingReader = (url: string, signal: AbortSignal): Reader =>
  reader(async (show) => {
    const store = await postgresStore({ connection: url });
    try {
      for await (const page of store.subscribe(START, signal)) for (const { id } of page.events) show(id);
    } finally {
      await store.close();
    }
  });

/** Cuts a connection of a writer every 300 ms. */
async function killWhile(client: Client, writing: Promise<unknown>): Promise<number> {
  let kills = 0;
  let done = false;
  const finish = () => void (done = true);
  writing.then(finish, finish);
  while (!done) {
    const { rowCount } = await client.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
        where application_name = 'oracle-writer' and datname = current_database() order by random() limit 1`,
    );
    kills += rowCount ?? 0;
    await Promise.race([writing.catch(() => undefined), sleep(300)]);
  }
  return kills;
}

async function storedRows(client: Client): Promise<StoredRow[]> {
  const { rows } = await client.query<{ position: string; stream_id: string; revision: string; event_id: string }>(
    'select e.position::text, e.stream_id, e.revision::text, e.event_id from es.events e order by e.position',
  );
  return rows.map((it) => ({
    position: Number(it.position),
    stream: it.stream_id,
    revision: Number(it.revision),
    id: it.event_id,
  }));
}

function sum(counts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const it of counts) for (const [key, n] of Object.entries(it)) total[key] = (total[key] ?? 0) + n;
  return total;
}
