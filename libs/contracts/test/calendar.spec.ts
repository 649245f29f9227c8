import { z } from 'zod';
import { calendarContent } from '../src/calendar';

const office = [
  { start: '09:00', end: '12:00' },
  { start: '13:30', end: '18:00' },
];
const shanghai: z.input<typeof calendarContent> = {
  name: '客户服务中心',
  zone: 'Asia/Shanghai',
  weekly: { monday: office, tuesday: office, wednesday: office, thursday: office, friday: office, saturday: [], sunday: [] },
  overrides: [
    { date: '2026-02-14', open: office, reason: '春节调休' },
    { date: '2026-02-16', open: [], reason: '春节' },
  ],
};
const monday = (...open: { start: string; end: string }[]) => ({ ...shanghai, weekly: { ...shanghai.weekly, monday: open } });
const overridden = (...overrides: unknown[]) => ({ ...shanghai, overrides });

/** Where it says no, and why. */
const problems = (value: unknown) =>
  calendarContent.safeParse(value).error?.issues.map(({ path, message }) => `/${path.join('/')} ${message}`) ?? [];

test('a calendar has a zone, weekly hours and dates with their own, and is kept as it came', () =>
  expect(calendarContent.parse(shanghai)).toEqual(shanghai));

test('a day may have several intervals, may be open to midnight, and its intervals may touch', () => {
  expect(problems(monday({ start: '00:00', end: '24:00' }))).toEqual([]);
  expect(
    problems(monday({ start: '00:00', end: '06:30' }, { start: '06:30', end: '06:31' }, { start: '22:00', end: '24:00' })),
  ).toEqual([]);
});

test('an interval ends after it starts; midnight is 24:00, and the night goes on with the next day', () => {
  const message = 'is not after the start; midnight is 24:00, and what goes on after it belongs to the next day';
  expect(problems(monday({ start: '18:00', end: '09:00' }))).toEqual([`/weekly/monday/0/end ${message}`]);
  expect(problems(monday({ start: '22:00', end: '00:00' }))).toEqual([`/weekly/monday/0/end ${message}`]);
  expect(problems(monday({ start: '09:00', end: '09:00' }))).toEqual([`/weekly/monday/0/end ${message}`]);
});

test('intervals do not overlap', () =>
  expect(problems(monday({ start: '09:00', end: '12:00' }, { start: '11:59', end: '18:00' }))).toEqual([
    '/weekly/monday/1/start overlaps the interval before it',
  ]));

test('intervals are in order', () =>
  expect(problems(monday({ start: '13:30', end: '18:00' }, { start: '09:00', end: '12:00' }))).toEqual([
    '/weekly/monday/1/start is earlier than the interval before it; put them in order',
  ]));

test.each(['9:00', '24:00', '25:00', '09:60', '09:00:00', '0900', ' 09:00', '09:00\n', '', '９:00'])('%j is no start', (start) =>
  expect(problems(monday({ start, end: '24:00' }))).toEqual(['/weekly/monday/0/start is not a time of day like 09:00']),
);

test.each(['24:01', '24:00:00', '18', '1e3:00'])('%j is no end', (end) =>
  expect(problems(monday({ start: '09:00', end }))).toEqual([
    '/weekly/monday/0/end is not a time of day like 18:00; midnight is 24:00',
  ]),
);

test('a zone is one of the IANA database', () =>
  expect(problems({ ...shanghai, zone: 'Asia/Peking' })).toEqual(['/zone is not a time zone like Europe/London']));

test('a date has one override', () =>
  expect(
    problems(
      overridden(
        { date: '2026-10-01', open: [], reason: '国庆节' },
        { date: '2026-10-02', open: [], reason: '国庆节' },
        { date: '2026-10-01', open: office, reason: 'On duty' },
      ),
    ),
  ).toEqual(['/overrides/2/date is there twice']));

test('an override has a day of the calendar, sound intervals and a reason', () => {
  expect(problems(overridden({ date: '2026-02-30', open: [], reason: '' }))).toEqual([
    expect.stringMatching('^/overrides/0/date '),
    '/overrides/0/reason is blank',
  ]);
  expect(
    problems(overridden({ date: '2026-02-28', open: [{ start: '09:00', end: '12:00' }, office[0]], reason: 'Twice the same' })),
  ).toEqual(['/overrides/0/open/1/start overlaps the interval before it']);
});

test('a week has an open minute, whatever single dates do', () => {
  const closed = { monday: [], tuesday: [], wednesday: [], thursday: [], friday: [], saturday: [], sunday: [] };
  expect(problems({ ...shanghai, weekly: closed })).toEqual(['/weekly has no open minute in the whole week']);
  expect(problems({ ...shanghai, weekly: { ...closed, sunday: [{ start: '23:59', end: '24:00' }] } })).toEqual([]);
});

test('every weekday is said, and nothing that is unknown', () => {
  const { sunday: _, ...six } = shanghai.weekly;
  expect(problems({ ...shanghai, weekly: six })).toHaveLength(1);
  expect(problems({ ...shanghai, weekly: { ...shanghai.weekly, holiday: [] } })).toHaveLength(1);
});

test('its JSON schema can be written, for the documents of the interface', () =>
  expect(z.toJSONSchema(calendarContent, { io: 'input' })).toMatchObject({
    type: 'object',
    required: ['name', 'zone', 'weekly', 'overrides'],
  }));
