import { checkLadder, nextTier, type Standing, type TierLadder } from '../src/tier-ladder';
import { refused } from './refused';

const ladder: TierLadder = {
  rungs: [
    { tier: 'S', from: 85 },
    { tier: 'A', from: 70 },
    { tier: 'B', from: 50 },
    { tier: 'C', from: 0 },
  ],
  hysteresis: 3,
  demoteAfter: 2,
};

const nobody: Standing = { tier: null, below: 0 };
const at = (tier: string, below = 0): Standing => ({ tier, below });
const evaluated = (current: Standing, score: number | string, scheduled = true) =>
  nextTier({ ladder, current, score, scheduled });
/** The last decision of several scheduled evaluations, each from the standing that the one before has left. */
const through = (current: Standing, ...scores: (number | string)[]) =>
  scores
    .map((score) => {
      const decision = evaluated(current, score);
      current = decision;
      return decision;
    })
    .at(-1);

describe('F-02', () => {
  test('70.000 is A', () => expect(evaluated(nobody, '70.000')).toMatchObject({ tier: 'A', cause: 'placed' }));
  test('69.999 is B for a new account', () => expect(evaluated(nobody, '69.999')).toMatchObject({ tier: 'B', cause: 'placed' }));
  test('an A account at 67.0 stays A', () =>
    expect(through(at('A'), '67.0', '67.0', '67.0')).toEqual({
      tier: 'A',
      cause: 'within-hysteresis',
      below: 0,
      needsApproval: false,
      computed: 'B',
    }));
  test('an A account at 66.9 twice is B', () =>
    expect(through(at('A'), '66.9', '66.9')).toEqual({
      tier: 'B',
      cause: 'demoted',
      below: 0,
      needsApproval: false,
      computed: 'B',
    }));
  test('86 makes an A account S at one evaluation', () =>
    expect(evaluated(at('A'), 86)).toMatchObject({ tier: 'S', cause: 'promoted', needsApproval: false }));
});

test('an A account at 66.9 once stays A, and the count is kept', () =>
  expect(evaluated(at('A'), '66.9')).toEqual({
    tier: 'A',
    cause: 'demotion-pending',
    below: 1,
    needsApproval: false,
    computed: 'B',
  }));

test('two low scores with a better one between them do not demote', () =>
  expect(through(at('A'), '66.9', '67.0', '66.9')).toMatchObject({ tier: 'A', cause: 'demotion-pending', below: 1 }));

test('scores are compared as decimals, where floats see no difference', () => {
  expect(Number('69.99999999999999999')).toBe(70);
  expect(evaluated(nobody, '69.99999999999999999').tier).toBe('B');
});

test('an account keeps its tier when the score stays on its rung', () =>
  expect(evaluated(at('A', 1), 84.9)).toMatchObject({ tier: 'A', cause: 'unchanged', below: 0 }));

test('more than one tier at once needs approval, up and down', () => {
  expect(evaluated(at('C'), 72)).toMatchObject({ tier: 'A', cause: 'promoted', needsApproval: true });
  expect(through(at('A'), 40, 40)).toMatchObject({ tier: 'C', cause: 'demoted', needsApproval: true });
});

test('a demotion goes to the tier of the last score', () =>
  expect(through(at('A'), 40, 66)).toMatchObject({ tier: 'B', needsApproval: false }));

test('an evaluation on demand neither moves nor counts', () => {
  expect(evaluated(at('A'), 95, false)).toMatchObject({ tier: 'A', cause: 'on-demand', below: 0, computed: 'S' });
  expect(evaluated(at('A', 1), 10, false)).toMatchObject({ tier: 'A', cause: 'on-demand', below: 1, computed: 'C' });
});

test('an account without a tier is placed, on demand too, at any height', () =>
  expect(evaluated(nobody, 91, false)).toEqual({ tier: 'S', cause: 'placed', below: 0, needsApproval: false, computed: 'S' }));

test('an account at a tier that this ladder does not know is placed', () =>
  expect(evaluated(at('gold', 1), 55)).toMatchObject({ tier: 'B', cause: 'placed', below: 0 }));

test('nobody falls below the last rung', () =>
  expect(through(at('C'), 0, 0, 0)).toMatchObject({ tier: 'C', cause: 'unchanged' }));

test('a ladder may demote at the first evaluation, without hysteresis', () => {
  const strict = { ...ladder, hysteresis: '0', demoteAfter: 1 };
  expect(nextTier({ ladder: strict, current: at('A'), score: '69.999', scheduled: true })).toMatchObject({
    tier: 'B',
    cause: 'demoted',
  });
});

test('what is no score is refused', () => expect(() => evaluated(at('A'), NaN)).toThrow(refused('not-a-decimal')));

test('a ladder with problems is refused', () =>
  expect(() => nextTier({ ladder: { ...ladder, rungs: [] }, current: nobody, score: 1, scheduled: true })).toThrow(
    refused('unsound-ladder'),
  ));

describe('a ladder has a problem', () => {
  const pointers = (it: TierLadder) => checkLadder(it).map(({ code, pointer }) => `${code} ${pointer}`);

  test('not if it is sound', () => expect(checkLadder(ladder)).toEqual([]));

  test.each<[string, TierLadder]>([
    ['no-rungs /rungs', { ...ladder, rungs: [] }],
    ['tier-repeated /rungs/1/tier', { ...ladder, rungs: [{ tier: 'A', from: 1 }, { tier: 'A', from: 0 }] }], // prettier-ignore
    ['not-downwards /rungs/1/from', { ...ladder, rungs: [{ tier: 'A', from: '9' }, { tier: 'B', from: '10' }, { tier: 'C', from: 0 }] }], // prettier-ignore
    ['last-not-from-0 /rungs/0/from', { ...ladder, rungs: [{ tier: 'A', from: 50 }] }],
    ['hysteresis-negative /hysteresis', { ...ladder, hysteresis: -1 }],
    ['demote-after-not-positive /demoteAfter', { ...ladder, demoteAfter: 0 }],
  ])('%s', (problem, it) => expect(pointers(it)).toEqual([problem]));
});
