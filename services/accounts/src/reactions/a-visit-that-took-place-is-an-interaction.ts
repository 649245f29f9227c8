// 拜访即互动: a visit that took place is an interaction, so that whoever asks when we were last in touch has one place to look, here
// and in other services. Its words stay with the visit: they are sealed there.
import { visitContract } from '@kams/contracts/accounts/visit';
import { reaction } from '@kams/eventing';
import { interaction } from '../domain/interaction';

export const aVisitThatTookPlaceIsAnInteraction = reaction({
  name: 'a-visit-that-took-place-is-an-interaction',
  from: [visitContract],
})({
  VisitCompleted: ({ data: { visitId, accountId, participants, startedAt: occurredAt, durationMin, sentiment } }) => ({
    to: interaction,
    type: 'LogInteraction',
    data: { accountId, kind: 'visit', direction: 'two_way', participants, occurredAt, durationMin, sentiment, visitId },
  }),
});
