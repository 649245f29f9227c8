// What was answered, under which version, and what was corrected since.
import { formContract, type FormContract } from '@kams/contracts/kernel/form';
import type { FormTemplateContent, FormTemplateContract } from '@kams/contracts/kernel/form-template';
import type { Subject } from '@kams/contracts/kernel/subject';
import type { EventData } from '@kams/contracts/define';
import { aggregate, refusing, via, type Aggregate, type Ref } from '@kams/eventing/pure';
import { answerTo, checkAnswers, completeness, fieldsOf, scoreOf, type Answers } from '@kams/methods/forms';
import { inForce, version } from '@kams/methods/policy';
import { accountsOf } from './accounts-of';
import type { FormTemplate } from './form-template';

export type Form =
  | { readonly is: 'none' }
  | { readonly is: 'erased'; readonly accountId?: string }
  | {
      readonly is: 'submitted';
      readonly templateId: string;
      readonly version: number;
      readonly subject: Subject;
      readonly accountId?: string;
      readonly answers: Answers;
      /** After which the form was as it is. */
      readonly lastEventId: string;
    };
type Said = Pick<EventData<FormContract, 'FormSubmitted'>, 'answers' | 'texts'>;

const MOST_ERRORS = 20;
const NO_FIELD = 'is not a field of this version';

/** The forms of a service that has these templates. */
export function form(service: string, templates: Aggregate<FormTemplateContract, FormTemplate>): Aggregate<FormContract, Form> {
  const contract = formContract(service);
  const refuse = refusing(contract);
  const itself = (id: string): Ref<Form> => ({ of: forms, id });

  /** The answers, when they fit: else an error a field, named as the command names it. */
  const fitting = (content: FormTemplateContent, answers: Answers, within: string, clear: readonly string[] = []): Answers => {
    const asked = new Set(fieldsOf(content).map(({ code }) => code));
    const errors = [
      ...checkAnswers(content, answers).map(({ pointer, message }) => ({ pointer: `${within}${pointer}`, reason: message })),
      ...clear.flatMap((code, i) => (asked.has(code) ? [] : [{ pointer: `/clear/${i}`, reason: NO_FIELD }])),
    ];
    return errors.length === 0 ? answers : refuse('answers-invalid', { errors: errors.slice(0, MOST_ERRORS) });
  };

  const forms: Aggregate<FormContract, Form> = aggregate(contract, { is: 'none' } as Form)({
    accounts: (_id, it, data) => accountsOf(it, data),

    look: {
      Submit: ({ templateId }) => ({ template: { of: templates, id: templateId } }),
      // Under which version it was submitted, only the form itself knows.
      Correct: (_, { id }) => ({
        template: via(itself(id), (it) => (it.is === 'submitted' ? { of: templates, id: it.templateId } : undefined)),
      }),
    },

    decide: {
      Submit: (it, { templateId, version: wanted, subject, accountId, answers }, { id: formId, at, template }) => {
        if (it.is !== 'none') return refuse('form-exists');
        const found = wanted === undefined ? inForce(template.state, at) : version(template.state, wanted);
        if (!found || (wanted !== undefined && found.retiredAt !== undefined)) {
          return refuse('unknown-form-template', { templateId, version: wanted ?? null });
        }
        const { content } = found;
        const said = saidOf(content, fitting(content, answers, '/answers'));
        const about = { formId, templateId, version: found.version, subject, accountId };
        return [{ type: 'FormSubmitted', data: { ...about, ...said, ...resultOf(content, answers) } }];
      },

      Correct: (it, { set = {}, clear = [], reason }, { id: formId, template }) => {
        if (it.is !== 'submitted') return it.is === 'erased' ? refuse('form-erased') : [];
        const { templateId, subject, accountId, lastEventId: supersedes } = it;
        const content =
          (template && version(template.state, it.version)?.content) ??
          refuse('unknown-form-template', { templateId, version: it.version });
        const news = Object.fromEntries(
          Object.entries(set).filter(([code, answer]) => !same(answer, answerTo(code, it.answers))),
        );
        const cleared = clear.filter((code) => answerTo(code, it.answers) !== undefined && !Object.hasOwn(set, code));
        const answers = fitting(content, without({ ...it.answers, ...news }, cleared), '/set', clear);
        if (Object.keys(news).length === 0 && cleared.length === 0) return [];
        const about = { formId, templateId, version: it.version, subject, accountId };
        const said = saidOf(content, news);
        return [
          { type: 'FormCorrected', data: { ...about, supersedes, reason, ...said, cleared, ...resultOf(content, answers) } },
        ];
      },

      Erase: (it, { request }, { id: formId }) => {
        if (it.is !== 'submitted') return [];
        if (it.subject.kind === 'contact') return refuse('erase-the-contact', { contactId: it.subject.id });
        return [{ type: 'FormErased', data: { formId, subject: it.subject, accountId: it.accountId, request } }];
      },
    },

    evolve: {
      FormSubmitted: (_, { templateId, version, subject, accountId, ...said }, { eventId }) => ({
        is: 'submitted',
        templateId,
        version,
        subject,
        accountId,
        answers: answersOf(said),
        lastEventId: eventId,
      }),
      FormCorrected: (it, { cleared, ...said }, { eventId }) =>
        it.is === 'submitted'
          ? { ...it, answers: without({ ...it.answers, ...answersOf(said) }, cleared), lastEventId: eventId }
          : it,
      FormErased: (_, { accountId }) => ({ is: 'erased', accountId }),
    },
  });
  return forms;
}

/** Answers as they are kept: in the order of the template, those in words apart, because they are sealed. */
function saidOf(content: FormTemplateContent, answers: Answers): Said {
  const said: { -readonly [K in keyof Said]: Said[K] } = { answers: [], texts: [] };
  for (const { code: field, kind } of fieldsOf(content)) {
    const value = answerTo(field, answers);
    if (value === undefined) continue;
    if (kind === 'text' || kind === 'longText') said.texts.push({ field, text: value as string });
    else said.answers.push({ field, value: value as Said['answers'][number]['value'] });
  }
  return said;
}

const answersOf = ({ answers, texts }: Said): Answers =>
  Object.fromEntries([...answers.map(({ field, value }) => [field, value]), ...texts.map(({ field, text }) => [field, text])]);

const resultOf = (content: FormTemplateContent, answers: Answers) => {
  const score = scoreOf(content, answers);
  return {
    completeness: completeness(content, answers),
    ...(score && { score: { ...score, fields: [...score.fields] } }),
  };
};

const without = (answers: Answers, codes: readonly string[]): Answers =>
  Object.fromEntries(Object.entries(answers).filter(([code]) => !codes.includes(code)));
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
