// The values that contracts are made of, strict: what is stored is what was meant.
import { z } from 'zod';

const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f]/; // eslint-disable-line no-control-regex -- these are what is refused
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Text for people: NFC, no control characters but line feed and tab, at most `max` code points, not only blanks. */
export const text = (max: number) =>
  z
    .string()
    .min(1)
    .normalize('NFC')
    .refine((it) => !CONTROL.test(it) && !LONE_SURROGATE.test(it), 'has characters that text can not hold')
    .refine((it) => it.length <= max || [...it].length <= max, `is longer than ${max} characters`)
    .refine((it) => it.trim() !== '', 'is blank');

/** A name that programs use: letters, digits and . _ / - only. */
export const code = (max: number) =>
  z
    .string()
    .max(max)
    .regex(/^[A-Za-z0-9][A-Za-z0-9._/-]*$/, 'takes letters, digits and . _ / - only');

/** A key of another system, as that system writes it: printable, no blank at either end. */
export const foreignKey = (max: number) =>
  text(max).refine((it) => it === it.trim() && !/[\n\t]/.test(it), 'has blanks at its ends or line breaks');

/** A UUID in its canonical form: lower case, with hyphens, without braces. */
export const uuid = () =>
  z.string().regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/, 'is not a UUID in lower case');

/** An instant with its offset, kept in UTC. No leap second, four digits of the year. */
export const instant = () =>
  z.iso
    .datetime({ offset: true })
    .refine((it) => !it.startsWith('0000'), 'has no such year')
    .overwrite((it) => (Number.isNaN(Date.parse(it)) ? it : new Date(it).toISOString()));

/** A day of the calendar, without a zone: 2011-09-01. */
export const localDate = () => z.iso.date().refine((it) => it >= '1000', 'has no such year');

// A format costs 50 us to make; zones are few.
const zones = new Map<string, boolean>();
function isZone(name: string): boolean {
  let known = zones.get(name);
  if (known === undefined && /^[A-Z]/.test(name)) {
    try {
      known = new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined;
    } catch {
      known = false;
    }
    if (zones.size < 1_000) zones.set(name, known);
  }
  return known ?? false;
}
export const zone = () => z.string().max(60).refine(isZone, 'is not a time zone like Europe/London');

/** ISO 4217. */
export const currency = () => z.string().regex(/^[A-Z]{3}$/, 'is not a currency code like CNY');

/** Money in minor units (cents, fen); a safe integer. */
export const minor = () => z.int();

/** A number written in digits, exact: `-12.5`, `0.001`. */
export const decimal = () => z.string().regex(/^-?\d{1,15}(\.\d{1,9})?$/, 'is not a decimal like 12.50');

export const money = () => z.strictObject({ minor: minor(), currency: currency() });
