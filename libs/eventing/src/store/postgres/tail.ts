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
  private readonly entries = new Map<number, Entry>();
  private bytes = 0;

  constructor(private readonly limits: TailLimits) {}

  add(place: Place, event: StoredEvent): void {
    this.entries.set(place.position, { place, event });
    this.bytes += sizeOf(event);
    for (const [oldest, entry] of this.entries) {
      if (this.entries.size <= this.limits.events && this.bytes <= this.limits.bytes) break;
      this.entries.delete(oldest);
      this.bytes -= sizeOf(entry.event);
    }
  }

  clear(): void {
    this.entries.clear();
    this.bytes = 0;
  }

  /** As many events as follow `after` without a hole; undefined when the next one is not here. */
  page(after: number, limit: number, wanted: (stream: string) => boolean): Page | undefined {
    const events: Recorded[] = [];
    let position = after;
    for (let entry = this.entries.get(position + 1); entry && position < after + limit; entry = this.entries.get(position + 1)) {
      position++;
      if (wanted(entry.place.stream)) events.push((entry.recorded ??= recorded(entry.place, entry.event)));
    }
    return position === after ? undefined : { events, position: positionOf(position) as Position };
  }
}

const sizeOf = ({ data, metadata }: StoredEvent): number => data.length + metadata.length;
