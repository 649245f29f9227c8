import type { CommitmentContract } from '@kams/contracts/accounts/commitment';
import type { EventOf } from '@kams/contracts/define';
import { given } from '@kams/testing/given';
import { commitment } from '../src/domain/commitment';
import { accountId, forgotten, li, noAccount, nobody, people, stranger } from './people';

const commitmentId = '00000000-0000-7000-8000-000000000001';
const dueAt = '2026-03-13T10:00:00.000Z';
const next = '2026-03-20T10:00:00.000Z';
const promise = { what: 'Two samples', dueAt, madeIn: { kind: 'visit' as const } };
const of = { commitmentId, accountId, ownerId: 'user-1', contactId: li };

const made = { type: 'CommitmentMade' as const, data: { ...of, ...promise } };
const toNobody = {
  type: 'CommitmentMade' as const,
  data: { commitmentId, accountId, ownerId: 'user-1', ...promise },
};
const overdue = { type: 'CommitmentOverdue' as const, data: { ...of, dueAt } };
const postponed = { type: 'CommitmentPostponed' as const, data: { ...of, from: dueAt, dueAt: next, reason: 'Agreed' } };
const fulfilled = { type: 'CommitmentFulfilled' as const, data: { ...of, dueAt, isLate: false } };
const broken = { type: 'CommitmentBroken' as const, data: { ...of, dueAt, because: 'not_possible' as const } };
const erased = { type: 'CommitmentErased' as const, data: { commitmentId, accountId, request: 'dsr-1' } };

const nothing = () => given(commitment)().knowing(people);
const known = (...more: EventOf<CommitmentContract>[]) => given(commitment)(made, ...more);

test('a promise is noted once, to an account that exists, and is of who notes it if nobody else is named', () => {
  nothing()
    .when('Make', { accountId, contactId: li, ...promise })
    .then(made);
  nothing()
    .when('Make', { accountId, ownerId: 'user-2', ...promise })
    .then({ ...toNobody, data: { ...toNobody.data, ownerId: 'user-2' } });
  given(commitment)(made)
    .knowing(people)
    .when('Make', { accountId, ...promise })
    .refused('commitment-exists');
  nothing()
    .knowing(noAccount)
    .when('Make', { accountId, ...promise })
    .refused('unknown-account');
});

test('whom it was made to is a contact of this account', () => {
  for (const contactId of [stranger, forgotten, nobody])
    nothing()
      .when('Make', { accountId, contactId, ...promise })
      .refused('unknown-contact', { contactId });
});

test('a promise is due in the future', () =>
  nothing()
    .when('Make', { accountId, ...promise, dueAt: '2026-03-02T09:00:00Z' })
    .refused('due-in-the-past'));

test('another one of us answers for it', () => {
  known()
    .when('Reassign', { ownerId: 'user-2', reason: 'On leave' })
    .then({ type: 'CommitmentReassigned', data: { ...of, ownerId: 'user-2', reason: 'On leave' } });
  known().when('Reassign', { ownerId: 'user-1' }).then();
});

test('to postpone is to name a later time that is to come', () => {
  known().when('Postpone', { dueAt: next, reason: 'Agreed' }).then(postponed);
  known().when('Postpone', { dueAt, reason: 'Agreed' }).then();
  known().when('Postpone', { dueAt: '2026-03-12T10:00:00Z', reason: 'Sooner' }).refused('not-later');
  known(overdue)
    .at({ at: '2026-03-15T00:00:00.000Z' })
    .when('Postpone', { dueAt: '2026-03-14T00:00:00Z', reason: 'Late' })
    .refused('due-in-the-past');
});

test('a promise that is kept in time was kept, after it it was kept late', () => {
  known().when('Fulfil', {}).then(fulfilled);
  known().at({ at: dueAt }).when('Fulfil', {}).then(fulfilled);
  known(overdue)
    .at({ at: '2026-03-13T10:00:00.001Z' })
    .when('Fulfil', { note: 'At last' })
    .then({ ...fulfilled, data: { ...fulfilled.data, isLate: true, note: 'At last' } });
  known(overdue, postponed)
    .at({ at: next })
    .when('Fulfil', {})
    .then({ ...fulfilled, data: { ...fulfilled.data, dueAt: next } });
});

test('a promise is overdue once for each time that it was due, and stays open', () => {
  const due = { at: dueAt };
  known().at(due).when('NoteOverdue', {}).then(overdue);
  known().at({ at: '2026-03-13T09:59:59.999Z' }).when('NoteOverdue', {}).refused('not-due');
  known(overdue).at(due).when('NoteOverdue', {}).then();
  known(postponed).at(due).when('NoteOverdue', {}).refused('not-due');
  known(overdue, postponed)
    .at({ at: next })
    .when('NoteOverdue', {})
    .then({ ...overdue, data: { ...overdue.data, dueAt: next } });
  for (const end of [fulfilled, broken]) known(end).at(due).when('NoteOverdue', {}).then();
});

test('a promise is broken by the word of a person', () => known(overdue).when('Break', { because: 'not_possible' }).then(broken));

test('one that was kept or broken is at its end', () => {
  for (const [end, code] of [
    [fulfilled, 'commitment-fulfilled'],
    [broken, 'commitment-broken'],
  ] as const) {
    known(end).when('Fulfil', {}).refused(code);
    known(end).when('Break', { because: 'forgotten' }).refused(code);
    known(end).when('Reassign', { ownerId: 'user-2' }).refused(code);
    known(end).when('Postpone', { dueAt: next, reason: 'x' }).refused(code);
  }
});

test('what was promised to a contact is forgotten with that person, else by itself, and once', () => {
  known().when('Erase', { request: 'dsr-1' }).refused('forgotten-with-the-contact', { contactId: li });
  given(commitment)(toNobody).when('Erase', { request: 'dsr-1' }).then(erased);
  given(commitment)(toNobody, erased).when('Erase', { request: 'dsr-2' }).then();
});
