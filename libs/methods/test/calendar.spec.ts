import {
  addBusiness,
  addWorkingDays,
  always,
  amended,
  businessBetween,
  isOpen,
  nextOpening,
  type Calendar,
} from '../src/calendar';
import { instantAt } from '../src/dates';
import { drafted, noPolicy, published, version } from '../src/policy';
import { china2026, daily, HOUR, hours, MINUTE, unannounced, week, withoutMakeUpDays, workdays } from './calendars';
import { refused } from './refused';

const office = workdays('Europe/Berlin', '09:00-17:00');
const berlin = (local: string) => instantAt(local, 'Europe/Berlin');
const shanghai = (local: string) => instantAt(local, 'Asia/Shanghai');
const newYork = (local: string) => instantAt(local, 'America/New_York');

describe('the vectors of F-42', () => {
  test('(a) eight hours from Friday 17:00 before the Spring Festival end on the make-up Saturday', () =>
    expect(addBusiness(shanghai('2026-02-13T17:00'), 8 * HOUR, china2026)).toBe(shanghai('2026-02-14T17:30')));

  test('(a) without the make-up workdays it would be after the festival, on Tuesday the 24th', () =>
    expect(addBusiness(shanghai('2026-02-13T17:00'), 8 * HOUR, withoutMakeUpDays)).toBe(shanghai('2026-02-24T17:30')));

  test('(b) two hours from Friday 16:00 end on Monday 10:00 summer time, though the clocks changed in between', () => {
    const calendar = workdays('America/New_York', '09:00-17:00');
    expect(addBusiness('2026-03-06T21:00:00Z', 2 * HOUR, calendar)).toBe('2026-03-09T14:00:00.000Z');
    expect(newYork('2026-03-09T10:00')).toBe('2026-03-09T14:00:00.000Z');
  });

  test('(c) from closing time to the next opening no business time passes', () =>
    expect(businessBetween(berlin('2026-06-10T17:00'), berlin('2026-06-11T09:00'), office)).toBe(0));

  test('(e) round the clock there is no closed minute at midnight', () => {
    const calendar = daily('Asia/Shanghai', '00:00-24:00');
    const evening = shanghai('2026-06-10T23:30');
    for (let minute = 0; minute < 60; minute++) {
      expect(isOpen(new Date(Date.parse(evening) + minute * MINUTE).toISOString(), calendar)).toBe(true);
    }
    expect(isOpen(shanghai('2026-06-10T23:59:59.999'), calendar)).toBe(true);
    expect(addBusiness(evening, HOUR, calendar)).toBe(shanghai('2026-06-11T00:30'));
    expect(businessBetween(shanghai('2026-06-10T23:59'), shanghai('2026-06-11T00:01'), calendar)).toBe(2 * MINUTE);
  });

  test('(f) after an amendment both versions can be asked, and the dates that differ be named', () => {
    const one = published(drafted<Calendar>(noPolicy, unannounced), '2025-01-01T00:00:00Z');
    const two = published(drafted(one, china2026), '2025-11-04T08:00:00Z');
    const due = (n: number) => addBusiness(shanghai('2026-02-13T17:00'), 8 * HOUR, version(two, n)?.content as Calendar);
    expect([due(1), due(2)]).toEqual([shanghai('2026-02-16T17:30'), shanghai('2026-02-14T17:30')]);
    expect(amended(unannounced, china2026, '2026-01-01', '2027-01-01')).toEqual([
      '2026-02-14',
      '2026-02-16',
      '2026-02-17',
      '2026-02-18',
      '2026-02-19',
      '2026-02-20',
      '2026-02-23',
      '2026-02-28',
    ]);
  });
});

describe('a duration of business time', () => {
  test.each([
    ['2026-06-10T16:00', 1, '2026-06-10T17:00', 'ends at closing time, not at the next opening'],
    ['2026-06-10T16:00', 2, '2026-06-11T10:00', 'goes on the next day'],
    ['2026-06-12T16:00', 2, '2026-06-15T10:00', 'goes on after the weekend'],
    ['2026-06-10T07:00', 2, '2026-06-10T11:00', 'begins with the opening when started before it'],
    ['2026-06-10T20:00', 2, '2026-06-11T11:00', 'begins the next day when started after closing'],
    ['2026-06-13T12:00', 8, '2026-06-15T17:00', 'begins on Monday when started on a Saturday'],
    ['2026-06-10T10:00', 40, '2026-06-17T10:00', 'of a week of hours takes a week'],
    ['2026-06-13T12:00', 0, '2026-06-13T12:00', 'of nothing is over where it starts, even on a closed day'],
    ['2026-06-11T10:00', -2, '2026-06-10T16:00', 'goes back over a night'],
    ['2026-06-15T10:00', -2, '2026-06-12T16:00', 'goes back over a weekend'],
    ['2026-06-10T11:00', -2, '2026-06-10T09:00', 'goes back to the opening, not to the closing before it'],
    ['2026-06-14T12:00', -8, '2026-06-12T09:00', 'goes back from a closed day'],
  ])('from %s by %i hours is %s: it %s', (start, duration, end, _) =>
    expect(addBusiness(berlin(start), duration * HOUR, office)).toBe(berlin(end)),
  );

  test('goes over years, and back', () => {
    const [start, hundredWeeks] = [berlin('2024-01-08T10:00'), 100 * 40 * HOUR];
    const end = addBusiness(start, hundredWeeks, office);
    expect(end).toBe(berlin('2025-12-08T10:00'));
    expect(addBusiness(end, -hundredWeeks, office)).toBe(start);
  });

  test('is measured with its sign', () => {
    const [a, b] = [berlin('2026-06-10T16:00'), berlin('2026-06-15T10:00')];
    expect(businessBetween(a, b, office)).toBe(18 * HOUR);
    expect(businessBetween(b, a, office)).toBe(-18 * HOUR);
    expect(businessBetween(a, a, office)).toBe(0);
  });

  test('counts milliseconds, and instants in any offset', () => {
    expect(addBusiness('2026-06-10T16:59:59.999+02:00', 2, office)).toBe('2026-06-11T07:00:00.001Z');
    expect(businessBetween('2026-06-10T15:00:00+02:00', '2026-06-10T13:00:00.001Z', office)).toBe(1);
  });

  test('of a past winter is measured with the offset of that winter', () =>
    expect(addBusiness('2020-01-15T15:30:00Z', HOUR, office)).toBe('2020-01-16T08:30:00.000Z'));

  test('has a lunch break where the calendar has one', () => {
    expect(businessBetween(shanghai('2026-06-10T11:00'), shanghai('2026-06-10T14:00'), unannounced)).toBe(1.5 * HOUR);
    expect(isOpen(shanghai('2026-06-10T12:00'), unannounced)).toBe(false);
  });

  test('round the clock is elapsed time, in any zone and over any change of the clocks', () => {
    for (const calendar of [
      always,
      daily('America/Havana', '00:00-24:00'),
      daily('Pacific/Apia', '00:00-12:00', '12:00-24:00'),
    ]) {
      expect(addBusiness('2011-12-01T12:34:56.789Z', 90 * 24 * HOUR, calendar)).toBe('2012-02-29T12:34:56.789Z');
      expect(businessBetween('2001-01-01T00:00:00Z', '2026-01-01T00:00:00Z', calendar)).toBe(
        Date.UTC(2026, 0) - Date.UTC(2001, 0),
      );
    }
  });
});

describe('where the clocks change', () => {
  const sundays = (...open: string[]) => week('America/New_York', hours(...open), 'sunday');
  const between = (from: string, to: string, calendar: Calendar) => businessBetween(from, to, calendar) / HOUR;

  test.each([
    ['America/New_York', '2026-03-08', 7],
    ['America/New_York', '2026-11-01', 9],
    ['America/Havana', '2026-03-08', 7],
    ['America/Havana', '2026-11-01', 9],
    ['Asia/Beirut', '2026-03-29', 7],
    ['Australia/Lord_Howe', '2026-10-04', 7.5],
    ['Australia/Lord_Howe', '2026-04-05', 8.5],
    ['Asia/Kathmandu', '1986-01-01', 7.75],
    ['Asia/Shanghai', '2026-03-08', 8],
  ])('midnight to 8:00 in %s on %s is as long as it really was: %d hours', (zone, date, long) =>
    expect(between(instantAt(date, zone), instantAt(`${date}T12:00`, zone), daily(zone, '00:00-08:00'))).toBe(long),
  );

  test('an evening that is set back at midnight has its last hour twice', () =>
    expect(between('2018-02-17T12:00:00Z', '2018-02-18T12:00:00Z', daily('America/Sao_Paulo', '22:00-24:00'))).toBe(3));

  test('an interval that starts within skipped time starts at the change', () => {
    const calendar = sundays('02:30-05:00');
    expect(nextOpening('2026-03-08T00:00:00Z', calendar)).toBe('2026-03-08T07:00:00.000Z');
    expect(between('2026-03-08T00:00:00Z', '2026-03-09T00:00:00Z', calendar)).toBe(2);
  });

  test('an interval that ends within skipped time ends at the change', () => {
    const calendar = sundays('01:00-02:30');
    expect(addBusiness('2026-03-08T00:00:00Z', HOUR, calendar)).toBe('2026-03-08T07:00:00.000Z');
    expect(isOpen('2026-03-08T07:00:00Z', calendar)).toBe(false);
    expect(between('2026-03-08T00:00:00Z', '2026-03-09T00:00:00Z', calendar)).toBe(1);
  });

  test('an interval within skipped time is not there, and makes no working day', () => {
    const calendar = sundays('02:10-02:50');
    expect(between('2026-03-08T00:00:00Z', '2026-03-09T00:00:00Z', calendar)).toBe(0);
    expect(addWorkingDays('2026-03-07T12:00:00Z', 1, calendar)).toBe(newYork('2026-03-15T02:50'));
  });

  test('an interval that starts within time that is shown twice is open as often as the clocks show it', () => {
    const calendar = sundays('01:30-03:00');
    expect(
      ['05:15', '05:30', '05:59', '06:00', '06:29', '06:30', '07:59', '08:00'].map((time) =>
        isOpen(`2026-11-01T${time}:00Z`, calendar),
      ),
    ).toEqual([false, true, true, false, false, true, true, false]);
    expect(between('2026-11-01T00:00:00Z', '2026-11-02T00:00:00Z', calendar)).toBe(2);
  });

  test('a day that a zone left out has no hours and is no working day', () => {
    expect(between('2011-12-29T12:00:00-10:00', '2011-12-31T12:00:00+14:00', daily('Pacific/Apia', '00:00-08:00'))).toBe(8);
    expect(addWorkingDays('2011-12-29T12:00:00-10:00', 1, daily('Pacific/Apia', '00:00-24:00'))).toBe('2011-12-31T10:00:00.000Z');
  });

  test('a day ends for the last time where it comes back after midnight', () =>
    expect(addWorkingDays('2010-11-05T12:00:00Z', 1, daily('America/St_Johns', '00:00-24:00'))).toBe('2010-11-07T03:30:00.000Z'));
});

describe('N working days', () => {
  test.each([
    ['a Wednesday before its hours', '2026-06-10T06:00', 1, '2026-06-11T17:00'],
    ['a Wednesday within its hours', '2026-06-10T16:59', 1, '2026-06-11T17:00'],
    ['a Wednesday after its hours', '2026-06-10T23:59', 1, '2026-06-11T17:00'],
    ['a Friday', '2026-06-12T10:00', 1, '2026-06-15T17:00'],
    ['a Saturday', '2026-06-13T10:00', 1, '2026-06-15T17:00'],
    ['the Sunday night', '2026-06-14T23:59', 1, '2026-06-15T17:00'],
    ['the first minute of Monday', '2026-06-15T00:00', 1, '2026-06-16T17:00'],
    ['a Wednesday', '2026-06-10T10:00', 3, '2026-06-15T17:00'],
    ['a Wednesday', '2026-06-10T10:00', 250, '2027-05-26T17:00'],
  ])('from %s, %s: %i end at %s', (_, start, days, end) => expect(addWorkingDays(berlin(start), days, office)).toBe(berlin(end)));

  test('include a make-up workday and leave out a holiday', () => {
    expect(addWorkingDays(shanghai('2026-02-13T17:00'), 1, china2026)).toBe(shanghai('2026-02-14T18:00'));
    expect(addWorkingDays(shanghai('2026-02-13T17:00'), 2, china2026)).toBe(shanghai('2026-02-24T18:00'));
    expect(addWorkingDays(shanghai('2026-02-13T17:00'), 1, withoutMakeUpDays)).toBe(shanghai('2026-02-24T18:00'));
  });

  test('are not N times the hours of a day', () => {
    const start = shanghai('2026-06-10T11:00');
    expect(addWorkingDays(start, 3, unannounced)).toBe(shanghai('2026-06-15T18:00'));
    expect(addBusiness(start, 3 * 7.5 * HOUR, unannounced)).toBe(shanghai('2026-06-15T11:00'));
  });

  test('end where the day ends by its own override', () => {
    const early = { ...office, overrides: [{ date: '2026-12-24', open: hours('09:00-12:00'), reason: 'Christmas Eve' }] };
    expect(addWorkingDays(berlin('2026-12-23T10:00'), 1, early)).toBe(berlin('2026-12-24T12:00'));
  });

  test('of a desk that never closes end at midnight', () =>
    expect(addWorkingDays('2026-06-10T10:00:00Z', 2, always)).toBe('2026-06-13T00:00:00.000Z'));

  test.each([0, -1, 1.5, NaN])('can not be %d', (days) =>
    expect(() => addWorkingDays(berlin('2026-06-10'), days, office)).toThrow(refused('not-working-days')),
  );
});

describe('opening hours', () => {
  test('are half open: the first instant is in, the last is not', () => {
    expect(
      ['08:59:59.999', '09:00', '16:59:59.999', '17:00'].map((time) => isOpen(berlin(`2026-06-10T${time}`), office)),
    ).toEqual([false, true, true, false]);
  });

  test.each([
    ['2026-06-10T08:00', '2026-06-10T09:00'],
    ['2026-06-10T09:00', '2026-06-10T09:00'],
    ['2026-06-10T12:00', '2026-06-10T12:00'],
    ['2026-06-10T17:00', '2026-06-11T09:00'],
    ['2026-06-12T17:00', '2026-06-15T09:00'],
  ])('from %s on it opens at %s', (at, opening) => expect(nextOpening(berlin(at), office)).toBe(berlin(opening)));

  test('of an override stand in place of the weekday', () => {
    expect(isOpen(shanghai('2026-02-14T10:00'), china2026)).toBe(true);
    expect(isOpen(shanghai('2026-02-16T10:00'), china2026)).toBe(false);
    expect(nextOpening(shanghai('2026-02-14T18:00'), china2026)).toBe(shanghai('2026-02-24T09:00'));
  });

  test('may lie years ahead', () => {
    const dates = Array.from({ length: 1_500 }, (_, day) => new Date(Date.UTC(2026, 0, 1 + day)).toISOString().slice(0, 10));
    const closed = { ...always, overrides: dates.map((date) => ({ date, open: [], reason: 'Rebuilding' })) };
    expect(nextOpening('2026-01-01T00:00:00Z', closed)).toBe('2030-02-09T00:00:00.000Z');
  });
});

describe('an amendment', () => {
  test('that changes nothing names no date', () => {
    const split = daily('UTC', '00:00-12:00', '12:00-24:00');
    expect(amended(always, split, '2026-01-01', '2027-01-01')).toEqual([]);
  });

  test('of the weekly hours names each day they apply to', () =>
    expect(amended(office, workdays('Europe/Berlin', '09:00-18:00'), '2026-06-12', '2026-06-17')).toEqual([
      '2026-06-12',
      '2026-06-15',
      '2026-06-16',
    ]));

  test('of the zone names the days on which the two clocks differ', () => {
    const london = daily('Europe/London', '09:00-17:00');
    expect(amended(london, daily('Africa/Abidjan', '09:00-17:00'), '2026-03-27', '2026-03-31')).toEqual([
      '2026-03-29',
      '2026-03-30',
    ]);
  });

  test('is asked for days', () => {
    expect(() => amended(office, office, '2026-02-30', '2026-03-01')).toThrow(refused('not-a-local-date'));
    expect(() => amended(office, office, '1000-01-01', '2026-03-01')).toThrow(refused('more-than-a-century'));
    expect(amended(office, always, '2026-03-01', '2026-03-01')).toEqual([]);
  });
});

describe('it says no', () => {
  const at = '2026-06-10T10:00:00Z';

  test('to what is no instant', () => {
    expect(() => addBusiness('2026-06-10', HOUR, office)).toThrow(refused('not-an-instant'));
    expect(() => businessBetween(at, 'later', office)).toThrow(refused('not-an-instant'));
    expect(() => isOpen('2026-06-10T10:00:00', office)).toThrow(refused('not-an-instant'));
    expect(() => nextOpening('', office)).toThrow(refused('not-an-instant'));
    expect(() => addWorkingDays('now', 1, office)).toThrow(refused('not-an-instant'));
  });

  test.each([0.5, NaN, Infinity, 2 ** 53])('to %d milliseconds', (duration) =>
    expect(() => addBusiness(at, duration, office)).toThrow(refused('not-whole-milliseconds')),
  );

  test('to a calendar that is unsound, with the place and the reason', () => {
    const unsound = (change: Partial<Calendar>) => () => businessBetween(at, at, { ...office, ...change });
    const twice = [
      { date: '2026-10-01', open: [], reason: '国庆节' },
      { date: '2026-10-01', open: [], reason: '国庆节' },
    ];
    expect(unsound({ overrides: twice })).toThrow(refused('unsound-calendar'));
    expect(unsound({ overrides: twice })).toThrow('Mend /overrides/1/date: is there twice.');
    expect(unsound({ zone: 'Asia/Peking' })).toThrow(refused('unsound-calendar'));
    expect(unsound({ weekly: daily('UTC').weekly })).toThrow('Mend /weekly: has no open minute in the whole week.');
    expect(unsound({ weekly: daily('UTC', '09:00-12:00', '11:00-13:00').weekly })).toThrow(refused('unsound-calendar'));
  });

  test('to more than a century, which a calendar with little open time would lead to', () => {
    const rare = week('UTC', hours('09:00-09:01'), 'monday');
    expect(() => addBusiness(at, 90 * HOUR, rare)).toThrow(refused('more-than-a-century'));
    expect(() => addBusiness(at, -90 * HOUR, rare)).toThrow(refused('more-than-a-century'));
    expect(() => businessBetween('1850-01-01T00:00:00Z', at, office)).toThrow(refused('more-than-a-century'));
    expect(() => addWorkingDays(at, 30_000, office)).toThrow(refused('more-than-a-century'));
    expect(addBusiness(at, 80 * HOUR, rare) < '2120').toBe(true);
  });

  test('to an end outside of the years 1 to 9999', () => {
    expect(() => addBusiness('9999-12-31T00:00:00Z', 100 * HOUR, always)).toThrow(refused('outside-years-1-to-9999'));
    expect(() => addBusiness('0001-01-02T00:00:00Z', -100 * HOUR, always)).toThrow(refused('outside-years-1-to-9999'));
  });
});
