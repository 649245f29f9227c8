// What is due at an instant: an event says when, a later one moves it or takes it away, and at the instant a command is given.
//
// The pending ones are rows of a projection: rebuilt like any other, and a million of them cost an index entry each while they
// wait. The command's id is made of the timer, its key and its instant, so however often it is given, it is one command.
import type { AnyContract } from '@kams/contracts/define';
import type { CommandHandler } from './handle';
import type { Proof, Term } from './lease';
import { toMicroseconds, type Occurrence, type OccurrenceOf } from './occurrence';
import { giveOrder, isOfTheMoment, refusalOf, type Order } from './order';
import { projection, type Projection } from './projection';
import type { Projector } from './projector';
import { table } from './table';
import { delay } from '../delay';

/** A pending timer: of one thing. */
export interface Due {
  readonly tenantId: string;
  /** The aggregate's id, or what the timer calls the thing. */
  readonly id: string;
  /** RFC 3339 in UTC. */
  readonly at: string;
  /** What the event said that the command needs to know. */
  readonly data: unknown;
  /** Of the event that said so. */
  readonly traceparent?: string;
}

export interface Timer {
  /** Lower case with hyphens. */
  readonly name: string;
  readonly pending: Projection;
  /** The command of the instant. Pure. */
  give(due: Due): Order;
}

/** Due at an instant, with what the command needs to know; `null`: no more; nothing returned: as it was. */
type Said = { readonly at: string; readonly data?: unknown } | null | undefined;
type Sayings<K extends AnyContract> = {
  readonly [E in OccurrenceOf<K> as E['type']]?: (event: E) => Said;
};

const tableOf = (name: string) =>
  table(
    name,
    { tenant_id: 'text', id: 'text', due_at: 'instant', data: 'json?', traceparent: 'text?' },
    { primaryKey: ['tenant_id', 'id'], groupBy: 'id', indexes: ['id', 'due_at, id'] },
  );

export const timer =
  <const K extends readonly AnyContract[]>(it: {
    readonly name: string;
    readonly from: K;
    readonly version?: number;
    /** The thing that is due, where a stream has several; of all tenants no two may have one name. Absent: the stream's. */
    readonly of?: (event: OccurrenceOf<K[number]>) => string;
    readonly give: (due: Due) => Order;
  }) =>
  (on: Sayings<K[number]>): Timer => {
    const name = `timer_${it.name.replaceAll('-', '_')}`;
    const sayings = on as unknown as Readonly<Record<string, (event: Occurrence) => Said>>;
    const idOf = (it.of ?? ((event: Occurrence) => event.id)) as (event: Occurrence) => string;
    const handlers = Object.fromEntries(
      Object.entries(sayings).map(([type, say]) => [
        type,
        (row: object | undefined, event: Occurrence) => {
          const said = say(event);
          if (said === undefined) return row;
          if (said === null) return undefined;
          const { tenantId, traceparent = null } = event;
          const due_at = toMicroseconds(new Date(said.at).toISOString());
          return { tenant_id: tenantId, id: idOf(event), due_at, data: said.data ?? null, traceparent };
        },
      ]),
    );
    // By a key, and so without the revision of the stream: most things have no timer, and a stream without a row would be read
    // from its beginning at each of its events.
    const key = (event: Occurrence) => (sayings[event.type] ? idOf(event) : undefined);
    const pending = projection({ name, version: it.version, from: it.from, table: tableOf(name), key: key as never });
    return { name: it.name, pending: pending(handlers as never), give: it.give };
  };

/** Where pending timers stand, and which of them came to nothing. */
export interface Agenda {
  /** Up to `limit` that are due at `now`, the earliest first, without those that were noted for that instant. */
  due(now: string, limit: number): Promise<readonly Due[]>;
  /** The command of this instant changed nothing, was refused, or was given and no event took the timer away: it is not given again. */
  note(due: Due, outcome: string, proof?: Proof): Promise<void>;
}

export interface Scheduler {
  readonly timer: Timer;
  run(signal: AbortSignal, term?: Term): Promise<void>;
  failure(): Error | undefined;
}

const AT_ONCE = 256;
const RETRY_MS = 1_000;
/** Or the next round looks again: whoever wants it to end waits no longer than this. */
const SEEN_WITHIN_MS = 1_000;

/**
 * Gives the commands of what is due, one after the other in the order of their instants, each dated at its instant, also those
 * of the time in which nothing ran.
 */
export function scheduler(
  it: Timer,
  {
    pending,
    agenda,
    commands,
    now,
    everyMs,
  }: {
    readonly pending: Projector;
    readonly agenda: Agenda;
    readonly commands: CommandHandler;
    readonly now: () => Date;
    readonly everyMs: number;
  },
): Scheduler {
  let failure: Error | undefined;
  let owner: Term | undefined;
  let last = pending.position();
  /** What was given in the last round. No event took it away: its row is held back, or the timer is not told of its own event. */
  let given = new Map<string, string>();
  const keyOf = ({ tenantId, id }: Due): string => `${tenantId} ${id}`;

  async function give(due: Due): Promise<void> {
    const by = `timer ${it.name}`;
    try {
      const { tenantId, id, at, traceparent } = due;
      const cause = { tenantId, by, of: [id, at], occurredAt: at, traceparent };
      const { outcome, position } = await giveOrder(commands, it.give(due), cause);
      if (outcome === 'unchanged') await agenda.note(due, outcome, owner);
      else given.set(keyOf(due), due.at);
      last = position;
    } catch (error) {
      const refusal = refusalOf(error);
      if (!refusal) throw error;
      await agenda.note(due, refusal.code, owner);
    }
  }
  /** How many were given, and why one was not: it is left where it is, and keeps no other waiting. */
  async function round(signal: AbortSignal): Promise<{ readonly done: number; readonly left?: Error }> {
    let done = 0;
    let left: Error | undefined;
    // What took a timer away must have been seen before it is looked for.
    if (!(await pending.reached(last, SEEN_WITHIN_MS))) return { done };
    const before = given;
    given = new Map();
    for (const due of await agenda.due(toMicroseconds(now().toISOString()), AT_ONCE)) {
      if (signal.aborted || owner?.holds() === false) break;
      try {
        if (before.get(keyOf(due)) === due.at) await agenda.note(due, 'given', owner);
        else await give(due);
        done++;
      } catch (error) {
        if (isOfTheMoment(error)) throw error;
        left = new Error(`${due.id}, due at ${due.at}: ${(error as Error).message}`, { cause: error });
      }
    }
    return { done, left };
  }

  return {
    timer: it,
    async run(signal, term) {
      owner = term;
      while (!signal.aborted) {
        let wait = everyMs;
        try {
          const { done, left } = await round(signal);
          failure = left;
          if (done > 0) wait = 0;
          else if (left) wait = RETRY_MS;
        } catch (error) {
          if (signal.aborted) break;
          failure = error as Error;
          wait = RETRY_MS;
        }
        await delay(wait, signal);
      }
      failure = undefined; // whoever owns it now has its own
    },
    failure: () => failure,
  };
}
