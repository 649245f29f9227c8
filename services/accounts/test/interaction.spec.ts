import type { InteractionContract } from '@kams/contracts/accounts/interaction';
import type { EventOf } from '@kams/contracts/define';
import { given } from '@kams/testing/given';
import { interaction } from '../src/domain/interaction';
import { accountId, forgotten, li, noAccount, nobody, people, stranger, wang } from './people';

const interactionId = '00000000-0000-7000-8000-000000000001';
const first = '00000000-0000-7000-9000-000000000000';
const call = {
  kind: 'call' as const,
  participants: [{ contactId: li }, { userId: 'user-1' }],
  occurredAt: '2026-03-02T08:30:00.000Z',
  direction: 'two_way' as const,
  durationMin: 20,
  outcome: 'They want a second source',
};
const logged = { type: 'InteractionLogged' as const, data: { interactionId, accountId, ...call } };
const withTwo = { ...logged, data: { ...logged.data, participants: [{ contactId: li }, { contactId: wang }] } };
const withdrawn = {
  type: 'InteractionWithdrawn' as const,
  data: { interactionId, accountId, because: 'logged_twice' as const },
};
const erased = { type: 'InteractionErased' as const, data: { interactionId, accountId, request: 'dsr-1' } };
const nothing = () => given(interaction)().knowing(people);
const known = (...more: EventOf<InteractionContract>[]) => given(interaction)(logged, ...more).knowing(people);

test('an interaction is logged once, with an account that exists', () => {
  nothing()
    .when('LogInteraction', { accountId, ...call })
    .then(logged);
  known()
    .when('LogInteraction', { accountId, ...call })
    .refused('interaction-exists');
  nothing()
    .knowing(noAccount)
    .when('LogInteraction', { accountId, ...call })
    .refused('unknown-account');
});

test('a contact who takes part is known, of this account, and not erased', () => {
  for (const contactId of [stranger, forgotten, nobody])
    nothing()
      .when('LogInteraction', { accountId, ...call, participants: [{ contactId: li }, { contactId }] })
      .refused('unknown-contact', { contactId });
  expect(nothing().when('LogInteraction', { accountId, ...call, participants: [{ userId: 'user-1' }] }).facts).toHaveLength(1);
});

test('a visit had whom it had, also somebody who was erased since', () => {
  const visited = { accountId, ...call, kind: 'visit' as const, visitId: interactionId };
  expect(nothing().when('LogInteraction', { ...visited, participants: [{ contactId: forgotten }] }).facts).toHaveLength(1);
  nothing()
    .when('LogInteraction', { ...visited, participants: [{ contactId: stranger }] })
    .refused('unknown-contact');
});

test('who comes to an event has not had two-way contact', () => {
  const event = { accountId, ...call, kind: 'event' as const };
  nothing().when('LogInteraction', event).refused('event-is-not-two-way');
  expect(nothing().when('LogInteraction', { ...event, direction: 'inbound' }).facts).toHaveLength(1);
  known()
    .when('Correct', { set: { kind: 'event' }, reason: 'It was an event' })
    .refused('event-is-not-two-way');
});

test('what has not happened yet is not logged; clocks may differ by five minutes', () => {
  const at = (occurredAt: string) => nothing().when('LogInteraction', { accountId, ...call, occurredAt });
  expect(at('2026-03-02T09:05:00Z').facts).toHaveLength(1);
  at('2026-03-02T09:05:01Z').refused('not-yet-happened');
  known()
    .when('Correct', { set: { occurredAt: '2026-03-03T09:00:00Z' }, reason: 'Mistyped' })
    .refused('not-yet-happened');
});

test('a correction says the whole as it was, and what it replaces; what is no news is none', () => {
  const { durationMin: _gone, ...rest } = call;
  known()
    .when('Correct', { set: { sentiment: -1 }, clear: ['durationMin'], reason: 'Mistyped' })
    .then({
      type: 'InteractionCorrected',
      data: { interactionId, accountId, ...rest, sentiment: -1, supersedes: first, reason: 'Mistyped' },
    });
  known()
    .when('Correct', { set: { kind: 'call' }, clear: ['sentiment'], reason: 'Nothing' })
    .then();
});

test('an interaction is withdrawn once, and not corrected afterwards', () => {
  known().when('Withdraw', { because: 'logged_twice' }).then(withdrawn);
  known(withdrawn).when('Withdraw', { because: 'wrong_account' }).then();
  known(withdrawn)
    .when('Correct', { set: { durationMin: 5 }, reason: 'x' })
    .refused('interaction-withdrawn');
});

test('words about one contact are forgotten with that person, others by themselves, and once', () => {
  known().when('Erase', { request: 'dsr-1' }).refused('forgotten-with-the-contact', { contactId: li });
  given(interaction)(withTwo).when('Erase', { request: 'dsr-1' }).then(erased);
  given(interaction)(withTwo, erased).when('Erase', { request: 'dsr-2' }).then();
  given(interaction)(withTwo, erased).when('Withdraw', { because: 'logged_twice' }).then(withdrawn);
});
