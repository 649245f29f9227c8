// The end of the log, as far as this process wrote it. An event that was answered is committed, and positions commit in order:
// it is safe to show. Serving subscriptions from here spares the server a read, and all but one of them the parsing.
import type { StoredEvent } from '../append';
import type { Page, Position, Recorded } from '../port';
import { positionOf, recorded, type Place } from '../recorded';

interface Entry {
  readonly place: Place;
  readonly event: StoredEvent;
  recorded?: Recorded;
}

export interface TailLimits {
  readonly events: number;
  /** Of the JSON text that is kept. */
  readonly bytes: number;
}

export class Tail {
  /** By position modulo its length; a `Map` that drops its oldest entry with each new one took 10 us an event. */
  private readonly ring: (Entry | undefined)[] = [];
  private bytes = 0;
  private oldest = 0;

  constructor(private readonly limits: TailLimits) {}

  add(place: Place, event: StoredEvent): void {
    const { position } = place;
    this.drop(position);
    this.ring[position % this.limits.events] = { place, event };
    this.bytes += sizeOf(event);
    this.oldest = Math.max(this.oldest, position - this.limits.events + 1);
    while (this.bytes > this.limits.bytes) this.drop(this.oldest++);
  }

  private drop(position: number): void {
    const entry = this.ring[position % this.limits.events];
    if (!entry) return;
    this.ring[position % this.limits.events] = undefined;
    this.bytes -= sizeOf(entry.event);
  }

  private at(position: number): Entry | undefined {
    const entry = this.ring[position % this.limits.events];
    return entry?.place.position === position ? entry : undefined;
  }

  /** As many events as follow `after` without a hole; undefined when the next one is not here. */
  page(after: number, limit: number, wanted: (stream: string) => boolean): Page | undefined {
    const events: Recorded[] = [];
    let position = after;
    for (let entry = this.at(position + 1); entry && position < after + limit; entry = this.at(position + 1)) {
      position++;
      if (wanted(entry.place.stream)) events.push((entry.recorded ??= recorded(entry.place, entry.event)));
    }
    return position === after ? undefined : { events, position: positionOf(position) as Position };
  }
}

const sizeOf = ({ data, metadata }: StoredEvent): number => data.length + metadata.length;
