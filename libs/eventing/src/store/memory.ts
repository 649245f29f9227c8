// The log in memory: for tests and a first look. It keeps every promise of the port but survival.
import { randomUUID } from 'node:crypto';
import { firstRevision, toAppend, type Append, type StoredEvent } from './append';
import { follow, Head } from './follow';
import { Conflict, LogDamaged, OutcomeUnknown, Unavailable, type Appended, type EventStore } from './port';
import { ensureLimit, ensureRange, numberOf, positionOf, recorded, wants, type Place } from './recorded';

interface Entry {
  readonly place: Place;
  /** JSON text, parsed on every read: a test meets the same losses (dates, `undefined`) as production. */
  readonly event: StoredEvent;
}
type Fault = 'conflict' | 'answer lost';

export interface MemoryStore extends EventStore {
  /** What the next append meets, whatever it appends. Every command handler must bear both. */
  readonly faults: {
    /** It is answered with `Conflict`; nothing is stored. */
    conflict(): void;
    /** It is stored, and `OutcomeUnknown` is thrown. */
    loseAnswer(): void;
  };
}

/** Of one page of a subscription. */
const PAGE_EVENTS = 1_000;

export function memoryStore({ now = () => new Date() }: { now?: () => Date } = {}): MemoryStore {
  const log: Entry[] = [];
  const streams = new Map<string, Entry[]>();
  const epoch = randomUUID();
  const head = new Head();
  const closing = new AbortController();
  const faults: Fault[] = [];
  let newest = '';

  const outOf = ({ place, event }: Entry) => recorded(place, event);

  function ensureOpen(): void {
    if (closing.signal.aborted) throw new Unavailable('the store is closed');
  }

  function madeBefore({ stream, expected, events }: Append): Appended | undefined {
    const first = firstRevision(expected);
    const stored = streams.get(stream)?.slice(first, first + events.length) ?? [];
    const last = stored.at(-1);
    if (!last || !events.every(({ id }, i) => id === stored[i]?.event.id)) return undefined;
    return { status: 'duplicate', revision: last.place.revision, position: positionOf(last.place.position) };
  }

  function store({ stream, events }: Append, after: number): Appended {
    const instant = now().toISOString().replace('Z', '000Z');
    newest = instant > newest ? instant : newest;
    const entries = streams.get(stream) ?? [];
    streams.set(stream, entries);
    for (const [i, event] of events.entries()) {
      const entry = { place: { stream, revision: after + 1 + i, position: log.length + 1, recordedAt: newest }, event };
      log.push(entry);
      entries.push(entry);
    }
    head.advance(log.length);
    return { status: 'appended', revision: after + events.length, position: positionOf(log.length) };
  }

  function ensureReached(after: number): void {
    if (after > log.length) throw new LogDamaged(`position ${after} is beyond the head, ${log.length}`);
  }

  return {
    faults: { conflict: () => void faults.push('conflict'), loseAnswer: () => void faults.push('answer lost') },

    async append(stream, expected, events) {
      const append = toAppend(stream, expected, events);
      ensureOpen();
      const last = (streams.get(stream)?.length ?? 0) - 1;
      const actual = last < 0 ? undefined : last;
      const fault = faults.shift();
      if (fault === 'conflict') throw new Conflict(stream, expected, actual);

      const fits = expected === 'any' || (expected === 'exists' ? last >= 0 : last === firstRevision(expected) - 1);
      const appended = fits ? store(append, last) : madeBefore(append);
      if (!appended) throw new Conflict(stream, expected, actual);
      if (fault === 'answer lost') throw new OutcomeUnknown(`the answer of an append to ${stream} was lost, as asked for`);
      return appended;
    },

    async read(stream, range = {}) {
      ensureOpen();
      ensureRange(range);
      const { from, backwards = false, limit } = range;
      const entries = streams.get(stream) ?? [];
      const picked = backwards ? entries.slice(0, from === undefined ? undefined : from + 1).reverse() : entries.slice(from);
      return picked.slice(0, limit).map(outOf);
    },

    async at(position) {
      ensureOpen();
      const entry = log[numberOf(position) - 1];
      return entry && outOf(entry);
    },

    async readAll(after, limit, filter) {
      ensureOpen();
      ensureLimit(limit);
      const start = numberOf(after);
      ensureReached(start);
      const entries = log.slice(start, start + limit);
      const wanted = wants(filter);
      return {
        events: entries.filter(({ place }) => wanted(place.stream)).map(outOf),
        position: positionOf(start + entries.length),
      };
    },

    async *subscribe(after, signal, filter) {
      ensureOpen();
      yield* follow({
        after,
        signal: AbortSignal.any([signal, closing.signal]),
        head,
        ensureReached: async (at) => ensureReached(numberOf(at)),
        read: (at) => this.readAll(at, PAGE_EVENTS, filter),
      });
    },

    async head() {
      ensureOpen();
      return { epoch, position: positionOf(log.length) };
    },

    async close() {
      closing.abort();
    },
  };
}
