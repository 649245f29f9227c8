// 拜访未完成: a day after its end, a visit of which nobody said that it took place, or that it was called off, is missed.
import { visitContract } from '@kams/contracts/accounts/visit';
import { timer } from '@kams/eventing';
import { missedAt, visit } from '../domain/visit';

export const visitIsMissed = timer({
  name: 'visit-is-missed',
  from: [visitContract],
  give: ({ id }) => ({ to: visit, type: 'Miss', id, data: {} }),
})({
  VisitPlanned: ({ data }) => ({ at: missedAt(data.endsAt) }),
  VisitRescheduled: ({ data }) => ({ at: missedAt(data.endsAt) }),
  VisitCancelled: () => null,
  VisitCompleted: () => null,
  VisitMissed: () => null,
});
