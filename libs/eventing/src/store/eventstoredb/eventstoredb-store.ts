// The log in EventStoreDB: the server orders, subscriptions are pushed, and what it can not promise stands in can-not.ts.
import { isName, toAppend, type Append } from '../append';
import { LogDamaged, NotStorable, OutcomeUnknown, Unavailable, type Appended, type EventStore, type Position } from '../port';
import { ensureLimit, ensureRange } from '../recorded';
import { toldOf } from '../told-of';
import type { Client } from './client';
import { begin, ensureEpoch, epochIn, shows, STORE_STREAM } from './epoch';
import { placeOf } from './positions';
import { ensureReached, Newest, subscription } from './subscription';
import { within } from '../../within';

export interface EventStoreDbOptions {
  /** With user and password, if the server wants them: esdb+discover://user:password@host:2113?tls=true */
  readonly connectionString: string;
  /** Until an append that has no answer is given up: the client itself waits 20 s for a server that stands still. */
  readonly appendWithinMs?: number;
  /** Subscriptions that broke and are begun again: something to log, nothing to do. */
  readonly onError?: (error: Error) => void;
}

const APPEND_WITHIN_MS = 5_000;

/**
 * Opens the store, and names its history if it has no name.
 * @throws Unavailable when there is no server, or it does not let this user in
 */
export async function eventStoreDbStore(options: EventStoreDbOptions): Promise<EventStore> {
  const { connectionString, appendWithinMs = APPEND_WITHIN_MS, onError = ignore } = options;
  const client = connected(connectionString);
  await ensureEpoch(client);
  const newest = new Newest((await client.readLast())!.position);
  const closing = new AbortController();
  const pending = new Set<Promise<unknown>>();
  /** Since an append got no answer, nobody knows whether there is a server. */
  let isDoubtful = false;

  function ensureOpen(): void {
    if (closing.signal.aborted) throw new Unavailable('the store is closed');
  }

  /** Asked before an append is handed over: what was never sent was not written. @throws Unavailable */
  async function ensureThere(): Promise<void> {
    if (!isDoubtful) return;
    await within(appendWithinMs, client.readLast(), () => new Unavailable('the event store does not answer'));
    isDoubtful = false;
  }

  async function append(it: Append): Promise<Appended> {
    await ensureThere();
    try {
      const { revision, position } = await within(
        appendWithinMs,
        toldOf([it], () => client.append(it)),
        () => new OutcomeUnknown(`no answer to an append to ${it.stream} within ${appendWithinMs} ms`),
      );
      const appended = { status: 'appended', revision, position: position ?? (await positionAt(it.stream, revision)) } as const;
      newest.advance(appended.position);
      return appended;
    } catch (error) {
      isDoubtful ||= error instanceof OutcomeUnknown;
      throw error;
    }
  }

  /** Of what is stored for certain. @throws OutcomeUnknown */
  async function positionAt(stream: string, revision: number): Promise<Position> {
    const [last] = await client.readStream(stream, { from: revision, limit: 1 }).catch((cause: Error) => {
      throw new OutcomeUnknown(`an append to ${stream} is stored, but not where: ${cause.message}`, { cause });
    });
    return last!.position;
  }

  let closed: Promise<void> | undefined;
  async function close(): Promise<void> {
    closing.abort();
    await Promise.allSettled(pending);
    await client.close();
  }

  return {
    async append(stream, expected, events) {
      const it = toAppend(stream, expected, events);
      ensureOurs(it);
      ensureOpen();
      const answer = append(it);
      pending.add(answer);
      return answer.finally(() => pending.delete(answer));
    },

    async read(stream, range = {}) {
      ensureOpen();
      ensureRange(range);
      if (!isName(stream)) return [];
      const seen = await client.readStream(stream, range);
      return seen.filter(shows()).map((it) => it.event!);
    },

    async at(position) {
      ensureOpen();
      if (placeOf(position) === undefined) return undefined;
      const [seen] = await client.readAll(position, 1);
      return seen?.position === position && shows()(seen) ? seen.event : undefined;
    },

    async readAll(after, limit, filter) {
      ensureOpen();
      ensureLimit(limit);
      placeOf(after);
      // A read begins with what stands at its place.
      const seen = (await client.readAll(after, limit + 1)).filter((it) => it.position > after).slice(0, limit);
      if (seen.length === 0) await ensureReached(client, after);
      return { events: seen.filter(shows(filter)).map((it) => it.event!), position: seen.at(-1)?.position ?? after };
    },

    async *subscribe(after, signal, filter) {
      ensureOpen();
      placeOf(after);
      yield* subscription({ after, filter, signal: AbortSignal.any([signal, closing.signal]), newest, client, onError });
    },

    async head() {
      ensureOpen();
      const [epoch, last] = await Promise.all([epochIn(client), client.readLast()]);
      if (epoch === undefined || !last) throw new LogDamaged(`the stream ${STORE_STREAM} is gone, which names the history`);
      newest.advance(last.position);
      return { epoch, position: last.position };
    },

    close: () => (closed ??= close()),
  };
}

/** Names a new history. To be called after a restore. @throws Unavailable */
export const newEpoch = (connectionString: string): Promise<string> =>
  withClient(connectionString, async (client) => {
    if ((await epochIn(client)) === undefined) throw new Unavailable('this EventStoreDB has no history yet: start a host on it');
    return begin(client, 'exists');
  });

/** Undefined: nobody has opened this store yet. @throws Unavailable */
export const epochOf = (connectionString: string): Promise<string | undefined> => withClient(connectionString, epochIn);

async function withClient<T>(connectionString: string, use: (client: Client) => Promise<T>): Promise<T> {
  const client = connected(connectionString);
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

/** Loaded when it is needed: a process that keeps its log elsewhere does not have the client in its memory. */
function connected(connectionString: string): Client {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- import() takes no path without an extension, and Jest none with one
  const { connect } = require('./client') as typeof import('./client');
  return connect(connectionString);
}

/** What begins with $ is the server's own, and readers are not shown it. @throws NotStorable */
function ensureOurs({ stream, events }: Append): void {
  if (stream === STORE_STREAM || stream.startsWith('$'))
    throw new NotStorable(`the stream ${stream} is not for events: its name is the store's own`);
  const type = events.find((it) => it.type.startsWith('$'))?.type;
  if (type !== undefined) throw new NotStorable(`an event's type begins with $ only where it is the server's own: ${type}`);
}

const ignore = () => undefined;
