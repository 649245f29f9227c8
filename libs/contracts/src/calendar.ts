// 营业日历: when a service desk is open. Content of a versioned policy, like a scoring model: a published version never changes.
import { z } from 'zod';
import { field } from './define';
import { localDate, text, zone } from './values';

const timeOfDay = (pattern: RegExp, error: string) => z.string().regex(pattern, { error, abort: true });

/** Half-open: open at `start`, closed at `end`. Local time of the calendar's zone, to the minute. */
export const openInterval = z
  .strictObject({
    start: field(timeOfDay(/^([01]\d|2[0-3]):[0-5]\d$/, 'is not a time of day like 09:00'), 'From', '开始'),
    end: field(
      timeOfDay(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, 'is not a time of day like 18:00; midnight is 24:00'),
      'Until',
      '结束',
    ),
  })
  .refine(({ start, end }) => start < end, {
    path: ['end'],
    error: 'is not after the start; midnight is 24:00, and what goes on after it belongs to the next day',
  });
export type OpenInterval = z.output<typeof openInterval>;

/** The intervals of a day, in order and without overlap; none: closed. They may touch, as 24:00 and the next day's 00:00 do. */
const openIntervals = z
  .array(openInterval)
  .max(48)
  .check(({ value, issues }) => {
    for (const [at, { start, end }] of value.entries()) {
      const before = value[at - 1];
      if (!before || start >= before.end) continue;
      const message =
        end <= before.start ? 'is earlier than the interval before it; put them in order' : 'overlaps the interval before it';
      issues.push({ code: 'custom', message, input: start, path: [at, 'start'] });
    }
  });

const weekly = z
  .strictObject({
    monday: field(openIntervals, 'Monday', '星期一'),
    tuesday: field(openIntervals, 'Tuesday', '星期二'),
    wednesday: field(openIntervals, 'Wednesday', '星期三'),
    thursday: field(openIntervals, 'Thursday', '星期四'),
    friday: field(openIntervals, 'Friday', '星期五'),
    saturday: field(openIntervals, 'Saturday', '星期六'),
    sunday: field(openIntervals, 'Sunday', '星期日'),
  })
  .refine((days) => Object.values(days).some((intervals) => intervals.length > 0), 'has no open minute in the whole week');

/** What one day does in place of its weekday: a holiday has no interval, a make-up workday (调休) has its own. */
export const calendarOverride = z.strictObject({
  date: field(localDate(), 'Date', '日期'),
  open: field(openIntervals, 'Open', '营业时间', 'None where the day is closed.'),
  reason: field(text(200), 'Reason', '事由'),
});
export type CalendarOverride = z.output<typeof calendarOverride>;

export const calendarContent = z.strictObject({
  name: field(text(120), 'Name', '日历名称'),
  zone: field(zone(), 'Time zone', '时区'),
  weekly: field(weekly, 'Weekly hours', '每周营业时间'),
  overrides: field(
    z
      .array(calendarOverride)
      .max(2_000)
      .check(({ value, issues }) => {
        const dates = new Set<string>();
        for (const [at, { date }] of value.entries()) {
          if (dates.has(date)) issues.push({ code: 'custom', message: 'is there twice', input: date, path: [at, 'date'] });
          dates.add(date);
        }
      }),
    'Holidays and make-up workdays',
    '节假日与调休',
  ),
});
export type CalendarContent = z.output<typeof calendarContent>;
