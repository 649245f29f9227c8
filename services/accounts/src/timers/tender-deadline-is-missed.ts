// 投标逾期: a deadline that passes without a bid is noted, once, also when nothing ran at that moment.
import { opportunityContract } from '@kams/contracts/accounts/opportunity';
import { timer } from '@kams/eventing';
import { opportunity } from '../domain/opportunity';

export const tenderDeadlineIsMissed = timer({
  name: 'tender-deadline-is-missed',
  from: [opportunityContract],
  give: ({ id }) => ({ to: opportunity, type: 'NoteDeadlineMissed', id, data: {} }),
})({
  TenderAnnounced: ({ data }) => ({ at: data.deadline }),
  TenderChanged: ({ data }) => ({ at: data.deadline }),
  BidSubmitted: () => null,
  TenderNotAwarded: () => null,
  TenderDeadlineMissed: () => null,
  OpportunityWon: () => null,
  OpportunityLost: () => null,
  OpportunityReopened: ({ data }) => (data.deadline === null ? null : { at: data.deadline }),
});
