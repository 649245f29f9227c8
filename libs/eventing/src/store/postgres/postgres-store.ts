// The log in Postgres: one lock, group commit, positions in commit order without holes.
import type { ClientBase } from 'pg';
import { isName, toAppend } from '../append';
import { follow } from '../follow';
import { Unavailable, type EventStore, type Filter, type Page, type Position } from '../port';
import { ensureLimit, ensureRange, numberOf, wants } from '../recorded';
import { batchLog } from './appending';
import { Connections, type Connection } from './connection';
import { GroupCommit, LIMITS, type Limits } from './group-commit';
import { History } from './history';
import { ensureUsable, install } from './install';
import { readAt, readPage } from './reading';
import { ROLES, workAs } from './roles';
import { StreamReader } from './stream-reading';
import { Tail, type TailLimits } from './tail';

export interface PostgresStoreOptions {
  /** A URL, or what `pg` takes for a pool. */
  readonly connection: Connection;
  /** Connections for reading; those for appending are `limits.calls` and one more. */
  readonly poolSize?: number;
  /** Makes the schema or brings it up to date; without it a store of another version is refused. */
  readonly install?: boolean;
  readonly limits?: Partial<Limits>;
  readonly tail?: TailLimits;
  /** Lost connections and reads that are tried again: something to log, nothing to do. */
  readonly onError?: (error: Error) => void;
}

export interface PostgresStore extends EventStore {
  /** Answers by kind and calls since the start, and how many appends have no answer yet. */
  counts(): Readonly<GroupCommit['counts']>;
}

/** Of one page of a subscription. */
const PAGE_EVENTS = 1_000;
/** An open transaction that has appended stops all writers: none may live long. The client waits a little longer than the server. */
const APPENDING = {
  lock_timeout: 5_000,
  idle_in_transaction_session_timeout: 5_000,
  statement_timeout: 10_000,
  query_timeout: 12_000,
};
const READING = { statement_timeout: 30_000, query_timeout: 32_000 };

/**
 * Opens the store, and makes its schema if it is not there.
 * @throws StoreRefused when the server or the schema must not be used, Unavailable when there is no server
 */
export async function postgresStore(options: PostgresStoreOptions): Promise<PostgresStore> {
  const { connection, poolSize = 8, tail: tailLimits = { events: 20_000, bytes: 32_000_000 }, onError = ignore } = options;
  const limits = { ...LIMITS, ...options.limits };
  if (options.install ?? true) await install(connection);
  await ensureUsable(connection);

  const closing = new AbortController();
  const history = new History();
  const becomeAppender = workAs(ROLES.append);
  const onConnect = async (client: ClientBase) => {
    await becomeAppender(client);
    await history.verify(client);
  };
  const writing = new Connections(connection, { ...APPENDING, max: limits.calls + 1, onConnect, onLost: onError });
  const reading = new Connections(connection, {
    ...READING,
    max: poolSize,
    connectionTimeoutMillis: 5_000,
    onConnect,
    onLost: onError,
  });
  const tail = new Tail(tailLimits);
  const commits = new GroupCommit(batchLog(writing, history, tail), limits);
  const streams = new StreamReader(reading);

  function ensureOpen(): void {
    if (closing.signal.aborted) throw new Unavailable('the store is closed');
    history.head.ensureSound();
  }

  let closed: Promise<void> | undefined;
  async function close(): Promise<void> {
    closing.abort();
    await commits.idle();
    await Promise.all([writing.close(), reading.close()]);
  }

  async function readAll(after: Position, limit: number, filter?: Filter): Promise<Page> {
    ensureOpen();
    ensureLimit(limit);
    const start = numberOf(after);
    const kept = tail.page(start, limit, wants(filter));
    if (kept) return kept;
    const page = await readPage(reading, start, limit, filter);
    if (page.position === after) await history.ensureReached(reading, start);
    return page;
  }

  return {
    async append(stream, expected, events) {
      const append = toAppend(stream, expected, events);
      ensureOpen();
      return commits.append(append);
    },

    async read(stream, range = {}) {
      ensureOpen();
      ensureRange(range);
      return isName(stream) ? streams.read(stream, range) : [];
    },

    async at(position) {
      ensureOpen();
      return readAt(reading, position); // never from the tail: the question is what the server has
    },

    readAll,

    async *subscribe(after, signal, filter) {
      ensureOpen();
      const unfollow = history.follow(reading, closing.signal, onError);
      try {
        yield* follow({
          after,
          signal: AbortSignal.any([signal, closing.signal]),
          head: history.head,
          ensureReached: (at) => history.ensureReached(reading, numberOf(at)),
          read: (at) => readAll(at, PAGE_EVENTS, filter),
          onError,
        });
      } finally {
        unfollow();
      }
    },

    async head() {
      ensureOpen();
      return history.look(reading);
    },

    counts: () => ({ ...commits.counts }),

    close: () => (closed ??= close()),
  };
}

const ignore = () => undefined;
