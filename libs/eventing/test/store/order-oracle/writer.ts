// One writing process of the order oracle: `store` appends through the driver with many callers, `transactions` calls the SQL
// from transactions of its own, which roll back, wait, and own a transaction id before they append.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { Conflict, type EventStore, type Expected, LogDamaged } from '../../../src/store/port';
import { postgresStore } from '../../../src/store/postgres/postgres-store';
import type { Attempt, WriterReport } from './attempt';

const [role, url, callers, seconds] = process.argv.slice(2) as [string, string, string, string];
const connection = { connectionString: url, application_name: 'oracle-writer' };
let end = 0;
/** A last append may be sent again for so long. */
let giveUp = 0;

const attempts: Attempt[] = [];
const errors: Record<string, number> = {};
const revisions = new Map<string, number>();
const toResend: Required<Pick<Attempt, 'stream' | 'expected' | 'ids' | 'before'>>[] = [];

type Ask = Pick<Attempt, 'stream' | 'expected' | 'ids' | 'before'>;
type Told = Pick<Attempt, 'answer' | 'revision' | 'position'>;

const chance = (of: number): boolean => Math.random() < of;
const newIds = (): string[] => Array.from({ length: 1 + Math.floor(Math.random() * 4) }, () => randomUUID());

/** 150 streams that all writers share, new ones all the time, and every kind of expectation, right and wrong. */
function pick(): Ask {
  const stream = `shared-${Math.floor(Math.random() * 150)}`;
  const known = revisions.get(stream);
  const ids = newIds();
  const dice = Math.random();
  const again = toResend[Math.floor(Math.random() * toResend.length)];
  if (dice < 0.1 && again) return again;
  if (dice < 0.2) return { stream: `new-${randomUUID()}`, expected: 'none', ids };
  if (dice < 0.32) return { stream, expected: 'any', ids };
  if (dice < 0.42) return { stream, expected: 'exists', ids };
  if (dice < 0.46) return { stream: `missing-${randomUUID()}`, expected: 3, ids };
  if (dice < 0.5 && known !== undefined) return { stream, expected: known + 50, ids };
  return { stream, expected: known ?? 'none', ids }; // exact, and stale whenever another process was quicker
}

function note(ask: Ask, told: Told): void {
  attempts.push({ ...ask, ...told });
  const { revision, position } = told;
  if (revision === undefined || told.answer === 'duplicate') return;
  revisions.set(ask.stream, revision);
  if (
    told.answer === 'appended' &&
    typeof position === 'number' &&
    ask.expected !== 'any' &&
    ask.expected !== 'exists' &&
    chance(0.3)
  ) {
    toResend.push({ ...ask, before: { revision, position } });
    if (toResend.length > 500) toResend.shift();
  }
}

function noteError(error: unknown): void {
  const { message } = error as Error;
  errors[message] = (errors[message] ?? 0) + 1;
}

const repeatable = (ask: Ask): boolean => ask.before === undefined && ask.expected !== 'any' && ask.expected !== 'exists';

async function throughTheStore(store: EventStore): Promise<void> {
  let again: Ask | undefined;
  while (Date.now() < end || (again && Date.now() < giveUp)) {
    const ask: Ask = again ?? pick();
    again = undefined;
    try {
      const events = ask.ids.map((id, i) => ({
        id,
        type: 'T',
        schema: 1,
        data: { i, text: 'x'.repeat(60) },
        metadata: {} as never,
      }));
      const { status, revision, position } = await store.append(ask.stream, ask.expected, events);
      note(ask, { answer: status, revision, position: Number(position) });
    } catch (error) {
      if (error instanceof Conflict) {
        note(ask, { answer: 'conflict', revision: error.actual });
        continue;
      }
      noteError(error);
      note(ask, { answer: 'unknown' });
      if (error instanceof LogDamaged) return;
      if (repeatable(ask)) again = ask;
      await sleep(20);
    }
  }
}

async function inTransactions(): Promise<void> {
  let client = await connected();
  let again: Ask | undefined;
  while (Date.now() < end || (again && Date.now() < giveUp)) {
    const first: Ask = again ?? pick();
    again = undefined;
    const asks =
      first.before || chance(0.85)
        ? [first]
        : [first, { stream: `new-${randomUUID()}`, expected: 'none' as const, ids: newIds() }];
    try {
      await client.query('begin');
      if (chance(0.2)) await client.query('select pg_current_xact_id()'); // older than those that append before it
      if (chance(0.1)) await inSavepoint(client, first);
      const told: Told[] = [];
      for (const ask of asks) told.push(await appendOn(client, ask));
      if (chance(0.05)) await sleep(8);
      if (chance(0.1)) {
        await client.query('rollback');
        asks.forEach((ask, i) => told[i]!.answer === 'appended' && note(ask, { answer: 'rolled back' }));
        if (told[0]!.answer === 'appended' && chance(0.5)) again = first;
      } else {
        await client.query('commit');
        asks.forEach((ask, i) => note(ask, told[i]!));
      }
    } catch (error) {
      noteError(error);
      for (const ask of asks) note(ask, { answer: 'unknown' });
      if (repeatable(first)) again = first;
      await client.end().catch(() => undefined);
      client = await connected();
    }
  }
  await client.end().catch(() => undefined);
}

async function inSavepoint(client: Client, { stream, expected, ids }: Ask): Promise<void> {
  const ask = { stream, expected, ids: ids.map(() => randomUUID()) };
  await client.query('savepoint before');
  const { answer } = await appendOn(client, ask);
  await client.query('rollback to before');
  if (answer === 'appended') note(ask, { answer: 'rolled back' });
}

async function connected(): Promise<Client> {
  for (;;) {
    const client = new Client(connection);
    client.on('error', () => undefined);
    try {
      await client.connect();
      return client;
    } catch {
      await sleep(100);
    }
  }
}

const codeOf = (expected: Expected): number =>
  typeof expected === 'number' ? expected : { none: -1, any: -2, exists: -3 }[expected];

/** The SQL of the store, called as an application would call it that shares a transaction with it. */
async function appendOn(client: Client, { stream, expected, ids }: Ask): Promise<Told> {
  const code = codeOf(expected);
  const one = ids.map(() => 1);
  const json = ids.map((_, i) => JSON.stringify({ i }));
  const batch = await client.query<{ head: string; last: string; refused: boolean }>(
    `select head::text, last[1]::text as last, cardinality(refused) > 0 as refused from es.append_batch($1, $2, $3, $4, $5, $6, $7, $8)`,
    [[stream], [code], one, ids, ids.map(() => 'T'), one, json, json],
  );
  const { head, last, refused } = batch.rows[0]!;
  const revision = Number(last);
  if (!refused) return { answer: 'appended', revision: revision + ids.length, position: Number(head) + ids.length };
  const before = await client.query<{ position: string | null }>(
    'select positions[1]::text as position from es.made_before($1, $2, $3, $4)',
    [[stream], [code], one, ids],
  );
  const { position } = before.rows[0]!;
  if (position !== null) return { answer: 'duplicate', revision: code + ids.length, position: Number(position) };
  return { answer: 'conflict', revision: revision < 0 ? undefined : revision };
}

async function main(): Promise<void> {
  const store = role === 'store' ? await postgresStore({ connection, install: false, limits: { share: 8 } }) : undefined;
  process.send!('ready');
  await once(process, 'message');
  end = Date.now() + Number(seconds) * 1_000;
  giveUp = end + 5_000;
  const writing = Array.from({ length: Number(callers) }, () => (store ? throughTheStore(store) : inTransactions()));
  await Promise.all(writing);
  await store?.close();
  process.send!({ attempts, errors } satisfies WriterReport, () => process.exit(0));
}
void main();
