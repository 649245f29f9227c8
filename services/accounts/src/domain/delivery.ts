// 项目实施: the milestones of what was won. Each is late once for each due time, and the last one that is reached delivers it all.
import type { OpportunityContract } from '@kams/contracts/accounts/opportunity';
import type { EventData } from '@kams/contracts/define';
import {
  known,
  passed,
  refuse,
  type Decisions,
  type Evolutions,
  type Facts,
  type Known,
  type Opportunity,
} from './opportunity-state';

type Milestone = EventData<OpportunityContract, 'DeliveryPlanned'>['milestones'][number];
type Pending = Milestone & { readonly late: boolean };
export interface Delivery {
  /** Still to be reached. */
  readonly pending: readonly Pending[];
  /** When each was reached, by its code. */
  readonly completed: Readonly<Record<string, string>>;
  readonly delivered: boolean;
}

export const noDelivery: Delivery = { pending: [], completed: {}, delivered: false };

/** The handler of a command for what is won. */
const whenWon =
  <D, C>(decide: (it: Known, data: D, circumstances: C) => Facts) =>
  (it: Opportunity, data: D, circumstances: C): Facts =>
    it.is === 'none' ? [] : it.is === 'won' ? decide(it, data, circumstances) : refuse('not-won');

const earliest = (instants: readonly string[]): string | null => instants.toSorted()[0] ?? null;
const nextDue = (pending: readonly Pending[]): string | null =>
  earliest(pending.filter((it) => !it.late).map(({ dueAt }) => dueAt));

/** A plan as it will stand: what is late stays so as long as its due time is the same. */
const planned = (plan: readonly Milestone[], before: readonly Pending[]): Pending[] =>
  plan.map((it) => ({ ...it, late: before.some(({ code, dueAt, late }) => late && code === it.code && dueAt === it.dueAt) }));

type Commands = 'PlanDelivery' | 'CompleteMilestone' | 'NoteMilestonesLate';
export const deliveryDecisions: Decisions<Commands> = {
  PlanDelivery: whenWon(({ accountId, delivery }, { milestones, reason }, { id: opportunityId, at }) => {
    if (delivery.delivered) return refuse('already-delivered');
    const codes = milestones.map(({ code }) => code);
    const again = codes.find((code, i) => codes.indexOf(code) < i);
    if (again !== undefined) return refuse('milestone-repeated', { milestone: again });
    const reached = codes.find((code) => Object.hasOwn(delivery.completed, code));
    if (reached !== undefined) return refuse('milestone-completed', { milestone: reached });
    const isKept = ({ code, dueAt }: Milestone) => delivery.pending.some((it) => it.code === code && it.dueAt === dueAt);
    const past = milestones.find((it) => it.dueAt <= at && !isKept(it));
    if (past) return refuse('due-in-the-past', { milestone: past.code, dueAt: past.dueAt });
    const nextDueAt = nextDue(planned(milestones, delivery.pending));
    return [{ type: 'DeliveryPlanned', data: { opportunityId, accountId, milestones, nextDueAt, reason } }];
  }),

  CompleteMilestone: whenWon(({ accountId, delivery }, { milestone, completedAt }, { id: opportunityId, at }) => {
    if (Object.hasOwn(delivery.completed, milestone)) return [];
    if (!delivery.pending.some(({ code }) => code === milestone)) return refuse('no-such-milestone', { milestone });
    passed(completedAt, at);
    const left = delivery.pending.filter(({ code }) => code !== milestone);
    const deliveredAt = [...Object.values(delivery.completed), completedAt].toSorted().at(-1)!;
    const of = { opportunityId, accountId };
    return [
      { type: 'MilestoneCompleted', data: { ...of, milestone, completedAt, nextDueAt: nextDue(left) } },
      ...(left.length === 0 ? [{ type: 'OpportunityDelivered' as const, data: { ...of, deliveredAt } }] : []),
    ];
  }),

  NoteMilestonesLate: whenWon(({ accountId, delivery }, _, { id: opportunityId, at }) => {
    const isDue = ({ late, dueAt }: Pending) => !late && dueAt <= at;
    const due = delivery.pending.filter(isDue);
    if (due.length === 0) return refuse('no-milestone-due', { nextDueAt: nextDue(delivery.pending) });
    const nextDueAt = nextDue(delivery.pending.filter((it) => !isDue(it)));
    return due.map(({ code: milestone, dueAt }) => ({
      type: 'MilestoneLate',
      data: { opportunityId, accountId, milestone, dueAt, nextDueAt },
    }));
  }),
};

const delivering = (it: Opportunity, change: (delivery: Delivery) => Delivery): Opportunity =>
  known(it, (opportunity) => ({ ...opportunity, delivery: change(opportunity.delivery) }));

type Events = 'DeliveryPlanned' | 'MilestoneCompleted' | 'MilestoneLate' | 'OpportunityDelivered';
export const deliveryEvolutions: Evolutions<Events> = {
  DeliveryPlanned: (it, { milestones }) =>
    delivering(it, (delivery) => ({ ...delivery, pending: planned(milestones, delivery.pending) })),
  MilestoneCompleted: (it, { milestone, completedAt }) =>
    delivering(it, ({ pending, completed, ...delivery }) => ({
      ...delivery,
      pending: pending.filter(({ code }) => code !== milestone),
      completed: { ...completed, [milestone]: completedAt },
    })),
  MilestoneLate: (it, { milestone }) =>
    delivering(it, ({ pending, ...delivery }) => ({
      ...delivery,
      pending: pending.map((one) => (one.code === milestone ? { ...one, late: true } : one)),
    })),
  OpportunityDelivered: (it) => delivering(it, (delivery) => ({ ...delivery, delivered: true })),
};
