// 表单: the answers to a published version of a template. It is never edited, only corrected, and every state of it stays.
import { z } from 'zod';
import { command, contract, event, field } from '../define';
import { personal } from '../personal';
import { code, decimal, text, uuid } from '../values';
import { accountId, subject, type Subject } from './subject';

/** What somebody writes freely may name a person. */
const words = personal(text(4_000));
const fieldCode = code(40);
/** A choice, a number in digits, a day; yes or no; a step of a scale; several choices. */
const plain = [z.boolean(), z.int(), z.array(z.string().max(40)).max(50)] as const;
const MOST_ANSWERS = 200;
const given = z
  .record(fieldCode, z.union([words, ...plain]))
  .refine((it) => Object.keys(it).length <= MOST_ANSWERS, `has more than ${MOST_ANSWERS} answers`);

const formId = field(uuid(), 'Form', '表单');
const templateId = field(uuid(), 'Form template', '表单模板');
const version = field(z.int().min(1), 'Version', '版本');
const reason = field(personal(text(500)), 'Reason', '原因');
const about = { subject: field(subject, 'Subject', '填写对象'), accountId: accountId.optional() };

const decidedBy = { formId, templateId, version, ...about };
const answers = {
  answers: field(
    z.array(z.strictObject({ field: fieldCode, value: z.union([text(80), ...plain]) })),
    'Answers',
    '答案',
    'In the order of the template.',
  ),
  texts: field(z.array(z.strictObject({ field: fieldCode, text: words })), 'Answers in words', '文字答案'),
};
/** What a form amounts to, as it now is. */
const result = {
  completeness: field(
    z.int().min(0).max(100),
    'Completeness, %',
    '完整度',
    'Answered fields of all fields of the version, required or not; rounded down, so that 100 means every one.',
  ),
  score: field(
    z.strictObject({
      total: field(decimal(), 'Score', '得分', 'From 0 to 100: the weighted mean of the fields that were answered.'),
      coverage: field(decimal(), 'Coverage', '覆盖率', 'The part of the whole weight that was answered.'),
      fields: z.array(z.strictObject({ field: fieldCode, score: decimal(), weight: decimal(), contribution: decimal() })),
    }),
    'Score',
    '得分',
    'Absent where no field with a weight was answered.',
  ).optional(),
};
/** With a person for its subject a form is forgotten with that person, else by itself. */
const person = (data: { readonly formId: string; readonly subject: Subject }): string =>
  data.subject.kind === 'contact' ? data.subject.id : data.formId;

const aForm = '0190f5a0-0000-7000-8000-0000000000f2';
const aTemplate = '0190f5a0-0000-7000-8000-0000000000f1';
const anAccount = '0190f5a0-0000-7000-8000-000000000001';
const aVisit = { subject: { kind: 'account', id: anAccount }, accountId: anAccount };
const score = {
  total: '75.000000',
  coverage: '1.000000',
  fields: [{ field: 'interest', score: '75.000000', weight: '1.000000', contribution: '75.000000' }],
};

/** The forms of a service. */
export const formContract = (service: string) =>
  contract({
    name: `${service}_form`,
    plural: `${service}-forms`,
    label: { en: 'Form', zh: '表单' },
    description: 'The answers to a template, and their corrections. What was written in words is sealed.',

    commands: {
      Submit: command({
        version: 1,
        label: { en: 'Submit form', zh: '提交表单' },
        description:
          'Answers the template: a version of it, or the one in force. A number is written in digits, a day as 2026-03-02.',
        opens: true,
        data: z.strictObject({
          templateId,
          version: version.optional(),
          ...about,
          answers: field(given, 'Answers', '答案', 'By the code of the field.'),
        }),
        example: {
          templateId: aTemplate,
          ...aVisit,
          answers: { day: '2026-03-02', outcome: 'They asked for an offer', interest: 4 },
        },
      }),
      Correct: command({
        version: 1,
        label: { en: 'Correct form', zh: '更正表单' },
        description:
          'Changes or takes back answers, under the version that the form was submitted with. What was said before stays.',
        data: z.strictObject({
          set: field(given, 'New answers', '新答案').optional(),
          clear: field(z.array(fieldCode).max(MOST_ANSWERS), 'Answers to take back', '清空字段').optional(),
          reason,
        }),
        example: { set: { interest: 3 }, reason: 'Counted twice' },
      }),
      Erase: command({
        version: 1,
        label: { en: 'Erase form', zh: '删除表单文字' },
        description:
          'Forgets for ever what was written in words; the other answers stay. Of a form about a contact, erase the contact.',
        data: z.strictObject({
          request: field(code(80), 'Reference of the request', '请求编号', 'It must not name the person.'),
        }),
        example: { request: 'dsr-2026-0042' },
      }),
    },

    events: {
      FormSubmitted: event({
        version: 1,
        label: { en: 'Form submitted', zh: '表单已提交' },
        description: 'The template was answered.',
        public: 'form.submitted',
        data: z.strictObject({ ...decidedBy, ...answers, ...result }),
        example: {
          formId: aForm,
          templateId: aTemplate,
          version: 1,
          ...aVisit,
          answers: [
            { field: 'day', value: '2026-03-02' },
            { field: 'interest', value: 4 },
          ],
          texts: [{ field: 'outcome', text: 'They asked for an offer' }],
          completeness: 100,
          score,
        },
        person,
      }),
      FormCorrected: event({
        version: 1,
        label: { en: 'Form corrected', zh: '表单已更正' },
        description: 'Some answers are other ones, or taken back.',
        public: 'form.corrected',
        data: z.strictObject({
          ...decidedBy,
          supersedes: field(uuid(), 'Supersedes', '被更正的事件', 'The event after which the form was as it was.'),
          reason,
          ...answers,
          cleared: field(z.array(fieldCode), 'Taken back', '已清空'),
          ...result,
        }),
        example: {
          formId: aForm,
          templateId: aTemplate,
          version: 1,
          ...aVisit,
          supersedes: '0190f5a0-0000-7000-8000-0000000000f3',
          reason: 'Counted twice',
          answers: [{ field: 'interest', value: 4 }],
          texts: [],
          cleared: [],
          completeness: 100,
          score,
        },
        person,
      }),
      FormErased: event({
        version: 1,
        label: { en: 'Form erased', zh: '表单文字已删除' },
        description: 'What was written in words is to be forgotten.',
        public: 'form.erased',
        erases: true,
        data: z.strictObject({ formId, ...about, request: field(code(80), 'Reference of the request', '请求编号') }),
        example: { formId: aForm, ...aVisit, request: 'dsr-2026-0042' },
      }),
    },

    refusals: {
      'unknown-form-template': {
        status: 404,
        en: 'There is no such version of a form template in force. Look it up, or publish one.',
        zh: '没有该有效表单模板版本，请先发布。',
      },
      'form-exists': { en: 'This form was submitted already. Correct it instead.', zh: '该表单已提交，请改为更正。' },
      'answers-invalid': {
        status: 422,
        en: 'Some answers do not fit the template. "errors" says which and why.',
        zh: '部分答案不符合模板要求，详见 errors。',
      },
      'form-erased': {
        en: 'What was written in this form was erased. Submit another one.',
        zh: '该表单的文字内容已删除，请另行提交。',
      },
      'erase-the-contact': {
        en: 'This form is about a contact. Erase the contact, and it is forgotten with the person.',
        zh: '该表单的对象是联系人，请删除该联系人的个人信息。',
      },
    },
  });
export type FormContract = ReturnType<typeof formContract>;
