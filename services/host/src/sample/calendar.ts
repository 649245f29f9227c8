// The year of the sample: 52 weeks, Monday to Friday. What happens is dated by the number of the working day, from 0 to 259.
import { localDateOf } from '@kams/methods/dates';
import { DateTime } from 'luxon';

export const ZONE = 'Asia/Shanghai';
const CALENDAR_DAYS = 7 * 52;

/** The 260 working days of the 52 weeks that end with `endsOn`: whatever day of the week that is, there are as many. */
export function workdays(endsOn: string): readonly string[] {
  const last = DateTime.fromISO(endsOn, { zone: 'utc' });
  return Array.from({ length: CALENDAR_DAYS }, (_, i) => last.minus({ days: CALENDAR_DAYS - 1 - i }))
    .filter((day) => day.weekday <= 5)
    .map((day) => day.toISODate()!);
}

/** The `endsOn` of a year whose first working day begins at an instant: `workdays` of it are the same days. */
export const endOfYearFrom = (firstDay: string): string => daysAfter(localDateOf(firstDay, ZONE), CALENDAR_DAYS - 1);

/** The day before an instant: all that a sample tells is over by then. */
export const dayBefore = (now: Date): string => daysAfter(localDateOf(now.toISOString(), ZONE), -1);

export const daysAfter = (day: string, days: number): string =>
  DateTime.fromISO(day, { zone: 'utc' }).plus({ days }).toISODate()!;

/** `at(days[3], '09:30')`, by the clocks of Shanghai, which have been eight hours ahead all year round since 1991. */
export const at = (day: string | undefined, time: string): string => new Date(`${day}T${time}:00+08:00`).toISOString();

/** Weeks from Monday on since the year 1970, which began on a Thursday. */
export const weekOf = (instant: string): number => Math.floor((Date.parse(instant) / 86_400_000 + 3) / 7);
