// A subscription of a reader: pages of what the server has sent, and how far they reach; again and again, when it breaks.
import { Bell } from '../../bell';
import { resumed } from '../follow';
import { LogDamaged, Unavailable, type Filter, type Page, type Position } from '../port';
import type { Client, Seen } from './client';
import { shows, STORE_STREAM } from './epoch';
import { later } from './positions';

/** The latest place that this process knows to be written, and who wants to hear of it. */
export class Newest {
  private readonly listeners = new Set<() => void>();

  constructor(private last: Position) {}

  get position(): Position {
    return this.last;
  }

  advance(position: Position): void {
    if (position <= this.last) return;
    this.last = position;
    for (const listener of this.listeners) listener();
  }

  listen(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }
}

export interface Subscribing {
  readonly after: Position;
  readonly filter?: Filter;
  readonly signal: AbortSignal;
  readonly newest: Newest;
  readonly client: Client;
  readonly onError: (error: Unavailable) => void;
}

const PAGE_EVENTS = 200;
/** A stretch that is looked through for nothing that is wanted. The server tells of each 32 events that it leaves out. */
const WINDOW_EVENTS = 64;
/** Until a reader that has heard nothing looks whether it may move on: when this process has written more, and when it has not. */
const LOOK_MS = { soon: 50, idle: 1_000 };

export function subscription(subscribing: Subscribing): AsyncGenerator<Page, void> {
  const { client, signal, onError } = subscribing;
  let at = subscribing.after;
  let isReached = false;
  return resumed(
    async function* () {
      if (!isReached) await ensureReached(client, at);
      isReached = true;
      for await (const page of once(subscribing, at)) {
        at = page.position;
        yield page;
      }
    },
    signal,
    onError,
  );
}

/** @throws LogDamaged */
export async function ensureReached(client: Client, after: Position): Promise<void> {
  const last = await client.readLast();
  if (after > (last?.position ?? ''))
    throw new LogDamaged(`position ${after} is beyond the head, ${last?.position ?? 'the start'}`);
}

/** Until it breaks. @throws Unavailable */
async function* once({ filter, client, signal, newest }: Subscribing, after: Position): AsyncGenerator<Page, void> {
  const isWanted = shows(filter);
  let at = after;
  let taken = 0;
  /** Not true before so many events were taken: it arrives while those before it still wait. */
  let ahead: { readonly position: Position; readonly taken: number } | undefined;
  let isLive = false;
  let lookAt = performance.now() + LOOK_MS.idle;
  const bell = new Bell();
  const source = client.subscribe(after, prefixes(filter), {
    arrived: () => bell.ring(),
    checkpoint: (position) => {
      ahead = { position, taken: taken + source.waiting() };
      bell.ring();
    },
    caughtUp: () => {
      isLive = true;
      lookAt = 0;
      bell.ring();
    },
  });
  const unlisten = newest.listen(() => bell.ring());
  try {
    while (!signal.aborted) {
      const seen = source.take(PAGE_EVENTS);
      taken += seen.length;
      let position = later(at, seen.at(-1)?.position ?? at);
      if (ahead && taken >= ahead.taken) {
        position = later(position, ahead.position);
        ahead = undefined;
      }
      const now = performance.now();
      if (position === at && now >= lookAt) {
        const passed = await pass(client, at, isWanted);
        position = later(at, passed.position);
        lookAt = performance.now() + (isLive && passed.mayGoOn ? 0 : LOOK_MS.idle);
      }
      if (position > at) {
        at = position;
        if (seen.length > 0) lookAt = performance.now() + LOOK_MS.idle;
        yield { events: seen.filter(isWanted).map((it) => it.event!), position };
        continue;
      }
      if (isLive && newest.position > at) lookAt = Math.min(lookAt, performance.now() + LOOK_MS.soon);
      await bell.rung(signal, lookAt - performance.now());
    }
  } finally {
    unlisten();
    source.close();
  }
}

/**
 * The server says nothing of a few events that it has left out. A reader that waits reads on by itself, as far as there is
 * nothing that it wants; what it wants is on its way to it.
 */
async function pass(client: Client, at: Position, isWanted: (it: Seen) => boolean) {
  const seen = (await client.readAll(at, WINDOW_EVENTS)).filter((it) => it.position > at);
  const first = seen.findIndex(isWanted);
  const passed = first < 0 ? seen : seen.slice(0, first);
  return { position: passed.at(-1)?.position ?? at, mayGoOn: first < 0 && passed.length > 1 };
}

/** The stream of a category may be its bare name. No category: the one that nobody is shown. */
const prefixes = (filter: Filter | undefined): readonly string[] | undefined =>
  filter?.categories && (filter.categories.length > 0 ? filter.categories : [STORE_STREAM]);
