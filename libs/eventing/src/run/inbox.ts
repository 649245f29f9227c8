// What another service has said, as this one has it: each of its public events once, in the order in which they came, for good.
// Views and reactions read that as they read the own log, from any place, as often as they like; the topic is read once, and what
// it has forgotten is not missed.
//
// Events and offsets are stored in one transaction. What comes twice is known by the revision of its stream; what is missing there
// is asked of the producer, and so is what was before the first record of the topic.
import type { AnyContract } from '@kams/contracts/define';
import { LRUCache } from 'lru-cache';
import { Bell } from '../bell';
import { OffsetGone, type Bus, type BusBatch, type LogPlace, type Watermark } from '../bus/port';
import { point } from '../point';
import { follow, Head } from '../store/follow';
import {
  categoryOf,
  LogDamaged,
  START,
  Unavailable,
  type EventStore,
  type Head as HeadOf,
  type Position,
  type Recorded,
} from '../store/port';
import { numberOf, positionOf } from '../store/recorded';
import { publisher, topicOf, type CloudEvent } from './cloud-event';
import { saidBy } from './feeds';
import type { Proof, Term } from './lease';
import type { Occurrence } from './occurrence';
import { persistent } from './persistent';
import type { Feed } from './projector';
import { within } from '../within';
import { reached } from './reached';
import { isStillThere, logOf, type Log } from './sound';

/** How far an inbox has come. */
export interface InboxPlace {
  /** Names the order of what is in it: one that is begun anew has another. */
  readonly history: string;
  /** How often it was moved. */
  readonly version: number;
  /** Of the producer's log; '' before the first look at it. */
  readonly epoch: string;
  /** Of the last event that is in it: 1, 2, 3, ... */
  readonly position: number;
  /** Of the producer's log: all that is public up to here is in it. */
  readonly watermark: Position;
  /** Of the producer's log: the last event of it that is in it. */
  readonly newest: Pick<LogPlace, 'eventId' | 'eventPosition'> | null;
  /** What it collects. It grows: an older release that runs beside a newer one does not take anything back. */
  readonly categories: readonly string[];
  /** By partition, where the topic is read to; null: what was before is not all in it yet. */
  readonly offsets: Readonly<Record<string, string>> | null;
  /** Watermarks of which the ends are not reached yet: the next one, and the newest. */
  readonly ahead: readonly Ahead[];
  /** Up to which event here, and so to which place of the producer's log, the order is that of the log. */
  readonly ordered: { readonly position: number; readonly log: Position };
  /** Since it was begun: what came again, and what had to be asked for. */
  readonly repeats: number;
  readonly healed: number;
}
interface Ahead {
  readonly position: Position;
  readonly ends: Readonly<Record<string, string>>;
}

const NONE = { position: 0, log: START };
/** Of an inbox in which nothing is yet. */
export const newInbox = (history: string): InboxPlace => ({
  history,
  version: 0,
  epoch: '',
  position: 0,
  watermark: START,
  newest: null,
  categories: [],
  offsets: null,
  ahead: [],
  ordered: NONE,
  repeats: 0,
  healed: 0,
});

export interface Kept {
  readonly position: number;
  readonly event: CloudEvent;
}

/** Where it stands, beside the rows of the service. */
export interface InboxRows {
  /** It is begun when it is not there. */
  place(): Promise<InboxPlace>;
  /** The last revision of each of these streams that has one. */
  revisions(streams: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** Adds what comes next, and moves the place. False: it is not at `from` any more, or the proof does not hold. */
  add(from: InboxPlace, to: InboxPlace, events: readonly CloudEvent[], proof?: Proof): Promise<boolean>;
  /** Up to `limit` after a position; those of other categories are left out of what is given, and not of what is counted. */
  read(after: number, limit: number): Promise<readonly Kept[]>;
  at(position: number): Promise<Kept | undefined>;
  stream(stream: string, from: number): Promise<readonly Kept[]>;
}

/** The log of the producer, as others may read it. */
export interface Past extends Log {
  /** What is public of a stretch of it, and how far that reaches; where it ends, the same position. */
  read(after: Position): Promise<{ readonly events: readonly CloudEvent[]; readonly position: Position }>;
  /** What is public of a stream, from a revision on. */
  stream(stream: string, from: number): Promise<readonly CloudEvent[]>;
}

const PAST_PAGE = 1_000;

/** Of a producer whose log is in a store that this process reaches. */
export function pastIn(store: EventStore, service: string, contracts: readonly AnyContract[]): Past {
  const filter = { categories: contracts.map((it) => it.name) };
  const log = logOf(store);
  const published = async (events: readonly Recorded[]) => {
    const publish = publisher(service, contracts, await log.epoch());
    return events.flatMap((it) => publish(it) ?? []);
  };
  return {
    ...log,
    async read(after) {
      const { events, position } = await store.readAll(after, PAST_PAGE, filter);
      return { events: await published(events), position };
    },
    stream: async (stream, from) => published(await store.read(stream, { from })),
  };
}

export interface Receiver {
  /** Collects until the signal aborts; what goes wrong in between is tried again, and told in `failure`. */
  run(signal: AbortSignal, term?: Term): Promise<void>;
  failure(): Error | undefined;
  /** How many records of the topic are not in it yet. @throws Unavailable, RangeError when there is no topic */
  lag(place: InboxPlace): Promise<number>;
}

/** Streams whose last revision is kept in memory. The compare-and-set of the place proves that nobody else added to them. */
const STREAMS_KEPT = 50_000;

/** Whoever asks how far it is must not wait for a broker that is silent. */
const LAG_WITHIN_MS = 1_000;

/** Fills an inbox: one at a time, by lease. */
export function receiver({
  producer,
  group,
  categories,
  bus,
  past,
  rows,
  onPlace = ignore,
  onFailure,
}: {
  readonly producer: string;
  /** A name that shows at the broker who reads. */
  readonly group: string;
  /** Of the producer's aggregates, those whose events are wanted. */
  readonly categories: readonly string[];
  readonly bus: Bus;
  readonly past: Past;
  readonly rows: InboxRows;
  /** Told after each commit. */
  readonly onPlace?: (place: InboxPlace) => void;
  readonly onFailure?: (error: Error) => void;
}): Receiver {
  const topic = topicOf(producer);
  const cure =
    `The log of ${producer} was restored to before what it had published. Bring the newer one back; or delete the row ${producer} ` +
    `of the table inbox_place and its rows of inbox, and build again the views of ${producer}`;
  const revisions = new LRUCache<string, number>({ max: STREAMS_KEPT });
  let owner: Term | undefined;
  let place: InboxPlace;

  /** False: another process has the inbox now. */
  async function add(events: readonly CloudEvent[], change: Partial<InboxPlace>): Promise<boolean> {
    const newest = events
      .map(placeOf)
      .reduce((it, next) => (it && it.eventPosition > next.eventPosition ? it : next), place.newest);
    const to = { ...place, ...change, newest, version: place.version + 1, position: place.position + events.length };
    const sentAt = performance.now();
    point('inbox.before-add');
    if (owner && !owner.holds()) return false;
    if (!(await rows.add(place, to, events, owner))) return false;
    point('inbox.after-add');
    owner?.renewed(sentAt);
    for (const it of events) revisions.set(it.partitionkey, Number(it.sequence));
    place = to;
    onPlace(place);
    return true;
  }

  /** Of what came, what is not here yet: without repeats, and with what is missing before it. */
  async function fresh(came: readonly CloudEvent[], isWhole: boolean) {
    const wanted = came.filter((it) => place.categories.includes(categoryOf(it.partitionkey)));
    const unknown = new Set(wanted.map((it) => it.partitionkey).filter((it) => !revisions.has(it)));
    if (unknown.size > 0) for (const [stream, last] of await rows.revisions([...unknown])) revisions.set(stream, last);
    const last = new Map<string, number>();
    const events: CloudEvent[] = [];
    let healed = 0;
    for (const it of wanted) {
      const stream = it.partitionkey;
      const revision = Number(it.sequence);
      const before = last.get(stream) ?? revisions.get(stream) ?? -1;
      if (revision <= before) continue;
      // What is not public leaves holes as well: only the producer knows.
      if (revision > before + 1 && !isWhole) {
        const missing = (await past.stream(stream, before + 1)).filter((other) => Number(other.sequence) < revision);
        healed += missing.length;
        events.push(...missing);
      }
      events.push(it);
      last.set(stream, revision);
    }
    return { events, healed, repeats: wanted.length + healed - events.length };
  }

  /** Is what is here still what the producer's log says? @throws LogDamaged */
  async function sound(found: InboxPlace): Promise<InboxPlace> {
    const { newest, watermark } = found;
    const epoch = await past.epoch();
    if (found.epoch === epoch) return found;
    if (found.epoch === '' || newest === null) return { ...found, epoch, watermark: START };
    if (!(await isStillThere(newest, past))) throw new LogDamaged(cure);
    return { ...found, epoch, watermark: watermark < newest.eventPosition ? watermark : newest.eventPosition, ahead: [] };
  }

  /** Everything public after the watermark, from the producer itself; and from there on the topic. False: not the owner any more. */
  async function join(signal: AbortSignal): Promise<boolean> {
    const isFirst = place.ordered.position === place.position;
    const ends = Object.fromEntries(await bus.ends(topic)); // before the log is read: what comes after them may come twice
    for (let at = place.watermark; ; at = place.watermark) {
      if (signal.aborted) return false;
      const { events, position } = await past.read(at);
      if (position === at) break;
      const { events: some } = await fresh(events, true);
      const ordered = isFirst ? { position: place.position + some.length, log: position } : place.ordered;
      if (!(await add(some, { epoch: place.epoch, watermark: position, ordered }))) return false;
    }
    return add([], { offsets: ends, ahead: [] });
  }

  /** What a batch changes of the place, but for its events. */
  function after({ partition, offset, watermark }: BusBatch): Pick<InboxPlace, 'offsets' | 'ahead' | 'watermark'> {
    const offsets: Record<string, string> = { ...place.offsets, [partition]: offset };
    const said = watermark?.epoch === place.epoch && watermark.position > place.watermark ? [aheadOf(watermark)] : [];
    const all = [...place.ahead, ...said];
    const isReached = ({ ends }: Ahead) => Object.entries(ends).every(([it, end]) => end <= (offsets[it] ?? ''));
    const done = all.findLast(isReached);
    const left = done ? all.slice(all.indexOf(done) + 1) : all;
    return {
      offsets,
      watermark: done && done.position > place.watermark ? done.position : place.watermark,
      ahead: left.length > 2 ? [left[0]!, left.at(-1)!] : left,
    };
  }

  /** Of another history than the place: this process looks at it again, unless it is what was there before a restore. */
  async function ensureSaid({ records }: BusBatch): Promise<void> {
    for (const { event } of records) {
      if (event.storeepoch === place.epoch) continue;
      if ((await past.epoch()) !== place.epoch) throw new Unavailable(`the log of ${producer} was restored`);
      const said = placeOf(event);
      if (!(await isStillThere(said, past))) throw new LogDamaged(`${topic} has event ${event.id}, and the log has not. ${cure}`);
    }
  }

  async function work(signal: AbortSignal, isGoing: () => void): Promise<void> {
    revisions.clear();
    place = await rows.place();
    const found = place;
    const grown = [...new Set([...found.categories, ...categories])];
    const isSame = grown.length === found.categories.length;
    const next = await sound(
      isSame ? found : { ...found, categories: grown, offsets: null, watermark: START, ahead: [], ordered: NONE },
    );
    if (next !== found && !(await add([], next))) return void (await owner?.confirm());
    if (place.offsets === null && !(await join(signal))) return void (await owner?.confirm());
    isGoing();
    onPlace(place);
    try {
      const offsets = new Map(Object.entries(place.offsets!).map(([partition, it]) => [Number(partition), it]));
      for await (const batch of bus.consume(topic, group, offsets, signal)) {
        await ensureSaid(batch);
        const { events, healed, repeats } = await fresh(
          batch.records.map(({ event }) => event),
          false,
        );
        const counts = { healed: place.healed + healed, repeats: place.repeats + repeats };
        if (!(await add(events, { ...after(batch), ...counts }))) return void (await owner?.confirm());
        isGoing();
      }
    } catch (error) {
      // It is in the log of the producer.
      if (error instanceof OffsetGone && !(await add([], { offsets: null, ahead: [] }))) return void (await owner?.confirm());
      throw error;
    }
  }

  const working = persistent(work, onFailure, 'inbox');
  return {
    run(signal, term) {
      owner = term;
      return working.run(signal);
    },
    failure: working.failure,
    async lag({ offsets }) {
      const count = (last: string | undefined) => (last ? Number(last) + 1 : 0);
      const late = () => new Unavailable(`Kafka has not said within ${LAG_WITHIN_MS} ms where ${topic} ends`);
      const ends = [...(await within(LAG_WITHIN_MS, bus.ends(topic), late))];
      return ends.reduce((sum, [partition, end]) => sum + count(end) - count(offsets?.[partition]), 0);
    },
  };
}

const placeOf = ({ id, globalpos }: CloudEvent) => ({ eventId: id, eventPosition: globalpos as Position });
const aheadOf = ({ position, ends }: Watermark): Ahead => ({ position, ends: Object.fromEntries(ends) });

/** What this process knows of an inbox, whichever process fills it. */
export interface Inbox {
  /** Follows it until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
  /** This process has filled it up to here. */
  learn(place: InboxPlace): void;
  place(): Promise<InboxPlace>;
  /** How far it goes, and the history that this is of. */
  head(): Promise<HeadOf>;
  /** When the producer stored what comes after a place here; undefined: nothing does. */
  storedAfter(position: Position): Promise<string | undefined>;
  /** Where all stands that was public at a position of the producer's log; undefined when it is not here within `waitMs`. */
  reached(position: Position, waitMs: number): Promise<Position | undefined>;
  /** The events of these contracts, in the order of the inbox. */
  feed(contracts: readonly AnyContract[]): Feed;
}

/** How often it is looked for what another process has added: while somebody reads or waits, and while nobody does. */
const LOOK_MS = { awaited: 20, idle: 500 };
const PAGE = 1_000;

export function inbox(producer: string, rows: InboxRows): Inbox {
  let head = new Head();
  let history: string | undefined;
  let readers = 0;
  const bell = new Bell();
  const watermark = reached(() => bell.ring());

  function learn(place: InboxPlace): void {
    if (history !== undefined && history !== place.history) {
      head.fail(new LogDamaged(`what ${producer} has said was collected anew`));
      head = new Head();
    }
    history = place.history;
    head.advance(place.position);
    watermark.advance(place.watermark);
  }

  async function headNow(): Promise<HeadOf> {
    const place = await rows.place();
    return { epoch: place.history, position: positionOf(place.position) };
  }

  return {
    learn,
    head: headNow,
    place: () => rows.place(),
    storedAfter: async (position) => (await rows.read(numberOf(position), 1))[0]?.event.recordedtime,
    async run(signal) {
      while (!signal.aborted) {
        await rows.place().then(learn, ignore); // while the database is away nothing is told
        await bell.rung(signal, readers > 0 || watermark.isAwaited() ? LOOK_MS.awaited : LOOK_MS.idle);
      }
    },
    async reached(position, waitMs) {
      if (!(await watermark.reached(position, waitMs))) return undefined;
      return positionOf(head.position);
    },
    feed(contracts) {
      const read = saidBy(producer, contracts);
      const occurrences = (all: readonly Kept[]): Occurrence[] =>
        all.flatMap(({ event, position }) => read([event]).map((it) => ({ ...it, position: positionOf(position) })));
      return {
        epoch: async () => (await headNow()).epoch,
        head: async () => (await headNow()).position,
        async *from(after, signal) {
          readers++;
          bell.ring();
          try {
            yield* follow({
              after,
              signal,
              head,
              ensureReached: async (it) => {
                if (numberOf(it) > (await rows.place()).position) throw new LogDamaged(`${producer} has not said so much`);
              },
              read: async (it) => {
                const all = await rows.read(numberOf(it), PAGE);
                return { occurrences: occurrences(all), position: positionOf(all.at(-1)?.position ?? numberOf(it)) };
              },
            });
          } finally {
            readers--;
          }
        },
        async at(position) {
          const found = await rows.at(numberOf(position));
          return found && occurrences([found])[0];
        },
        stream: async (category, id, from) => occurrences(await rows.stream(`${category}-${id}`, from)),
        async translated({ epoch, position }) {
          const place = await rows.place();
          if (place.offsets === null) throw new Unavailable(`what ${producer} has said is not all here yet`);
          if (epoch !== place.epoch || position > place.ordered.log) return undefined;
          let [before, after] = [0, place.ordered.position + 1];
          while (after - before > 1) {
            const middle = (before + after) >> 1;
            if ((await rows.at(middle))!.event.globalpos <= position) before = middle;
            else after = middle;
          }
          const last = before === 0 ? null : (await rows.at(before))!.event.id;
          const here = positionOf(before);
          return { position: here, eventId: last, eventPosition: last === null ? null : here };
        },
      };
    },
  };
}

const ignore = () => undefined;
