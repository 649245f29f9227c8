// F-42, business time: durations that only run while a calendar is open, and days that only count where it opens.
import type { CalendarContent } from '@kams/contracts/calendar';
import { DAY_MS, instantOf, localDate, localDateOf, msOf, type Instant, type LocalDate } from './dates';
import { openTimeOf, type Block, type Edges, type OpenTime } from './open-time';
import { MethodRefused } from './refusal';
import { blockOf, BLOCK_DAYS } from './zone-offsets';

/**
 * The content of a versioned policy (`PolicyState<Calendar>`): a zone, weekly hours and what single dates do in their place. A
 * decision names the version that it was made by; after an amendment both versions can be asked, each with its own content.
 *
 * An instant is open when the clocks of the zone show an open time of the day that they show. So across a change of the clocks
 * open time is what really elapses: an hour that is skipped is not there, one that is shown twice counts twice, and where an
 * interval starts or ends within skipped time, it does so at the instant of the change. 00:00 to 24:00 on every day is elapsed time.
 *
 * Plain data that must not change once it was asked: what was found out about its open time is kept for as long as it is, so keep
 * the object. A new one answers after 0.3 ms, over two years after 1 ms. Then `addBusiness` takes 8 us, over two years 11 us, of
 * which 6 us read and write the instants; `addWorkingDays` takes 4 us a day.
 */
export type Calendar = CalendarContent;

const allDay = [{ start: '00:00', end: '24:00' }];

/** Round the clock: business time is elapsed time. */
export const always: Calendar = {
  name: '24x7',
  zone: 'UTC',
  weekly: {
    monday: allDay,
    tuesday: allDay,
    wednesday: allDay,
    thursday: allDay,
    friday: allDay,
    saturday: allDay,
    sunday: allDay,
  },
  overrides: [],
};

/**
 * The instant at which a duration of business time, begun at `start`, is over; a negative one goes backwards.
 *
 * The earliest such instant, or backwards the latest: what ends with the day ends at closing time, not at the next opening, and a
 * warning two hours before 11:00 falls into that morning, not on the evening before. A duration of 0 is over at `start` itself.
 *
 * @param durationMs whole milliseconds of open time
 * @throws MethodRefused `not-an-instant`, `not-whole-milliseconds`, `unsound-calendar`, `more-than-a-century` (too little of it is
 * open for that), `outside-years-1-to-9999`
 */
export function addBusiness(start: Instant, durationMs: number, calendar: Calendar): Instant {
  const from = msOf(start);
  if (!Number.isSafeInteger(durationMs)) {
    throw new MethodRefused('not-whole-milliseconds', 'Give the duration in whole milliseconds.');
  }
  if (durationMs === 0) return instantOf(from);

  const time = openTimeOf(calendar);
  const step = Math.sign(durationMs);
  let number = blockOf(from);
  let block = time.block(number);
  let open = openBefore(from, block) + durationMs;
  while (open < 0 || open > allOf(block)) {
    if (step > 0) open -= allOf(block);
    number += step;
    block = within(number, from, time);
    if (step < 0) open += allOf(block);
  }
  return instantOf(step > 0 ? earliest(open, block) : latest(open, block));
}

/**
 * Milliseconds of business time from `a` to `b`; negative where b is before a.
 * @throws MethodRefused `not-an-instant`, `unsound-calendar`, `more-than-a-century` (that they lie apart)
 */
export function businessBetween(a: Instant, b: Instant, calendar: Calendar): number {
  const [from, to] = [msOf(a), msOf(b)];
  const time = openTimeOf(calendar);
  // Not `-open`, which may be -0.
  return from <= to ? openBetween(from, to, time) : 0 - openBetween(to, from, time);
}

/**
 * The end of the nth working day after the day of `start`: its closing time, the end of its last interval, exclusive.
 *
 * A working day is a local day with open time. The day of the start does not count, whether the start lies before, within or after
 * its hours, or the day is closed; the first working day after it is the first. So 1 from any time of a Friday, and from the
 * Saturday, is Monday's closing time. That is what the field means by it: "end of next business day" of ServiceNow lands on the day
 * after; law counts so too (Civil Code of China, art. 201 and 203, with the closing time as the end; Regulation (EEC) 1182/71, art. 3),
 * and nobody loses a day for having reported at a quarter to six.
 *
 * @param days a whole number from 1 on
 * @throws MethodRefused `not-an-instant`, `not-working-days`, `unsound-calendar`, `more-than-a-century`, `outside-years-1-to-9999`
 */
export function addWorkingDays(start: Instant, days: number, calendar: Calendar): Instant {
  if (!(Number.isSafeInteger(days) && days >= 1)) {
    throw new MethodRefused('not-working-days', 'Give a whole number of working days, at least 1.');
  }
  const time = openTimeOf(calendar);
  const today = Date.parse(localDateOf(start, calendar.zone)) / DAY_MS;
  let left = days;
  for (let day = today + 1; day <= today + CENTURY_DAYS; day++) {
    const close = time.day(day).at(-1);
    if (close !== undefined && --left === 0) return instantOf(close);
  }
  throw tooFar();
}

/** @throws MethodRefused `not-an-instant`, `unsound-calendar` */
export function isOpen(at: Instant, calendar: Calendar): boolean {
  const ms = msOf(at);
  return isOdd(upTo(ms, openTimeOf(calendar).block(blockOf(ms)).edges));
}

/**
 * The first open instant from `at` on: `at` itself while it is open.
 * @throws MethodRefused `not-an-instant`, `unsound-calendar`, `more-than-a-century`, `outside-years-1-to-9999`
 */
export function nextOpening(at: Instant, calendar: Calendar): Instant {
  const from = msOf(at);
  const time = openTimeOf(calendar);
  for (let number = blockOf(from); ; number++) {
    const { edges } = within(number, from, time);
    const passed = upTo(from, edges);
    if (isOdd(passed)) return instantOf(from);
    const opening = edges[passed];
    if (opening !== undefined) return instantOf(opening);
  }
}

/**
 * The local dates from `from` on and before `until` on which two versions of a calendar are not open at the same instants.
 * @throws MethodRefused `not-a-local-date`, `unsound-calendar`, `more-than-a-century`
 */
export function amended(before: Calendar, after: Calendar, from: LocalDate, until: LocalDate): LocalDate[] {
  if (localDate(from) === undefined || localDate(until) === undefined) {
    throw new MethodRefused('not-a-local-date', 'Give days such as 2026-02-14.');
  }
  const [first, end] = [Date.parse(from) / DAY_MS, Date.parse(until) / DAY_MS];
  if (end - first > CENTURY_DAYS) throw tooFar();
  const [old, now] = [openTimeOf(before), openTimeOf(after)];
  return Array.from({ length: Math.max(0, end - first) }, (_, at) => first + at)
    .filter((day) => !isSame(old, now, day))
    .map((day) => instantOf(day * DAY_MS).slice(0, 10));
}

function isSame(a: OpenTime, b: OpenTime, day: number): boolean {
  const [edges, others] = [a.day(day), b.day(day)];
  return edges.length === others.length && edges.every((edge, at) => edge === others[at]);
}

// A week with one open minute would lead addBusiness through all years that there are, a millisecond each.
const CENTURY_DAYS = 36_600;

const tooFar = () =>
  new MethodRefused('more-than-a-century', 'Keep within a century; a long duration needs a calendar with more open time.');

function within(number: number, from: number, time: OpenTime): Block {
  if (Math.abs(number - blockOf(from)) * BLOCK_DAYS > CENTURY_DAYS) throw tooFar();
  return time.block(number);
}

function openBetween(from: number, to: number, time: OpenTime): number {
  const last = blockOf(to);
  let open = -openBefore(from, time.block(blockOf(from)));
  for (let number = blockOf(from); number < last; number++) open += allOf(within(number, from, time));
  return open + openBefore(to, within(last, from, time));
}

const allOf = ({ totals }: Block): number => totals[totals.length - 1] as number;

/** Open milliseconds of the block before an instant of it. */
function openBefore(ms: number, { edges, totals }: Block): number {
  const passed = upTo(ms, edges);
  const sinceOpening = isOdd(passed) ? ms - (edges[passed - 1] as number) : 0;
  return (totals[passed >> 1] as number) + sinceOpening;
}

/** The first instant of the block with so much open time before it, more than 0. */
const earliest = (open: number, block: Block): number => openedAt(upTo(open - 1, block.totals) - 1, open, block);

/** The last instant of the block with so much open time before it, less than all. */
const latest = (open: number, block: Block): number => openedAt(upTo(open, block.totals) - 1, open, block);

/** So much open time of the block is reached in its nth interval. */
const openedAt = (n: number, open: number, { edges, totals }: Block): number =>
  (edges[2 * n] as number) + open - (totals[n] as number);

/** How many of these ascending numbers are `limit` or less. */
function upTo(limit: number, ascending: Edges): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] as number) <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

const isOdd = (n: number): boolean => n % 2 === 1;
