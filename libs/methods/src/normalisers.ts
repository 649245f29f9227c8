// From a raw value to a score between 0 and 100, by the normaliser of its criterion (F-01).
import { Decimal, decimal, isDecimal, PLACES } from './decimal';
import type { Normaliser } from './scoring-model';

/** A measured value: a number or decimal string, a term of an enumeration, a yes or no, or null where nothing is known. */
export type Raw = number | string | boolean | null;

/**
 * All values that one is compared with, as they were at one moment. The score of an account changes when others change, so the
 * snapshot is named in the lineage. Made once by `population` and used for every account of a run.
 */
export type Population = PopulationRef & {
  readonly sorted: readonly number[];
  readonly max: number;
  /** Decimal string. */
  readonly mean: string;
};

export type PopulationRef = { readonly id: string; readonly asOf: string; readonly size: number };

/** @throws MethodRefused `not-a-decimal` */
export function population(id: string, asOf: string, values: readonly number[]): Population {
  const sum = values.reduce((all, value) => all.plus(decimal(value)), new Decimal(0));
  const sorted = values.toSorted((a, b) => a - b);
  const size = values.length;
  return { id, asOf, size, sorted, max: sorted.at(-1) ?? 0, mean: size === 0 ? '0' : sum.div(size).toFixed() };
}

/** A score with six places, perhaps with a note; or the reason why the value has no place on the scale, and so counts as missing. */
export type Normalised = { readonly score: Decimal; readonly note?: string } | { readonly missing: string };

/**
 * Never guesses: what the normaliser can not place (no value, another type, off the scale, an unknown term, nothing to compare
 * with) is missing, with the reason, and the criterion's missing policy decides.
 */
export function normalise(by: Normaliser, raw: Raw, among?: Population): Normalised {
  if (raw === null) return { missing: 'no value' };
  if (by.kind === 'boolean') {
    return typeof raw === 'boolean' ? onScale(decimal(raw ? by.whenTrue : by.whenFalse)) : { missing: 'not true or false' };
  }
  if (by.kind === 'enumMap') {
    const term = String(raw);
    // hasOwn: a raw value `constructor` is a term like any other.
    const score = Object.hasOwn(by.scores, term) ? by.scores[term] : undefined;
    return score === undefined ? { missing: 'not a term of the map' } : onScale(decimal(score));
  }
  if (typeof raw === 'boolean' || !isDecimal(raw)) return { missing: 'not a number' };
  const value = decimal(raw);

  if (by.kind === 'bands') {
    const band = by.bands.find(({ from, to }) => (from === null || value.gte(from)) && (to === null || value.lt(to)));
    return band ? onScale(decimal(band.score)) : { missing: 'outside the bands' };
  }
  if (by.kind === 'linear') {
    if (!by.clamp && (value.lt(by.lo) || value.gt(by.hi))) return { missing: 'off the scale' };
    return onScale(value.minus(by.lo).times(100).div(decimal(by.hi).minus(by.lo)), by.reverse);
  }

  if (among === undefined || among.size === 0) return { missing: 'no population' };
  if (by.kind === 'percentileRank') return onScale(percentileRank(value.toNumber(), among), by.reverse);
  const full = by.kind === 'relativeToMax' ? decimal(among.max) : decimal(by.fullAt).times(among.mean);
  return full.gt(0) ? onScale(value.times(100).div(full), by.reverse) : { missing: 'population not above 0' };
}

function onScale(score: Decimal, reverse = false): Normalised {
  const oriented = reverse ? new Decimal(100).minus(score) : score;
  if (oriented.lt(0)) return { score: new Decimal(0), note: 'clamped to 0' };
  if (oriented.gt(100)) return { score: new Decimal(100), note: 'clamped to 100' };
  return { score: oriented.round(PLACES) };
}

function percentileRank(value: number, { sorted, size }: Population): Decimal {
  const below = firstAt(sorted, (one) => one >= value);
  const upTo = firstAt(sorted, (one) => one > value);
  return new Decimal(below + upTo).times(50).div(size);
}

/** The first place from which on the test holds, by bisection: a run scores every account against all of them. */
function firstAt(sorted: readonly number[], holds: (value: number) => boolean): number {
  let [lo, hi] = [0, sorted.length];
  while (lo < hi) {
    const mid = (lo + hi) >> 1;
    if (holds(sorted[mid] ?? Infinity)) hi = mid;
    else lo = mid + 1;
  }
  return lo;
}
