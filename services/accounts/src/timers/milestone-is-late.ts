// 里程碑逾期: what is due and not reached is noted, once. The event says which instant is next, so there is one timer an opportunity.
import { opportunityContract } from '@kams/contracts/accounts/opportunity';
import { timer } from '@kams/eventing';
import { opportunity } from '../domain/opportunity';

const next = ({ data }: { readonly data: { readonly nextDueAt: string | null } }) =>
  data.nextDueAt === null ? null : { at: data.nextDueAt };

export const milestoneIsLate = timer({
  name: 'milestone-is-late',
  from: [opportunityContract],
  give: ({ id }) => ({ to: opportunity, type: 'NoteMilestonesLate', id, data: {} }),
})({
  DeliveryPlanned: next,
  MilestoneCompleted: next,
  MilestoneLate: next,
  OpportunityReopened: () => null,
});
