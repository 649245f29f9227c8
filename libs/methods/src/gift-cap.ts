// 礼品限额: how much of a recipient's cap is used at an instant. Days and months are those of the calendar of the policy's zone.
import { DateTime } from 'luxon';
import { endOfDay, instantAt, localDateOf, type Instant } from './dates';

/** What a gift takes of the cap: from its approval on, and before `until`; null: it may still be delivered, so it has no end yet. */
export type Counted = {
  /** Minor units. */
  readonly minor: number;
  readonly from: Instant;
  readonly until: Instant | null;
};

const MONTHS = 12;

/**
 * The instant from which a gift that was delivered at `deliveredAt` counts no longer: the start of the same day a year later.
 * On a day T those gifts count that were given after the same day of the year before (T - 12 months < day <= T). So one of
 * 29 February counts through 28 February, and none counts on fewer than 365 days.
 *
 * Source: gift compliance of chapter 6.4, a cap in the rolling 12 months.
 * @param zone IANA name
 * @throws MethodRefused `not-an-instant`, `unknown-zone`, `outside-years-1-to-9999`
 */
export function countsUntil(deliveredAt: Instant, zone: string): Instant {
  const day = DateTime.fromISO(localDateOf(deliveredAt, zone), { zone: 'utc' });
  const later = day.plus({ months: MONTHS });
  return instantAt((later.day === day.day ? later : later.plus({ days: 1 })).toISODate()!, zone);
}

/**
 * The instant before which a gift has to be delivered: the end of the day that is `days` after the one of `at`.
 * @param zone IANA name
 * @throws MethodRefused `not-an-instant`, `unknown-zone`, `outside-years-1-to-9999`
 */
export function lapsesAt(at: Instant, days: number, zone: string): Instant {
  const last = DateTime.fromISO(localDateOf(at, zone), { zone: 'utc' }).plus({ days });
  return endOfDay(last.toISODate()!, zone);
}

/** What is used at an instant, in minor units: `from <= at < until`. */
export const capUse = (gifts: readonly Counted[], at: Instant): number =>
  gifts.reduce((used, { minor, from, until }) => (from <= at && (until === null || at < until) ? used + minor : used), 0);

/**
 * The most that is used at any instant from `at` on, in minor units. It grows at approvals alone: those that are dated later
 * count too when one is dated back.
 */
export const peakUse = (gifts: readonly Counted[], at: Instant): number =>
  Math.max(...[at, ...gifts.map(({ from }) => from).filter((from) => from > at)].map((instant) => capUse(gifts, instant)));

/** Is this sector one of those? Case, width and outer blanks do not matter. */
export const isSectorOf = (sector: string | undefined, sectors: readonly string[]): boolean =>
  sector !== undefined && sectors.some((it) => levelled(it) === levelled(sector));

const levelled = (text: string): string => text.normalize('NFKC').trim().toLowerCase();
