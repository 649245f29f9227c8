// Keeps one projection: reads what happened, folds it into rows in memory, and writes rows and checkpoint in one transaction.
//
// Measured on two cores: a statement an event 3,200 events/s, a statement a page 54,000, folded first 100,000.
import { LRUCache } from 'lru-cache';
import { Bell } from '../bell';
import { point } from '../point';
import { LogDamaged, START, type Position } from '../store/port';
import { delay } from '../delay';
import { retries } from '../tell';
import { linkedTo, SpanKind } from '../trace';
import type { Term } from './lease';
import type { Occurrence, Stretch } from './occurrence';
import { aside, firstHeld, groupKey, HELD_MOST, heldFrom, inTurn, Poison, streamKey, type Attempted, type Held } from './parking';
import type { Projection, Row } from './projection';
import { reached } from './reached';
import { checkpointAfter, RowsRefused, type Change, type Checkpoint, type ReadModel, type Side } from './read-model';
import { ensureSound, type Log } from './sound';

/** What a projector reads: the own store, or another service's events over the bus. */
export interface Feed extends Log {
  from(position: Position, signal: AbortSignal): AsyncIterable<Stretch>;
  /** One occurrence, to check that a place is still what it was. */
  at(position: Position): Promise<Occurrence | undefined>;
  /** The occurrences of a stream from a revision on: what a gap is healed with. */
  stream(category: string, id: string, fromRevision: number): Promise<readonly Occurrence[]>;
}

/** Rows kept in memory between batches. The compare-and-set of the checkpoint proves that nobody else changed them. */
const GROUPS_KEPT = 20_000;
const RETRY_MS = [100, 250, 500, 1_000, 2_000];
/** A page that changes no row is noted with those that come within this time: each would be a transaction. */
const NOTED_AFTER_MS = 50;
/** Of its lease, the longest that a page may be folded: the rest is for writing it, and for what else the process does. Chosen, not measured. */
const FOLD_OF_LEASE = 1 / 4;
/** How often the checkpoint of another owner is read, while somebody waits for it and while nobody does. */
const FOLLOW_MS = { awaited: 20, idle: 1_000 };

export interface Projector {
  readonly projection: Projection;
  readonly side: Side;
  /** Runs until the signal aborts; what goes wrong in between is retried, and told in `failure`. */
  run(signal: AbortSignal, term?: Term): Promise<void>;
  /** Until the signal aborts: knows how far the owner has come, whenever that is another process. */
  follow(signal: AbortSignal): Promise<void>;
  position(): Position;
  /** Resolves as soon as the projection has come to `position`: true; false when it did not within `waitMs`. */
  reached(position: Position, waitMs: number): Promise<boolean>;
  /** Why it stands still, if it does. */
  failure(): Error | undefined;
}

interface Sorted {
  readonly event: Occurrence;
  /** The group of rows that it changes; without one, and without poison, it changes none. */
  readonly group?: string;
  /** Why it can not be handled, where that is known before it is folded. */
  readonly poison?: Error;
}
type Groups = Map<string, readonly Row[]>;
type Rows = Pick<Change, 'upsert' | 'remove'>;

/** When the first of them became known; of none, ''. */
const earliest = (occurrences: readonly Occurrence[]): string =>
  occurrences.reduce((first, { recordedAt }) => (first === '' || recordedAt < first ? recordedAt : first), '');

export function projector(projection: Projection, feed: Feed, readModel: ReadModel, side: Side = 'live'): Projector {
  const { primaryKey, closedBy } = projection.table;
  const kept = new LRUCache<string, readonly Row[]>({ max: GROUPS_KEPT });
  let checkpoint: Checkpoint | undefined;
  /** The rows stand for this place, and the checkpoint is behind it: nothing in between changed any. */
  let ahead: Change['to'] | undefined;
  let noting: NodeJS.Timeout | undefined;
  /** Ends a reading that goes on from a checkpoint which is another one now. */
  let turn = new AbortController();
  let failure: Error | undefined;
  let owner: Term | undefined;
  let isRunning = false;
  /** Events that are handled in one transaction, at most. */
  let atOnce = Infinity;
  /** Rows in memory that were closed before this are left out. */
  let keptSince = '';
  const bell = new Bell();
  const place = reached(() => {
    if (!isRunning) bell.ring();
  });
  /** Streams of which the live rows hold something back: a rebuild may do the same, and no more. */
  let heldLive: ReadonlySet<string> = new Set();
  const back = aside({
    load: (key) => readModel.held(projection, side, key),
    tried: (it, error, parked) => readModel.tried(projection, it, error, parked, owner),
    attempt,
    // A stream may feed rows that others feed as well.
    isShared: (key) => key.startsWith('stream '),
  });

  /** The place to go on from. */
  async function start(): Promise<void> {
    kept.clear();
    await back.alone(note);
    ahead = undefined;
    turn = new AbortController();
    checkpoint = await readModel.checkpoint(projection, side);
    await ensureCurrent();
    await ensureSound(projection, checkpoint, feed);
    back.set(await readModel.held(projection, side));
    if (side === 'beside') heldLive = new Set((await readModel.held(projection, 'live')).held.map((it) => streamKey(it.event)));
    place.advance(checkpoint?.position ?? START);
    if (place.position >= (await feed.head())) failure = undefined;
  }

  /** Asked after the checkpoint: of tables that change places in between it has the old generation, and no commit succeeds. */
  async function ensureCurrent(): Promise<void> {
    if (side === 'live' && !(await readModel.isCurrent(projection))) {
      throw new Error(
        `the rows of ${projection.name} are of another version of it: they are built again by the process that has it`,
      );
    }
  }

  /** What the stream has up to this event and the row lacks, by the revision of the row; nothing for a repeat. */
  function inOrder([row]: readonly Row[], event: Occurrence): readonly Occurrence[] | Promise<readonly Occurrence[]> {
    if (!projection.guarded) return [event];
    const last = row === undefined ? -1 : (row['revision'] as number);
    if (event.revision <= last) return [];
    return event.revision === last + 1 ? [event] : healed(event, last);
  }

  async function healed({ category, id, revision }: Occurrence, last: number): Promise<readonly Occurrence[]> {
    const missed = (await feed.stream(category, id, last + 1)).filter((it) => it.revision <= revision);
    if (!projection.over && missed.length !== revision - last)
      throw new LogDamaged(`${projection.name}: ${id} has lost events after revision ${last}`);
    return missed;
  }

  /** The rows after the event; at once where nothing is missing. @throws Poison */
  function after(rows: readonly Row[], event: Occurrence): readonly Row[] | Promise<readonly Row[]> {
    const events = inOrder(rows, event);
    return events instanceof Promise ? events.then((all) => all.reduce(step, rows)) : events.reduce(step, rows);
  }
  function step(rows: readonly Row[], it: Occurrence): readonly Row[] {
    if (back.skipped.has(it.eventId)) return projection.guarded ? rows.map((row) => ({ ...row, revision: it.revision })) : rows;
    if (it.unreadable) throw new Poison(it.unreadable);
    try {
      return projection.apply(rows, it);
    } catch (error) {
      throw new Poison(error);
    }
  }

  /**
   * Which rows it changes. What can not be read belongs to its stream; with rows of streams that is the group. What is left out
   * belongs where it did, so that whatever waits is counted the same before and after.
   */
  function sorted(event: Occurrence): Sorted {
    const poison = (error: Error | undefined) => (back.skipped.has(event.eventId) ? undefined : error);
    if (event.unreadable) return { event, group: projection.guarded ? event.id : undefined, poison: poison(event.unreadable) };
    try {
      return { event, group: projection.groupOf(event) };
    } catch (error) {
      return { event, poison: poison(error as Error) };
    }
  }

  async function rowsOf(groups: Iterable<string>, since: string): Promise<Groups> {
    const rows: Groups = new Map();
    const missing = new Set<string>();
    for (const group of groups) {
      const known = kept.get(group);
      if (known) rows.set(group, known);
      else missing.add(group);
    }
    if (missing.size > 0) for (const [group, found] of await loaded(missing, since)) rows.set(group, found);
    return rows;
  }

  async function loaded(some: Iterable<string>, since: string): Promise<Groups> {
    const groups = [...new Set(some)];
    const found = await readModel.load(projection, side, groups, since);
    return new Map(groups.map((group) => [group, found.get(group) ?? []]));
  }

  /** Rows that were closed before this these events do not change; of a table whose rows never close it is not asked. */
  const sinceOf = (occurrences: readonly Occurrence[]): string => (closedBy === undefined ? '' : earliest(occurrences));
  /** Those that what comes may still change. */
  function stillOpen(rows: readonly Row[], since: string): readonly Row[] {
    return closedBy === undefined ? rows : rows.filter((it) => (it[closedBy] as string) >= since);
  }

  function changed(before: Groups, now: Groups): Rows {
    const upsert: Row[] = [];
    const remove: Row[] = [];
    for (const [group, rows] of now) {
      const old = before.get(group)!;
      if (rows === old) continue;
      const same = new Set(old);
      const stays = new Set(rows.map(keyOfRow));
      upsert.push(...rows.filter((row) => !same.has(row)));
      remove.push(...old.filter((row) => !stays.has(keyOfRow(row))));
    }
    return { upsert, remove };
  }
  const keyOfRow = (row: Row): string =>
    primaryKey.length === 1 ? String(row[primaryKey[0]!]) : JSON.stringify(primaryKey.map((name) => row[name]));

  /** `refused`: groups whose rows can not be written. */
  async function fold(occurrences: readonly Occurrence[], refused?: ReadonlyMap<string, Error>) {
    // What is held back now; what is through in between is found by the commit.
    const held = new Set(back.held.keys());
    const opened = new Map<string, Held>();
    const behind = new Map<string, number>();
    const isBehind = (key: string): boolean => {
      const own = opened.get(key);
      if (own) opened.set(key, { ...own, waiting: own.waiting + 1 });
      else if (held.has(key)) behind.set(key, (behind.get(key) ?? 0) + 1);
      else return false;
      return true;
    };
    const open = (event: Occurrence, group: string | undefined, error: Error): void => {
      if (side === 'beside' && !heldLive.has(streamKey(event))) throw error;
      if (held.size + opened.size >= HELD_MOST)
        throw new Error(`${HELD_MOST} aggregates are held back, so it is not they that are wrong: ${error.message}`);
      const key = group === undefined ? streamKey(event) : groupKey(group);
      opened.set(key, firstHeld(key, event, checkpoint?.position ?? START, error));
    };

    const all = occurrences.map((event) => {
      const it = sorted(event);
      const error = it.group === undefined ? undefined : refused?.get(it.group);
      return error ? { ...it, poison: error } : it;
    });
    const isHeld = ({ event, group }: Sorted) => held.has(streamKey(event)) || (group !== undefined && held.has(groupKey(group)));
    const wanted = held.size === 0 ? all : all.filter((it) => !isHeld(it));
    const since = sinceOf(occurrences);
    if (since !== '') {
      // A clock went back: in memory are the rows that were open later.
      if (since < keptSince) kept.clear();
      keptSince = since;
    }
    const before = await rowsOf(new Set(wanted.flatMap(({ group }) => group ?? [])), since);
    const now = new Map(before);
    for (const { event, group, poison } of all) {
      if (held.size + opened.size > 0) {
        // Of a stream that waits as a whole every event waits, also one that changes no row: they are counted as they are read again.
        if (isBehind(streamKey(event)) || (group !== undefined && isBehind(groupKey(group)))) continue;
      }
      if (poison) {
        open(event, group, poison);
        continue;
      }
      if (group === undefined) continue;
      try {
        const rows = after(now.get(group)!, event);
        now.set(group, rows instanceof Promise ? await rows : rows);
      } catch (error) {
        if (!(error instanceof Poison)) throw error;
        open(event, group, error);
      }
    }
    const holding = opened.size + behind.size > 0 ? { opened: [...opened.values()], behind } : undefined;
    return { ...changed(before, now), before, now, since, holding };
  }

  /**
   * What takes longer than a lease is never written, however often it is begun: less is handled at once, until each part leaves
   * time to write it.
   */
  function paced(events: number, tookMs: number): void {
    const mostMs = (owner?.leaseMs ?? Infinity) * FOLD_OF_LEASE;
    if (tookMs > mostMs) atOnce = Math.max(1, Math.floor((events * mostMs) / tookMs));
    else atOnce = Math.max(atOnce, 2 * events);
  }

  /** A stretch in parts of at most `atOnce` events, each as far as its last one reaches. */
  function* parts({ occurrences, position }: Stretch): Generator<Stretch> {
    let at = 0;
    while (occurrences.length - at > atOnce) {
      const part = occurrences.slice(at, (at += atOnce));
      yield { occurrences: part, position: part.at(-1)!.position };
    }
    yield { occurrences: occurrences.slice(at), position };
  }

  /** False as `apply`, and when it is to end before all parts are handled. */
  async function applyParts(stretch: Stretch, epoch: string, signal: AbortSignal): Promise<boolean> {
    for (const it of parts(stretch)) if (signal.aborted || !(await apply(it, epoch))) return false;
    return true;
  }

  /** False: another owner moved the checkpoint, or this process is not the owner any more. */
  async function apply(stretch: Stretch, epoch: string, refused?: ReadonlyMap<string, Error>): Promise<boolean> {
    const { occurrences, position: to } = stretch;
    const began = performance.now();
    const { upsert, remove, before, now, since, holding } = await fold(occurrences, refused);
    paced(occurrences.length, performance.now() - began);
    if (owner && !owner.holds()) return false;
    const next = checkpointAfter(checkpoint, epoch, to, occurrences.at(-1));
    if (upsert.length + remove.length === 0 && !holding && checkpoint && side === 'live') {
      ahead = next;
      noting ??= setTimeout(() => void back.alone(note), NOTED_AFTER_MS);
      place.advance(to);
      return !turn.signal.aborted;
    }
    const change = { upsert, remove, to: next, holding, proven: refused !== undefined };
    try {
      if (!(await commit(change))) return false;
    } catch (error) {
      if (!(error instanceof RowsRefused) || refused) throw error;
      return applyOthers(stretch, epoch, before, now);
    }
    for (const [group, rows] of now) kept.set(group, stillOpen(rows, since));
    for (const { key } of holding?.opened ?? []) if (key.startsWith('group ')) kept.delete(key.slice('group '.length));
    back.opened(holding?.opened ?? []);
    point('projector.before-ack');
    place.advance(to);
    return true;
  }

  /** False: the checkpoint is another owner's now, or of rows that were replaced. */
  async function commit(change: Change): Promise<boolean> {
    const sentAt = performance.now();
    if (!(await readModel.commit(projection, side, checkpoint, change, owner))) return false;
    owner?.renewed(sentAt);
    checkpoint = { ...change.to, generation: checkpoint?.generation ?? '' };
    ahead = undefined;
    return true;
  }

  /** The checkpoint follows: other processes read it, and whoever works next begins there. */
  async function note(): Promise<void> {
    noting = undefined;
    if (!ahead || !checkpoint || turn.signal.aborted) return;
    try {
      // At once, and not with the next page: while nothing comes, other processes would wait for a place that is not there.
      if (!(await commit({ upsert: [], remove: [], to: ahead }))) turn.abort();
    } catch {
      // The moment: what changes rows will say so, and until then it is tried again.
      if (isRunning) noting = setTimeout(() => void back.alone(note), NOTED_AFTER_MS);
    }
  }

  /** Rows that the database refuses: all others are written, and the events whose rows these are held back. */
  async function applyOthers(stretch: Stretch, epoch: string, before: Groups, now: Groups): Promise<boolean> {
    const groups = new Map<string, Rows>();
    for (const [group, rows] of now) if (rows !== before.get(group)) groups.set(group, changed(before, new Map([[group, rows]])));
    const refused = await readModel.refused(projection, side, groups);
    return apply(stretch, epoch, refused); // none: it was the moment
  }

  /** Of what is held back, those that wait, in their order. */
  async function waitingAt({ key, event, after: from, waiting: count }: Held): Promise<readonly Occurrence[]> {
    if (projection.guarded || key.startsWith('stream '))
      return (await feed.stream(event.category, event.id, event.revision)).slice(0, count);
    const found: Occurrence[] = [];
    const end = new AbortController();
    const { position: to, eventPosition } = checkpoint!; // nothing is held back before the first commit
    for await (const { occurrences, position: at } of feed.from(from, end.signal)) {
      for (const it of occurrences) {
        const isSeen = event.position <= it.position && it.position <= eventPosition!;
        // From there on it waits, and was counted, with its stream.
        const ofStream = back.held.get(streamKey(it));
        const isApart = ofStream !== undefined && it.position >= ofStream.position;
        if (isSeen && !isApart && groupKey(sorted(it).group ?? '') === key) found.push(it);
      }
      if (found.length >= count || at >= to) break;
    }
    end.abort();
    return found.slice(0, count);
  }

  /** Handles the first of what is held back as far as that goes, and commits it. @throws Poison */
  async function attempt(it: Held, most: number, isAlone: boolean): Promise<Attempted> {
    const all = (await waitingAt(it)).map(sorted);
    if (all.length < it.waiting) {
      // One was counted, and this process does not know of the commit yet.
      if (!isAlone) return false;
      throw new Poison(
        new LogDamaged(`${projection.name}: of ${it.waiting} events that wait for ${it.key} ${all.length} are found`),
      );
    }
    // In a stream that waits as a whole: what waits by its rows has come before.
    if (it.key.startsWith('stream ') && all.some(({ group }) => group !== undefined && back.held.has(groupKey(group))))
      return false;
    const first = all.slice(0, most);
    const before = await loaded(
      first.flatMap(({ group }) => group ?? []),
      sinceOf(first.map((it) => it.event)),
    );
    const now = new Map(before);
    const { done, error } = await inTurn(first, async ({ event, group, poison }) => {
      if (poison) throw new Poison(poison);
      if (group !== undefined) now.set(group, await after(now.get(group)!, event));
    });
    if (error && done === 0) throw error;
    const next = all[done]?.event;
    const left = next && heldFrom(it, done, next, error);
    try {
      if (!(await readModel.settle(projection, checkpoint?.generation ?? '', it, { ...changed(before, now), left }, owner)))
        return false;
    } catch (cause) {
      if (!(cause instanceof RowsRefused)) throw cause;
      if (done > 1) return 'fewer';
      throw new Poison(cause);
    }
    for (const group of now.keys()) kept.delete(group);
    return left;
  }

  /** A rebuild follows from no request: it is not traced. */
  const traced = ({ occurrences }: Stretch, work: () => Promise<boolean>): Promise<boolean> =>
    side === 'beside' || occurrences.length === 0
      ? work()
      : linkedTo(occurrences, `project ${projection.name}`, SpanKind.CONSUMER, work);

  async function run(signal: AbortSignal, term?: Term): Promise<void> {
    isRunning = true;
    owner = term;
    const trying = side === 'live' ? back.run(signal) : undefined;
    for (let failures = 0; !signal.aborted;) {
      try {
        await start();
        const epoch = await feed.epoch();
        point('projector.before-read');
        for await (const stretch of feed.from(place.position, AbortSignal.any([signal, turn.signal]))) {
          point('projector.after-read');
          if (!(await back.alone(() => traced(stretch, () => applyParts(stretch, epoch, signal))))) break;
          failure = undefined;
          failures = 0;
          point('projector.before-read');
        }
        await term?.confirm();
      } catch (error) {
        if (signal.aborted) break;
        failure = error as Error;
        retries.tell('projection');
        await delay(RETRY_MS[Math.min(failures++, RETRY_MS.length - 1)]!, signal);
      }
    }
    await trying;
    isRunning = false;
    clearTimeout(noting);
    await back.alone(note);
  }

  async function follow(signal: AbortSignal): Promise<void> {
    let generation: string | undefined;
    while (!signal.aborted) {
      if (!isRunning) {
        try {
          const found = await readModel.checkpoint(projection, side);
          if (found?.generation !== generation || failure) await ensureCurrent();
          generation = found?.generation;
          if (!isRunning) {
            failure = undefined;
            place.advance(found?.position ?? START);
          }
        } catch (error) {
          if (!isRunning) failure = error as Error;
        }
      }
      const isAwaited = !isRunning && place.isAwaited();
      await bell.rung(signal, isAwaited ? FOLLOW_MS.awaited : FOLLOW_MS.idle);
    }
  }

  return { projection, side, run, follow, reached: place.reached, position: () => place.position, failure: () => failure };
}
