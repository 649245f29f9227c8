// What crosses a service's border. Topics, partitions, groups and offsets are as Kafka has them; a consumer keeps its offsets
// beside its rows, so the group is only a name that shows who reads.
import type { CloudEvent } from '../run/cloud-event';

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
}

export interface Bus {
  /**
   * Everything of the topic after these offsets, by partition ('' or absent: from the start), until the signal aborts. Each
   * consumer gets everything, whoever else reads under the same name of a group. Reconnects by itself.
   * @throws RangeError when there is no such topic, LogDamaged when what comes after an offset is not there any more, or was never
   */
  consume(topic: string, group: string, after: ReadonlyMap<number, string>, signal: AbortSignal): AsyncIterable<BusBatch>;
  /** The last offset of each partition; '' where nothing was published yet. @throws RangeError */
  ends(topic: string): Promise<ReadonlyMap<number, string>>;
}

/** The other side: what the log gives of itself, a broker has to be given. */
export interface Publisher {
  /** Creates a topic, unless it is there. @throws RangeError when it has another number of partitions or is compacted, Unavailable */
  ensureTopic(topic: string): Promise<void>;
  /** The newest event of each partition that has one. @throws Unavailable, LogDamaged when it is none of ours */
  newest(topic: string): Promise<readonly CloudEvent[]>;
  /**
   * Resolves when all of them are on the topic, those of a stream in this order. When it throws, some may be there: publish them
   * again from the first on, before anything else. One call at a time.
   * @throws NotStorable when one is too large, Unavailable
   */
  publish(topic: string, events: readonly CloudEvent[]): Promise<void>;
  close(): Promise<void>;
}
