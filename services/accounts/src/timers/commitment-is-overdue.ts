// 承诺逾期: a promise that is not kept when it is due is overdue, once for each time that it was due.
import { commitmentContract } from '@kams/contracts/accounts/commitment';
import { timer } from '@kams/eventing';
import { commitment } from '../domain/commitment';

export const commitmentIsOverdue = timer({
  name: 'commitment-is-overdue',
  from: [commitmentContract],
  give: ({ id }) => ({ to: commitment, type: 'NoteOverdue', id, data: {} }),
})({
  CommitmentMade: ({ data }) => ({ at: data.dueAt }),
  CommitmentPostponed: ({ data }) => ({ at: data.dueAt }),
  CommitmentFulfilled: () => null,
  CommitmentBroken: () => null,
  CommitmentOverdue: () => null,
});
