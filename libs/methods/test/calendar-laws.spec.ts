// What must hold for every calendar, instant and zone; and a second opinion that asks the clock minute by minute.
import fc from 'fast-check';
import { addBusiness, addWorkingDays, businessBetween, isOpen, nextOpening, type Calendar } from '../src/calendar';
import { MINUTE } from './calendars';

const DAY = 24 * 60 * MINUTE;
const iso = (ms: number) => new Date(ms).toISOString();

/** Changes of clocks: at midnight, by half an hour, by two hours, of a whole day, and of none at all. */
const moments: readonly (readonly [zone: string, at: string])[] = [
  ['America/Havana', '2026-03-08T05:00:00Z'],
  ['America/Havana', '2026-11-01T05:00:00Z'],
  ['Asia/Beirut', '2026-03-28T22:00:00Z'],
  ['Asia/Beirut', '2026-10-24T21:00:00Z'],
  ['Australia/Lord_Howe', '2026-04-04T15:00:00Z'],
  ['Australia/Lord_Howe', '2026-10-03T15:30:00Z'],
  ['Pacific/Apia', '2011-12-30T10:00:00Z'],
  ['Asia/Kathmandu', '1985-12-31T18:30:00Z'],
  ['America/New_York', '2026-03-08T07:00:00Z'],
  ['America/New_York', '2026-11-01T06:00:00Z'],
  ['America/Sao_Paulo', '2018-02-18T02:00:00Z'],
  ['America/Sao_Paulo', '2018-11-04T03:00:00Z'],
  ['America/St_Johns', '2010-11-07T02:31:00Z'],
  ['Antarctica/Troll', '2026-03-29T01:00:00Z'],
  ['Africa/Casablanca', '2026-02-15T02:00:00Z'],
  ['Pacific/Kwajalein', '1993-08-21T12:00:00Z'],
  ['Asia/Shanghai', '2026-02-14T00:00:00Z'],
];
const zones = [
  ...new Set(moments.map(([zone]) => zone)),
  'UTC',
  'Africa/Monrovia',
  'Asia/Tehran',
  'America/Caracas',
  'Europe/London',
];

const timeOfDay = (minutes: number) =>
  `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;

/** None to three intervals, often at full or half hours, where clocks change. */
const someHours = fc
  .uniqueArray(
    fc.oneof(
      fc.integer({ min: 0, max: 48 }).map((n) => n * 30),
      fc.integer({ min: 0, max: 1440 }),
    ),
    { maxLength: 6 },
  )
  .map((minutes) => {
    const edges = minutes.toSorted((a, b) => a - b);
    return Array.from({ length: Math.floor(edges.length / 2) }, (_, at) => ({
      start: timeOfDay(edges[2 * at] as number),
      end: timeOfDay(edges[2 * at + 1] as number),
    }));
  });

const someWeek = fc
  .tuple(someHours, someHours, someHours, someHours, someHours, someHours, someHours)
  .map(([monday, tuesday, wednesday, thursday, friday, saturday, sunday]) => ({
    monday: monday.length === 0 ? [{ start: '00:00', end: '24:00' }] : monday,
    tuesday,
    wednesday,
    thursday,
    friday,
    saturday,
    sunday,
  }));

/** A calendar with overrides around an instant. */
const someCalendar = (zone: string, around: number): fc.Arbitrary<Calendar> =>
  fc.record({
    name: fc.constant('Service desk'),
    zone: fc.constant(zone),
    weekly: someWeek,
    overrides: fc.uniqueArray(
      fc.record({
        date: fc.integer({ min: -12, max: 12 }).map((days) => iso(around + days * DAY).slice(0, 10)),
        open: someHours,
        reason: fc.constant('Holiday'),
      }),
      { maxLength: 5, selector: ({ date }) => date },
    ),
  });

const nearAChange = fc
  .tuple(fc.constantFrom(...moments), fc.integer({ min: -3 * DAY, max: 3 * DAY }))
  .map(([[zone, at], away]) => ({ zone, at: Date.parse(at) + away }));
const anywhere = fc.record({
  zone: fc.constantFrom(...zones),
  at: fc.integer({ min: Date.UTC(1970, 0), max: Date.UTC(2040, 0) }),
});

const minutesOf = (text: string) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3));
const openMinutesAWeek = ({ weekly }: Calendar) =>
  Object.values(weekly)
    .flat()
    .reduce((sum, { start, end }) => sum + minutesOf(end) - minutesOf(start), 0);

/** A calendar, an instant, and as much business time as half a year has at most, in either direction; often to the minute. */
const someCase = fc
  .oneof(nearAChange, anywhere)
  .chain(({ zone, at }) =>
    fc.record({
      at: fc.constant(at),
      calendar: someCalendar(zone, at),
      weeks: fc.oneof(fc.integer({ min: -3_000, max: 3_000 }), fc.integer({ min: -26_000, max: 26_000 })).map((n) => n / 1_000),
      unit: fc.constantFrom(1, MINUTE),
    }),
  )
  .map(({ at, calendar, weeks, unit }) => {
    const duration = Math.round((weeks * openMinutesAWeek(calendar) * MINUTE) / unit) * unit;
    return { start: iso(at), calendar, duration };
  });

// 100,000 take 36 to 48 s on one core of a shared two-core machine; fewer while you work on it.
const RUNS = Number(process.env.KAMS_CALENDAR_RUNS ?? 100_000);

test(`what was added is measured again, in ${RUNS} calendars, instants and zones`, () => {
  fc.assert(
    fc.property(someCase, ({ start, calendar, duration }) => {
      const measured = businessBetween(start, addBusiness(start, duration, calendar), calendar);
      if (measured !== duration) throw new Error(`${duration} was added, ${measured} measured`);
    }),
    { numRuns: RUNS },
  );
}, 300_000);

const laws = { numRuns: 3_000 };
const anInstant = fc.integer({ min: -200 * DAY, max: 200 * DAY });

test('a later start never has an earlier end, nor a longer duration one', () => {
  fc.assert(
    fc.property(someCase, fc.nat({ max: 10 * DAY }), fc.nat({ max: 10 * DAY }), ({ start, calendar, duration }, later, more) => {
      const end = addBusiness(start, duration, calendar);
      expect(addBusiness(iso(Date.parse(start) + later), duration, calendar) >= end).toBe(true);
      expect(addBusiness(start, duration + Math.round(more / 100), calendar) >= end).toBe(true);
    }),
    laws,
  );
});

test('time measured in two parts is the time measured at once, forwards and backwards', () => {
  fc.assert(
    fc.property(someCase, anInstant, anInstant, ({ start, calendar }, toB, toC) => {
      const [b, c] = [iso(Date.parse(start) + toB), iso(Date.parse(start) + toC)];
      const [ab, bc, ac] = [
        businessBetween(start, b, calendar),
        businessBetween(b, c, calendar),
        businessBetween(start, c, calendar),
      ];
      expect(ab + bc).toBe(ac);
      expect(businessBetween(c, start, calendar)).toBe(0 - ac);
    }),
    laws,
  );
});

test('to add in two parts, of one direction, is to add at once', () => {
  fc.assert(
    fc.property(someCase, fc.integer({ min: 0, max: 1_000 }), ({ start, calendar, duration }, share) => {
      const part = Math.round((duration * share) / 1_000);
      const twice = addBusiness(addBusiness(start, part, calendar), duration - part, calendar);
      expect(twice).toBe(addBusiness(start, duration, calendar));
    }),
    laws,
  );
});

test('backwards is the way back, from every open instant', () => {
  fc.assert(
    fc.property(someCase, ({ start, calendar, duration }) => {
      const open = nextOpening(start, calendar);
      const forwards = Math.abs(duration);
      expect(addBusiness(addBusiness(open, forwards, calendar), -forwards, calendar)).toBe(open);
      // To go back and come again, time must be open before it, too.
      const within = addBusiness(open, 1, calendar);
      expect(addBusiness(addBusiness(within, -forwards, calendar), forwards, calendar)).toBe(within);
    }),
    laws,
  );
});

test('the next opening is open, and all time before it is not', () => {
  fc.assert(
    fc.property(someCase, ({ start, calendar }) => {
      const opening = nextOpening(start, calendar);
      expect(isOpen(opening, calendar)).toBe(true);
      expect(businessBetween(start, opening, calendar)).toBe(0);
      expect(isOpen(start, calendar)).toBe(opening === start);
    }),
    laws,
  );
});

describe('a clock on the wall, read minute by minute', () => {
  // It shares no code with what it judges: local time is the text of Intl.DateTimeFormat, and open is what that text says.
  const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const;
  const [BEFORE, AFTER] = [3 * 1440, 3 * 1440];

  type Wall = { date: string; weekday: (typeof WEEKDAYS)[number]; time: string };
  /** What a clock in a zone showed in each of the minutes around an instant. */
  const read = (zone: string, first: number): Wall[] => {
    const clock = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' });
    return Array.from({ length: BEFORE + AFTER }, (_, minute) => {
      const [date, time] = clock.format(first + minute * MINUTE).split(' ') as [string, string];
      return { date, weekday: WEEKDAYS[new Date(`${date}T00:00:00Z`).getUTCDay()] as Wall['weekday'], time };
    });
  };
  const views = moments.map(([zone, at]) => {
    const first = Date.parse(at) - BEFORE * MINUTE;
    return { zone, first, wall: read(zone, first) };
  });

  const openMinutes = (wall: readonly Wall[], { weekly, overrides }: Calendar): boolean[] =>
    wall.map(({ date, weekday, time }) => {
      const own = overrides.find((it) => it.date === date);
      return (own?.open ?? weekly[weekday]).some(({ start, end }) => start <= time && time < end);
    });

  const anyMinute = fc.integer({ min: 0, max: BEFORE + AFTER - 1 });
  // A view is named by its number, so that a failure prints a calendar and not ten thousand minutes.
  const someView = fc.nat({ max: views.length - 1 }).chain((view) => {
    const { zone, first } = views[view] as (typeof views)[number];
    return fc.record({
      view: fc.constant(view),
      calendar: someCalendar(zone, first + BEFORE * MINUTE),
      a: anyMinute,
      b: anyMinute,
      count: fc.integer({ min: 1, max: 2_000 }),
    });
  });

  test('agrees on what is open, how long, until when, and since when', () => {
    let [added, workingDays] = [0, 0];
    fc.assert(
      fc.property(someView, ({ view, calendar, a, b, count }) => {
        const { first, wall } = views[view] as (typeof views)[number];
        const open = openMinutes(wall, calendar);
        const at = (minute: number) => iso(first + minute * MINUTE);
        const counted = (from: number, to: number) => open.slice(from, to).filter(Boolean).length;

        expect(isOpen(at(a), calendar)).toBe(open[a]);
        expect(businessBetween(at(a), at(b), calendar)).toBe((a <= b ? counted(a, b) : 0 - counted(b, a)) * MINUTE);

        // The ends of the open minutes after a, and the starts of those before it; beyond the view there is nothing to compare.
        const ends = open.flatMap((is, minute) => (is && minute >= a ? [minute + 1] : []));
        const starts = open.flatMap((is, minute) => (is && minute < a ? [minute] : [])).toReversed();
        const [end, start] = [ends[count - 1], starts[count - 1]];
        if (end !== undefined) expect(addBusiness(at(a), count * MINUTE, calendar)).toBe(at(end));
        if (start !== undefined) expect(addBusiness(at(a), -count * MINUTE, calendar)).toBe(at(start));
        if (end !== undefined || start !== undefined) added++;

        const today = (wall[a] as Wall).date;
        // The last day of the view may go on after it.
        const whole = (wall.at(-1) as Wall).date;
        const days = [...new Set(wall.map(({ date }) => date))].filter((date) => date > today && date < whole);
        const closings = days.map((day) => wall.findLastIndex(({ date }, minute) => date === day && open[minute]));
        const nth = closings.filter((minute) => minute >= 0)[count % 3];
        if (nth !== undefined) {
          expect(addWorkingDays(at(a), (count % 3) + 1, calendar)).toBe(at(nth + 1));
          workingDays++;
        }
      }),
      { numRuns: 3_000 },
    );
    expect(added).toBeGreaterThan(1_500);
    expect(workingDays).toBeGreaterThan(1_000);
  }, 60_000);
});
