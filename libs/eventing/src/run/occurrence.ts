// A stored event as its readers see it: the same whether it comes from the own store or over the bus.
import type { AnyContract, EventData, EventName } from '@kams/contracts/define';
import type { Index } from '../personal/vault';
import { categoryOf, type Position, type Recorded } from '../store/port';

export interface Occurrence<T extends string = string, D = object> {
  readonly type: T;
  readonly data: D;
  readonly eventId: string;
  readonly schema: number;
  /** Category and id of the aggregate that it happened to. */
  readonly category: string;
  readonly id: string;
  readonly revision: number;
  readonly position: Position;
  readonly tenantId: string;
  readonly actor: string;
  /** When it happened, and when it was stored: instants with microseconds, so that they compare as text. */
  readonly occurredAt: string;
  readonly recordedAt: string;
  /** Of the trace that it came to be in. */
  readonly traceparent?: string;
  /** Of what is personal in the data, and sealed there: the words by which it is found. */
  readonly index?: Index;
  /** Why this release can not read it: then `data` is as it was stored. */
  readonly unreadable?: Error;
}

/** The facts of a contract, as readers see them. */
export type OccurrenceOf<K extends AnyContract> = K extends AnyContract
  ? { [N in EventName<K>]: Occurrence<N, EventData<K, N>> }[EventName<K>]
  : never;

/** A stretch of occurrences, and how far it reaches. */
export interface Stretch {
  readonly occurrences: readonly Occurrence[];
  readonly position: Position;
}

/** An instant with six digits of the second, in UTC: as text, later is larger. */
export const toMicroseconds = (instant: string): string =>
  instant.replace(/(?:\.(\d{1,6}))?Z$/, (_, digits = '') => `.${digits.padEnd(6, '0')}Z`);

export function occurrenceOf({ stream, metadata, ...it }: Recorded): Occurrence {
  const category = categoryOf(stream);
  return {
    type: it.type,
    data: it.data,
    eventId: it.id,
    schema: it.schema,
    category,
    id: stream.slice(category.length + 1),
    revision: it.revision,
    position: it.position,
    tenantId: metadata.tenantId,
    actor: metadata.actor,
    occurredAt: toMicroseconds(metadata.occurredAt),
    recordedAt: toMicroseconds(it.recordedAt),
    traceparent: metadata.traceparent,
  };
}
