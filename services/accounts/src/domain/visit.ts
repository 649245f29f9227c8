// A visit: planned, and then it took place, was called off, or its time passed and nobody said a word.
import { contactsOf } from '@kams/contracts/accounts/touch';
import { visitContract, type VisitContract } from '@kams/contracts/accounts/visit';
import type { EventData, EventOf } from '@kams/contracts/define';
import { aggregate, refusing } from '@kams/eventing/pure';
import { addWorkingDays } from '@kams/methods/calendar';
import { instantOf, msOf, type Instant } from '@kams/methods/dates';
import { lookContacts, lookPeople, stranger } from './people';
import { workingDays } from './working-days';

/** 拜访报告期限: the report is due within so many working days of the day of the visit. */
export const REPORT_WITHIN_WORKING_DAYS = 2;
/** Who was out all day says so the next morning: a visit is missed so long after it should have ended. */
export const MISSED_AFTER_HOURS = 24;

type Visit =
  | { readonly is: 'none' }
  | {
      readonly is: 'planned' | 'missed' | 'cancelled' | 'completed' | 'reported';
      readonly accountId: string;
      readonly ownerId: string;
      readonly contactIds: readonly string[];
      readonly startsAt: Instant;
      readonly endsAt: Instant;
      /** Of a visit that took place. */
      readonly reportDueAt?: Instant;
      readonly isErased: boolean;
    };
type Known = Exclude<Visit, { is: 'none' }>;
type Report = Pick<EventData<VisitContract, 'VisitReported'>, 'outcome' | 'nextStep'>;

const refuse = refusing(visitContract);

export const missedAt = (endsAt: Instant): Instant => instantOf(msOf(endsAt) + MISSED_AFTER_HOURS * 3_600_000);

/** The handler of a command for a visit that is there; the engine answers 404 for one that never was. */
const whenKnown =
  <D, C>(decide: (it: Known, data: D, circumstances: C) => readonly EventOf<VisitContract>[]) =>
  (it: Visit, data: D, circumstances: C): readonly EventOf<VisitContract>[] =>
    it.is === 'none' ? [] : decide(it, data, circumstances);

function ensureOpen({ is }: Known): void {
  if (is === 'cancelled') refuse('visit-cancelled');
  if (is === 'completed' || is === 'reported') refuse('visit-completed');
}
function ensurePlanned(it: Known): void {
  ensureOpen(it);
  if (it.is === 'missed') refuse('visit-missed');
}
function ensureToCome({ startsAt, endsAt }: { readonly startsAt: Instant; readonly endsAt: Instant }, at: Instant): void {
  if (endsAt <= startsAt) refuse('ends-before-it-begins');
  if (startsAt < at) refuse('begins-in-the-past', { startsAt });
}

const reported = (visitId: string, accountId: string, report: Report, at: Instant, dueAt: Instant) => ({
  type: 'VisitReported' as const,
  data: { visitId, accountId, ...report, isLate: at > dueAt },
});

export const visit = aggregate(visitContract, { is: 'none' } as Visit)({
  accounts: (_id, it, data) => (it.is !== 'none' ? [it.accountId] : 'accountId' in data ? [data.accountId] : undefined),

  look: {
    Plan: ({ accountId, contactIds }) => lookPeople(accountId, contactIds),
    // Those who had been planned were looked up then.
    Complete: ({ participants = [] }) => lookContacts(contactsOf(participants)),
  },

  decide: {
    Plan: (it, { accountId, ownerId, contactIds, ...plan }, looked) => {
      const { id: visitId, actor, at, customer } = looked;
      if (it.is !== 'none') return refuse('visit-exists');
      if (customer.revision < 0) return refuse('unknown-account', { accountId });
      const contactId = stranger(accountId, contactIds, looked);
      if (contactId !== undefined) return refuse('unknown-contact', { contactId });
      ensureToCome(plan, at);
      return [{ type: 'VisitPlanned', data: { visitId, accountId, ownerId: ownerId ?? actor, contactIds, ...plan } }];
    },

    Reschedule: whenKnown((it, { startsAt, endsAt, reason }, { id: visitId, at }) => {
      ensurePlanned(it);
      if (it.startsAt === startsAt && it.endsAt === endsAt) return [];
      ensureToCome({ startsAt, endsAt }, at);
      return [{ type: 'VisitRescheduled', data: { visitId, accountId: it.accountId, startsAt, endsAt, reason } }];
    }),

    Cancel: whenKnown((it, { reason }, { id: visitId }) => {
      ensurePlanned(it);
      return [{ type: 'VisitCancelled', data: { visitId, accountId: it.accountId, reason } }];
    }),

    // Also of one that counts as missed: that nobody had said so is no reason to deny that it took place.
    Complete: whenKnown((it, { participants, startedAt, endedAt, sentiment, report }, looked) => {
      const { id: visitId, at } = looked;
      ensureOpen(it);
      const { accountId, ownerId } = it;
      const contactId = participants && stranger(accountId, contactsOf(participants), looked, { before: true });
      if (contactId !== undefined) return refuse('unknown-contact', { contactId });
      const begun = startedAt ?? it.startsAt;
      const ended = endedAt ?? (at < it.endsAt ? at : it.endsAt);
      if (begun > at || ended > at) return refuse('visit-not-over', { startedAt: begun });
      if (ended <= begun) return refuse('ends-before-it-begins');
      const reportDueAt = addWorkingDays(ended, REPORT_WITHIN_WORKING_DAYS, workingDays);
      const data = {
        visitId,
        accountId,
        ownerId,
        participants: participants ?? [...it.contactIds.map((contactId) => ({ contactId })), { userId: ownerId }],
        startedAt: begun,
        durationMin: Math.round((msOf(ended) - msOf(begun)) / 60_000),
        sentiment,
        reportDueAt,
      };
      return [{ type: 'VisitCompleted', data }, ...(report ? [reported(visitId, accountId, report, at, reportDueAt)] : [])];
    }),

    Report: whenKnown((it, report, { id: visitId, at }) => {
      if (it.is === 'reported') return refuse('visit-reported');
      if (it.is !== 'completed' || it.reportDueAt === undefined) return refuse('visit-not-completed');
      return [reported(visitId, it.accountId, report, at, it.reportDueAt)];
    }),

    Miss: whenKnown(({ is, accountId, ownerId, endsAt }, _, { id: visitId, at }) => {
      if (is !== 'planned') return [];
      return at < missedAt(endsAt)
        ? refuse('not-due', { dueAt: missedAt(endsAt) })
        : [{ type: 'VisitMissed', data: { visitId, accountId, ownerId, endsAt } }];
    }),

    NoteReportOverdue: whenKnown(({ is, accountId, ownerId, reportDueAt: dueAt }, _, { id: visitId, at }) => {
      if (is !== 'completed' || dueAt === undefined) return [];
      return at < dueAt
        ? refuse('not-due', { dueAt })
        : [{ type: 'VisitReportOverdue', data: { visitId, accountId, ownerId, dueAt } }];
    }),

    Erase: whenKnown((it, { request }, { id: visitId }) =>
      it.isErased ? [] : [{ type: 'VisitErased', data: { visitId, accountId: it.accountId, request } }],
    ),
  },

  evolve: {
    VisitPlanned: (_, { accountId, ownerId, contactIds, startsAt, endsAt }) => ({
      is: 'planned',
      accountId,
      ownerId,
      contactIds,
      startsAt,
      endsAt,
      isErased: false,
    }),
    VisitRescheduled: (it, { startsAt, endsAt }) => known(it, { startsAt, endsAt }),
    VisitCancelled: (it) => known(it, { is: 'cancelled' }),
    VisitCompleted: (it, { reportDueAt }) => known(it, { is: 'completed', reportDueAt }),
    VisitReported: (it) => known(it, { is: 'reported' }),
    VisitMissed: (it) => known(it, { is: 'missed' }),
    VisitReportOverdue: (it) => it,
    VisitErased: (it) => known(it, { isErased: true }),
  },
});

const known = (it: Visit, change: Partial<Known>): Visit => (it.is === 'none' ? it : { ...it, ...change });
