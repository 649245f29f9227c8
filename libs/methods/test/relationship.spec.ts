import fc from 'fast-check';
import { concentration, decay, DIMENSIONS, relationshipIndex, relationshipQuality, type Dimensions } from '../src/relationship';
import { refused } from './refused';

const dims = (trust: number, commitment: number, satisfaction: number, openness: number, access: number): Dimensions => ({
  trust,
  commitment,
  satisfaction,
  openness,
  access,
});

describe('F-14 relationship quality', () => {
  test('is 0 for 1 in everything, and 100 for 5', () => {
    expect(relationshipQuality([dims(1, 1, 1, 1, 1)]).score).toBe('0.000000');
    expect(relationshipQuality([dims(5, 5, 5, 5, 5)]).score).toBe('100.000000');
  });
  // 0.25 x 75 + 0.20 x 50 + 0.25 x 100 + 0.15 x 25 + 0.15 x 50
  test('weighs the dimensions: 4, 3, 5, 2, 3 give 65', () =>
    expect(relationshipQuality([dims(4, 3, 5, 2, 3)]).score).toBe('65.000000'));
  test('is the mean of several assessors', () => {
    const it = relationshipQuality([dims(4, 4, 4, 4, 4), dims(5, 4, 4, 4, 4), dims(5, 4, 4, 4, 4)]);
    expect(it.dims.trust).toBe('4.666667');
    // 75 and 0.25 x 2/3 x 25 more, rounded once
    expect(it.score).toBe('79.166667');
  });
  test('is disputed when assessors lie two points apart in one dimension, and says in which', () => {
    expect(relationshipQuality([dims(4, 4, 4, 4, 4), dims(4, 4, 5, 4, 4)]).isDisputed).toBe(false);
    expect(relationshipQuality([dims(4, 4, 4, 4, 4), dims(4, 4, 4, 2, 4)])).toMatchObject({
      isDisputed: true,
      spread: { dimension: 'openness', spread: 2 },
    });
  });
  test('takes whole points from 1 to 5', () => {
    for (const wrong of [0, 6, 2.5, Number.NaN])
      expect(() => relationshipQuality([dims(wrong, 1, 1, 1, 1)])).toThrow(refused('not-one-to-five'));
    expect(() => relationshipQuality([])).toThrow(refused('no-judgement'));
  });
  test('never falls when a judgement rises', () => {
    const judgement = fc.record(
      Object.fromEntries(DIMENSIONS.map((it) => [it, fc.integer({ min: 1, max: 4 })])),
    ) as fc.Arbitrary<Dimensions>;
    fc.assert(
      fc.property(fc.array(judgement, { minLength: 1, maxLength: 5 }), fc.constantFrom(...DIMENSIONS), (all, which) => {
        const better = all.map((it, i) => (i === 0 ? { ...it, [which]: it[which] + 1 } : it));
        expect(Number(relationshipQuality(better).score)).toBeGreaterThan(Number(relationshipQuality(all).score));
      }),
    );
  });
});

describe('F-16 decay', () => {
  test('half is left after a half-life, a quarter after two', () => {
    expect([0, 180, 360].map((days) => decay(days, 180))).toEqual([1, 0.5, 0.25]);
  });
});

describe('F-15 index and coverage', () => {
  test('weigh the contacts by their influence; one that was never assessed counts 0', () => {
    // (5 x 80 + 3 x 60 x 0.5 + 2 x 0) / 10
    expect(
      relationshipIndex([
        { influence: 5, quality: { score: '80', days: 0 }, isReached: true },
        { influence: 3, quality: { score: '60', days: 180 }, isReached: false },
        { influence: 2, isReached: true },
      ]),
    ).toEqual({ index: '49.000000', coverage: '0.700000' });
  });
  test('of an account without a mapped contact are not known, and not 0', () =>
    expect(relationshipIndex([])).toEqual({ index: null, coverage: null }));
});

describe('F-15 single-thread risk', () => {
  test('is 1 where one person has it all, and 1/n where n have the same', () => {
    expect(concentration([7])).toBe('1.000000');
    expect(concentration([3, 3, 3, 3])).toBe('0.250000');
    expect(concentration([9, 1])).toBe('0.820000');
    expect(concentration([])).toBeNull();
  });
});
