// Offsets of Kafka, as those of the port.

/** As many as the largest 64-bit number has, so that text compares as numbers do. */
const DIGITS = 19;
const FORM = /^\d{19}$/;

/** '' for -1: nothing yet. */
export const offsetOf = (number: bigint): string => (number < 0n ? '' : String(number).padStart(DIGITS, '0'));

/** -1: before the first. @throws RangeError */
export function numberOf(offset: string): bigint {
  if (offset === '') return -1n;
  if (!FORM.test(offset)) throw new RangeError(`${JSON.stringify(offset)} is not an offset of Kafka`);
  return BigInt(offset);
}
