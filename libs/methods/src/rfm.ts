// F-11, recency, frequency and monetary value: how lately, how often and for how much each customer buys, against all others.
import { byText } from './order';
import { MethodRefused } from './refusal';

export type Direction = 'higher-is-better' | 'lower-is-better';
export type Quintile = 1 | 2 | 3 | 4 | 5;

/**
 * The quintile of each item by its rank, 5 the best.
 *
 * Ranks p = 1..n from the best; equal values share the lowest number among them (1 2 2 4), so no two customers who did the same
 * are told apart by their ids. Then `quintile = 5 - floor((p - 1) x 5 / n)`: of ten items two each, of three the quintiles 5 4 2.
 *
 * @throws MethodRefused `duplicate-id`, `not-a-number`
 */
export function quintiles(items: readonly { id: string; value: number }[], direction: Direction): ReadonlyMap<string, Quintile> {
  for (const { value } of items) {
    if (!Number.isFinite(value))
      throw new MethodRefused('not-a-number', 'Give each item a finite value; leave out what has none.');
  }
  return byRank(items, direction, items.length);
}

export type RfmRow = {
  readonly id: string;
  /** Days from the last purchase to the as-of date; null for a customer who only returned goods. */
  readonly recencyDays: number | null;
  /** Distinct invoices, returns not counted. */
  readonly frequency: number;
  /** Net of returns and cancellations, in minor units of one currency; may be negative. */
  readonly monetaryMinor: number;
};

export type Rfm = {
  readonly id: string;
  readonly rank: number;
  readonly r: Quintile;
  readonly f: Quintile;
  readonly m: Quintile;
};

/**
 * Scores R, F and M from 1 to 5 by quintiles over all rows. A customer without a purchase has R 1, but counts as one of n.
 *
 * The result is the value ranking: by net value first, then frequency, then recency, then id, so that ranks are unique and the
 * same on every machine. It is not by r + f + m: a quintile hides all difference within it, and value is what a tier is about.
 *
 * @throws MethodRefused `duplicate-id`, `not-a-number`
 */
export function rfm(rows: readonly RfmRow[]): Rfm[] {
  for (const { recencyDays, frequency, monetaryMinor } of rows) {
    if (![recencyDays ?? 0, frequency, monetaryMinor].every(Number.isFinite)) {
      throw new MethodRefused('not-a-number', 'Give days, invoices and amounts as finite numbers.');
    }
  }
  const bought = rows.flatMap(({ id, recencyDays }) => (recencyDays === null ? [] : [{ id, value: recencyDays }]));
  const r = byRank(bought, 'lower-is-better', rows.length);
  const f = byRank(
    rows.map(({ id, frequency }) => ({ id, value: frequency })),
    'higher-is-better',
    rows.length,
  );
  const m = byRank(
    rows.map(({ id, monetaryMinor }) => ({ id, value: monetaryMinor })),
    'higher-is-better',
    rows.length,
  );
  return rows
    .toSorted(byValue)
    .map(({ id }, at) => ({ id, rank: at + 1, r: r.get(id) ?? 1, f: f.get(id) ?? 1, m: m.get(id) ?? 1 }));
}

function byRank(items: readonly { id: string; value: number }[], direction: Direction, n: number): Map<string, Quintile> {
  const sign = direction === 'higher-is-better' ? -1 : 1;
  const bestFirst = items.toSorted((a, b) => sign * (a.value - b.value));
  const quintile = new Map<string, Quintile>();
  let [p, last] = [0, NaN];
  for (const [at, { id, value }] of bestFirst.entries()) {
    if (value !== last) [p, last] = [at + 1, value];
    quintile.set(id, (5 - Math.floor(((p - 1) * 5) / n)) as Quintile);
  }
  if (quintile.size < items.length) throw new MethodRefused('duplicate-id', 'Give one row for each customer.');
  return quintile;
}

const byValue = (a: RfmRow, b: RfmRow): number =>
  b.monetaryMinor - a.monetaryMinor ||
  b.frequency - a.frequency ||
  // Two customers without a purchase are equal here; Infinity - Infinity would be NaN.
  (a.recencyDays === b.recencyDays ? 0 : (a.recencyDays ?? Infinity) - (b.recencyDays ?? Infinity)) ||
  byText(a.id, b.id);
