// Connections to Postgres, one statement on one connection, and what an error says about what is stored.
import { DatabaseError, Pool, type ClientBase, type PoolClient, type PoolConfig } from 'pg';
import { LogDamaged, NotStorable, OutcomeUnknown, Unavailable } from '../port';

export type Connection = string | PoolConfig;

export interface Statement {
  /** Named, so that each connection parses and plans it once. */
  readonly name: string;
  readonly text: string;
}
/** The text of each column, as Postgres writes it. */
export type Row = readonly (string | null)[];

/** Another library in the process may change the parsers of `pg` (one made every int8 a BigInt): these connections have their own. */
const asText = { getTypeParser: () => (text: string) => text };

export interface ConnectionsOptions extends PoolConfig {
  readonly onLost: (error: Error) => void;
}

export class Connections {
  private readonly pool: Pool;
  private readonly asking = new Set<Promise<Row[]>>();
  private closed = false;

  constructor(connection: Connection, { onLost, onConnect, max, ...options }: ConnectionsOptions) {
    const given = typeof connection === 'string' ? { connectionString: connection } : connection;
    this.pool = new Pool({
      connectionTimeoutMillis: 2_000,
      idleTimeoutMillis: 0,
      keepAlive: true,
      ...options,
      ...given, // the timeouts are the operator's to change
      max,
      onConnect,
      types: asText,
    });
    // A client in use has no listener of the pool, an idle pool none of ours: without both a lost connection ends the process.
    this.pool.on('connect', (client) => client.on('error', onLost));
    this.pool.on('error', () => undefined);
  }

  /** @throws Unavailable when there is no connection (nothing was sent), LogDamaged; else what `pg` throws */
  async ask(statement: Statement, values: unknown[] = []): Promise<Row[]> {
    if (this.closed) throw new Unavailable('the store is closed');
    const asking = this.askOne(statement, values);
    this.asking.add(asking);
    try {
      return await asking;
    } finally {
      this.asking.delete(asking);
    }
  }

  private async askOne(statement: Statement, values: unknown[]): Promise<Row[]> {
    let client: PoolClient;
    try {
      client = await this.pool.connect();
    } catch (cause) {
      if (cause instanceof LogDamaged) throw cause;
      throw new Unavailable(`Postgres can not be reached: ${messageOf(cause)}`, { cause });
    }
    let inDoubt = false;
    try {
      return await askOn(client, statement, values);
    } catch (error) {
      inDoubt = isLost(error);
      throw error;
    } finally {
      client.release(inDoubt);
    }
  }

  /** Waits for the answers first: a pool that ends forgets who waits for a connection. */
  async close(): Promise<void> {
    this.closed = true;
    await Promise.allSettled(this.asking);
    await this.pool.end();
  }
}

export async function askOn(client: ClientBase, statement: Statement, values: unknown[] = []): Promise<Row[]> {
  return (await client.query<(string | null)[]>({ ...statement, values, rowMode: 'array' })).rows;
}

const stateOf = (error: unknown): string | undefined => (error instanceof DatabaseError ? error.code : undefined);

/** No word from the server, or its last one on a connection (class 08, 57P, its own errors): what it did is not known. */
const isLost = (error: unknown): boolean => /^(08|57P|58|XX)/.test(stateOf(error) ?? 'XX');

/** Data exceptions, constraints, limits: it is what the statement holds. */
const isRefusedForItsData = (error: unknown): boolean => /^(22|23|54)/.test(stateOf(error) ?? '');

/** An error of a statement that appends, as the port says it. Every other error of the server undid the statement. */
export function appendError(error: unknown): Error {
  if (error instanceof Unavailable || error instanceof LogDamaged) return error;
  const cause = { cause: error };
  if (isLost(error)) return new OutcomeUnknown(`the answer of Postgres was lost: ${messageOf(error)}`, cause);
  if (/^23/.test(stateOf(error)!)) {
    return new Unavailable(`somebody writes to es.events without es.append_batch: ${messageOf(error)}`, cause);
  }
  if (isRefusedForItsData(error)) return new NotStorable(`Postgres can not store this: ${messageOf(error)}`, cause);
  return new Unavailable(`Postgres did not store this: ${messageOf(error)}`, cause);
}

/** Of an error as `appendError` gives it: one append may have spoiled the batch for the others. */
export const isSpoiled = (error: unknown): boolean => isRefusedForItsData((error as Error).cause);

/** An error of a statement that reads, as the port says it. */
export const readError = (error: unknown): Error =>
  error instanceof Unavailable || error instanceof LogDamaged
    ? error
    : new Unavailable(`Postgres could not be read: ${messageOf(error)}`, { cause: error });

/** An error before the store is open: without a server it is worth another try, else somebody must see what Postgres said. */
export const startError = (error: unknown): Error =>
  isLost(error) ? new Unavailable(`Postgres can not be reached: ${messageOf(error)}`, { cause: error }) : (error as Error);

const messageOf = (error: unknown): string => {
  const { message, code } = error as Error & { code?: string };
  return message || code || String(error);
};
