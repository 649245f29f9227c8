import Big from 'big.js';
import fc from 'fast-check';
import { share, type Part } from '../src/exact-shares';
import { refused } from './refused';

const amounts = (total: number, weights: Record<string, number | string>) =>
  Object.fromEntries(
    share(
      total,
      Object.entries(weights).map(([id, weight]) => ({ id, weight })),
    ).map(({ id, minor }) => [id, minor]),
  );

// F-19: 100 000.00 over touches 40, 20, 6 and 0 days before the conversion.
describe('the credit of four touches', () => {
  const value = 100_000_00;

  test('in equal shares', () =>
    expect(amounts(value, { a: 1, b: 1, c: 1, d: 1 })).toEqual({ a: 25_000_00, b: 25_000_00, c: 25_000_00, d: 25_000_00 }));

  test('by 2^(-days/7)', () => {
    const weights = { a: 2 ** (-40 / 7), b: 2 ** (-20 / 7), c: 2 ** (-6 / 7), d: 1 };
    expect(amounts(value, weights)).toEqual({ a: 1_114_45, b: 8_075_07, c: 32_300_26, d: 58_510_22 });
  });

  test('by position 40/20/40', () =>
    expect(amounts(value, { a: 40, b: 10, c: 10, d: 40 })).toEqual({ a: 40_000_00, b: 10_000_00, c: 10_000_00, d: 40_000_00 }));
});

test('the unit left over goes to the largest remainder', () =>
  expect(amounts(100, { a: '0.333', b: '0.334', c: '0.333' })).toEqual({ a: 33, b: 34, c: 33 }));

test('a tie goes to the smaller id, whatever the order of the parts', () => {
  expect(amounts(100, { c: 1, a: 1, b: 1 })).toEqual({ a: 34, b: 33, c: 33 });
  expect(amounts(5, { b: 1, a: 1 })).toEqual({ a: 3, b: 2 });
});

test('a negative total is the mirror image of the positive one', () =>
  expect(amounts(-100, { a: 1, b: 1, c: 1 })).toEqual({ a: -34, b: -33, c: -33 }));

test('weights as text and as numbers are the same proportions', () =>
  expect(amounts(7, { a: '0.1', b: '0.2' })).toEqual(amounts(7, { a: 0.1, b: 0.2 })));

test('a part without weight gets nothing, and zero is not minus zero', () => {
  expect(share(-1, [{ id: 'a', weight: 0 }, { id: 'b', weight: 2 }])).toEqual([{ id: 'a', minor: 0 }, { id: 'b', minor: -1 }]); // prettier-ignore
  expect(Object.is(share(-1, [{ id: 'a', weight: 0 }, { id: 'b', weight: 2 }])[0]?.minor, 0)).toBe(true); // prettier-ignore
});

test.each([
  ['not-whole-minor-units', 0.5, [{ id: 'a', weight: 1 }]],
  ['weights-all-zero', 1, [{ id: 'a', weight: 0 }]],
  ['weights-all-zero', 1, []],
  ['negative-weight', 1, [{ id: 'a', weight: 2 }, { id: 'b', weight: -1 }]], // prettier-ignore
  ['not-a-decimal', 1, [{ id: 'a', weight: NaN }]],
  ['duplicate-id', 1, [{ id: 'a', weight: 1 }, { id: 'a', weight: 1 }]], // prettier-ignore
] as const)('%s is refused', (code, total, parts) => expect(() => share(total, parts)).toThrow(refused(code)));

describe('for any total and weights', () => {
  const weight = fc.oneof(
    fc.integer({ min: 0, max: 1_000_000 }),
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.integer({ min: 0, max: 99_999 }).map((it) => `0.${String(it).padStart(5, '0')}`),
  );
  const parts: fc.Arbitrary<Part[]> = fc
    .uniqueArray(fc.record({ id: fc.string(), weight }), { selector: ({ id }) => id, minLength: 1, maxLength: 12 })
    .filter((all) => all.some(({ weight }) => Number(weight) > 0));
  const total = fc.oneof(fc.integer({ min: -1_000, max: 1_000 }), fc.maxSafeInteger());

  test('the shares sum to the total', () =>
    fc.assert(
      fc.property(total, parts, (total, parts) => {
        expect(share(total, parts).reduce((all, { minor }) => all + BigInt(minor), 0n)).toBe(BigInt(total));
      }),
    ));

  test('each share is less than one unit from its ideal', () =>
    fc.assert(
      fc.property(fc.integer({ min: -1_000_000, max: 1_000_000 }), parts, (total, parts) => {
        // In decimals, as the method has them: a number below 1e-307 has fewer digits than its text.
        const all = parts.reduce((sum, { weight }) => sum.plus(weight), new Big(0));
        const shares = share(total, parts);
        parts.forEach(({ weight }, at) => {
          const ideal = new Big(weight).times(total).div(all).toNumber();
          expect(Math.abs((shares[at]?.minor ?? NaN) - ideal)).toBeLessThan(1 + 1e-6);
        });
      }),
    ));

  test('a heavier part never gets less', () =>
    fc.assert(
      fc.property(fc.nat(1_000_000), parts, (total, parts) => {
        const shares = share(total, parts);
        const heaviestFirst = parts
          .map(({ weight }, at) => ({ weight: Number(weight), minor: shares[at]?.minor ?? NaN }))
          .sort((a, b) => b.weight - a.weight);
        heaviestFirst.slice(1).forEach((lighter, at) => {
          const heavier = heaviestFirst[at];
          if (heavier && heavier.weight > lighter.weight) expect(heavier.minor).toBeGreaterThanOrEqual(lighter.minor);
        });
      }),
    ));

  test('the order of the parts changes nothing', () =>
    fc.assert(
      fc.property(total, parts, fc.infiniteStream(fc.nat()), (total, parts, chance) => {
        const shuffled = parts.map((part) => ({ part, at: chance.next().value as number })).sort((a, b) => a.at - b.at).map(({ part }) => part); // prettier-ignore
        const byId = (all: Part[]) => new Map(share(total, all).map(({ id, minor }) => [id, minor]));
        expect(byId(shuffled)).toEqual(byId(parts));
      }),
    ));
});
