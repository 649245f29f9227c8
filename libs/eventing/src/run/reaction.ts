// When this event, then that command. Named as its sentence: raise-club-floor-when-tier-rises.
import { command, contract, event, type AnyContract } from '@kams/contracts/define';
import { z } from 'zod';
import { aggregate, naturalId, type AnyAggregate } from '../pure';
import { groupedBy } from '../grouped-by';
import { START, Unavailable, type Position } from '../store/port';
import { inTraceOf } from '../trace';
import type { CommandHandler } from './handle';
import type { Term } from './lease';
import type { Occurrence, OccurrenceOf, Stretch } from './occurrence';
import {
  aside,
  firstHeld,
  HELD_MOST,
  heldFrom,
  inTurn,
  Poison,
  streamKey,
  type Attempted,
  type Held,
  type HoldingBack,
} from './parking';
import { giveOrder, isOfTheMoment, refusalOf, type Order } from './order';
import type { Feed } from './projector';
import { persistent } from './persistent';
import { checkpointAfter, type Checkpoints } from './read-model';
import { ensureSound, inThisHistory } from './sound';

export interface Reaction {
  /** Lower case with hyphens; stored in every command's id. A new name reacts to everything again. */
  readonly name: string;
  readonly contracts: readonly AnyContract[];
  /** The service whose public events these are; absent: the own store. */
  readonly over?: string;
  react(event: Occurrence): readonly Order[];
}

type Reactions<K extends AnyContract> = {
  readonly [E in OccurrenceOf<K> as E['type']]?: (event: E) => Order | readonly Order[] | undefined;
};

/** Pure: what is to be done follows from the event alone. What is personal in it is sealed. */
export const reaction =
  <const K extends readonly AnyContract[]>(it: { readonly name: string; readonly from: K; readonly over?: string }) =>
  (on: Reactions<K[number]>): Reaction => {
    const handlers = on as unknown as Record<string, ((event: Occurrence) => Order | readonly Order[] | undefined) | undefined>;
    return {
      name: it.name,
      contracts: it.from,
      over: it.over,
      react: (event) => [handlers[event.type]?.(event) ?? []].flat(),
    };
  };

const refused = z.strictObject({
  eventId: z.string(),
  reaction: z.string(),
  command: z.string(),
  code: z.string(),
  details: z.record(z.string(), z.unknown()),
});
const example = {
  eventId: '0190f5a0-0000-7000-8000-0000000000e1',
  reaction: 'raise-club-floor-when-tier-rises',
  command: 'RaiseFloor',
  code: 'not-a-member',
  details: {},
};
const label = { en: 'Reaction refused', zh: '联动被拒绝' };
const made = new Map<string, AnyAggregate>();

/** What a service says when a rule refuses the command of a reaction, so that a saga can compensate instead of waiting for ever. */
export function refusedReactions(service: string): AnyAggregate {
  const before = made.get(service);
  if (before) return before;
  const description = 'A rule refused what was to follow from an event.';
  const own = contract({
    name: `${service}_reaction`,
    plural: `${service}_reactions`,
    label,
    description,
    commands: { Refuse: command({ version: 1, label, description, opens: true, data: refused, example }) },
    events: { ReactionRefused: event({ version: 1, label, description, public: 'reaction.refused', data: refused, example }) },
    refusals: {},
  });
  const it = aggregate(
    own,
    false as boolean,
  )({
    decide: { Refuse: (isSaid, data) => (isSaid ? [] : [{ type: 'ReactionRefused', data }]) },
    evolve: { ReactionRefused: () => true },
  }) as unknown as AnyAggregate;
  made.set(service, it);
  return it;
}

const CURE =
  'The store was restored to before what it reacted to last. Give the reaction a new name, or bring the newer store back';
/** Of different streams; those of one stream are in its order. */
const AT_ONCE = 64;

export interface Reactor {
  readonly reaction: Reaction;
  run(signal: AbortSignal, term?: Term): Promise<void>;
  position(): Position;
  /** Why it stands still, if it does. */
  failure(): Error | undefined;
}

/**
 * Gives the commands of a reaction, in the order of each stream, at least once and so, by their ids, once. What a rule refuses
 * is said and gone on from. What fails otherwise holds back its stream and no other, and is tried again.
 */
export function reactor(it: Reaction, service: string, feed: Feed, commands: CommandHandler, checkpoints: Checkpoints): Reactor {
  const name = `reaction:${it.name}`;
  let position: Position = START;

  async function give(event: Occurrence, order: Order, traceparent: string | undefined): Promise<void> {
    const by = `reaction ${it.name}`;
    const { eventId, tenantId, occurredAt } = event;
    const cause = { tenantId, by, occurredAt, of: [eventId], causationId: eventId, correlationId: eventId, traceparent };
    try {
      await giveOrder(commands, order, cause);
    } catch (error) {
      const refusal = refusalOf(error);
      if (!refusal) throw error;
      const { code, details } = refusal;
      const said = { eventId, reaction: it.name, command: order.type, code, details };
      const id = naturalId(tenantId, by, [eventId, order.type, order.id ?? '']);
      await giveOrder(commands, { to: refusedReactions(service), type: 'Refuse', id, data: said }, cause);
    }
  }

  let owner: Term | undefined;
  const back = aside({
    load: (key) => checkpoints.held(name, key),
    tried: (held, error, parked) => checkpoints.tried(name, held, error, parked, owner),
    attempt,
  });

  /** @throws Poison */
  async function handle(event: Occurrence): Promise<void> {
    if (back.skipped.has(event.eventId)) return;
    try {
      if (event.unreadable) throw event.unreadable;
      const orders = it.react(event);
      if (orders.length === 0) return;
      await inTraceOf(event, `react ${it.name}`, async (traceparent) => {
        for (const order of orders) {
          if (owner && !owner.holds()) throw new Unavailable('this process does not own the reaction any more');
          await give(event, order, traceparent);
        }
      });
    } catch (error) {
      throw isOfTheMoment(error) ? error : new Poison(error);
    }
  }

  async function react({ occurrences }: Stretch, after: Position, signal: AbortSignal): Promise<HoldingBack | undefined> {
    const opened: Held[] = [];
    let isOver = false;
    const behind = new Map<string, number>();
    const streams = [...groupedBy(occurrences, streamKey)];
    const worker = async () => {
      for (let next = streams.pop(); next && !isOver; next = streams.pop()) {
        const [key, events] = next;
        if (back.held.has(key)) behind.set(key, events.length);
        else {
          if (signal.aborted) throw new Unavailable('the reaction ends');
          const held = await heldOf(key, events, after, opened.length);
          if (held) opened.push(held);
        }
      }
    };
    // When one fails the others end as well, before the page is tried again.
    const ends = Array.from({ length: Math.min(AT_ONCE, streams.length) }, () =>
      worker().catch((error: unknown) => {
        isOver = true;
        throw error;
      }),
    );
    await Promise.allSettled(ends);
    await Promise.all(ends);
    return opened.length + behind.size > 0 ? { opened, behind } : undefined;
  }

  async function heldOf(key: string, events: readonly Occurrence[], after: Position, opened: number): Promise<Held | undefined> {
    const { done, error } = await inTurn(events, handle);
    if (!error) return undefined;
    if (back.held.size + opened >= HELD_MOST) throw error;
    return { ...firstHeld(key, events[done]!, after, error), waiting: events.length - done };
  }

  /** @throws Poison */
  async function attempt(held: Held, most: number): Promise<Attempted> {
    const { event, waiting } = held;
    const all = (await feed.stream(event.category, event.id, event.revision)).slice(0, waiting);
    const { done, error } = await inTurn(all.slice(0, most), handle);
    if (error && done === 0) throw error;
    const next = all[done];
    const left = next && heldFrom(held, done, next, error);
    return (await checkpoints.settle(name, held, left, owner)) && left;
  }

  async function follow(signal: AbortSignal, isGoing: () => void): Promise<void> {
    let stored = await checkpoints.load(name);
    let checkpoint = await inThisHistory(stored, feed);
    await ensureSound({ name, cure: CURE }, checkpoint, feed);
    back.set(await checkpoints.held(name));
    position = checkpoint?.position ?? START;
    const epoch = await feed.epoch();
    if (position >= (await feed.head())) isGoing(); // sound again, though nothing new may come
    const page = async (stretch: Stretch): Promise<boolean> => {
      const holding = await react(stretch, position, signal);
      const to = checkpointAfter(checkpoint, epoch, stretch.position, stretch.occurrences.at(-1));
      const sentAt = performance.now();
      // Another process has the same reaction and is ahead: what it gave was given.
      if (!(await checkpoints.save(name, stored, { to, holding }, owner))) return false;
      owner?.renewed(sentAt);
      back.opened(holding?.opened ?? []);
      stored = checkpoint = to;
      position = stretch.position;
      return true;
    };
    for await (const stretch of feed.from(position, signal)) {
      if (!(await back.alone(() => page(stretch)))) return void (await owner?.confirm());
      isGoing();
    }
  }

  const following = persistent(follow, undefined, 'reaction');
  return {
    reaction: it,
    async run(signal, term) {
      owner = term;
      await Promise.all([back.run(signal), following.run(signal)]);
    },
    position: () => position,
    failure: following.failure,
  };
}
