import fc from 'fast-check';
import { quintiles, rfm, type RfmRow } from '../src/rfm';
import { refused } from './refused';

const scores = (values: number[], direction: 'higher-is-better' | 'lower-is-better' = 'higher-is-better') => {
  const ids = values.map((value, at) => ({ id: `i${at}`, value }));
  const result = quintiles(ids, direction);
  return ids.map(({ id }) => result.get(id));
};

describe('quintiles', () => {
  test('of ten items are two each', () =>
    expect(scores([100, 90, 80, 70, 60, 50, 40, 30, 20, 10])).toEqual([5, 5, 4, 4, 3, 3, 2, 2, 1, 1]));
  test('of seven items: positions 1 to 7 are 5 5 4 3 3 2 1', () =>
    expect(scores([7, 6, 5, 4, 3, 2, 1])).toEqual([5, 5, 4, 3, 3, 2, 1]));
  test('of three items are 5, 4 and 2', () => expect(scores([3, 2, 1])).toEqual([5, 4, 2]));
  test('of one item is 5', () => expect(scores([0])).toEqual([5]));
  test('of nothing are none', () => expect(scores([])).toEqual([]));
  test('may count less as better', () => expect(scores([1, 2, 3, 4, 5], 'lower-is-better')).toEqual([5, 4, 3, 2, 1]));

  test('of equal values are those of the lowest position among them: 1 2 2 2 5', () =>
    expect(scores([9, 7, 7, 7, 1])).toEqual([5, 4, 4, 4, 1]));
  test('do not tell equal items apart by their ids', () => expect(new Set(scores([4, 4, 4, 4, 4, 4]))).toEqual(new Set([5])));

  test('refuse an id that comes twice, and a value that is no number', () => {
    expect(() => quintiles([{ id: 'a', value: 1 }, { id: 'a', value: 2 }], 'higher-is-better')).toThrow(refused('duplicate-id')); // prettier-ignore
    expect(() => quintiles([{ id: 'a', value: NaN }], 'higher-is-better')).toThrow(refused('not-a-number'));
  });

  test('never give a better value a lower quintile', () =>
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 40 }), (values) => {
        const pairs = scores(values).map((quintile, at) => ({ value: values[at] ?? NaN, quintile: quintile ?? NaN })).sort((a, b) => b.value - a.value); // prettier-ignore
        pairs.slice(1).forEach(({ quintile }, at) => expect(quintile).toBeLessThanOrEqual(pairs[at]?.quintile ?? NaN));
        expect(pairs[0]?.quintile).toBe(5);
      }),
    ));
});

describe('RFM', () => {
  const row = (id: string, recencyDays: number | null, frequency: number, monetaryMinor: number): RfmRow => ({
    id,
    recencyDays,
    frequency,
    monetaryMinor,
  });
  const five = [
    row('ada', 3, 12, 90_000),
    row('bo', 40, 12, 250_000),
    row('cy', 200, 1, 4_000),
    row('di', 10, 5, 4_000),
    row('ed', null, 0, -2_500),
  ];

  // Recency 3 10 40 200 -: positions 1 2 3 4. Frequency 12 12 5 1 0: 1 1 3 4 5. Value 250000 90000 4000 4000 -2500: 1 2 3 3 5.
  test('of five customers, by hand', () =>
    expect(rfm(five)).toEqual([
      { id: 'bo', rank: 1, r: 3, f: 5, m: 5 },
      { id: 'ada', rank: 2, r: 5, f: 5, m: 4 },
      { id: 'di', rank: 3, r: 4, f: 3, m: 3 },
      { id: 'cy', rank: 4, r: 2, f: 2, m: 3 },
      { id: 'ed', rank: 5, r: 1, f: 1, m: 1 },
    ]));

  test('a customer who never bought has the lowest recency, but counts as one of n', () => {
    const buyers = [row('a', 1, 1, 6), row('b', 2, 1, 5)];
    const others = ['c', 'd', 'e', 'f'].map((id, at) => row(id, null, 0, -at));
    expect(rfm([...buyers, ...others]).map(({ r }) => r)).toEqual([5, 5, 1, 1, 1, 1]);
  });

  test('a huge order that was cancelled does not make its buyer a top account', () => {
    const ranking = rfm([row('cancelled', 5, 1, 7_718_360 - 7_718_360), row('steady', 5, 9, 120_000), row('small', 5, 1, 100)]);
    expect(ranking.map(({ id }) => id)).toEqual(['steady', 'small', 'cancelled']);
  });

  test('equal customers are ranked by frequency, then recency, then id', () => {
    const rows = [row('d', null, 1, 7), row('c', null, 1, 7), row('b', 9, 1, 7), row('a', 2, 1, 7), row('e', 30, 2, 7)];
    expect(rfm(rows).map(({ id }) => id)).toEqual(['e', 'a', 'b', 'c', 'd']);
  });

  test('the order of the rows changes nothing', () => expect(rfm(five.toReversed())).toEqual(rfm(five)));

  test('a customer that comes twice, and an amount that is no number, are refused', () => {
    expect(() => rfm([row('a', 1, 1, 1), row('a', 2, 2, 2)])).toThrow(refused('duplicate-id'));
    expect(() => rfm([row('a', 1, 1, NaN)])).toThrow(refused('not-a-number'));
  });
});
