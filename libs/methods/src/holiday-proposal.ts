// Holidays for a calendar, as a proposal: a person reads them beside the official notice, corrects them and publishes a version.
import type { CalendarOverride, OpenInterval } from '@kams/contracts/calendar';
import { HolidayUtil } from 'lunar-typescript';
import { MethodRefused } from './refusal';

export type HolidayProposal = {
  /** The package that says so, with its version; to be kept with the proposal. */
  readonly source: string;
  /** By date. Closed days, weekends within a holiday among them, and make-up workdays. */
  readonly overrides: readonly CalendarOverride[];
};

/**
 * What the package knows of a year: for CN the holidays and make-up workdays (调休) of the State Council's notice, which comes out in
 * November of the year before. A proposal only: the package is one person's work, and a feed also holds days that are no holiday for
 * the desk. Days are text in it, so the zone of the server does not move them.
 *
 * @param country ISO 3166; CN is the only one so far
 * @param makeUpHours of a make-up workday, since the notice does not say which weekday it stands for
 * @throws MethodRefused `no-holidays-known`
 */
export function proposeOverrides(country: string, year: number, makeUpHours: readonly OpenInterval[]): HolidayProposal {
  const days = country === 'CN' && Number.isInteger(year) ? HolidayUtil.getHolidays(year) : [];
  if (days.length === 0) {
    throw new MethodRefused('no-holidays-known', `${SOURCE} knows no holidays of ${country} ${year}: enter those of the notice.`);
  }
  return {
    source: SOURCE,
    overrides: days.map((day) =>
      day.isWork()
        ? { date: day.getDay(), open: [...makeUpHours], reason: `${day.getName()}调休` }
        : { date: day.getDay(), open: [], reason: day.getName() },
    ),
  };
}

const SOURCE = 'lunar-typescript 1.8.6';
