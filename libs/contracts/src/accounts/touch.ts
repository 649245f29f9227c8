// What interactions, visits, commitments and relationships have alike: who takes part, and how what was written of them is
// forgotten.
import { z } from 'zod';
import { command, field } from '../define';
import { personal } from '../personal';
import { code, text, uuid } from '../values';

export const accountId = field(uuid(), 'Account', '客户');
export const contactId = field(uuid(), 'Contact', '联系人');
/** One of us: the subject of a token. */
export const userId = text(255);
export const ownerId = field(userId, 'Owner', '负责人', 'Who of us answers for it.');

/** What somebody writes freely of a talk names those who took part in it. */
export const words = (max: number) => personal(text(max));
export const reason = field(words(500), 'Reason', '原因');
export const outcome = field(words(4_000), 'Outcome', '结果');
export const nextStep = field(words(1_000), 'Next step', '下一步');

export const sentiment = field(z.int().min(-2).max(2), 'Sentiment', '客户情绪', 'From -2 (bad) to 2 (good).');
export const durationMin = field(z.int().min(0).max(14_400), 'Duration, minutes', '时长（分钟）');

const participant = z.union([z.strictObject({ contactId: uuid() }), z.strictObject({ userId })]);
export type Participant = z.output<typeof participant>;
export const participants = field(
  z
    .array(participant)
    .min(1)
    .max(50)
    .refine((all) => new Set(all.map((it) => JSON.stringify(it))).size === all.length, 'names somebody twice'),
  'Participants',
  '参与人',
  'Contacts of the account, and who of us took part.',
);
export const contactIds = field(
  z
    .array(uuid())
    .max(50)
    .refine((all) => new Set(all).size === all.length, 'names somebody twice'),
  'Contacts',
  '联系人',
);

export const contactsOf = (all: readonly Participant[]): readonly string[] =>
  all.flatMap((it) => ('contactId' in it ? [it.contactId] : []));

export const request = field(code(80), 'Reference of the request', '请求编号', 'It must not name the person.');
/** Its words for ever; the facts stay. */
export const erase = (of: { readonly en: string; readonly zh: string }) =>
  command({
    version: 1,
    label: { en: `Erase ${of.en}`, zh: `删除${of.zh}文字` },
    description: 'Forgets for ever what was written in words; when it was, and who took part, stays.',
    data: z.strictObject({ request }),
    example: { request: 'dsr-2026-0042' },
  });

export const unknownContact = {
  en: 'There is no such contact at this account. Register the person there first, or name another one.',
  zh: '该客户没有此联系人，请先登记，或改填其他联系人。',
  status: 404,
} as const;
export const forgottenWithTheContact = {
  en: 'What was written here is about one contact alone. Erase the contact, and it is forgotten with the person.',
  zh: '此处文字仅涉及一位联系人，请删除该联系人的个人信息。',
} as const;
export const notDue = {
  en: 'This is not due yet. It is said by itself at its time.',
  zh: '尚未到期，到期后系统会自动记录。',
} as const;

export const anAccount = '0190f5a0-0000-7000-8000-000000000001';
export const aContact = '0190f5a0-0000-7000-8000-0000000000c1';
