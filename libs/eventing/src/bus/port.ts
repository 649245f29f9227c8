// What crosses a service's border. Topics, partitions, groups and offsets are as Kafka has them; a consumer keeps its offsets
// beside its rows, so the group is only a name that shows who reads.
import type { CloudEvent } from '../run/cloud-event';
import { LogDamaged, type Position } from '../store/port';

export interface BusRecord {
  /** Of the partition; the next one is larger, also as text, and not always by one. */
  readonly offset: string;
  readonly key: string;
  readonly event: CloudEvent;
}

export interface BusBatch {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly BusRecord[];
  /** Where the partition was read to: larger than the last offset when what followed was for nobody. */
  readonly offset: string;
  /** The newest that was among the records. */
  readonly watermark?: Watermark;
}

/** A place in the producer's log, and the event that stands at it or last before it. */
export interface LogPlace {
  readonly epoch: string;
  readonly position: Position;
  readonly eventId: string;
  readonly eventPosition: Position;
}

/** Of a broker: whoever has read each partition up to here has all that is public of the log up to there. */
export interface Watermark extends LogPlace {
  /** By partition; '' where nothing was published yet. */
  readonly ends: ReadonlyMap<number, string>;
}

/** What comes after an offset is not on the topic any more, or never was: it is in the log of the producer. */
export class OffsetGone extends LogDamaged {}

export interface Bus {
  /**
   * Everything of the topic after these offsets, by partition ('' or absent: from the start), until the signal aborts. Each
   * consumer gets everything, whoever else reads under the same name of a group. Reconnects by itself.
   * @throws RangeError when there is no such topic; OffsetGone; LogDamaged when something else is on it
   */
  consume(topic: string, group: string, after: ReadonlyMap<number, string>, signal: AbortSignal): AsyncIterable<BusBatch>;
  /** The last offset of each partition; '' where nothing was published yet. @throws RangeError */
  ends(topic: string): Promise<ReadonlyMap<number, string>>;
}

/** The other side: what the log gives of itself, a broker has to be given. */
export interface Publisher {
  /** Creates a topic, unless it is there. @throws RangeError when it has another number of partitions or is compacted, Unavailable */
  ensureTopic(topic: string): Promise<void>;
  /** It is this one's turn: another one may have published meanwhile, so what was known of the topic is asked anew. */
  begin(topic: string): void;
  /** The newest of what was said of the log, by partition: an event, or a watermark. @throws Unavailable, LogDamaged when it is none of ours */
  newest(topic: string): Promise<readonly Pick<LogPlace, 'eventId' | 'eventPosition'>[]>;
  /**
   * Resolves when all of them are on the topic, those of a stream in this order. When it throws, some may be there: publish them
   * again from the first on, before anything else. One call at a time.
   * @throws NotStorable when one is too large, Unavailable
   */
  publish(topic: string, events: readonly CloudEvent[]): Promise<void>;
  /** Says that all which is public up to this place is on the topic. Beside no other call. @throws Unavailable */
  mark(topic: string, place: LogPlace): Promise<void>;
  close(): Promise<void>;
}
