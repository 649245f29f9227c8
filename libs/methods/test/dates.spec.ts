import fc from 'fast-check';
import { daysBetween, endOfDay, instant, instantAt, localDate, localDateOf } from '../src/dates';
import { refused } from './refused';

describe('an instant', () => {
  test.each([
    ['2026-02-14T09:30:00Z', '2026-02-14T09:30:00.000Z'],
    ['2026-02-14T17:30:00+08:00', '2026-02-14T09:30:00.000Z'],
    ['2026-02-14T04:00:00.5-05:30', '2026-02-14T09:30:00.500Z'],
    ['2024-02-29T23:59:59.999999999Z', '2024-02-29T23:59:59.999Z'],
    ['2026-01-01T00:30:00+01:00', '2025-12-31T23:30:00.000Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
    ['9999-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z'],
  ])('%s is %s', (text, canonical) => expect(instant(text)).toBe(canonical));

  test.each([
    ['30 February', '2024-02-30T00:00:00Z'],
    ['29 February of a common year', '2026-02-29T00:00:00Z'],
    ['month 13', '2024-13-01T00:00:00Z'],
    ['day 0', '2024-01-00T00:00:00Z'],
    ['hour 24', '2024-01-01T24:00:00Z'],
    ['minute 60', '2024-01-01T23:60:00Z'],
    ['a leap second', '2016-12-31T23:59:60Z'],
    ['no zone', '2024-01-01T00:00:00'],
    ['no seconds', '2024-01-01T00:00Z'],
    ['no time', '2024-01-01'],
    ['year 0', '0000-01-01T00:00:00Z'],
    ['year 10000', '10000-01-01T00:00:00Z'],
    ['year 10000 with a sign', '+010000-01-01T00:00:00Z'],
    ['a year below 0', '-0001-01-01T00:00:00Z'],
    ['year 0 in UTC', '0001-01-01T00:00:00+00:01'],
    ['year 10000 in UTC', '9999-12-31T23:59:00-00:01'],
    ['offset of 24 hours', '2024-01-01T00:00:00+24:00'],
    ['offset of 60 minutes', '2024-01-01T00:00:00+01:60'],
    ['offset without colon', '2024-01-01T00:00:00+0800'],
    ['a space for the T', '2024-01-01 00:00:00Z'],
    ['small letters', '2024-01-01t00:00:00z'],
    ['a line feed at the end', '2024-01-01T00:00:00Z\n'],
    ['full-width digits', '２０２４-01-01T00:00:00Z'],
    ['words', 'tomorrow'],
    ['nothing', ''],
  ])('is not %s', (_, text) => expect(instant(text)).toBeUndefined());

  test('in canonical form is itself', () =>
    fc.assert(
      fc.property(
        fc.date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true }),
        (date) => {
          expect(instant(date.toISOString())).toBe(date.toISOString());
        },
      ),
    ));
});

describe('a local date', () => {
  test.each(['2024-02-29', '0001-01-01', '9999-12-31'])('may be %s', (text) => expect(localDate(text)).toBe(text));
  test.each([
    '2024-02-30',
    '2026-02-29',
    '2024-13-01',
    '0000-00-00',
    '0000-01-01',
    '10000-01-01',
    '2024-1-1',
    '2024-01-01T00:00:00Z',
    'infinity',
    'epoch',
    '',
  ])('is not %j', (text) => expect(localDate(text)).toBeUndefined());
});

describe('the instant of a local time', () => {
  test.each([
    ['2026-02-14', 'Asia/Shanghai', '2026-02-13T16:00:00.000Z'],
    ['2026-02-14T17:30', 'Asia/Shanghai', '2026-02-14T09:30:00.000Z'],
    ['2026-03-06T16:00:00', 'America/New_York', '2026-03-06T21:00:00.000Z'],
    ['2026-03-09T10:00', 'America/New_York', '2026-03-09T14:00:00.000Z'],
    ['2026-07-01T00:00:00.25', 'UTC', '2026-07-01T00:00:00.250Z'],
    ['2026-01-01', 'Pacific/Kiritimati', '2025-12-31T10:00:00.000Z'],
  ])('%s in %s is %s', (local, zone, at) => expect(instantAt(local, zone)).toBe(at));

  test.each([
    ['2026-03-08T02:30', 'America/New_York', '2026-03-08T03:30', '2026-03-08T07:30:00.000Z'],
    ['2026-03-29T02:30', 'Europe/Berlin', '2026-03-29T03:30', '2026-03-29T01:30:00.000Z'],
    ['2026-10-04T02:15', 'Australia/Lord_Howe', '2026-10-04T02:45', '2026-10-03T15:45:00.000Z'],
    ['2018-11-04', 'America/Sao_Paulo', '2018-11-04T01:00', '2018-11-04T03:00:00.000Z'],
    ['2011-12-30T12:00', 'Pacific/Apia', '2011-12-31T12:00', '2011-12-30T22:00:00.000Z'],
  ])('%s in %s was skipped and is moved forward to %s', (skipped, zone, shown, at) => {
    expect(instantAt(skipped, zone)).toBe(at);
    expect(instantAt(shown, zone)).toBe(at);
  });

  test.each([
    ['2026-11-01T01:30', 'America/New_York', '2026-11-01T05:30:00.000Z'],
    ['2026-10-25T02:30', 'Europe/Berlin', '2026-10-25T00:30:00.000Z'],
    ['2026-04-05T01:45', 'Australia/Lord_Howe', '2026-04-04T14:45:00.000Z'],
    ['2018-02-17T23:30', 'America/Sao_Paulo', '2018-02-18T01:30:00.000Z'],
  ])('%s in %s comes twice and is the earlier one', (local, zone, at) => expect(instantAt(local, zone)).toBe(at));

  test.each(['2024-02-30', '2024-01-01T24:00', '2024-01-01T10', '2024-01-01T10:00Z', '2024-01-01T10:00+08:00', ''])(
    '%j is no local time',
    (text) => expect(() => instantAt(text, 'UTC')).toThrow(refused('not-a-local-date')),
  );

  test.each(['', 'local', 'system', 'Asia/Peking', '+08:00', 'UTC+8', 'constructor'])('%j is no zone', (zone) =>
    expect(() => instantAt('2026-01-01', zone)).toThrow(refused('unknown-zone')),
  );

  test('outside of the years 1 to 9999 there is none', () => {
    expect(() => instantAt('0001-01-01', 'Asia/Shanghai')).toThrow(refused('outside-years-1-to-9999'));
    expect(() => instantAt('9999-12-31T23:00', 'America/New_York')).toThrow(refused('outside-years-1-to-9999'));
  });
});

describe('the end of a day', () => {
  test.each([
    ['2026-12-31', 'Asia/Shanghai', '2026-12-31T16:00:00.000Z'],
    ['2024-02-28', 'UTC', '2024-02-29T00:00:00.000Z'],
    ['2026-03-08', 'America/New_York', '2026-03-09T04:00:00.000Z'],
    ['2018-11-03', 'America/Sao_Paulo', '2018-11-04T03:00:00.000Z'],
  ])('%s in %s is %s, the first instant of the next', (date, zone, at) => {
    expect(endOfDay(date, zone)).toBe(at);
    expect(localDateOf(new Date(Date.parse(at) - 1).toISOString(), zone)).toBe(date);
    expect(localDateOf(at, zone) > date).toBe(true);
  });

  test('is of a day, and lies within the calendar', () => {
    expect(() => endOfDay('2026-02-14T10:00', 'UTC')).toThrow(refused('not-a-local-date'));
    expect(() => endOfDay('9999-12-31', 'UTC')).toThrow(refused('outside-years-1-to-9999'));
  });
});

describe('days between', () => {
  test.each([
    ['2026-02-13T15:59:59Z', '2026-02-13T16:00:00Z', 'Asia/Shanghai', 1],
    ['2026-02-13T15:59:59Z', '2026-02-13T16:00:00Z', 'UTC', 0],
    ['2026-03-08T05:00:00Z', '2026-03-09T04:00:00Z', 'America/New_York', 1],
    ['2026-03-01T00:00:00Z', '2026-02-01T00:00:00Z', 'UTC', -28],
    ['2010-12-01T00:00:00Z', '2011-09-01T00:00:00Z', 'Europe/London', 274],
  ])('%s and %s in %s are %i', (a, b, zone, days) => expect(daysBetween(a, b, zone)).toBe(days));

  test('need instants', () => expect(() => daysBetween('2026-01-01', '2026-01-02', 'UTC')).toThrow(refused('not-an-instant')));
});

test('a local time that exists is the local time of its instant, in any zone', () =>
  fc.assert(
    fc.property(
      fc.date({ min: new Date('1975-01-01T00:00:00Z'), max: new Date('2035-01-01T00:00:00Z'), noInvalidDate: true }),
      fc.constantFrom(
        'Asia/Shanghai',
        'America/New_York',
        'Europe/London',
        'America/St_Johns',
        'Australia/Lord_Howe',
        'Pacific/Apia',
        'Asia/Kathmandu',
      ),
      (date, zone) => {
        const day = localDateOf(date.toISOString(), zone);
        const [start, end] = [instantAt(day, zone), endOfDay(day, zone)];
        expect(start <= date.toISOString() && date.toISOString() < end).toBe(true);
        expect(localDateOf(start, zone)).toBe(day);
      },
    ),
  ));
