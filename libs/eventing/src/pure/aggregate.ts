// What a page of rules is written with. Pure: no clock, no chance, no input, no output.
import type { AnyContract, CommandData, CommandName, EventData, EventName, EventOf, RefusalCode } from '@kams/contracts/define';
import type { Role } from '@kams/contracts/policy';
import { v5 as uuidv5 } from 'uuid';

/** A rule says no. Nothing was stored; the code stands in the contract, with what to do next. */
export class Refusal extends Error {
  constructor(
    readonly code: string,
    readonly details: Readonly<Record<string, unknown>> = {},
  ) {
    super(code);
  }
}

/** `refuse('not-a-key-account')`, with only the codes of this contract. */
export const refusing =
  <K extends AnyContract>(_: K) =>
  (code: RefusalCode<K>, details?: Readonly<Record<string, unknown>>): never => {
    throw new Refusal(code, details);
  };

/** What comes in with a command besides its data. */
export interface Circumstances {
  /** The id of the aggregate. */
  readonly id: string;
  readonly tenantId: string;
  readonly actor: string;
  /** Does the actor have this role at this account, or in the whole tenant? Without an account: in the whole tenant. */
  readonly holds: (role: Role, accountId?: string) => boolean;
  /** The business instant of the command, RFC 3339 in UTC. */
  readonly at: string;
}

/** What is known of a stored event besides its data. */
export interface Origin {
  readonly eventId: string;
  readonly occurredAt: string;
  readonly actor: string;
}

/** Another aggregate, as a decision needs to know it: `{ of: scoringModel, id }`. */
export interface Ref<S> {
  readonly of: Aggregate<AnyContract, S>;
  readonly id: string;
}
/** A look-up that leads to another: the account that holds an external id. */
export interface Via<A, S> {
  readonly first: Ref<A>;
  readonly then: (first: A) => Ref<S> | undefined;
}
export const via = <A, S>(first: Ref<A>, then: (first: A) => Ref<S> | undefined): Via<A, S> => ({ first, then });

/** What a look-up found. A stream that does not exist has the initial state and the revision -1. */
export interface Found<S> {
  readonly id: string;
  readonly state: S;
  readonly revision: number;
}
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- look-ups into aggregates of every state
type AnyLookUp = Ref<any> | Via<any, any>;
type FoundBy<L> = L extends Ref<infer S> ? Found<S> : L extends Via<infer _, infer S> ? Found<S> | undefined : never;
type Looks<K extends AnyContract> = {
  readonly [N in CommandName<K>]?: (data: CommandData<K, N>, at: Circumstances) => Readonly<Record<string, AnyLookUp>>;
};
type Look<L, N> = N extends keyof L
  ? L[N] extends (...args: never[]) => infer R
    ? { readonly [X in keyof R]: FoundBy<R[X]> }
    : unknown
  : unknown;

/** A natural key that one aggregate alone may hold; claimed before the events of the command are stored. */
export interface Claim {
  readonly kind: string;
  readonly parts: readonly string[];
}

interface Rules<K extends AnyContract, S, L extends Looks<K>> {
  /**
   * The accounts that a command touches: who reaches not all of them is answered as if the thing were not there. Undefined: that
   * is not known, so it is for those alone who reach all.
   */
  readonly accounts?: (id: string, state: S, data: CommandData<K, CommandName<K>>) => readonly string[] | undefined;
  /** Named look-ups for `decide`: other aggregates whose state this decision needs to know. */
  readonly look?: L;
  /** What a command makes its own: refused with `taken` when another aggregate holds it. */
  readonly claims?: { readonly [N in CommandName<K>]?: (data: CommandData<K, N>) => readonly Claim[] };
  /** Command -> facts, none when there is nothing to do, or a refusal. */
  readonly decide: {
    readonly [N in CommandName<K>]: (state: S, data: CommandData<K, N>, at: Circumstances & Look<L, N>) => readonly EventOf<K>[];
  };
  /** Fact -> state. Total: what was stored can not be refused. */
  readonly evolve: { readonly [N in EventName<K>]: (state: S, data: EventData<K, N>, origin: Origin) => S };
}

export interface Aggregate<K extends AnyContract, S> extends Rules<AnyContract, S, Looks<AnyContract>> {
  readonly initial: S;
  readonly contract: K;
}

/** One page of pure rules. A forgotten command or event is a compile error at the table. */
export const aggregate =
  <K extends AnyContract, S>(contract: K, initial: S) =>
  <L extends Looks<K> = Looks<K>>(rules: Rules<K, S, L>): Aggregate<K, S> => ({
    contract,
    initial,
    ...(rules as unknown as Rules<AnyContract, S, Looks<AnyContract>>),
  });

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- an aggregate whose state does not matter here
export type AnyAggregate = Aggregate<AnyContract, any>;

const NAMESPACE = 'b7d2a2f0-6c1e-5b7e-9a55-4b414d530001';

/** The id that a natural key gives: the same key, the same id, on every machine (UUID version 5). */
export const naturalId = (tenantId: string, kind: string, parts: readonly string[]): string =>
  uuidv5(JSON.stringify([tenantId, kind, ...parts]), NAMESPACE);
