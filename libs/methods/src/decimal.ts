// Exact decimals, so that 0.1 + 0.2 is 0.3 and 69.999 is less than 70.
import Big from 'big.js';
import { MethodRefused } from './refusal';

/** A number stands for the decimal that prints it (0.15 is 15/100); a string is plain notation, `-12.50`, without exponent. */
export type Numeric = number | string;

/** A constructor of our own: precision and rounding are settings of the constructor, and `Big` is shared with everyone. */
export const Decimal = Big();
Decimal.DP = 20;
Decimal.RM = Big.roundHalfEven;

export type Decimal = Big;

// The bound keeps `1e100000`, written out, from being computed with and stored.
const PLAIN = /^-?\d{1,30}(\.\d{1,30})?$/;

/** True for a decimal this library computes with: at most 30 digits on each side of the point; no unsafe integer, NaN or Infinity. */
export const isDecimal = (value: unknown): value is Numeric =>
  typeof value === 'string'
    ? PLAIN.test(value)
    : typeof value === 'number' && Number.isFinite(value) && (Number.isSafeInteger(value) || !Number.isInteger(value));

/** @throws MethodRefused `not-a-decimal` */
export function decimal(value: Numeric | Decimal): Decimal {
  if (typeof value === 'object') return value;
  if (isDecimal(value)) return new Decimal(value);
  throw new MethodRefused('not-a-decimal', 'Give a decimal in plain notation such as -12.50, or a number without loss.');
}

/** Ratios and scores are kept with six places: more than anyone reads, few enough to compare two by eye. */
export const PLACES = 6;

/** Six places, half-even; more where the value itself is written with more. */
export const written = (value: Decimal): string => {
  // Big.js keeps the sign of -0 and writes it.
  const own = (value.eq(0) ? new Decimal(0) : value).toFixed();
  return (own.split('.')[1]?.length ?? 0) > PLACES ? own : new Decimal(own).toFixed(PLACES);
};
