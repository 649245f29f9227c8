import { after, fact, inNegotiation, lost, opened, won } from './opportunities';

const [first, second] = [
  { code: 'site', name: 'Site is ready', dueAt: '2026-03-10T09:00:00.000Z' },
  { code: 'accepted', name: 'Accepted', dueAt: '2026-03-20T09:00:00.000Z', ownerId: 'wang.fang' },
];
const planned = (milestones: (typeof first)[], nextDueAt: string | null) => fact('DeliveryPlanned', { milestones, nextDueAt });
const both = planned([first, second], first.dueAt);
const completed = (milestone: string, completedAt: string, nextDueAt: string | null) =>
  fact('MilestoneCompleted', { milestone, completedAt, nextDueAt });
const late = (it: typeof first, nextDueAt: string | null) =>
  fact('MilestoneLate', { milestone: it.code, dueAt: it.dueAt, nextDueAt });
const delivering = (...facts: Parameters<typeof after>) => after(inNegotiation, won(), ...facts);

test('only what is won is delivered', () => {
  after(opened())
    .when('PlanDelivery', { milestones: [first] })
    .refused('not-won');
  after(opened(), lost()).when('CompleteMilestone', { milestone: 'site', completedAt: first.dueAt }).refused('not-won');
  delivering()
    .when('PlanDelivery', { milestones: [first, second] })
    .then(both);
});

test('a plan names each milestone once, none that is reached, and each due at an instant to come', () => {
  delivering()
    .when('PlanDelivery', { milestones: [first, first] })
    .refused('milestone-repeated', { milestone: 'site' });
  delivering()
    .when('PlanDelivery', { milestones: [{ ...first, dueAt: '2026-03-02T09:00:00Z' }] })
    .refused('due-in-the-past', { milestone: 'site' });
  delivering(both, completed('site', '2026-03-02T08:00:00.000Z', second.dueAt))
    .when('PlanDelivery', { milestones: [first, second] })
    .refused('milestone-completed', { milestone: 'site' });
});

test('an opportunity is delivered with the last of its milestones, at the latest of their times', () => {
  const at = { at: '2026-03-12T00:00:00.000Z' };
  const one = completed('accepted', '2026-03-11T09:00:00.000Z', first.dueAt);
  delivering(both).at(at).when('CompleteMilestone', { milestone: 'accepted', completedAt: '2026-03-11T09:00:00Z' }).then(one);
  delivering(both, one)
    .at(at)
    .when('CompleteMilestone', { milestone: 'site', completedAt: '2026-03-09T09:00:00Z' })
    .then(
      completed('site', '2026-03-09T09:00:00.000Z', null),
      fact('OpportunityDelivered', { deliveredAt: '2026-03-11T09:00:00.000Z' }),
    );
});

test('a milestone is reached once, and not in the future', () => {
  const done = completed('site', '2026-03-02T08:00:00.000Z', second.dueAt);
  const again = { milestone: 'site', completedAt: '2026-03-02T08:00:00Z' };
  delivering(both, done).when('CompleteMilestone', again).then();
  delivering(both)
    .when('CompleteMilestone', { ...again, milestone: 'other' })
    .refused('no-such-milestone', { milestone: 'other' });
  delivering(both)
    .when('CompleteMilestone', { ...again, completedAt: '2026-03-02T09:00:01Z' })
    .refused('in-the-future');
});

test('what is delivered is delivered', () => {
  const single = planned([first], first.dueAt);
  const done = completed('site', '2026-03-02T08:00:00.000Z', null);
  const all = delivering(single, done, fact('OpportunityDelivered', { deliveredAt: '2026-03-02T08:00:00.000Z' }));
  all.when('PlanDelivery', { milestones: [second] }).refused('already-delivered');
  all.when('CompleteMilestone', { milestone: 'site', completedAt: '2026-03-02T08:00:00Z' }).then();
});

test('each milestone is late once, at its due time and not before', () => {
  delivering(both).when('NoteMilestonesLate', {}).refused('no-milestone-due', { nextDueAt: first.dueAt });
  delivering(both).at({ at: first.dueAt }).when('NoteMilestonesLate', {}).then(late(first, second.dueAt));
  delivering(both, late(first, second.dueAt)).at({ at: first.dueAt }).when('NoteMilestonesLate', {}).refused('no-milestone-due');
  delivering(both, late(first, second.dueAt)).at({ at: second.dueAt }).when('NoteMilestonesLate', {}).then(late(second, null));
});

test('milestones that are due at the same instant are late together', () => {
  const twin = { ...second, dueAt: first.dueAt };
  delivering(planned([first, twin], first.dueAt))
    .at({ at: first.dueAt })
    .when('NoteMilestonesLate', {})
    .then(late(first, null), late(twin, null));
});

test('a late milestone that keeps its due time stays late; with another one it can be late again', () => {
  const at = { at: '2026-03-11T00:00:00.000Z' };
  const behind = delivering(both, late(first, second.dueAt)).at(at);
  behind.when('PlanDelivery', { milestones: [first, second] }).then(planned([first, second], second.dueAt));
  const moved = { ...first, dueAt: '2026-03-15T09:00:00.000Z' };
  behind.when('PlanDelivery', { milestones: [moved, second] }).then(planned([moved, second], moved.dueAt));
  delivering(both, late(first, second.dueAt), planned([moved, second], moved.dueAt))
    .at({ at: moved.dueAt })
    .when('NoteMilestonesLate', {})
    .then(late(moved, second.dueAt));
});

test('a plan is void when the opportunity is reopened, which it is not after a milestone', () => {
  delivering(both, completed('site', '2026-03-02T08:00:00.000Z', null))
    .when('Reopen', { reason: 'x' })
    .refused('delivery-begun');
  const [fact] = delivering(both).when('Reopen', { reason: 'x' }).facts;
  after(inNegotiation, won(), both, fact!, won())
    .when('PlanDelivery', { milestones: [second] })
    .then(planned([second], second.dueAt));
});
