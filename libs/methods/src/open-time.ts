// The open time of a calendar as a line of edges with a running total, so that a duration is found by two binary searches.
import { calendarContent, type CalendarContent, type OpenInterval } from '@kams/contracts/calendar';
import { LRUCache } from 'lru-cache';
import { DAY_MS } from './dates';
import { MethodRefused } from './refusal';
import { BLOCK_MS, stretches, type Stretch } from './zone-offsets';

/** Milliseconds since 1970 at which it opens, closes, opens, closes, ...: ascending, so an odd number of them before an instant is "open". */
export type Edges = ArrayLike<number>;

export type Block = {
  readonly edges: Edges;
  /** Open milliseconds of the block before each opening, and at last all of it. */
  readonly totals: Edges;
};

export type OpenTime = {
  /** The `number`th block since 1970. */
  block(number: number): Block;
  /** The edges of the `number`th local day since 1970; none where it is closed, or where the clocks skip all that is open of it. */
  day(number: number): readonly number[];
};

// 20 years; with two intervals a day that is 400 kB. Who keeps the calendar, keeps its blocks.
const BLOCKS_KEPT = 60;
const known = new WeakMap<CalendarContent, OpenTime>();

/** @throws MethodRefused `unsound-calendar`, `unknown-zone` */
export function openTimeOf(calendar: CalendarContent): OpenTime {
  let found = known.get(calendar);
  if (!found) known.set(calendar, (found = openTime(calendar)));
  return found;
}

function openTime(calendar: CalendarContent): OpenTime {
  const unsound = calendarContent.safeParse(calendar).error?.issues[0];
  if (unsound) throw new MethodRefused('unsound-calendar', `Mend /${unsound.path.join('/')}: ${unsound.message}.`);

  const { zone, weekly, overrides } = calendar;
  const { monday, tuesday, wednesday, thursday, friday, saturday, sunday } = weekly;
  // 1970-01-01 was a Thursday.
  const week = [thursday, friday, saturday, sunday, monday, tuesday, wednesday].map(sinceMidnight);
  const dated = new Map(overrides.map(({ date, open }) => [Date.parse(date) / DAY_MS, sinceMidnight(open)]));
  const hoursOf = (day: number) => dated.get(day) ?? (week[((day % 7) + 7) % 7] as readonly Hours[]);

  /** Adds what of a local day lies in a stretch. It is clipped where the clocks change, so what they skip is not there. */
  const add = (edges: number[], day: number, { from, to, offset }: Stretch): void => {
    const midnight = day * DAY_MS - offset;
    for (const { start, end } of hoursOf(day)) {
      const opens = Math.max(from, midnight + start);
      const closes = Math.min(to, midnight + end);
      if (opens >= closes) continue;
      // At 24:00, and where a stretch ends without any change, it closes and opens at once: no edge.
      if (edges[edges.length - 1] === opens) edges[edges.length - 1] = closes;
      else edges.push(opens, closes);
    }
  };

  const blocks = new LRUCache<number, Block>({ max: BLOCKS_KEPT });
  return {
    block: (number) => {
      const found = blocks.get(number);
      if (found) return found;
      const edges: number[] = [];
      for (const stretch of stretches(zone, number * BLOCK_MS, (number + 1) * BLOCK_MS)) {
        const last = Math.ceil((stretch.to + stretch.offset) / DAY_MS) - 1;
        for (let day = Math.floor((stretch.from + stretch.offset) / DAY_MS); day <= last; day++) add(edges, day, stretch);
      }
      const block = { edges: Float64Array.from(edges), totals: totals(edges) };
      blocks.set(number, block);
      return block;
    },

    day: (number) => {
      const edges: number[] = [];
      // No zone is a day away from UTC.
      for (const stretch of stretches(zone, (number - 1) * DAY_MS, (number + 2) * DAY_MS)) add(edges, number, stretch);
      return edges;
    },
  };
}

/** Milliseconds since midnight. */
type Hours = { readonly start: number; readonly end: number };

const sinceMidnight = (intervals: readonly OpenInterval[]): readonly Hours[] =>
  intervals.map(({ start, end }) => ({ start: timeOfDayMs(start), end: timeOfDayMs(end) }));

const timeOfDayMs = (text: string): number => (Number(text.slice(0, 2)) * 60 + Number(text.slice(3))) * 60_000;

function totals(edges: readonly number[]): Float64Array {
  const found = new Float64Array(edges.length / 2 + 1);
  for (let at = 1; at < found.length; at++) {
    found[at] = (found[at - 1] as number) + (edges[2 * at - 1] as number) - (edges[2 * at - 2] as number);
  }
  return found;
}
