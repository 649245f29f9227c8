import type { VisitContract } from '@kams/contracts/accounts/visit';
import type { EventOf } from '@kams/contracts/define';
import { given } from '@kams/testing/given';
import { visit } from '../src/domain/visit';
import { accountId, forgotten, li, noAccount, nobody, people, stranger, wang } from './people';

const visitId = '00000000-0000-7000-8000-000000000001';
const of = { visitId, accountId };
/** A Wednesday, 9:00 to 10:30 in Shanghai. */
const times = { startsAt: '2026-03-04T01:00:00.000Z', endsAt: '2026-03-04T02:30:00.000Z' };
const later = { startsAt: '2026-03-05T01:00:00.000Z', endsAt: '2026-03-05T02:30:00.000Z' };
const plan = { contactIds: [li], ...times, goal: 'Agree on volumes' };
const report = { outcome: 'Agreed', nextStep: 'Send dates' };
/** The closing time of the Friday after. */
const reportDueAt = '2026-03-06T10:00:00.000Z';

const planned = { type: 'VisitPlanned' as const, data: { ...of, ownerId: 'user-1', ...plan } };
const missed = { type: 'VisitMissed' as const, data: { ...of, ownerId: 'user-1', endsAt: times.endsAt } };
const cancelled = { type: 'VisitCancelled' as const, data: { ...of, reason: 'Closed' } };
const completed = {
  type: 'VisitCompleted' as const,
  data: {
    ...of,
    ownerId: 'user-1',
    participants: [{ contactId: li }, { userId: 'user-1' }],
    startedAt: times.startsAt,
    durationMin: 90,
    reportDueAt,
  },
};
const reported = { type: 'VisitReported' as const, data: { ...of, ...report, isLate: false } };
const erased = { type: 'VisitErased' as const, data: { ...of, request: 'dsr-1' } };

const AFTER = '2026-03-04T03:00:00.000Z';
const nothing = () => given(visit)().knowing(people);
const known = (...more: EventOf<VisitContract>[]) => given(visit)(planned, ...more).knowing(people);
const after = (...more: EventOf<VisitContract>[]) => known(...more).at({ at: AFTER });

describe('the plan', () => {
  test('a visit is planned once, of an account that exists, and is of who plans it if nobody else is named', () => {
    nothing()
      .when('Plan', { accountId, ...plan })
      .then(planned);
    nothing()
      .when('Plan', { accountId, ownerId: 'user-2', ...plan })
      .then({ ...planned, data: { ...planned.data, ownerId: 'user-2' } });
    known()
      .when('Plan', { accountId, ...plan })
      .refused('visit-exists');
    nothing()
      .knowing(noAccount)
      .when('Plan', { accountId, ...plan })
      .refused('unknown-account');
  });

  test('who is to be met is a contact of this account', () => {
    for (const contactId of [stranger, forgotten, nobody])
      nothing()
        .when('Plan', { accountId, ...plan, contactIds: [contactId] })
        .refused('unknown-contact', { contactId });
  });

  test('a visit is planned for what is to come, and ends after it begins', () => {
    nothing()
      .when('Plan', { accountId, ...plan, startsAt: '2026-03-02T08:59:59Z' })
      .refused('begins-in-the-past');
    nothing()
      .when('Plan', { accountId, ...plan, endsAt: times.startsAt })
      .refused('ends-before-it-begins');
  });

  test('a visit is moved until it took place, was called off or is missed', () => {
    known()
      .when('Reschedule', { ...later, reason: 'Asked' })
      .then({ type: 'VisitRescheduled', data: { ...of, ...later, reason: 'Asked' } });
    known().when('Reschedule', times).then();
    known()
      .when('Reschedule', { ...times, startsAt: '2026-03-01T00:00:00Z' })
      .refused('begins-in-the-past');
    known(cancelled).when('Reschedule', later).refused('visit-cancelled');
    known(missed).when('Reschedule', later).refused('visit-missed');
    known(completed).when('Reschedule', later).refused('visit-completed');
  });

  test('a visit is called off until it took place, or is missed', () => {
    known().when('Cancel', { reason: 'Closed' }).then(cancelled);
    known(cancelled).when('Cancel', {}).refused('visit-cancelled');
    known(completed).when('Cancel', {}).refused('visit-completed');
    known(missed).when('Cancel', {}).refused('visit-missed');
  });
});

describe('a visit that took place', () => {
  test('was as planned where nothing else is said', () => after().when('Complete', {}).then(completed));

  test('was as it is said', () =>
    after()
      .when('Complete', {
        participants: [{ contactId: wang }],
        startedAt: '2026-03-04T01:15:00Z',
        endedAt: '2026-03-04T01:45:00Z',
        sentiment: 2,
      })
      .then({
        type: 'VisitCompleted',
        data: {
          ...completed.data,
          participants: [{ contactId: wang }],
          startedAt: '2026-03-04T01:15:00.000Z',
          durationMin: 30,
          sentiment: 2,
        },
      }));

  test('had contacts of this account, also one who was erased since', () => {
    for (const contactId of [stranger, nobody])
      after()
        .when('Complete', { participants: [{ contactId }] })
        .refused('unknown-contact');
    expect(after().when('Complete', { participants: [{ contactId: forgotten }] }).facts).toHaveLength(1);
  });

  test('is completed when it is over, and not before it began', () => {
    known().when('Complete', {}).refused('visit-not-over');
    known()
      .at({ at: '2026-03-04T02:00:00.000Z' })
      .when('Complete', {})
      .then({ ...completed, data: { ...completed.data, durationMin: 60 } });
    after().when('Complete', { endedAt: '2026-03-04T03:00:01Z' }).refused('visit-not-over');
    after().when('Complete', { startedAt: times.endsAt }).refused('ends-before-it-begins');
  });

  test('is completed once, and not when it was called off; one that counts as missed may have taken place', () => {
    after(completed).when('Complete', {}).refused('visit-completed');
    after(cancelled).when('Complete', {}).refused('visit-cancelled');
    after(missed).when('Complete', {}).then(completed);
  });
});

describe('the report', () => {
  test('is due at the end of the second working day after the visit: of a Thursday on Monday', () => {
    expect(known().at({ at: '2026-03-07T00:00:00.000Z' }).when('Complete', {}).facts).toMatchObject([{ data: { reportDueAt } }]);
    expect(
      given(visit)(planned, { type: 'VisitRescheduled', data: { ...of, ...later } })
        .knowing(people)
        .at({ at: '2026-03-07T00:00:00.000Z' })
        .when('Complete', {}).facts,
    ).toMatchObject([{ data: { reportDueAt: '2026-03-09T10:00:00.000Z' } }]);
  });

  test('may come with the word that the visit took place', () => after().when('Complete', { report }).then(completed, reported));

  test('may come later, and after its time it is late', () => {
    after(completed).when('Report', report).then(reported);
    known(completed).at({ at: reportDueAt }).when('Report', report).then(reported);
    known(completed)
      .at({ at: '2026-03-06T10:00:00.001Z' })
      .when('Report', report)
      .then({ ...reported, data: { ...reported.data, isLate: true } });
  });

  test('is of a visit that took place, and is written once', () => {
    for (const before of [[], [missed], [cancelled]])
      known(...before)
        .when('Report', report)
        .refused('visit-not-completed');
    after(completed, reported).when('Report', report).refused('visit-reported');
  });

  test('that is not there when it is due is overdue', () => {
    const overdue = { type: 'VisitReportOverdue' as const, data: { ...of, ownerId: 'user-1', dueAt: reportDueAt } };
    known(completed).at({ at: reportDueAt }).when('NoteReportOverdue', {}).then(overdue);
    after(completed).when('NoteReportOverdue', {}).refused('not-due');
    for (const before of [[], [completed, reported]])
      known(...before)
        .at({ at: reportDueAt })
        .when('NoteReportOverdue', {})
        .then();
  });
});

test('a visit of which nobody says a word is missed a day after its end', () => {
  known().at({ at: '2026-03-05T02:30:00.000Z' }).when('Miss', {}).then(missed);
  known().at({ at: '2026-03-05T02:29:59.999Z' }).when('Miss', {}).refused('not-due');
  for (const before of [[missed], [cancelled], [completed]])
    known(...before)
      .at({ at: '2026-03-05T02:30:00.000Z' })
      .when('Miss', {})
      .then();
});

test('the words of a visit are forgotten once', () => {
  known().when('Erase', { request: 'dsr-1' }).then(erased);
  known(erased).when('Erase', { request: 'dsr-2' }).then();
});
