// 项目实施: what was sold is delivered, milestone by milestone.
import { z } from 'zod';
import { command, event, field } from '../define';
import { code, instant } from '../values';
import { accountId, anOpportunity, milestone, nextDueAt, opportunityId, reason } from './opportunity-fields';

const milestoneCode = field(code(40), 'Milestone', '里程碑');
const completedAt = field(instant(), 'Completed at', '完成时间');
const milestones = field(z.array(milestone).min(1).max(50), 'Milestones', '里程碑');

const of = { opportunityId, accountId };
const plan = [
  { code: 'site-ready', name: 'Site is ready', dueAt: '2026-07-31T09:00:00.000Z', ownerId: 'wang.fang' },
  { code: 'accepted', name: 'Accepted by the customer', dueAt: '2026-09-30T09:00:00.000Z' },
];

export const deliveryCommands = {
  PlanDelivery: command({
    version: 1,
    label: { en: 'Plan delivery', zh: '计划实施' },
    description: 'Says which milestones are still to be reached, and when each is due; it replaces those of an earlier plan.',
    data: z.strictObject({ milestones, reason: reason.optional() }),
    example: { milestones: plan },
  }),
  CompleteMilestone: command({
    version: 1,
    label: { en: 'Complete milestone', zh: '完成里程碑' },
    description: 'Notes that a milestone was reached. With the last one, the opportunity is delivered.',
    data: z.strictObject({ milestone: milestoneCode, completedAt }),
    example: { milestone: 'site-ready', completedAt: '2026-07-30T09:00:00.000Z' },
  }),
  NoteMilestonesLate: command({
    version: 1,
    label: { en: 'Note late milestones', zh: '登记里程碑逾期' },
    description: 'What was due has not been reached. A timer says it, once for each milestone and due time.',
    data: z.strictObject({}),
    example: {},
  }),
};

export const deliveryEvents = {
  DeliveryPlanned: event({
    version: 1,
    label: { en: 'Delivery planned', zh: '实施已计划' },
    description: 'These milestones are still to be reached.',
    data: z.strictObject({ ...of, milestones, nextDueAt, reason: reason.optional() }),
    example: { ...anOpportunity, milestones: plan, nextDueAt: plan[0]!.dueAt },
  }),
  MilestoneCompleted: event({
    version: 1,
    label: { en: 'Milestone completed', zh: '里程碑已完成' },
    description: 'A milestone was reached.',
    data: z.strictObject({ ...of, milestone: milestoneCode, completedAt, nextDueAt }),
    example: { ...anOpportunity, milestone: 'site-ready', completedAt: '2026-07-30T09:00:00.000Z', nextDueAt: plan[1]!.dueAt },
  }),
  MilestoneLate: event({
    version: 1,
    label: { en: 'Milestone late', zh: '里程碑已逾期' },
    description: 'A milestone was due and not reached.',
    data: z.strictObject({ ...of, milestone: milestoneCode, dueAt: milestone.shape.dueAt, nextDueAt }),
    example: { ...anOpportunity, milestone: 'site-ready', dueAt: plan[0]!.dueAt, nextDueAt: plan[1]!.dueAt },
  }),
  OpportunityDelivered: event({
    version: 1,
    label: { en: 'Opportunity delivered', zh: '商机已交付' },
    description: 'All milestones are reached.',
    data: z.strictObject({ ...of, deliveredAt: field(instant(), 'Delivered at', '交付时间') }),
    example: { ...anOpportunity, deliveredAt: '2026-09-28T09:00:00.000Z' },
  }),
};

export const deliveryRefusals = {
  'not-won': {
    en: 'Only what is won is delivered. Win the opportunity first: win.',
    zh: '只有已赢单的商机才能实施，请先登记赢单。',
  },
  'already-delivered': { en: 'Everything of this opportunity is delivered.', zh: '该商机已全部交付。' },
  'milestone-repeated': { en: 'Name each milestone once.', zh: '每个里程碑只能列出一次。', status: 422 },
  'milestone-completed': {
    en: 'This milestone is reached already. Leave it out of the plan.',
    zh: '该里程碑已完成，请勿再列入计划。',
  },
  'no-such-milestone': { en: 'The plan has no such milestone that is still to be reached.', zh: '计划中没有该未完成的里程碑。' },
  'due-in-the-past': {
    en: 'The due time is over already. Name one that is to come.',
    zh: '截止时间已过，请填写将来的时间。',
  },
  'no-milestone-due': { en: 'No milestone is due.', zh: '没有到期的里程碑。' },
  'delivery-begun': {
    en: 'A milestone of the delivery is reached. What was delivered is not sold again: open another opportunity.',
    zh: '该商机已开始交付，不能重新打开。请另建商机。',
  },
} as const;
