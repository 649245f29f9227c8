// What an event store promises, whichever server is behind it. One contract suite holds every driver to this page.

/** A number is the revision of the stream's last event; the first event of a stream has revision 0. */
export type Expected = number | 'none' | 'any' | 'exists';

/** Opaque. Of two positions of the same epoch the later event has the larger string. */
export type Position = string & { readonly kind: 'position' };

/** Smaller than every position. */
export const START = '' as Position;

/** What is said of every event from the first one on, because it can not be added to a history later. */
export interface Metadata {
  readonly tenantId: string;
  readonly actor: string;
  /** When it happened in the business; may be long ago. RFC 3339, UTC. */
  readonly occurredAt: string;
  readonly commandId: string;
  /** Keyed hash of the command's body: the same id with another body is refused. */
  readonly commandHash: string;
  readonly correlationId: string;
  readonly causationId: string;
  readonly traceparent?: string;
}

export interface NewEvent {
  /** UUIDv7, made by the caller and kept on every retry. */
  readonly id: string;
  /** A stored contract; never a class name. */
  readonly type: string;
  /** Version of the shape of `data`. */
  readonly schema: number;
  readonly data: object;
  readonly metadata: Metadata;
}

/** As stored. Frozen, because readers share it. */
export interface Recorded extends NewEvent {
  readonly stream: string;
  /** A safe integer, from 0, without holes. */
  readonly revision: number;
  readonly position: Position;
  /** When it was stored; never goes back within a store. RFC 3339, UTC, microseconds. */
  readonly recordedAt: string;
}

export interface Appended {
  readonly status: 'appended' | 'duplicate';
  /** Of the last event of this append. */
  readonly revision: number;
  readonly position: Position;
}

/** A stretch of the log: the wanted events in it, and how far it reaches (beyond the last wanted event, perhaps). */
export interface Page {
  readonly events: readonly Recorded[];
  readonly position: Position;
}

export interface Head {
  /** Names the store's history. Renewed by a restore; a position means something only together with it. */
  readonly epoch: string;
  readonly position: Position;
}

export interface ReadOptions {
  readonly from?: number;
  readonly backwards?: boolean;
  readonly limit?: number;
}

/** Only events of these categories; without it, of all. The category of a stream is its name up to the first hyphen. */
export interface Filter {
  readonly categories?: readonly string[];
}

/**
 * 1. An append is stored whole or not at all.
 * 2. Revisions of a stream are 0, 1, 2, ... without holes.
 * 3. Of several writers with the same expected revision one wins; the others get `Conflict` and have changed nothing.
 * 4. A retry (same ids, same exact revision or 'none') gets the first answer again, as `duplicate`.
 * 5. No reader of the log is shown an event before all events with a smaller position.
 * 6. `OutcomeUnknown` is a normal answer: append again with the same ids.
 * 7. An append has 1 or more events and at most 1 MB; others are refused before any driver sees them.
 * 8. A value that JSON can not hold fails at its caller.
 */
export interface EventStore {
  append(stream: string, expected: Expected, events: readonly NewEvent[]): Promise<Appended>;
  /** The events of a stream in order; none when there is no such stream. */
  read(stream: string, options?: ReadOptions): Promise<readonly Recorded[]>;
  /** One event of the log, for a reader that checks whether its place is still what it was. */
  at(position: Position): Promise<Recorded | undefined>;
  /** Up to `limit` events of the log are looked at; an empty page with the same position means: nothing there yet. */
  readAll(after: Position, limit: number, filter?: Filter): Promise<Page>;
  /** Everything after a position, then whatever comes, until the signal aborts. Reconnects by itself. */
  subscribe(after: Position, signal: AbortSignal, filter?: Filter): AsyncIterable<Page>;
  head(): Promise<Head>;
  close(): Promise<void>;
}

/** Nothing was written. `actual` is the last revision, or undefined when there is no such stream. */
export class Conflict extends Error {
  constructor(
    readonly stream: string,
    readonly expected: Expected,
    readonly actual: number | undefined,
  ) {
    super(`${stream} is not at ${expected}: it is at ${actual ?? 'none'}`);
  }
}
/** The answer was lost. Append again with the same ids and the same expected revision. */
export class OutcomeUnknown extends Error {}
/** Nothing was written. Try later. */
export class Unavailable extends Error {}
/** The log is not what it was. Stop; never skip. */
export class LogDamaged extends Error {}
/** This append can never be stored: too large, empty, or not what the port takes. */
export class NotStorable extends RangeError {}

export const categoryOf = (stream: string): string => {
  const hyphen = stream.indexOf('-');
  return hyphen < 0 ? stream : stream.slice(0, hyphen);
};
