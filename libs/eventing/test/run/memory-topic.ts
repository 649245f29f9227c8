// A topic in memory, of a few partitions, that breaks as it is told to.
import { setImmediate as turn } from 'node:timers/promises';
import { Bell } from '../../src/bell';
import { OffsetGone, type Bus, type BusRecord, type LogPlace, type Publisher, type Watermark } from '../../src/bus/port';
import type { CloudEvent } from '../../src/run/cloud-event';
import { Unavailable, type Position } from '../../src/store/port';

/** What becomes of a send: how much of it arrives, and whether that is answered. */
export type Fault = 'none' | 'refused' | 'answer lost' | 'half';

const PARTITIONS = 3;
const partitionOf = (stream: string): number => [...stream].reduce((sum, it) => sum + it.charCodeAt(0), 0) % PARTITIONS;
const offsetOf = (index: number): string => (index < 0 ? '' : String(index).padStart(19, '0'));

interface Partition {
  readonly contents: ({ readonly event: CloudEvent } | { readonly watermark: Watermark })[];
  /** What is before it was forgotten. */
  first: number;
}

export function memoryTopic() {
  const events: CloudEvent[] = [];
  const marks: (LogPlace & { readonly published: number })[] = [];
  const partitions: Partition[] = Array.from({ length: PARTITIONS }, () => ({ contents: [], first: 0 }));
  const bells = new Set<Bell>();
  const put = (partition: number, content: Partition['contents'][number]): void => {
    partitions[partition]!.contents.push(content);
    for (const it of bells) it.ring();
  };
  const ends = () => new Map(partitions.map(({ contents }, i) => [i, offsetOf(contents.length - 1)]));
  const write = (event: CloudEvent): void => {
    events.push(event);
    put(partitionOf(event.partitionkey), { event });
  };

  return {
    /** As they were published, those of all partitions. */
    events,
    marks,
    write,
    /** What Kafka does after days. */
    forget(): void {
      for (const it of partitions) it.first = it.contents.length;
    },
    publisher(fault: () => Fault = () => 'none'): Publisher {
      let isPublishing = false;
      return {
        ensureTopic: async () => undefined,
        begin: () => undefined,
        newest: async () =>
          [...new Map(events.map((it) => [it.partitionkey, it])).values()].map(({ id, globalpos }) => ({
            eventId: id,
            eventPosition: globalpos as Position,
          })),
        async publish(_, all) {
          if (isPublishing) throw new Unavailable('the last publish is still on its way');
          isPublishing = true;
          const is = fault();
          const count = { none: all.length, refused: 0, 'answer lost': all.length, half: all.length >> 1 }[is];
          for (const it of all.slice(0, count)) {
            write(it);
            await turn(); // another one may publish in between
          }
          isPublishing = false;
          if (is !== 'none') throw new Unavailable(`Kafka is away: ${is}`);
        },
        async mark(_, place) {
          marks.push({ ...place, published: events.length });
          put(0, { watermark: { ...place, ends: ends() } });
        },
        close: async () => undefined,
      };
    },
    /** @param most so many records are given at once @param breaks asked before each batch: the broker is away */
    bus({ most = 5, breaks = () => false }: { readonly most?: number; readonly breaks?: () => boolean } = {}): Bus {
      return {
        ends: async () => ends(),
        async *consume(topic, _group, after, signal) {
          const next = partitions.map((_, i) => (after.get(i) ? Number(after.get(i)) + 1 : 0));
          const bell = new Bell();
          bells.add(bell);
          for (let i = 0; !signal.aborted; i = (i + 1) % PARTITIONS) {
            if (breaks()) throw new Unavailable('Kafka is away: cut');
            const { contents, first } = partitions[i]!;
            if (next[i]! < first) throw new OffsetGone(`${topic}: forgotten`);
            const some = contents.slice(next[i], next[i]! + most);
            if (some.length > 0) {
              const records: BusRecord[] = [];
              let watermark: Watermark | undefined;
              for (const [n, it] of some.entries()) {
                if ('watermark' in it) ({ watermark } = it);
                else records.push({ offset: offsetOf(next[i]! + n), key: it.event.partitionkey, event: it.event });
              }
              next[i]! += some.length;
              yield { topic, partition: i, records, offset: offsetOf(next[i]! - 1), ...(watermark && { watermark }) };
            } else if (partitions.every((it, n) => next[n]! >= it.contents.length)) await bell.rung(signal);
          }
        },
      };
    },
  };
}
