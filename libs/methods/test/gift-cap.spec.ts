import { capUse, countsUntil, isSectorOf, lapsesAt, peakUse } from '../src/gift-cap';

const SHANGHAI = 'Asia/Shanghai';

describe('a delivered gift counts until the start of the same day a year later, in the zone of the policy', () => {
  test.each([
    ['2025-03-02T09:00:00.000Z', SHANGHAI, '2026-03-01T16:00:00.000Z', 'the day in Shanghai is 2 March'],
    ['2025-03-01T16:00:00.000Z', SHANGHAI, '2026-03-01T16:00:00.000Z', 'midnight is the day that begins'],
    ['2025-03-01T15:59:59.999Z', SHANGHAI, '2026-02-28T16:00:00.000Z', 'a millisecond before it is the day before'],
    ['2025-03-02T09:00:00.000Z', 'America/New_York', '2026-03-02T05:00:00.000Z', 'elsewhere a year ends elsewhere'],
    ['2023-03-01T12:00:00.000Z', 'UTC', '2024-03-01T00:00:00.000Z', 'with a leap day within: 366 days'],
    ['2024-02-28T12:00:00.000Z', 'UTC', '2025-02-28T00:00:00.000Z', 'the day before a leap day'],
    ['2024-02-29T12:00:00.000Z', 'UTC', '2025-03-01T00:00:00.000Z', 'a leap day counts through 28 February'],
    ['2023-02-28T12:00:00.000Z', 'UTC', '2024-02-28T00:00:00.000Z', 'and is no part of a year that began on the 28th'],
    ['2025-03-30T12:00:00.000Z', 'Europe/Berlin', '2026-03-29T22:00:00.000Z', 'when the clocks change within'],
  ])('%s in %s until %s: %s', (at, zone, until) => expect(countsUntil(at, zone)).toBe(until));

  test('on a day T those of T - 12 months < day <= T, on every day of nine years', () => {
    const day = (n: number) => new Date(Date.UTC(2019, 0, 1 + n)).toISOString().slice(0, 10);
    /** The same day of the year before, or the last one of its month. */
    const yearBefore = (it: string) => `${Number(it.slice(0, 4)) - 1}${it.slice(4)}`.replace('-02-29', '-02-28');
    for (let n = 0; n < 9 * 365; n++) {
      const given = day(n);
      const until = countsUntil(`${given}T11:00:00.000Z`, 'UTC').slice(0, 10);
      for (const m of [364, 365, 366, 367]) {
        const today = day(n + m);
        expect([given, today, today < until]).toEqual([given, today, yearBefore(today) < given]);
      }
    }
  });
});

test('a reservation lapses at the end of its last day, in the zone of the policy', () => {
  expect(lapsesAt('2026-03-02T09:00:00.000Z', 30, SHANGHAI)).toBe('2026-04-01T16:00:00.000Z');
  expect(lapsesAt('2026-03-01T16:00:00.000Z', 1, SHANGHAI)).toBe('2026-03-03T16:00:00.000Z');
  expect(lapsesAt('2024-02-28T12:00:00.000Z', 1, 'UTC')).toBe('2024-03-01T00:00:00.000Z');
});

describe('the use of a cap', () => {
  const at = (n: number) => `2026-01-0${n}T00:00:00.000Z`;
  const gifts = [
    { minor: 300, from: at(2), until: at(4) },
    { minor: 500, from: at(3), until: null },
    { minor: 100, from: at(6), until: at(7) },
  ];
  test('is of what has begun and has not ended: half-open at both', () => {
    expect([1, 2, 3, 4, 6, 7].map((n) => capUse(gifts, at(n)))).toEqual([0, 300, 800, 500, 600, 500]);
    expect(capUse(gifts, '2026-01-03T23:59:59.999Z')).toBe(800);
    expect(capUse([], at(1))).toBe(0);
  });
  test('from an instant on is the highest of all that come', () => {
    expect([1, 3, 4, 7].map((n) => peakUse(gifts, at(n)))).toEqual([800, 800, 600, 500]);
    expect(peakUse([], at(1))).toBe(0);
  });
});

test('a sector is known in any case and width, and only as a whole', () => {
  const sectors = ['state-owned enterprise', '国有企业'];
  for (const it of ['State-Owned Enterprise', ' ｓtate-owned enterprise', '国有企业']) expect(isSectorOf(it, sectors)).toBe(true);
  for (const it of [undefined, '', 'state-owned', '国有企业集团']) expect(isSectorOf(it, sectors)).toBe(false);
});
