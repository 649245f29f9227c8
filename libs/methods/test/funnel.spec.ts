import { checkPipeline, DEFAULT_PIPELINE, funnel, velocity, winProbability, type FunnelGroup } from '../src/funnel';
import { refused } from './refused';

const group = (it: Partial<FunnelGroup>): FunnelGroup => ({
  stage: 'proposal',
  probability: '0.5',
  currency: 'CNY',
  minor: '0',
  count: 1,
  since: null,
  ...it,
});

describe('the funnel', () => {
  test('weighs each amount by the probability of its stage, and rounds once', () => {
    // 333 x 0.5 + 333 x 0.25 = 249.75; rounded each by itself it would be 166 + 83 = 249.
    const line = funnel([group({ minor: '333' }), group({ minor: '333', probability: '0.25' })], '2026-03-01');
    expect(line).toMatchObject([
      { stage: 'proposal', count: 2, amount: { minor: 666 }, weighted: { minor: 250, currency: 'CNY' } },
    ]);
  });

  test('rounds a half to the even neighbour', () => {
    const weighted = (minor: string) => funnel([group({ minor })], '2026-03-01')[0]!.weighted!.minor;
    expect([weighted('1'), weighted('3'), weighted('5')]).toEqual([0, 2, 2]);
  });

  test('never adds different currencies, and counts what has no amount without one', () => {
    const lines = funnel(
      [group({ minor: '100' }), group({ currency: 'EUR', minor: '7' }), group({ currency: null })],
      '2026-03-01',
    );
    expect(lines.map(({ currency, amount, count }) => [currency, amount?.minor, count])).toEqual([
      ['CNY', 100, 1],
      ['EUR', 7, 1],
      [null, undefined, 1],
    ]);
  });

  test('is as old as its opportunities are in their stage, of those of which it is known', () => {
    const lines = funnel(
      [group({ since: '2026-02-19', count: 2 }), group({ since: '2026-02-28' }), group({ count: 5 })],
      '2026-03-01',
    );
    // Twice 10 days and once 1: 21 / 3.
    expect(lines[0]).toMatchObject({ count: 8, ageing: { known: 3, meanDays: '7.000000', longestDays: 10 } });
    expect(funnel([group({ since: '2026-03-02' })], '2026-03-01')[0]!.ageing.longestDays).toBe(0);
    expect(funnel([group({})], '2026-03-01')[0]!.ageing).toEqual({ known: 0, meanDays: null, longestDays: null });
  });

  test('has no line where nothing is open', () => expect(funnel([], '2026-03-01')).toEqual([]));

  test('is exact up to the largest amount, and refuses what is beyond', () => {
    expect(funnel([group({ minor: '9007199254740991', probability: '1' })], '2026-03-01')[0]!.weighted!.minor).toBe(2 ** 53 - 1);
    expect(() => funnel([group({ minor: '9007199254740992' })], '2026-03-01')).toThrow(refused('not-whole-minor-units'));
  });
});

test.each([
  [0, 0, '0.500000'],
  [3, 0, '0.800000'],
  [0, 1, '0.333333'],
  [4238, 2473, '0.631461'],
])('of %i won and %i lost the next is won with %s', (won, lost, p) => expect(winProbability({ won, lost })).toBe(p));

test('a prior of half of each is taken as it is given', () =>
  expect(winProbability({ won: 1, lost: 0 }, { won: 0.5, lost: 0.5 })).toBe('0.750000'));

describe('velocity', () => {
  const input = { open: 10, won: 6, lost: 4, wonMinor: '60000', cycleDays: 180, cycles: 6 };

  test('is what comes in a day: 10 open x 0.6 x 100.00 / 30 days', () =>
    expect(velocity(input, 'CNY')).toEqual({
      winRate: '0.600000',
      averageValue: { minor: 10_000, currency: 'CNY' },
      cycleDays: '30.000000',
      velocity: { minor: 2_000, currency: 'CNY' },
    }));

  test('is computed as one fraction: thirds do not add up their errors', () =>
    // 3 x 1/3 x 100 / 1 is 100; with a rate of 0.333333 it would be 99.9999.
    expect(
      velocity({ open: 3, won: 1, lost: 2, wonMinor: '1000000000000', cycleDays: 1, cycles: 1 }, 'CNY').velocity!.minor,
    ).toBe(1_000_000_000_000));

  test('is not known without a history', () => {
    expect(velocity({ ...input, won: 0, lost: 0, wonMinor: '0', cycles: 0, cycleDays: 0 }, 'CNY')).toEqual({
      winRate: null,
      averageValue: null,
      cycleDays: null,
      velocity: null,
    });
    expect(velocity({ ...input, cycleDays: 0 }, 'CNY')).toMatchObject({ cycleDays: '0.000000', velocity: null });
  });
});

describe('a pipeline', () => {
  const [first, second] = DEFAULT_PIPELINE.stages;

  test('as it comes is sound', () => expect(checkPipeline(DEFAULT_PIPELINE)).toEqual([]));

  test.each([
    ['no-stages', '/stages', []],
    ['stage-repeated', '/stages/1/code', [first, first]],
    ['stage-reserved', '/stages/0/code', [{ ...first, code: 'won' }]],
    ['not-a-probability', '/stages/0/probability', [{ ...first, probability: '1.1' }]],
    ['not-upwards', '/stages/1/probability', [second, first]],
  ])('is told %s', (code, pointer, stages) => expect(checkPipeline({ stages })).toMatchObject([{ code, pointer }]));
});
