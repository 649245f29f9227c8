// Forms (管理方法, 0.3): is a template sound, do answers fit it, how complete are they, and what do they score.
import type { FormField, FormTemplateContent } from '@kams/contracts/kernel/form-template';
import { localDate } from './dates';
import { Decimal, decimal, isDecimal } from './decimal';
import { share } from './exact-shares';
import { problem, type Problem } from './refusal';
import { score, type Criterion, type Normaliser } from './scorecard';

/** A text, a code, a day or a number in digits; yes or no; a step of a scale; several codes. */
export type Answer = string | boolean | number | readonly string[];
/** By the code of the field. */
export type Answers = Readonly<Record<string, Answer>>;

export type TemplateProblem = Problem<
  | 'too-many-fields'
  | 'section-repeated'
  | 'field-repeated'
  | 'choice-repeated'
  | 'min-not-below-max'
  | 'weight-not-0.01-to-100'
  | 'weight-missing'
  | 'score-missing'
  | 'score-not-0-to-100'
>;

export type AnswerProblem = Problem<
  | 'no-such-field'
  | 'required'
  | 'not-a-text'
  | 'longer-than-a-line'
  | 'not-a-number'
  | 'too-small'
  | 'too-large'
  | 'not-a-choice'
  | 'chosen-twice'
  | 'not-a-day'
  | 'not-yes-or-no'
  | 'not-a-step'
>;

export type FormScore = {
  /** 0 to 100, six places. */
  readonly total: string;
  /** The part of the whole weight that was answered, 0 to 1. */
  readonly coverage: string;
  /** The fields that were answered, in the order of the template; the contributions sum to the total exactly. */
  readonly fields: readonly {
    readonly field: string;
    readonly score: string;
    /** The part of the whole weight. */
    readonly weight: string;
    readonly contribution: string;
  }[];
};

/** The longest answer to a question for a line of text, in code points. */
const LONGEST_LINE = 300;
/** Further apart, and a share of the lighter one could be lost in the nine places that a weight has. */
const [LEAST_WEIGHT, MOST_WEIGHT] = [0.01, 100];

/** A score over 840 fields takes 60 ms, in which nobody else is served. */
const MOST_FIELDS = 200;

/** All fields of a template, in its order. */
export const fieldsOf = ({ sections }: FormTemplateContent): readonly FormField[] => sections.flatMap((it) => it.fields);

/** Every reason not to publish the template, with JSON pointers into it; empty for a sound one. */
export const checkTemplate = (template: FormTemplateContent): TemplateProblem[] => [...templateProblems(template)];

function* templateProblems(template: FormTemplateContent): Generator<TemplateProblem> {
  const { sections } = template;
  if (fieldsOf(template).length > MOST_FIELDS) {
    yield problem('too-many-fields', '/sections', `Ask at most ${MOST_FIELDS} questions; make two forms of more.`);
  }
  yield* repeated(sections, '/sections', 'section-repeated', 'Give each section a code of its own.');
  const codes = new Set<string>();
  for (const [i, { fields }] of sections.entries()) {
    for (const [j, it] of fields.entries()) {
      const pointer = `/sections/${i}/fields/${j}`;
      if (codes.has(it.code))
        yield problem('field-repeated', `${pointer}/code`, 'Give each field of the form a code of its own.');
      codes.add(it.code);
      yield* fieldProblems(it, pointer);
    }
  }
}

function* fieldProblems(it: FormField, pointer: string): Generator<TemplateProblem> {
  if (it.kind === 'number' && it.min !== undefined && it.max !== undefined && decimal(it.min).gte(it.max)) {
    yield problem('min-not-below-max', `${pointer}/min`, 'Make min less than max.');
  }
  if (it.kind === 'choice' || it.kind === 'choices') {
    yield* repeated(it.choices, `${pointer}/choices`, 'choice-repeated', 'Give each choice of the field a code of its own.');
  }
  if (it.kind === 'choice') yield* scoreProblems(it, pointer);
  const weight = 'weight' in it ? it.weight : undefined;
  if (weight !== undefined && (decimal(weight).lt(LEAST_WEIGHT) || decimal(weight).gt(MOST_WEIGHT))) {
    yield problem('weight-not-0.01-to-100', `${pointer}/weight`, `Give a weight from ${LEAST_WEIGHT} to ${MOST_WEIGHT}.`);
  }
}

function* scoreProblems(
  { choices, weight }: Extract<FormField, { kind: 'choice' }>,
  pointer: string,
): Generator<TemplateProblem> {
  const isScored = weight !== undefined;
  for (const [i, it] of choices.entries()) {
    const at = `${pointer}/choices/${i}/score`;
    if (it.score === undefined) {
      if (isScored) yield problem('score-missing', at, 'Give each choice of a field with a weight its score.');
    } else if (!isScored) {
      yield problem('weight-missing', `${pointer}/weight`, 'Say what the field counts, or leave out the scores of its choices.');
      return;
    } else if (decimal(it.score).lt(0) || decimal(it.score).gt(100)) {
      yield problem('score-not-0-to-100', at, 'Give a score from 0 to 100.');
    }
  }
}

function* repeated(
  all: readonly { readonly code: string }[],
  pointer: string,
  code: TemplateProblem['code'],
  message: string,
): Generator<TemplateProblem> {
  const seen = new Set<string>();
  for (const [i, it] of all.entries()) {
    if (seen.has(it.code)) yield problem(code, `${pointer}/${i}/code`, message);
    seen.add(it.code);
  }
}

/**
 * Every answer that does not fit, by the JSON pointer of its field, in the order of the template; then the answers to questions
 * that it does not ask. Empty: the form may be submitted.
 */
export const checkAnswers = (template: FormTemplateContent, answers: Answers): AnswerProblem[] => [
  ...answerProblems(template, answers),
];

function* answerProblems(template: FormTemplateContent, answers: Answers): Generator<AnswerProblem> {
  const fields = fieldsOf(template);
  for (const it of fields) {
    const pointer = `/${escaped(it.code)}`;
    const answer = answerTo(it.code, answers);
    if (answer === undefined || isEmpty(answer)) {
      if (it.required) yield problem('required', pointer, 'is required');
    } else {
      yield* fits(it, answer, pointer);
    }
  }
  const asked = new Set(fields.map(({ code }) => code));
  for (const code of Object.keys(answers)) {
    if (!asked.has(code)) yield problem('no-such-field', `/${escaped(code)}`, 'is not a field of this version');
  }
}

function* fits(it: FormField, answer: Answer, pointer: string): Generator<AnswerProblem> {
  switch (it.kind) {
    case 'text':
    case 'longText':
      if (typeof answer !== 'string') return yield problem('not-a-text', pointer, 'is not a text');
      if (it.kind === 'longText') return;
      if (answer.includes('\n') || [...answer].length > LONGEST_LINE) {
        yield problem('longer-than-a-line', pointer, `is more than a line of ${LONGEST_LINE} characters`);
      }
      return;
    case 'number':
      if (typeof answer !== 'string' || !isDecimal(answer) || !/^-?\d{1,15}(\.\d{1,9})?$/.test(answer)) {
        return yield problem('not-a-number', pointer, 'is not a number in digits like "12.50"');
      }
      if (it.min !== undefined && decimal(answer).lt(it.min)) yield problem('too-small', pointer, `is less than ${it.min}`);
      if (it.max !== undefined && decimal(answer).gt(it.max)) yield problem('too-large', pointer, `is more than ${it.max}`);
      return;
    case 'choice':
      if (!it.choices.some(({ code }) => code === answer)) yield problem('not-a-choice', pointer, 'is none of the choices');
      return;
    case 'choices':
      if (!Array.isArray(answer) || !answer.every((one) => it.choices.some(({ code }) => code === one))) {
        yield problem('not-a-choice', pointer, 'is not a list of the choices');
      } else if (new Set(answer).size < answer.length) {
        yield problem('chosen-twice', pointer, 'names a choice twice');
      }
      return;
    case 'date':
      if (typeof answer !== 'string' || localDate(answer) === undefined) {
        yield problem('not-a-day', pointer, 'is not a day like "2026-03-02"');
      }
      return;
    case 'yesNo':
      if (typeof answer !== 'boolean') yield problem('not-yes-or-no', pointer, 'is not true or false');
      return;
    case 'scale':
      if (typeof answer !== 'number' || !Number.isInteger(answer) || answer < 1 || answer > it.steps) {
        yield problem('not-a-step', pointer, `is not a whole number from 1 to ${it.steps}`);
      }
  }
}

/**
 * Completeness in %: 100 x answered fields / all fields of the version, whether they are required or not, rounded down, so that
 * 100 means every one. An empty list of choices is no answer.
 */
export function completeness(template: FormTemplateContent, answers: Answers): number {
  const fields = fieldsOf(template);
  const answered = fields.filter((it) => {
    const answer = answerTo(it.code, answers);
    return answer !== undefined && !isEmpty(answer);
  });
  return Math.floor((100 * answered.length) / fields.length);
}

/**
 * The weighted scorecard (F-01) over the fields with a weight: of n steps the step k scores 100 x (k - 1) / (n - 1), a choice its
 * own score. The weights are shared out so that they sum to 1 (largest remainder at nine places); what was not answered lowers
 * the coverage and not the score.
 *
 * @param answers that fit the template
 * @returns undefined where no field with a weight was answered: nothing is not 0
 */
export function scoreOf(template: FormTemplateContent, answers: Answers): FormScore | undefined {
  const fields = fieldsOf(template).flatMap((it) => {
    const normaliser = normaliserOf(it);
    return normaliser && 'weight' in it && it.weight !== undefined ? [{ ...it, weight: it.weight, normaliser }] : [];
  });
  if (fields.length === 0) return undefined;
  const shares = share(
    UNITS,
    fields.map(({ code, weight }) => ({ id: code, weight })),
  );
  const criteria = fields.map(({ code, normaliser }, i): Criterion => ({
    code,
    weight: new Decimal(shares[i]!.minor).div(UNITS).toFixed(),
    normaliser,
    missing: 'exclude',
  }));
  const measured = fields.flatMap((it) => {
    const answer = answerTo(it.code, answers);
    return typeof answer === 'string' || typeof answer === 'number' ? [{ code: it.code, raw: answer, sourceEventIds: [] }] : [];
  });
  const result = score({ minCoverage: 0, criteria }, measured);
  if ('refused' in result) return undefined;
  return {
    total: result.total,
    coverage: result.coverage,
    fields: result.criteria.flatMap(({ code, normalised, weight, contribution }) =>
      normalised === null ? [] : [{ field: code, score: normalised, weight, contribution }],
    ),
  };
}

const UNITS = 1_000_000_000;

function normaliserOf(it: FormField): Normaliser | undefined {
  if (it.kind === 'scale') return { kind: 'linear', lo: 1, hi: it.steps, clamp: false };
  if (it.kind !== 'choice') return undefined;
  return { kind: 'enumMap', scores: Object.fromEntries(it.choices.map(({ code, score = 0 }) => [code, score])) };
}

/** What was answered to a field. `constructor` is the code of one like any other. */
export const answerTo = (code: string, answers: Answers): Answer | undefined =>
  Object.hasOwn(answers, code) ? answers[code] : undefined;
const isEmpty = (answer: Answer): boolean => Array.isArray(answer) && answer.length === 0;
const escaped = (code: string): string => code.slice(0, 60).replaceAll('~', '~0').replaceAll('/', '~1');
