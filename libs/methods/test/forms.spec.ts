import type { FormField, FormTemplateContent } from '@kams/contracts/kernel/form-template';
import fc from 'fast-check';
import { checkAnswers, checkTemplate, completeness, scoreOf, type Answers } from '../src/forms';

const label = { en: 'x', zh: '项' };
const field = (code: string, more: object, required = false) => ({ code, label, required, ...more }) as FormField;
const template = (...fields: FormField[]): FormTemplateContent => ({
  name: label,
  sections: [{ code: 'all', label, fields }],
});
const grades = (...scores: (string | undefined)[]) => scores.map((score, i) => ({ code: `c${i}`, label, score }));

const every = template(
  field('name', { kind: 'text' }, true),
  field('story', { kind: 'longText' }),
  field('staff', { kind: 'number', min: '1', max: '99.5' }),
  field('grade', { kind: 'choice', weight: '3', choices: grades('0', '40', '100') }),
  field('channels', { kind: 'choices', choices: grades(undefined, undefined) }),
  field('since', { kind: 'date' }),
  field('listed', { kind: 'yesNo' }),
  field('trust', { kind: 'scale', steps: 5, weight: '1' }),
);
const full: Answers = {
  name: 'Acme',
  story: 'Line\nand line',
  staff: '12.50',
  grade: 'c1',
  channels: ['c1', 'c0'],
  since: '2024-02-29',
  listed: false,
  trust: 4,
};
const wrong = (answers: Answers, of = every) => checkAnswers(of, answers).map(({ code, pointer }) => [code, pointer]);

describe('answers', () => {
  test('of every kind fit, and so does the required one alone', () => {
    expect(checkTemplate(every)).toEqual([]);
    expect(wrong(full)).toEqual([]);
    expect(wrong({ name: 'Acme' })).toEqual([]);
  });

  test.each<[string, object, string]>([
    ['a number for a text', { name: 7 }, 'not-a-text'],
    ['two lines where one is asked for', { name: 'a\nb' }, 'longer-than-a-line'],
    ['301 characters where a line is asked for', { name: '𠀀'.repeat(301) }, 'longer-than-a-line'],
    ['a list for a long text', { story: ['c0'] }, 'not-a-text'],
    ['letters for a number', { staff: 'many' }, 'not-a-number'],
    ['an exponent for a number', { staff: '1e1' }, 'not-a-number'],
    ['a number that is not in digits', { staff: 12 }, 'not-a-number'],
    ['ten places for a number', { staff: '1.0000000001' }, 'not-a-number'],
    ['less than the least', { staff: '0.999' }, 'too-small'],
    ['more than the most', { staff: '99.6' }, 'too-large'],
    ['no choice of the list', { grade: 'c3' }, 'not-a-choice'],
    ['the name of a method for a choice', { grade: 'constructor' }, 'not-a-choice'],
    ['a list for one choice', { grade: ['c1'] }, 'not-a-choice'],
    ['one choice for several', { channels: 'c1' }, 'not-a-choice'],
    ['a choice of another field among several', { channels: ['c1', 'c2'] }, 'not-a-choice'],
    ['a choice twice', { channels: ['c1', 'c1'] }, 'chosen-twice'],
    ['a day that is not in the calendar', { since: '2023-02-29' }, 'not-a-day'],
    ['an instant for a day', { since: '2023-02-28T00:00:00Z' }, 'not-a-day'],
    ['a word for yes or no', { listed: 'yes' }, 'not-yes-or-no'],
    ['a step below the first', { trust: 0 }, 'not-a-step'],
    ['a step above the last', { trust: 6 }, 'not-a-step'],
    ['half a step', { trust: 2.5 }, 'not-a-step'],
  ])('that are %s are named by their field', (_, answers, code) =>
    expect(wrong({ ...full, ...answers } as Answers)).toEqual([[code, `/${Object.keys(answers)[0]}`]]),
  );

  test('at the limits fit', () => {
    for (const staff of ['1', '99.5', '99.500']) expect(wrong({ ...full, staff })).toEqual([]);
    for (const trust of [1, 5]) expect(wrong({ ...full, trust })).toEqual([]);
    expect(wrong({ ...full, name: '𠀀'.repeat(300) })).toEqual([]);
  });

  test('that are missing though required, or that nobody asked for, are named as well', () =>
    expect(wrong({ staff: 'x', colour: 'red', constructor: 'x' } as unknown as Answers)).toEqual([
      ['required', '/name'],
      ['not-a-number', '/staff'],
      ['no-such-field', '/colour'],
      ['no-such-field', '/constructor'],
    ]));

  test('an empty list answers no required question', () => {
    const one = template(field('channels', { kind: 'choices', choices: grades(undefined) }, true));
    expect(wrong({ channels: [] }, one)).toEqual([['required', '/channels']]);
  });
});

describe('completeness', () => {
  test.each<[Answers, number]>([
    [full, 100],
    [{ name: 'Acme' }, 12],
    [{ ...full, channels: [] }, 87],
    [{}, 0],
    [{ name: 'Acme', listed: false }, 25],
  ])('of %j is %d %%', (answers, percent) => expect(completeness(every, answers)).toBe(percent));

  test('is 100 for a form with every answer and for no other', () => {
    const many = template(...Array.from({ length: 200 }, (_, i) => field(`f${i}`, { kind: 'yesNo' })));
    const all = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`f${i}`, true]));
    const { f0: _, ...others } = all;
    expect([completeness(many, all), completeness(many, others)]).toEqual([100, 99]);
  });
});

describe('the score', () => {
  test('is the weighted mean: (3 x 40 + 1 x 75) / 4 = 48.75', () =>
    expect(scoreOf(every, full)).toEqual({
      total: '48.750000',
      coverage: '1.000000',
      fields: [
        { field: 'grade', score: '40.000000', weight: '0.750000', contribution: '30.000000' },
        { field: 'trust', score: '75.000000', weight: '0.250000', contribution: '18.750000' },
      ],
    }));

  test('of a part of the weight is that of the part, and says how much was covered', () =>
    expect(scoreOf(every, { trust: 5 })).toMatchObject({
      total: '100.000000',
      coverage: '0.250000',
      fields: [{ field: 'trust', contribution: '100.000000' }],
    }));

  test('of a scale of n goes from 0 to 100 in equal steps', () => {
    const scale = (steps: number) => template(field('s', { kind: 'scale', steps, weight: '1' }));
    const totals = (steps: number) => Array.from({ length: steps }, (_, i) => scoreOf(scale(steps), { s: i + 1 })!.total);
    expect(totals(5)).toEqual(['0.000000', '25.000000', '50.000000', '75.000000', '100.000000']);
    expect(totals(4)).toEqual(['0.000000', '33.333333', '66.666667', '100.000000']);
  });

  test('of nothing that counts is none, and not 0', () => {
    expect(scoreOf(every, { name: 'Acme', listed: true })).toBeUndefined();
    expect(scoreOf(template(field('s', { kind: 'scale', steps: 5 })), { s: 3 })).toBeUndefined();
    expect(scoreOf(every, { grade: 'c0' })!.total).toBe('0.000000');
  });

  test('lies within the scores, and its contributions sum to it exactly', () =>
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            weight: fc.integer({ min: 1, max: 10_000 }).map((it) => (it / 100).toFixed(2)),
            steps: fc.integer({ min: 2, max: 10 }),
            step: fc.option(fc.integer({ min: 1, max: 10 }), { nil: undefined }),
          }),
          { minLength: 1, maxLength: 30 },
        ),
        (rows) => {
          const it = template(...rows.map(({ weight, steps }, i) => field(`s${i}`, { kind: 'scale', steps, weight })));
          const answers = Object.fromEntries(
            rows.flatMap(({ steps, step }, i) => (step === undefined ? [] : [[`s${i}`, Math.min(step, steps)]])),
          );
          expect(checkTemplate(it)).toEqual([]);
          const result = scoreOf(it, answers);
          if (!result) return expect(answers).toEqual({});
          const micro = (text: string) => Math.round(Number(text) * 1e6);
          const sum = result.fields.reduce((all, { contribution }) => all + micro(contribution), 0);
          expect(sum).toBe(micro(result.total));
          const scores = result.fields.map((one) => Number(one.score));
          expect(Number(result.total)).toBeGreaterThanOrEqual(Math.min(...scores) - 1e-6);
          expect(Number(result.total)).toBeLessThanOrEqual(Math.max(...scores) + 1e-6);
        },
      ),
    ));
});

describe('a template', () => {
  const problems = (...fields: FormField[]) => checkTemplate(template(...fields)).map(({ code, pointer }) => [code, pointer]);
  const at = '/sections/0/fields/0';

  test.each<[string, FormField, string, string]>([
    ['a least above the most', field('n', { kind: 'number', min: '5', max: '5' }), 'min-not-below-max', '/min'],
    [
      'a choice twice',
      field('c', { kind: 'choices', choices: [...grades(undefined), ...grades(undefined)] }),
      'choice-repeated',
      '/choices/1/code',
    ],
    [
      'a weight without scores',
      field('c', { kind: 'choice', weight: '1', choices: grades('1', undefined) }),
      'score-missing',
      '/choices/1/score',
    ],
    ['scores without a weight', field('c', { kind: 'choice', choices: grades('1', '2') }), 'weight-missing', '/weight'],
    [
      'a score above 100',
      field('c', { kind: 'choice', weight: '1', choices: grades('100.5') }),
      'score-not-0-to-100',
      '/choices/0/score',
    ],
    [
      'a score below 0',
      field('c', { kind: 'choice', weight: '1', choices: grades('-1') }),
      'score-not-0-to-100',
      '/choices/0/score',
    ],
    ['a weight of 0', field('s', { kind: 'scale', steps: 5, weight: '0' }), 'weight-not-0.01-to-100', '/weight'],
    ['a weight of 101', field('s', { kind: 'scale', steps: 5, weight: '101' }), 'weight-not-0.01-to-100', '/weight'],
  ])('with %s is unsound', (_, one, code, pointer) => expect(problems(one)).toEqual([[code, at + pointer]]));

  test('asks at most 200 questions', () => {
    const many = (count: number) => Array.from({ length: count }, (_, i) => field(`f${i}`, { kind: 'yesNo' }));
    expect(problems(...many(200))).toEqual([]);
    expect(problems(...many(201))).toEqual([['too-many-fields', '/sections']]);
  });

  test('has a code once, also over its sections', () => {
    const one = field('a', { kind: 'date' });
    const twice = { ...template(one), sections: [...template(one).sections, ...template(one).sections] };
    expect(checkTemplate(twice).map(({ code, pointer }) => [code, pointer])).toEqual([
      ['section-repeated', '/sections/1/code'],
      ['field-repeated', '/sections/1/fields/0/code'],
    ]);
  });
});
