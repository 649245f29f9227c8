// What an opportunity is, and what its rules have alike.
import { opportunityContract, type Deal, type OpportunityContract } from '@kams/contracts/accounts/opportunity';
import type { CommandData, CommandName, EventData, EventName, EventOf } from '@kams/contracts/define';
import { refusing, type Circumstances } from '@kams/eventing/pure';
import { instantOf, msOf } from '@kams/methods/dates';
import type { Delivery } from './delivery';
import type { Tender } from './tender';

export type End =
  | { readonly outcome: 'won'; readonly closedOn: string; readonly amount: NonNullable<Deal['amount']> }
  | {
      readonly outcome: 'lost';
      readonly closedOn: string;
      readonly reasonCode: EventData<OpportunityContract, 'OpportunityLost'>['reasonCode'];
      readonly competitorId?: string;
    };

export interface Known {
  readonly is: 'open' | 'won' | 'lost';
  readonly accountId: string;
  readonly deal: Deal & { readonly productRefs: string[] };
  readonly openedOn?: string;
  /** Where it stands, or stood when it was decided. */
  readonly stage: string;
  readonly probability: string;
  readonly competitors: readonly string[];
  readonly tender?: Tender;
  readonly end?: End;
  readonly delivery: Delivery;
}
export type Opportunity = { readonly is: 'none' } | Known;

type Contract = OpportunityContract;
export type Facts = readonly EventOf<Contract>[];
/** Handlers of these commands, and of these events. */
export type Decisions<N extends CommandName<Contract>> = {
  readonly [X in N]: (it: Opportunity, data: CommandData<Contract, X>, at: Circumstances) => Facts;
};
export type Evolutions<N extends EventName<Contract>> = {
  readonly [X in N]: (it: Opportunity, data: EventData<Contract, X>) => Opportunity;
};

export const refuse = refusing(opportunityContract);

/** The handler of a command for an opportunity that is there and open; the engine answers 404 for one that never was. */
export const whenOpen =
  <D, C>(decide: (it: Known, data: D, circumstances: C) => Facts) =>
  (it: Opportunity, data: D, circumstances: C): Facts =>
    it.is === 'none' ? [] : it.is === 'open' ? decide(it, data, circumstances) : refuse('opportunity-closed', { is: it.is });

export const known = (it: Opportunity, change: (opportunity: Known) => Known): Opportunity =>
  it.is === 'none' ? it : change(it);

/** Zones are up to 14 hours ahead of UTC: a day that has begun nowhere is still to come. */
const FURTHEST_AHEAD_MS = 14 * 3_600_000;

/** @throws Refusal `in-the-future` for a day that has begun nowhere, or an instant after the command's */
export function passed(when: string | undefined, at: string): void {
  const latest = when?.length === 10 ? instantOf(msOf(at) + FURTHEST_AHEAD_MS).slice(0, 10) : at;
  if (when !== undefined && when > latest) refuse('in-the-future', { when });
}
