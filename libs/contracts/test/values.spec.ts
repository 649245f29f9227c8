import { currency, decimal, foreignKey, instant, localDate, text, uuid, zone } from '../src/values';
import type { z } from 'zod';

const takes = (schema: z.ZodType, ...values: unknown[]) => {
  for (const value of values) expect({ value, ok: schema.safeParse(value).success }).toEqual({ value, ok: true });
};
const refuses = (schema: z.ZodType, ...values: unknown[]) => {
  for (const value of values) expect({ value, ok: schema.safeParse(value).success }).toEqual({ value, ok: false });
};

test('text is NFC, without what text can not hold, and measured in code points', () => {
  expect(text(10).parse('e\u0301')).toBe('\u00e9');
  takes(text(3), '大客户', '😀😀😀', 'a\nb');
  refuses(text(3), '', '   ', 'abcd', 'a\u0000', '\ud800', 'a\u001b', 'a\r', 1, null);
});

test('text has at most 30 marks on a letter, and is refused before they are sorted, which takes quadratic time', () => {
  const marked = (count: number) => 'a' + '\u0316\u0301'.repeat(count / 2);
  takes(text(100), marked(30), `${marked(30)}b${marked(30)}`);
  refuses(text(100), marked(32), `a b${marked(32)}`);
  const began = performance.now();
  refuses(text(100_000), ...Array.from({ length: 10 }, () => marked(200_000)));
  expect(performance.now() - began).toBeLessThan(2_000);
});

test('an instant has an offset, is kept in UTC and exists', () => {
  expect(instant().parse('2026-03-01T10:00:00+08:00')).toBe('2026-03-01T02:00:00.000Z');
  refuses(
    instant(),
    '2026-02-30T00:00:00Z',
    '2026-01-01T00:00:00',
    '2026-01-01',
    '2016-12-31T23:59:60Z',
    '10000-01-01T00:00:00Z',
    'now',
    '0000-01-01T00:00:00Z',
  );
});

test('a day exists', () => {
  takes(localDate(), '2024-02-29', '1850-01-01');
  refuses(
    localDate(),
    '2023-02-29',
    '2024-13-01',
    '0000-00-00',
    'infinity',
    'epoch',
    'tomorrow',
    '2024-1-1',
    '10000-01-01',
    '-001-01-01',
  );
});

test('a zone is one that the clock knows', () => {
  takes(zone(), 'Europe/London', 'Asia/Shanghai', 'UTC');
  refuses(zone(), 'Mars/Olympus', '+08:00', 'local', '');
});

test('an id is a UUID in its canonical form only', () => {
  takes(uuid(), '0190f5a0-0000-7000-8000-000000000001');
  refuses(
    uuid(),
    '0190F5A0-0000-7000-8000-000000000001',
    '{0190f5a0-0000-7000-8000-000000000001}',
    '0190f5a0000070008000000000000001',
    "1' or '1'='1",
  );
});

test('a decimal is digits: no exponent, no infinity, no thousands', () => {
  takes(decimal(), '0', '-12.5', '0.001', '999999999999999.999999999');
  refuses(decimal(), '1e100000', 'NaN', 'Infinity', '1,000', '１２', '.5', '5.', '+1', 12.5, '-');
});

test('a currency is three capital letters; a foreign key has no blanks at its ends', () => {
  refuses(currency(), 'gbp', 'EURO', '');
  takes(foreignKey(20), 'C536379', 'Acme Corporation');
  refuses(foreignKey(20), ' x', 'x ', 'a\nb');
});
