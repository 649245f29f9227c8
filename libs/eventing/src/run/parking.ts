// An event that can not be handled holds back what belongs to it, and nothing else: the group of rows that it changes, or its
// stream where that is all that is known of it. What comes behind is not copied, for copies would hold what people may have
// erased: it is counted, and read from the store again when it is its turn.
import type { Position } from '../store/port';
import type { Occurrence } from './occurrence';
import { delay } from '../delay';

/** What is kept of an event that could not be handled: no data of it. */
export type HeldEvent = Pick<Occurrence, 'eventId' | 'type' | 'tenantId' | 'category' | 'id' | 'revision' | 'position'>;

export interface Held {
  /** `group <name>` or `stream <category>-<id>`. */
  readonly key: string;
  /** The first that waits. */
  readonly event: HeldEvent;
  /** A place of the feed before it. */
  readonly after: Position;
  /** How many wait, this one included. */
  readonly waiting: number;
  readonly tries: number;
  readonly error: string;
  /** Not tried again until somebody asks. */
  readonly parked: boolean;
  /** Somebody asks. */
  readonly wanted: boolean;
}

/** What a reader's commit says of what it holds back. */
export interface HoldingBack {
  readonly opened: readonly Held[];
  /** Key -> how many more wait there. */
  readonly behind: ReadonlyMap<string, number>;
}

export interface HeldState {
  readonly held: readonly Held[];
  /** Ids of the events that people have left out. */
  readonly skipped: readonly string[];
}

/** It is this event that can not be handled, and not the moment. */
export class Poison extends Error {
  constructor(cause: unknown) {
    super(cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause), { cause });
  }
}

export const streamKey = ({ category, id }: Pick<Occurrence, 'category' | 'id'>): string => `stream ${category}-${id}`;
export const groupKey = (group: string): string => `group ${group}`;

const ERROR_LENGTH = 500;

const placeOf = ({ eventId, type, tenantId, category, id, revision, position }: HeldEvent): HeldEvent => ({
  eventId,
  type,
  tenantId,
  category,
  id,
  revision,
  position,
});

export const firstHeld = (key: string, event: HeldEvent, after: Position, error: Error): Held => ({
  key,
  event: placeOf(event),
  after,
  waiting: 1,
  tries: 1,
  error: error.message.slice(0, ERROR_LENGTH),
  parked: false,
  wanted: false,
});

/** The same place, of which the first `done` events are through: the next is another event, and has not failed yet. */
export const heldFrom = (it: Held, done: number, event: HeldEvent, error?: Error): Held => ({
  ...firstHeld(it.key, event, it.after, error ?? new Error('')),
  waiting: it.waiting - done,
  tries: error ? 1 : 0,
});

/** What fails for a moment is through by then; 3.9 s after the first failure it is parked. */
const TRY_AGAIN_MS = [100, 250, 500, 1_000, 2_000];
/** Of all readers of a process together: each takes a connection, for a second if it hangs, and the others need theirs. */
const AT_ONCE = 2;
let trying = 0;
/** How soon it is seen that somebody asks. */
const LOOK_MS = 250;
const IDLE_MS = 100;
const BUSY_MS = 20;
/** With more it is not the events that are wrong: the reader stands, and says so. */
export const HELD_MOST = 1_000;

/** What is left, undefined for nothing; false: others have come meanwhile; 'fewer': these can not be written together. */
export type Attempted = Held | undefined | false | 'fewer';

/** Handles one after the other until one can not be: how many are done, and why not the next. */
export async function inTurn<T>(
  all: readonly T[],
  handle: (it: T) => Promise<void>,
): Promise<{ readonly done: number; readonly error?: Poison }> {
  for (const [done, it] of all.entries()) {
    try {
      await handle(it);
    } catch (error) {
      if (error instanceof Poison) return { done, error };
      throw error;
    }
  }
  return { done: all.length };
}

export interface Aside {
  /** Key -> the place of the first that waits there. */
  readonly held: ReadonlyMap<string, { readonly position: Position }>;
  readonly skipped: ReadonlySet<string>;
  /** Takes over what the database says. */
  set(state: HeldState): void;
  /** After a commit that said so. */
  opened(all: readonly Held[]): void;
  /** One at a time: each page of the reader, and what can not be handled beside it. */
  alone<T>(act: () => Promise<T>): Promise<T>;
  /** Tries again what is held back, each by itself, until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

export interface AsideOptions {
  load(key?: string): Promise<HeldState>;
  /**
   * Handles the first of the events that wait, at most so many, and notes that in one commit. `isAlone`: the reader waits, so
   * none can come meanwhile.
   * @throws Poison when not even the first can be handled
   */
  attempt(it: Held, most: number, isAlone: boolean): Promise<Attempted>;
  tried(it: Held, error: string, parked: boolean): Promise<void>;
  /** Does it change what events change that are not held back? */
  isShared?(key: string): boolean;
}

interface Waiting {
  readonly key: string;
  readonly position: Position;
  readonly parked: boolean;
  wanted: boolean;
  readonly dueAt: number;
  /** So many are tried at once: one that has failed alone, for what hangs takes a second each time, and then twice as many. */
  readonly most: number;
}

export function aside({ load, attempt, tried, isShared = () => false }: AsideOptions): Aside {
  const held = new Map<string, Waiting>();
  const skipped = new Set<string>();
  const busy = new Map<string, Promise<void>>();

  function note({ key, event: { position }, parked, wanted, tries }: Held, most = 1): void {
    const wait = tries === 0 ? 0 : TRY_AGAIN_MS[Math.min(tries, TRY_AGAIN_MS.length) - 1]!;
    held.set(key, { key, position, parked, wanted, dueAt: performance.now() + wait, most });
  }

  let last: Promise<unknown> = Promise.resolve();
  function alone<T>(act: () => Promise<T>): Promise<T> {
    const mine = last.then(act);
    last = mine.catch(() => undefined);
    return mine;
  }

  async function handle(key: string): Promise<void> {
    try {
      const state = await load(key);
      const [it] = state.held;
      for (const id of state.skipped) skipped.add(id);
      if (!it) return void held.delete(key);
      try {
        const most = Math.min(held.get(key)?.most ?? 1, it.waiting);
        // Beside the reader first. Where events come faster than they are handled, the reader waits for once, and no longer than
        // for those that could be written: among the others may be one that hangs.
        let left = isShared(key) ? false : await attempt(it, most, false);
        if (left === false) {
          left = await alone(async () => {
            const [fresh] = (await load(key)).held;
            return fresh && attempt(fresh, most, true);
          });
        }
        if (left === false) return again(key, { dueAt: performance.now() + LOOK_MS });
        if (left === 'fewer') return again(key, { most: Math.ceil(most / 2) });
        if (left) note(left, left.tries === 0 ? most * 2 : 1);
        else held.delete(key);
      } catch (error) {
        if (!(error instanceof Poison)) throw error;
        const parked = it.parked || it.tries >= TRY_AGAIN_MS.length;
        await tried(it, error.message.slice(0, ERROR_LENGTH), parked);
        note({ ...it, parked, wanted: false, tries: it.tries + 1 });
      }
    } catch {
      // The moment and not the event: the database is away, or this is not the owner any more.
      again(key, { dueAt: performance.now() + TRY_AGAIN_MS.at(-1)! });
    }
  }
  function again(key: string, change: Partial<Pick<Waiting, 'dueAt' | 'most'>>): void {
    const it = held.get(key);
    if (it) held.set(key, { ...it, wanted: false, ...change });
  }

  return {
    held,
    skipped,
    alone,
    set(state) {
      const keys = new Set(state.held.map((it) => it.key));
      for (const key of held.keys()) if (!keys.has(key)) held.delete(key);
      for (const it of state.held) if (!held.has(it.key)) note(it);
      skipped.clear();
      for (const id of state.skipped) skipped.add(id);
    },
    opened: (all) => all.forEach((it) => note(it)),

    async run(signal) {
      let lookAt = 0;
      while (!signal.aborted) {
        if (held.size > 0 && performance.now() > lookAt) {
          const state = await load().catch(() => undefined);
          for (const it of state?.held ?? []) if (it.wanted && held.has(it.key)) held.get(it.key)!.wanted = true;
          lookAt = performance.now() + LOOK_MS;
        }
        const due = [...held.values()].filter(
          (it) => !busy.has(it.key) && (it.wanted || (!it.parked && it.dueAt <= performance.now())),
        );
        for (const { key } of due.sort((a, b) => a.dueAt - b.dueAt)) {
          if (trying >= AT_ONCE) break;
          trying++;
          busy.set(
            key,
            handle(key).finally(() => {
              trying--;
              busy.delete(key);
            }),
          );
        }
        await delay(held.size > 0 ? BUSY_MS : IDLE_MS, signal);
      }
      await Promise.all(busy.values());
    },
  };
}
