import { chance } from '../../src/faults/chance';

test('the same seed gives the same chance, and another seed another', () => {
  const sample = (seed: number) => {
    const it = chance(seed);
    return [it.next(), it.upTo(1_000), it.between(3, 9), it.of(['a', 'b', 'c']), it.shuffled([1, 2, 3, 4, 5, 6, 7, 8])];
  };
  expect(sample(1)).toEqual(sample(1));
  expect(sample(1)).not.toEqual(sample(2));
});

test('what is shuffled is all there, and every place can have every thing', () => {
  const it = chance(1);
  const seen = new Set<string>();
  for (let i = 0; i < 500; i++) {
    const all = it.shuffled(['a', 'b', 'c']);
    expect(all.toSorted()).toEqual(['a', 'b', 'c']);
    seen.add(all.join());
  }
  expect(seen.size).toBe(6);
});

test('numbers stay within their bounds and reach them', () => {
  const it = chance(1);
  const numbers = Array.from({ length: 500 }, () => it.between(2, 5));
  expect([Math.min(...numbers), Math.max(...numbers)]).toEqual([2, 5]);
});
