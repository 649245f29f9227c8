// 客户承诺: what we promised to a customer, wherever that was, tracked until it is kept or broken. One stream a promise.
import { z } from 'zod';
import { command, contract, event, field } from '../define';
import { instant, uuid } from '../values';
import { unknownAccount } from './account';
import {
  aContact,
  accountId,
  anAccount,
  contactId,
  erase,
  forgottenWithTheContact,
  notDue,
  ownerId,
  reason,
  request,
  unknownContact,
  words,
} from './touch';

const commitmentId = field(uuid(), 'Commitment', '承诺');
const what = field(words(1_000), 'What', '承诺内容');
const dueAt = field(instant(), 'Due at', '截止时间');
const note = field(words(1_000), 'Note', '备注');
const because = field(
  z.enum(['not_possible', 'too_late', 'forgotten', 'not_wanted']),
  'Because',
  '未兑现原因',
  'Not wanted: the customer asks for it no more.',
);
const madeIn = field(
  z.strictObject({
    kind: field(z.enum(['meeting', 'visit', 'call', 'mail', 'event', 'plan_review', 'other']), 'Kind', '场合'),
    ref: field(uuid(), 'Reference', '关联编号', 'The visit, the interaction, the plan: by its id.').optional(),
  }),
  'Made in',
  '承诺场合',
);
const toContact = contactId.optional();

const aCommitment = '0190f5a0-0000-7000-8000-0000000000a1';
/** Every event says whom it was made to: the words are forgotten with that person, else by themselves. */
const about = { commitmentId, accountId, ownerId, contactId: toContact };
const person = (it: { readonly commitmentId: string; readonly contactId?: string }): string => it.contactId ?? it.commitmentId;
const of = { commitmentId: aCommitment, accountId: anAccount, ownerId: 'li.na', contactId: aContact };
const aPromise = {
  what: 'Two samples of the new grade',
  dueAt: '2026-03-13T10:00:00.000Z',
  madeIn: { kind: 'visit' as const, ref: '0190f5a0-0000-7000-8000-0000000000b1' },
};

export const commitmentContract = contract({
  name: 'commitment',
  plural: 'commitments',
  label: { en: 'Commitment', zh: '承诺' },
  description: 'A promise to a customer, with its owner and its due time, until it is kept or broken.',

  commands: {
    Make: command({
      version: 1,
      label: { en: 'Make commitment', zh: '登记承诺' },
      description: 'Notes what was promised to the customer. Without an owner it is of who notes it.',
      opens: true,
      data: z.strictObject({ accountId, ownerId: ownerId.optional(), contactId: toContact, what, dueAt, madeIn }),
      example: { accountId: anAccount, ownerId: 'li.na', contactId: aContact, ...aPromise },
    }),
    Reassign: command({
      version: 1,
      label: { en: 'Reassign commitment', zh: '转派承诺' },
      description: 'Somebody else of us answers for it.',
      data: z.strictObject({ ownerId, reason: reason.optional() }),
      example: { ownerId: 'wang.fang', reason: 'On leave' },
    }),
    Postpone: command({
      version: 1,
      label: { en: 'Postpone commitment', zh: '延期承诺' },
      description: 'Moves the due time, and says why. The times before it stay on record.',
      data: z.strictObject({ dueAt, reason }),
      example: { dueAt: '2026-03-20T10:00:00.000Z', reason: 'Agreed with the customer' },
    }),
    Fulfil: command({
      version: 1,
      label: { en: 'Fulfil commitment', zh: '兑现承诺' },
      description: 'It was kept; after its due time it was kept late.',
      data: z.strictObject({ note: note.optional() }),
      example: { note: 'Handed over at the gate' },
    }),
    Break: command({
      version: 1,
      label: { en: 'Break commitment', zh: '认定承诺未兑现' },
      description: 'It will not be kept, and why. A person says so: a promise that is late is still owed.',
      data: z.strictObject({ because, note: note.optional() }),
      example: { because: 'not_possible', note: 'The grade was given up' },
    }),
    NoteOverdue: command({
      version: 1,
      label: { en: 'Note overdue commitment', zh: '标记承诺逾期' },
      description: 'Its due time has come, and it is not kept. Said by itself, when it is due.',
      data: z.strictObject({}),
      example: {},
    }),
    Erase: erase({ en: 'commitment', zh: '承诺' }),
  },

  events: {
    CommitmentMade: event({
      version: 1,
      label: { en: 'Commitment made', zh: '承诺已作出' },
      description: 'This was promised to the customer.',
      public: 'commitment.made',
      data: z.strictObject({ ...about, what, dueAt, madeIn }),
      example: { ...of, ...aPromise },
      person,
    }),
    CommitmentReassigned: event({
      version: 1,
      label: { en: 'Commitment reassigned', zh: '承诺已转派' },
      description: 'Somebody else answers for it.',
      data: z.strictObject({ ...about, reason: reason.optional() }),
      example: { ...of, ownerId: 'wang.fang', reason: 'On leave' },
      person,
    }),
    CommitmentPostponed: event({
      version: 1,
      label: { en: 'Commitment postponed', zh: '承诺已延期' },
      description: 'It is due later.',
      data: z.strictObject({ ...about, from: dueAt, dueAt, reason }),
      example: { ...of, from: aPromise.dueAt, dueAt: '2026-03-20T10:00:00.000Z', reason: 'Agreed with the customer' },
      person,
    }),
    CommitmentOverdue: event({
      version: 1,
      label: { en: 'Commitment overdue', zh: '承诺已逾期' },
      description: 'Its due time has come, and it is not kept.',
      data: z.strictObject({ ...about, dueAt }),
      example: { ...of, dueAt: aPromise.dueAt },
    }),
    CommitmentFulfilled: event({
      version: 1,
      label: { en: 'Commitment fulfilled', zh: '承诺已兑现' },
      description: 'It was kept.',
      public: 'commitment.fulfilled',
      data: z.strictObject({ ...about, dueAt, isLate: field(z.boolean(), 'Late', '是否逾期'), note: note.optional() }),
      example: { ...of, dueAt: aPromise.dueAt, isLate: false, note: 'Handed over at the gate' },
      person,
    }),
    CommitmentBroken: event({
      version: 1,
      label: { en: 'Commitment broken', zh: '承诺未兑现' },
      description: 'It will not be kept.',
      public: 'commitment.broken',
      data: z.strictObject({ ...about, dueAt, because, note: note.optional() }),
      example: { ...of, dueAt: aPromise.dueAt, because: 'not_possible', note: 'The grade was given up' },
      person,
    }),
    CommitmentErased: event({
      version: 1,
      label: { en: 'Commitment erased', zh: '承诺文字已删除' },
      description: 'What was written in words is to be forgotten.',
      erases: true,
      data: z.strictObject({ commitmentId, accountId, request }),
      example: { commitmentId: aCommitment, accountId: anAccount, request: 'dsr-2026-0042' },
    }),
  },

  refusals: {
    'unknown-account': unknownAccount,
    'unknown-contact': unknownContact,
    'forgotten-with-the-contact': forgottenWithTheContact,
    'not-due': notDue,
    'commitment-exists': {
      en: 'This commitment is noted already. Postpone or reassign it instead.',
      zh: '该承诺已登记，请改为延期或转派。',
    },
    'due-in-the-past': { en: 'The due time is over already. Name one that is to come.', zh: '截止时间已过，请填写将来的时间。' },
    'not-later': {
      en: 'To postpone is to name a later time than the one that is due. Name a later one.',
      zh: '延期须晚于现有截止时间。',
    },
    'commitment-fulfilled': { en: 'This commitment was kept already. Make another one.', zh: '该承诺已兑现，请另行登记。' },
    'commitment-broken': { en: 'This commitment was broken. Make another one.', zh: '该承诺已认定未兑现，请另行登记。' },
  },
});
export type CommitmentContract = typeof commitmentContract;
