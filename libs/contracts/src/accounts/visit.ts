// 客户拜访: planned, then held, missed or called off; and reported. One stream a visit.
import { z } from 'zod';
import { command, contract, event, field } from '../define';
import { instant, text, uuid } from '../values';
import { unknownAccount } from './account';
import {
  aContact,
  accountId,
  anAccount,
  contactIds,
  durationMin,
  erase,
  nextStep,
  notDue,
  outcome,
  ownerId,
  participants,
  reason,
  request,
  sentiment,
  unknownContact,
  words,
} from './touch';

const visitId = field(uuid(), 'Visit', '拜访');
const startsAt = field(instant(), 'Begins at', '开始时间');
const endsAt = field(instant(), 'Ends at', '结束时间');
const place = field(text(200), 'Place', '地点', 'An address or a room; it names no person.');
const goal = field(words(2_000), 'Goal', '拜访目的');
const report = { outcome, nextStep: nextStep.optional() };

const aVisit = '0190f5a0-0000-7000-8000-0000000000b1';
const of = { visitId: aVisit, accountId: anAccount };
const times = { startsAt: '2026-03-04T01:00:00.000Z', endsAt: '2026-03-04T02:30:00.000Z' };
const aPlan = { contactIds: [aContact], ...times, place: 'Their works, gate 2', goal: 'Agree on the volumes of the spring' };
const aReport = { outcome: 'Volumes agreed; delivery is open', nextStep: 'Ask logistics for two dates' };

/** Who comes is known only when it is over, so the words of a visit are forgotten by themselves, and not with a contact. */
export const visitContract = contract({
  name: 'visit',
  plural: 'visits',
  label: { en: 'Visit', zh: '拜访' },
  description: 'A visit to an account: its plan, whether it took place, and its report.',

  commands: {
    Plan: command({
      version: 1,
      label: { en: 'Plan visit', zh: '计划拜访' },
      description: 'Plans a visit to an account. Without an owner it is of who plans it.',
      opens: true,
      data: z.strictObject({
        accountId,
        ownerId: ownerId.optional(),
        contactIds,
        startsAt,
        endsAt,
        place: place.optional(),
        goal,
      }),
      example: { accountId: anAccount, ...aPlan },
    }),
    Reschedule: command({
      version: 1,
      label: { en: 'Reschedule visit', zh: '改期拜访' },
      description: 'Moves the visit to another time.',
      data: z.strictObject({ startsAt, endsAt, reason: reason.optional() }),
      example: { ...times, reason: 'They asked for a day later' },
    }),
    Cancel: command({
      version: 1,
      label: { en: 'Cancel visit', zh: '取消拜访' },
      description: 'Calls the visit off.',
      data: z.strictObject({ reason: reason.optional() }),
      example: { reason: 'The plant is closed that week' },
    }),
    Complete: command({
      version: 1,
      label: { en: 'Complete visit', zh: '完成拜访' },
      description:
        'Says that the visit took place: who came, and when it was. What is left out was as planned. It is on the timeline then. The report may come with it, or within two working days.',
      data: z.strictObject({
        participants: participants.optional(),
        startedAt: field(instant(), 'Began at', '实际开始时间').optional(),
        endedAt: field(instant(), 'Ended at', '实际结束时间').optional(),
        sentiment: sentiment.optional(),
        report: field(z.strictObject(report), 'Report', '拜访报告').optional(),
      }),
      example: { participants: [{ contactId: aContact }, { userId: 'li.na' }], sentiment: 1, report: aReport },
    }),
    Report: command({
      version: 1,
      label: { en: 'Report visit', zh: '提交拜访报告' },
      description: 'Writes down what came of the visit, and what is next.',
      data: z.strictObject(report),
      example: aReport,
    }),
    Miss: command({
      version: 1,
      label: { en: 'Note missed visit', zh: '标记拜访未完成' },
      description: 'The time of the visit is over, and nobody has said that it took place. Said by itself, a day after its end.',
      data: z.strictObject({}),
      example: {},
    }),
    NoteReportOverdue: command({
      version: 1,
      label: { en: 'Note overdue report', zh: '标记报告逾期' },
      description: 'The report was due, and is not there. Said by itself, when it is due.',
      data: z.strictObject({}),
      example: {},
    }),
    Erase: erase({ en: 'visit', zh: '拜访' }),
  },

  events: {
    VisitPlanned: event({
      version: 1,
      label: { en: 'Visit planned', zh: '拜访已计划' },
      description: 'A visit to the account is planned.',
      data: z.strictObject({ visitId, accountId, ownerId, contactIds, startsAt, endsAt, place: place.optional(), goal }),
      example: { ...of, ownerId: 'li.na', ...aPlan },
    }),
    VisitRescheduled: event({
      version: 1,
      label: { en: 'Visit rescheduled', zh: '拜访已改期' },
      description: 'The visit is at another time.',
      data: z.strictObject({ visitId, accountId, startsAt, endsAt, reason: reason.optional() }),
      example: { ...of, ...times, reason: 'They asked for a day later' },
    }),
    VisitCancelled: event({
      version: 1,
      label: { en: 'Visit cancelled', zh: '拜访已取消' },
      description: 'The visit was called off.',
      data: z.strictObject({ visitId, accountId, reason: reason.optional() }),
      example: { ...of, reason: 'The plant is closed that week' },
    }),
    VisitCompleted: event({
      version: 1,
      label: { en: 'Visit completed', zh: '拜访已完成' },
      description: 'The visit took place.',
      data: z.strictObject({
        visitId,
        accountId,
        ownerId,
        participants,
        startedAt: field(instant(), 'Began at', '实际开始时间'),
        durationMin,
        sentiment: sentiment.optional(),
        reportDueAt: field(instant(), 'Report due at', '报告截止时间'),
      }),
      example: {
        ...of,
        ownerId: 'li.na',
        participants: [{ contactId: aContact }, { userId: 'li.na' }],
        startedAt: times.startsAt,
        durationMin: 90,
        sentiment: 1,
        reportDueAt: '2026-03-06T10:00:00.000Z',
      },
    }),
    VisitReported: event({
      version: 1,
      label: { en: 'Visit reported', zh: '拜访报告已提交' },
      description: 'What came of the visit, and what is next.',
      data: z.strictObject({ visitId, accountId, ...report, isLate: field(z.boolean(), 'Late', '是否逾期') }),
      example: { ...of, ...aReport, isLate: false },
    }),
    VisitMissed: event({
      version: 1,
      label: { en: 'Visit missed', zh: '拜访未完成' },
      description: 'Its time is over, and nobody has said that it took place.',
      data: z.strictObject({ visitId, accountId, ownerId, endsAt }),
      example: { ...of, ownerId: 'li.na', endsAt: times.endsAt },
    }),
    VisitReportOverdue: event({
      version: 1,
      label: { en: 'Visit report overdue', zh: '拜访报告逾期' },
      description: 'The report was due, and is not there.',
      data: z.strictObject({ visitId, accountId, ownerId, dueAt: field(instant(), 'Due at', '截止时间') }),
      example: { ...of, ownerId: 'li.na', dueAt: '2026-03-06T10:00:00.000Z' },
    }),
    VisitErased: event({
      version: 1,
      label: { en: 'Visit erased', zh: '拜访文字已删除' },
      description: 'What was written in words is to be forgotten.',
      erases: true,
      data: z.strictObject({ visitId, accountId, request }),
      example: { ...of, request: 'dsr-2026-0042' },
    }),
  },

  refusals: {
    'unknown-account': unknownAccount,
    'unknown-contact': unknownContact,
    'not-due': notDue,
    'visit-exists': { en: 'This visit is planned already. Reschedule it instead.', zh: '该拜访已计划，请改为改期。' },
    'ends-before-it-begins': { en: 'The end is not after the beginning. Mend the times.', zh: '结束时间须晚于开始时间。' },
    'begins-in-the-past': {
      en: 'A visit is planned for what is to come. Log an interaction for what took place already.',
      zh: '只能计划将来的拜访。已发生的请记录为互动。',
    },
    'visit-not-over': {
      en: 'This visit has not taken place yet. Complete it when it has; say when it began and ended if that was earlier than planned.',
      zh: '拜访尚未进行。请在结束后完成；如提前进行，请填写实际时间。',
    },
    'visit-cancelled': { en: 'This visit was called off. Plan another one.', zh: '该拜访已取消，请另行计划。' },
    'visit-completed': { en: 'This visit has taken place already. Plan another one.', zh: '该拜访已完成，请另行计划。' },
    'visit-missed': {
      en: 'The time of this visit is over. Complete it if it took place, or plan another one.',
      zh: '该拜访时间已过。如已进行请完成，否则请另行计划。',
    },
    'visit-not-completed': {
      en: 'A visit is reported when it has taken place. Complete it first.',
      zh: '请先完成拜访，再提交报告。',
    },
    'visit-reported': {
      en: 'This visit is reported already. What is new since then is an interaction of its own.',
      zh: '该拜访已有报告，后续进展请另行记录互动。',
    },
  },
});
export type VisitContract = typeof visitContract;
