// The values that contracts are made of, strict: what is stored is what was meant.
import { z } from 'zod';

/** NUL, another control character than line feed and tab, or half a surrogate pair: nothing that text of ours may hold. */
export const hasForbiddenText = (value: string): boolean => FORBIDDEN_TEXT.test(value);

/** More marks on one letter than the Stream-Safe Text Format has (UAX #15): no language needs them. */
const TOO_MARKED = /(?<!\p{M})\p{M}{31}/u;

const FORBIDDEN_TEXT = /[\0-\x08\x0b-\x1f\x7f-\x9f]|\p{Surrogate}/u;

/** Most text: it begins with a letter or digit, and holds nothing that is not ASCII or can not be seen. */
const PLAIN = /^[A-Za-z0-9][ -~]*$/;

/**
 * Text for people: NFC, no control characters but line feed and tab, at most `max` code points, not only blanks.
 *
 * NFC sorts the marks of a letter in quadratic time: 32,000 of them in 64 KB take half a second, 1 MB a minute. A letter with more
 * than 30 marks is refused before it, and so is what is longer than `max` could be: NFC makes text shorter by four at most. One
 * check, because ten thousand texts in a body are lawful, and each check of zod costs as much as the work in it.
 */
export const text = (max: number) => {
  /** Counts code points; to spread them into an array costs ten times as much. */
  const fits = new RegExp(`^.{0,${max}}$`, 'su');
  return z
    .string()
    .check((it) => {
      if (it.value.length <= max && PLAIN.test(it.value)) return;
      const isFar = it.value.length > 4 * max;
      const isTooMarked = !isFar && TOO_MARKED.test(it.value);
      if (!isFar && !isTooMarked) it.value = it.value.normalize('NFC');
      const { value, issues } = it;
      const refuse = (message: string) => void issues.push({ code: 'custom', message, input: value });
      if (isTooMarked) refuse('has more than 30 marks on a letter');
      else if (isFar || (value.length > max && !fits.test(value))) refuse(`is longer than ${max} characters`);
      else if (!/\S/.test(value)) refuse('is blank');
      else if (hasForbiddenText(value)) refuse('has characters that text can not hold');
    })
    .meta({ minLength: 1, maxLength: max });
};

/** Tenant ids are a part of stream names, where a hyphen ends the category. */
export const TENANT_ID = /^[a-z0-9][a-z0-9_]{0,39}$/;

/** A name that programs use: letters, digits and . _ / - only. */
export const code = (max: number) =>
  z
    .string()
    .max(max)
    .regex(/^[A-Za-z0-9][A-Za-z0-9._/-]*$/, 'takes letters, digits and . _ / - only');

/** A key of another system, as that system writes it: nothing that can not be seen in it, no blank at either end. */
export const foreignKey = (max: number) =>
  text(max)
    .refine((it) => it === it.trim(), 'has blanks at its ends')
    .refine((it) => !UNSEEN.test(it), 'has line breaks or characters that can not be seen');

/** Zero-width characters and marks of direction make two keys look like one. */
const UNSEEN = /[\n\t\p{Cf}\p{Zl}\p{Zp}]/u;

/** A UUID in its canonical form: lower case, with hyphens, without braces. */
export const uuid = () =>
  z.string().regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/, 'is not a UUID in lower case');

/** An instant with its offset, kept in UTC. No leap second; the years in which every zone has a day that `localDate` takes. */
export const instant = () =>
  z.iso
    .datetime({ offset: true, abort: true })
    .overwrite((it) => new Date(it).toISOString())
    .refine((it) => it >= '1000-01-02' && it < '9999-12-31', 'has no such year');

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
