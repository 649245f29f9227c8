import Big from 'big.js';
import fc from 'fast-check';
import {
  checkModel,
  population,
  score,
  type Criterion,
  type Measurement,
  type Normaliser,
  type Raw,
  type Score,
  type ScoringModel,
} from '../src/scorecard';
import { refused } from './refused';

const percent: Normaliser = { kind: 'linear', lo: 0, hi: 100, clamp: true };

const criterion = (code: string, weight: number | string, more: Partial<Criterion> = {}): Criterion => ({
  code,
  weight,
  normaliser: percent,
  missing: 'exclude',
  ...more,
});
const model = (...criteria: Criterion[]): ScoringModel => ({ minCoverage: '0.7', criteria });
const measured = (values: Record<string, Raw>): Measurement[] =>
  Object.entries(values).map(([code, raw]) => ({ code, raw, sourceEventIds: [`event-of-${code}`] }));
const scored = (...args: Parameters<typeof score>): Score => {
  const it = score(...args);
  if ('refused' in it) throw new Error(it.refused);
  return it;
};
/** The score of one value by one normaliser, or the note that says why there is none. */
const normalised = (normaliser: Normaliser, raw: Raw, values?: number[]) => {
  const one = { ...model(criterion('x', 1, { normaliser }), criterion('y', 1e-9)), minCoverage: 0 };
  const among = values && { population: population('accounts', '2026-06-30T00:00:00.000Z', values) };
  const [x] = scored(one, [{ code: 'x', raw, sourceEventIds: [], ...among }, ...measured({ y: 0 })]).criteria;
  return x?.normalised === null ? x.note : Number(x?.normalised);
};

// The key-account value model KAV-1 (default).
const KAV_1 = model(
  criterion('revenue-12-months', 0.2),
  criterion('gross-margin', 0.15),
  criterion('growth', 0.1),
  criterion('addressable-wallet', 0.15),
  criterion('industry-influence', 0.1),
  criterion('reference-value', 0.05),
  criterion('strategic-fit', 0.05),
  criterion('tenure', 0.05),
  criterion('openness', 0.05),
  criterion('payment-behaviour', 0.05),
  criterion('cost-to-serve', 0.05, { normaliser: { ...percent, reverse: true } }),
);

describe('a score', () => {
  test('is the weighted mean of the criteria: .5 x 80 + .3 x 60 + .2 x 50 = 68', () => {
    const { total, coverage } = scored(
      model(criterion('a', 0.5), criterion('b', 0.3), criterion('c', 0.2)),
      measured({ a: 80, b: 60, c: 50 }),
    );
    expect({ total, coverage }).toEqual({ total: '68.000000', coverage: '1.000000' });
  });

  test('says where every part of it came from', () => {
    const bands: Normaliser = { kind: 'bands', bands: [{ from: null, to: '0.1', score: 0 }, { from: '0.1', to: null, score: 90 }] }; // prettier-ignore
    const it = scored(
      model(criterion('margin', 0.4, { normaliser: bands }), criterion('growth', 0.6)),
      measured({ margin: '0.25', growth: 55 }),
    );
    expect(it).toEqual({
      total: '69.000000',
      coverage: '1.000000',
      criteria: [
        {
          code: 'margin',
          raw: '0.25',
          normalised: '90.000000',
          weight: '0.400000',
          contribution: '36.000000',
          sourceEventIds: ['event-of-margin'],
        },
        {
          code: 'growth',
          raw: 55,
          normalised: '55.000000',
          weight: '0.600000',
          contribution: '33.000000',
          sourceEventIds: ['event-of-growth'],
        },
      ],
    });
  });

  test('of KAV-1 counts low cost to serve as good', () => {
    const all = Object.fromEntries(KAV_1.criteria.map(({ code }) => [code, 80]));
    // 0.95 x 80 + 0.05 x (100 - 80)
    expect(scored(KAV_1, measured(all)).total).toBe('77.000000');
  });

  test('of three thirds of 70 is 70, and its parts still sum to it', () => {
    const it = scored(
      model(criterion('a', 0.333333333), criterion('b', 0.333333333), criterion('c', 0.333333334)),
      measured({ a: 70, b: 70, c: 70 }),
    );
    expect(it.total).toBe('70.000000');
    expect(it.criteria.map(({ contribution }) => contribution)).toEqual(['23.333333', '23.333333', '23.333334']);
  });

  test('of nothing but zeros is 0', () => {
    const it = scored(model(criterion('a', 1)), measured({ a: 0 }));
    expect(it).toMatchObject({ total: '0.000000', criteria: [{ normalised: '0.000000', contribution: '0.000000' }] });
  });

  test('ignores what the model does not ask for', () =>
    expect(scored(model(criterion('a', 1)), measured({ a: 7, b: 9 })).criteria).toHaveLength(1));

  test('does not depend on the order of the measurements', () => {
    const facts = measured({
      'gross-margin': 61,
      growth: 13,
      'revenue-12-months': 88,
      'addressable-wallet': 47,
      'industry-influence': 5,
      tenure: 1,
      openness: 99,
    });
    expect(score(KAV_1, facts.toReversed())).toEqual(score(KAV_1, facts));
  });

  test('refuses a code that is measured twice', () =>
    expect(() => score(model(criterion('a', 1)), [...measured({ a: 1 }), ...measured({ a: 2 })])).toThrow(
      refused('duplicate-id'),
    ));

  test('refuses a model with problems', () =>
    expect(() => score(model(criterion('a', 0.9)), measured({ a: 1 }))).toThrow(refused('unsound-model')));
});

describe('a missing value', () => {
  const three = (more: Partial<Criterion>) => model(criterion('a', 0.5), criterion('b', 0.3), criterion('c', 0.2, more));

  test('that is excluded leaves the mean of the others: (.5 x 80 + .3 x 60) / .8 = 72.5', () => {
    const it = scored(three({ missing: 'exclude' }), measured({ a: 80, b: 60, c: null }));
    expect(it).toMatchObject({ total: '72.500000', coverage: '0.800000' });
    expect(it.criteria[2]).toMatchObject({ raw: null, normalised: null, contribution: '0.000000', note: 'no value: left out' });
    expect(it.criteria.map(({ contribution }) => contribution)).toEqual(['50.000000', '22.500000', '0.000000']);
  });

  test('that was never measured is the same as one measured as null', () =>
    expect(scored(three({}), measured({ a: 80, b: 60 })).total).toBe(
      scored(three({}), measured({ a: 80, b: 60, c: null })).total,
    ));

  test('scores 0 only where the model says so, and the note says it: .5 x 80 + .3 x 60 = 58', () => {
    const it = scored(three({ missing: 'zero' }), measured({ a: 80, b: 60 }));
    expect(it).toMatchObject({ total: '58.000000', coverage: '1.000000' });
    expect(it.criteria[2]).toMatchObject({ normalised: '0.000000', note: 'no value: scored 0' });
  });

  test('takes the default of its criterion: 58 + .2 x 40 = 66', () => {
    const it = scored(three({ missing: 'default', default: '40' }), measured({ a: 80, b: 60 }));
    expect(it.total).toBe('66.000000');
    expect(it.criteria[2]?.note).toBe('no value: scored 40, the default');
  });

  test('that blocks gives no score at all', () =>
    expect(score(three({ missing: 'block' }), measured({ a: 80, b: 60 }))).toEqual({
      refused: 'criterion-missing',
      missing: ['c'],
    }));

  test('too many of them give no score: purchases alone do not value a key account', () =>
    expect(score(KAV_1, measured({ 'revenue-12-months': 90, growth: 50, tenure: 70 }))).toEqual({
      refused: 'coverage-too-low',
      coverage: '0.350000',
      minCoverage: '0.700000',
      missing: [
        'gross-margin',
        'addressable-wallet',
        'industry-influence',
        'reference-value',
        'strategic-fit',
        'openness',
        'payment-behaviour',
        'cost-to-serve',
      ],
    }));

  test('coverage that just meets the least one is enough, though .4 + .2 + .1 is less than .7 as floats', () => {
    const it = model(criterion('a', 0.4), criterion('b', 0.2), criterion('c', 0.1), criterion('d', 0.3));
    expect(0.1 + 0.2 + 0.4).not.toBe(0.7);
    expect(scored(it, measured({ a: 1, b: 1, c: 1 })).coverage).toBe('0.700000');
  });

  test('of everything is refused even where no coverage is asked for', () =>
    expect(score({ ...model(criterion('a', 1)), minCoverage: 0 }, [])).toMatchObject({
      refused: 'coverage-too-low',
      coverage: '0.000000',
    }));

  test('a complete scorecard covers 1, also where the weights miss 1 by 1e-9', () => {
    const thirds = { ...model(...['a', 'b', 'c'].map((code) => criterion(code, 0.333333333))), minCoverage: 1 };
    expect(scored(thirds, measured({ a: 1, b: 2, c: 3 }))).toMatchObject({ coverage: '1.000000', total: '2.000000' });
  });
});

describe('normalisers', () => {
  const bands: Normaliser = {
    kind: 'bands',
    bands: [
      { from: null, to: 10, score: 0 },
      { from: 10, to: 20, score: 50 },
      { from: 20, to: 30, score: 100 },
    ],
  };
  const linear: Normaliser = { kind: 'linear', lo: 20, hi: 60, clamp: true };
  const grades: Normaliser = { kind: 'enumMap', scores: { high: 100, low: '12.5' } };
  const values = [0, 10, 10, 20, 60];

  test.each<[string, Normaliser, Raw, number | string]>([
    ['a band contains its lower end', bands, 10, 50],
    ['a band does not contain its upper end', bands, '19.999999999999999999', 50],
    ['the next band starts there', bands, 20, 100],
    ['an open band has no end', bands, -1e9, 0],
    ['beyond the last band there is no score', bands, 30, 'outside the bands: left out'],
    ['linear starts at 0', linear, 20, 0],
    ['linear is a straight line', linear, '30', 25],
    ['linear ends at 100', linear, 60, 100],
    ['linear clamps', linear, 61, 100],
    ['linear without clamp has no score off the scale', { ...linear, clamp: false }, 61, 'off the scale: left out'],
    ['linear without clamp scores its own ends', { ...linear, clamp: false }, 60, 100],
    ['linear reversed falls', { ...linear, reverse: true }, 30, 75],
    ['a term has its score', grades, 'low', 12.5],
    ['another term has none', grades, 'medium', 'not a term of the map: left out'],
    ['no term comes from the language', grades, 'constructor', 'not a term of the map: left out'],
    ['a grade may be a number', { kind: 'enumMap', scores: { 3: 60 } }, 3, 60],
    ['yes has its score', { kind: 'boolean', whenTrue: 100, whenFalse: 20 }, true, 100],
    ['no has its score, which is not that of nothing', { kind: 'boolean', whenTrue: 100, whenFalse: 20 }, false, 20],
    ['yes in words is no yes', { kind: 'boolean', whenTrue: 100, whenFalse: 20 }, 'true', 'not true or false: left out'],
    ['text is no number', linear, 'many', 'not a number: left out'],
    ['NaN is no number', linear, NaN, 'not a number: left out'],
    ['a yes is no number', linear, true, 'not a number: left out'],
    ['a third has six places', { kind: 'linear', lo: 0, hi: 3, clamp: true }, 1, 33.333333],
  ])('%s', (_, normaliser, raw, result) => expect(normalised(normaliser, raw)).toBe(result));

  test.each<[string, Normaliser, Raw, number | string]>([
    ['percentile rank counts those below and half of the equal: (1 + 2/2) / 5', { kind: 'percentileRank' }, 10, 40],
    ['the best of five has rank 90', { kind: 'percentileRank' }, 60, 90],
    ['percentile rank reversed', { kind: 'percentileRank', reverse: true }, 60, 10],
    ['relative to the best: 20 / 60', { kind: 'relativeToMax' }, 20, 33.333333],
    ['relative to the best, better than all', { kind: 'relativeToMax' }, 90, 100],
    ['relative to the best, below nothing', { kind: 'relativeToMax' }, -5, 0],
    ['relative to the mean of 20, full at twice', { kind: 'relativeToMean', fullAt: 2 }, 20, 50],
    ['relative to the mean of 20, full at four times', { kind: 'relativeToMean', fullAt: 4 }, 60, 75],
  ])('%s', (_, normaliser, raw, result) => expect(normalised(normaliser, raw, values)).toBe(result));

  test('relative to nobody there is no score', () => {
    expect(normalised({ kind: 'percentileRank' }, 10)).toBe('no population: left out');
    expect(normalised({ kind: 'relativeToMax' }, 10, [])).toBe('no population: left out');
    expect(normalised({ kind: 'relativeToMax' }, -1, [-1, -2])).toBe('population not above 0: left out');
  });

  test('minus zero is written as zero', () => {
    const best = model(criterion('a', 1, { normaliser: { kind: 'relativeToMax' } }));
    const it = scored(best, [
      { code: 'a', raw: '-0', sourceEventIds: [], population: population('p', '2026-06-30T00:00:00.000Z', [5]) },
    ]);
    expect(it).toMatchObject({ total: '0.000000', criteria: [{ normalised: '0.000000' }] });
  });

  test('a clamped score says so', () =>
    expect(scored(model(criterion('a', 1, { normaliser: linear })), measured({ a: 1000 })).criteria[0]).toMatchObject({
      normalised: '100.000000',
      note: 'clamped to 100',
    }));

  test('a score changes when others change, and the lineage names the snapshot it was made with', () => {
    const best = model(criterion('revenue', 1, { normaliser: { kind: 'relativeToMax' } }));
    const within = (id: string, values: number[]) =>
      scored(best, [
        { code: 'revenue', raw: 50, sourceEventIds: [], population: population(id, '2026-06-30T00:00:00.000Z', values) },
      ]);
    expect(within('q2', [50, 100]).total).toBe('50.000000');
    expect(within('q3', [50, 200]).total).toBe('25.000000');
    expect(within('q3', [50, 200]).criteria[0]?.population).toEqual({ id: 'q3', asOf: '2026-06-30T00:00:00.000Z', size: 2 });
  });
});

describe('for any model and measurements', () => {
  const raw = fc.oneof(
    fc.constant(null),
    fc.integer({ min: -50, max: 150 }),
    fc.integer({ min: 0, max: 10_000_000 }).map((it) => (it / 1e5).toFixed(5)),
  );
  const card = fc
    .array(
      fc.record({
        share: fc.integer({ min: 1, max: 1000 }),
        raw,
        missing: fc.constantFrom('exclude', 'zero', 'default' as const),
      }),
      { minLength: 1, maxLength: 12 },
    )
    .map((lines) => {
      const all = lines.reduce((sum, { share }) => sum + share, 0);
      const weights = lines.map(({ share }) => new Big(share).div(all).toFixed(12));
      const criteria = lines.map(({ missing }, at) => criterion(`c${at}`, weights[at] ?? '', { missing, default: '37.123456' }));
      return {
        model: { minCoverage: 0, criteria },
        measurements: lines.map(({ raw }, at) => ({ code: `c${at}`, raw, sourceEventIds: [] })),
      };
    });

  test('the contributions sum to the total exactly, and the total can be computed again from the record', () =>
    fc.assert(
      fc.property(card, ({ model, measurements }) => {
        const it = score(model, measurements);
        if ('refused' in it) return expect(measurements.every(({ raw }) => raw === null)).toBe(true);
        const sum = (all: Big[]) => all.reduce((a, b) => a.plus(b), new Big(0));
        expect(sum(it.criteria.map(({ contribution }) => new Big(contribution))).eq(it.total)).toBe(true);

        const counted = it.criteria.flatMap(({ normalised, weight }) =>
          normalised === null ? [] : [{ score: new Big(normalised), weight: new Big(weight) }],
        );
        const mean = sum(counted.map(({ score, weight }) => score.times(weight))).div(sum(counted.map(({ weight }) => weight)));
        expect(mean.toFixed(6, Big.roundHalfEven)).toBe(it.total);
      }),
    ));
});

describe('a model has a problem', () => {
  const pointers = (it: ScoringModel) => checkModel(it).map(({ code, pointer }) => `${code} ${pointer}`);
  const withBands = (...bands: { from: number | null; to: number | null; score: number }[]) =>
    model(criterion('a', 1, { normaliser: { kind: 'bands', bands } }));

  test('not if it is sound', () => {
    expect(checkModel(KAV_1)).toEqual([]);
    expect(checkModel(withBands({ from: 10, to: null, score: 100 }, { from: null, to: 10, score: 0 }))).toEqual([]);
  });

  test('when its weights sum to .9, as in a published example', () =>
    expect(checkModel(model(criterion('a', 0.4), criterion('b', 0.3), criterion('c', 0.2)))).toEqual([
      { code: 'weights-do-not-sum-to-1', pointer: '/criteria', message: 'Make the weights sum to 1; they sum to 0.9.' },
    ]));

  test('not when .1 ten times is 1 only as decimals', () =>
    expect(checkModel(model(...Array.from({ length: 10 }, (_, at) => criterion(`c${at}`, 0.1))))).toEqual([]));

  test('when the weights miss 1 by more than 1e-9', () => {
    expect(pointers(model(criterion('a', '0.999999999')))).toEqual([]);
    expect(pointers(model(criterion('a', '0.9999999989')))).toEqual(['weights-do-not-sum-to-1 /criteria']);
  });

  test.each<[string, ScoringModel]>([
    ['no-criteria /criteria', model()],
    ['min-coverage-not-a-ratio /minCoverage', { ...KAV_1, minCoverage: 70 }],
    ['code-repeated /criteria/1/code', model(criterion('a', 0.5), criterion('a', 0.5))],
    ['code-missing /criteria/0/code', model(criterion(' ', 1))],
    ['weight-not-positive /criteria/1/weight', model(criterion('a', 1), criterion('b', 0))],
    ['missing-policy-unknown /criteria/0/missing', model(criterion('a', 1, { missing: 'guess' as 'zero' }))],
    ['default-missing /criteria/0/default', model(criterion('a', 1, { missing: 'default' }))],
    ['score-not-0-to-100 /criteria/0/default', model(criterion('a', 1, { missing: 'default', default: 101 }))],
    [
      'normaliser-unknown /criteria/0/normaliser/kind',
      model(criterion('a', 1, { normaliser: { kind: 'guess' } as unknown as Normaliser })),
    ],
    [
      'lo-not-below-hi /criteria/0/normaliser',
      model(criterion('a', 1, { normaliser: { kind: 'linear', lo: 5, hi: 5, clamp: true } })),
    ],
    [
      'full-at-not-positive /criteria/0/normaliser/fullAt',
      model(criterion('a', 1, { normaliser: { kind: 'relativeToMean', fullAt: 0 } })),
    ],
    ['nothing-to-map /criteria/0/normaliser/scores', model(criterion('a', 1, { normaliser: { kind: 'enumMap', scores: {} } }))],
    [
      'score-not-0-to-100 /criteria/0/normaliser/scores/a~1b~0',
      model(criterion('a', 1, { normaliser: { kind: 'enumMap', scores: { 'a/b~': -1 } } })),
    ],
    [
      'score-not-0-to-100 /criteria/0/normaliser/whenFalse',
      model(criterion('a', 1, { normaliser: { kind: 'boolean', whenTrue: 1, whenFalse: NaN } })),
    ],
    ['nothing-to-map /criteria/0/normaliser/bands', withBands()],
    ['from-not-below-to /criteria/0/normaliser/bands/0', withBands({ from: 5, to: 5, score: 1 })],
    ['bands-overlap /criteria/0/normaliser/bands/1', withBands({ from: 0, to: 10, score: 1 }, { from: 9, to: 20, score: 2 })],
    ['bands-overlap /criteria/0/normaliser/bands/1', withBands({ from: 0, to: null, score: 1 }, { from: 9, to: 20, score: 2 })],
    [
      'bands-leave-a-hole /criteria/0/normaliser/bands/0',
      withBands({ from: 11, to: 20, score: 1 }, { from: 0, to: 10, score: 2 }),
    ],
    ['score-not-0-to-100 /criteria/0/normaliser/bands/0/score', withBands({ from: 0, to: 10, score: 100.5 })],
  ])('%s', (problem, it) => expect(pointers(it)).toEqual([problem]));
});
