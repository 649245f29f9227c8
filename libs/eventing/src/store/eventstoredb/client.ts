// The one file that knows the client: to take its successor, @kurrent/kurrentdb-client, is to change this file. (Both can not be
// loaded in one process: they write to the same global table of messages.)
import {
  AccessDeniedError,
  ANY,
  BACKWARDS,
  END,
  EventStoreDBClient,
  excludeSystemEvents,
  FORWARDS,
  isCommandError,
  jsonEvent,
  MaxAppendSizeExceededError,
  NO_STREAM,
  START as LOG_START,
  STREAM_EXISTS,
  StreamDeletedError,
  StreamNotFoundError,
  streamNameFilter,
  UnknownError,
  WrongExpectedVersionError,
  type AllStreamResolvedEvent,
  type ResolvedEvent,
  type StreamingRead,
} from '@eventstore/db-client';
import type { Duplex } from 'node:stream';
import type { Append } from '../append';
import {
  Conflict,
  LogDamaged,
  NotStorable,
  OutcomeUnknown,
  Unavailable,
  type Expected,
  type Metadata,
  type Position,
  type ReadOptions,
  type Recorded,
} from '../port';
import { shared } from '../recorded';
import { placeOf, positionOf } from './positions';
import { within } from '../../within';

/** What was looked at. Without `event` it is none of ours: the system's, or another application's. */
export interface Seen {
  readonly position: Position;
  readonly event?: Recorded;
}

export interface Answer {
  /** Of the last event of the append. */
  readonly revision: number;
  /** Missing when the server does not remember where a repeat stands. */
  readonly position?: Position;
}

export interface Listener {
  /** Something can be taken, or the source has failed. */
  arrived(): void;
  /** Everything up to here was sent; what is waiting is not taken yet. */
  checkpoint(position: Position): void;
  /** The server sends what happens from now on; what is waiting is not taken yet. */
  caughtUp(): void;
}

/** What a subscription has brought. */
export interface Source {
  /** What has arrived and was not taken. */
  waiting(): number;
  /** @throws Unavailable when nothing more will come */
  take(most: number): Seen[];
  close(): void;
}

export interface Client {
  /** @throws Conflict, NotStorable, Unavailable (nothing was written), OutcomeUnknown */
  append(append: Append): Promise<Answer>;
  /** @throws Unavailable, LogDamaged */
  readStream(stream: string, range: ReadOptions): Promise<readonly Seen[]>;
  /** The first `count` of what stands at `from` or behind it. @throws Unavailable */
  readAll(from: Position, count: number): Promise<readonly Seen[]>;
  /** The last of the log. @throws Unavailable */
  readLast(): Promise<Seen | undefined>;
  /** What comes after a position; with `categories` the server leaves out what belongs to none of them, or to few more. */
  subscribe(after: Position, categories: readonly string[] | undefined, listener: Listener): Source;
  close(): Promise<void>;
}

/** Until a read is given up that brings nothing. */
const READ_WITHIN_MS = 30_000;
/** What a subscription holds ready at most. */
const AHEAD_EVENTS = 400;
/** A checkpoint for each 32 events that are left out: the least that the server takes. */
const CHECKPOINT_INTERVAL = 1;

/** With the one the client answers a conflict with a revision that is none; with the other, appends go to who does not take them. */
const WRONG_ANSWERS = /throwOnAppendFailure=false|nodePreference=(?!leader)/i;

const EXPECTED = { any: ANY, none: NO_STREAM, exists: STREAM_EXISTS } as const;

/** Credentials belong into the connection string: with those of a call, appends would not share a stream (a third of the speed). */
export function connect(connectionString: string): Client {
  if (WRONG_ANSWERS.test(connectionString))
    throw new RangeError('take throwOnAppendFailure and nodePreference out of the connection string');
  let client = unbreakable(EventStoreDBClient.connectionString(connectionString));

  return {
    async append({ stream, expected, events }) {
      // Parsed JSON, because the client does not settle an append of what JSON can not hold.
      const given = events.map(({ id, type, schema, data, metadata }) =>
        jsonEvent({ id, type, data: JSON.parse(data), metadata: { schema, ...JSON.parse(metadata) } }),
      );
      const expectedRevision = typeof expected === 'number' ? BigInt(expected) : EXPECTED[expected];
      try {
        const { nextExpectedRevision, position } = await client.appendToStream(stream, given, { expectedRevision });
        return { revision: Number(nextExpectedRevision), position: position && positionOf(position) }; // it is the last, despite its name
      } catch (error) {
        // It failed to find a node, and would answer that for ever (6.2.1 keeps a failed look at the server's features).
        if (!isCommandError(error as Error)) client = unbreakable(EventStoreDBClient.connectionString(connectionString));
        throw appendError(error as Error, stream, expected);
      }
    },

    async readStream(stream, { from, backwards = false, limit }) {
      if (limit === 0) return [];
      const reading = client.readStream(stream, {
        direction: backwards ? BACKWARDS : FORWARDS,
        fromRevision: from === undefined ? (backwards ? END : LOG_START) : BigInt(from),
        ...(limit !== undefined && { maxCount: limit }),
      });
      return collect(reading);
    },

    async readAll(from, count) {
      return collect(client.readAll({ fromPosition: placeOf(from) ?? LOG_START, maxCount: count }));
    },

    async readLast() {
      const [last] = await collect(client.readAll({ fromPosition: END, direction: BACKWARDS, maxCount: 1 }));
      return last;
    },

    subscribe(after, categories, { arrived, checkpoint, caughtUp }) {
      const options = {
        checkpointInterval: CHECKPOINT_INTERVAL,
        // A throw in here would be heard by nobody, and the subscription would hang.
        checkpointReached: (_: unknown, place: { commit: bigint; prepare: bigint }) => checkpoint(positionOf(place)),
      };
      const subscription = client.subscribeToAll(
        {
          fromPosition: placeOf(after) ?? LOG_START,
          filter: categories ? streamNameFilter({ ...options, prefixes: [...categories] }) : excludeSystemEvents(options),
        },
        { highWaterMark: AHEAD_EVENTS },
      );
      let failure: Error | undefined;
      const fail = (error?: Error) => {
        failure ??= unavailable(error ?? new Error('the server has ended the subscription'));
        arrived();
      };
      subscription.on('error', fail).on('end', fail).on('close', fail).on('readable', arrived);
      subscription.on('caughtUp' as 'data', caughtUp);
      return {
        waiting: () => subscription.readableLength,
        take(most) {
          if (failure) throw failure;
          const seen: Seen[] = [];
          for (let it: unknown; seen.length < most && (it = subscription.read());)
            seen.push(seenOf(it as AllStreamResolvedEvent));
          return seen;
        },
        close() {
          subscription.off('readable', arrived);
          void subscription.unsubscribe().catch(ignore);
        },
      };
    },

    close: async () => void (await client.dispose()),
  };
}

async function collect(reading: AsyncIterable<unknown> & Pick<StreamingRead<never>, 'cancel'>): Promise<Seen[]> {
  const work = (async () => {
    const seen: Seen[] = [];
    for await (const it of reading) seen.push(seenOf(it as ResolvedEvent));
    return seen;
  })().catch((error: Error) => {
    if (error instanceof StreamNotFoundError) return [];
    throw error instanceof StreamDeletedError ? new LogDamaged(`a stream was deleted: ${error.streamName}`) : unavailable(error);
  });
  return within(READ_WITHIN_MS, work, () => {
    void reading.cancel().catch(ignore);
    return new Unavailable(`the event store has not answered a read within ${READ_WITHIN_MS} ms`);
  });
}

const ignore = () => undefined;

const unavailable = (cause: Error): Unavailable => new Unavailable(`the event store is away: ${cause.message}`, { cause });

/** Answers to this one append, which say that it was not made. */
const NOT_READY = /Server Is (Not Ready|Busy)/;

function appendError(error: Error, stream: string, expected: Expected): Error {
  if (error instanceof WrongExpectedVersionError) {
    const actual = typeof error.actualVersion === 'bigint' ? Number(error.actualVersion) : undefined;
    return new Conflict(stream, expected, actual);
  }
  if (error instanceof MaxAppendSizeExceededError) {
    return new NotStorable(`the event store takes at most ${error.maxAppendSize} bytes an append: split it`, { cause: error });
  }
  if (error instanceof StreamDeletedError) return new LogDamaged(`a stream was deleted: ${stream}`, { cause: error });
  if (error instanceof AccessDeniedError || (error instanceof UnknownError && NOT_READY.test(error.message)))
    return unavailable(error);
  return new OutcomeUnknown(`the answer of an append to ${stream} was lost: ${error.message}`, { cause: error });
}

function seenOf({ event }: ResolvedEvent | AllStreamResolvedEvent): Seen {
  if (!event) throw new LogDamaged('the event store has sent an entry without an event');
  if (!event.position) throw new Unavailable('this event store does not say where its events stand: it must be 22.6 or later');
  const position = positionOf(event.position);
  const { streamId, id, type, revision, data, created, isJson } = event;
  const { schema, ...metadata } = { ...(event.metadata as object) } as { schema?: unknown };
  const isOurs = isJson && typeof data === 'object' && Number.isInteger(schema) && !streamId.startsWith('$');
  if (!isOurs) return { position };
  const recordedAt = created.toISOString().replace('Z', '000Z');
  return {
    position,
    event: shared({
      id,
      type,
      schema: schema as number,
      data,
      metadata: metadata as Metadata,
      stream: streamId,
      revision: Number(revision),
      position,
      recordedAt,
    }),
  };
}

type Calls = Record<string, (...given: unknown[]) => Duplex>;
type StreamCreator = (service: unknown, name: string, create: (calls: Calls) => unknown, cache?: unknown) => unknown;

/**
 * 6.2.1 keeps the appends of all clients of a process that have no answer yet in one table, and empties it when the stream of one
 * of them breaks. An answer that comes for another one after that throws in its listener; and of a write that waits for a broken
 * stream the rejection is handled by nobody. Either would end the process. So a late answer is dropped (its caller was told that the
 * outcome is unknown), and no write waits.
 */
function unbreakable(client: EventStoreDBClient): EventStoreDBClient {
  const open = client as unknown as { GRPCStreamCreator: StreamCreator };
  const creator = open.GRPCStreamCreator;
  open.GRPCStreamCreator = (service, name, create, cache) =>
    creator(service, name, (calls) => create(name === 'appendToStream' ? withGuard(calls) : calls), cache);
  return client;
}

const withGuard = (calls: Calls): Calls => ({
  batchAppend: (...given) => {
    const stream = calls['batchAppend']!(...given);
    const on = stream.on.bind(stream) as (event: string, listener: (it: unknown) => void) => Duplex;
    const write = stream.write.bind(stream) as (message: unknown) => boolean;
    return Object.assign(stream, {
      on: (event: string, listener: (it: unknown) => void) => on(event, event === 'data' ? orDropped(listener) : listener),
      write: (message: unknown) => {
        write(message);
        return true;
      },
    });
  },
});

const orDropped =
  (listener: (it: unknown) => void) =>
  (answer: unknown): void => {
    try {
      listener(answer);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
  };
