// Exact shares: an amount split by weights, to the last minor unit (attribution, budgets, partner settlements, points).
import { decimal, type Decimal, type Numeric } from './decimal';
import { byText } from './order';
import { MethodRefused } from './refusal';

export type Part = { readonly id: string; readonly weight: Numeric | Decimal };
export type Share = { readonly id: string; readonly minor: number };

/**
 * Splits `total` (minor units, negative too) in proportion to the weights, by the method of the largest remainder (Hamilton).
 *
 * Each part gets its ideal share cut down to whole units; the units left over go one each to the largest remainders, ties to
 * the smaller id by code unit. So the shares sum to `total`, each is less than one unit from its ideal, a whole ideal is met,
 * and the order of the parts changes nothing. A negative total is the mirror image of the positive one.
 *
 * @returns the shares in the order of the parts
 * @throws MethodRefused `not-whole-minor-units`, `not-a-decimal`, `negative-weight`, `weights-all-zero`, `duplicate-id`
 */
export function share(total: number, parts: readonly Part[]): Share[] {
  if (!Number.isSafeInteger(total)) {
    throw new MethodRefused('not-whole-minor-units', 'Give the total in whole minor units, at most 2^53 - 1 of them.');
  }
  if (new Set(parts.map(({ id }) => id)).size < parts.length) {
    throw new MethodRefused('duplicate-id', 'Give each part an id of its own: ids decide ties.');
  }
  const weights = wholeNumbers(parts.map(({ weight }) => decimal(weight)));
  const weight = weights.reduce((all, one) => all + one, 0n);
  if (weight === 0n) throw new MethodRefused('weights-all-zero', 'Give at least one part a weight above 0.');

  const amount = BigInt(Math.abs(total));
  const cut = parts.map(({ id }, at) => {
    const ideal = amount * (weights[at] ?? 0n);
    return { id, units: ideal / weight, remainder: ideal % weight };
  });
  const left = amount - cut.reduce((all, { units }) => all + units, 0n);
  const byRemainder = cut.toSorted(
    (a, b) => Number(b.remainder > a.remainder) - Number(b.remainder < a.remainder) || byText(a.id, b.id),
  );
  const luckier = new Set(byRemainder.slice(0, Number(left)));

  const sign = total < 0 ? -1n : 1n;
  return cut.map((part) => ({ id: part.id, minor: Number(sign * (part.units + (luckier.has(part) ? 1n : 0n))) }));
}

/** The same proportions without decimals. A float weight such as 2^(-days/7) has up to some 60 of them, so this is for BigInt. */
function wholeNumbers(weights: readonly Decimal[]): bigint[] {
  if (weights.some((weight) => weight.lt(0))) throw new MethodRefused('negative-weight', 'Give each part a weight of 0 or more.');
  const places = weights.reduce((most, weight) => Math.max(most, weight.toFixed().split('.')[1]?.length ?? 0), 0);
  return weights.map((weight) => BigInt(weight.times(`1e${places}`).toFixed(0)));
}
