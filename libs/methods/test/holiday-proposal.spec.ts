import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { calendarContent } from '@kams/contracts/calendar';
import { addBusiness, amended } from '../src/calendar';
import { proposeOverrides } from '../src/holiday-proposal';
import { china2026, HOUR, hours, unannounced } from './calendars';
import { refused } from './refused';

const office = hours('09:00-12:00', '13:30-18:00');
const of2026 = proposeOverrides('CN', 2026, office);

test('the holidays of China in 2026 are those of the notice, with its six make-up workdays', () => {
  const workdays = of2026.overrides.filter(({ open }) => open.length > 0);
  expect(workdays.map(({ date }) => date)).toEqual([
    '2026-01-04',
    '2026-02-14',
    '2026-02-28',
    '2026-05-09',
    '2026-09-20',
    '2026-10-10',
  ]);
  expect(workdays[1]).toEqual({ date: '2026-02-14', open: office, reason: '春节调休' });
  expect(of2026.overrides).toHaveLength(39);
  expect(of2026.overrides[5]).toEqual({ date: '2026-02-15', open: [], reason: '春节' });
});

test('a calendar takes them as they are, and they agree with the vector of F-42', () => {
  const calendar = calendarContent.parse({ ...unannounced, overrides: of2026.overrides });
  expect(amended(calendar, china2026, '2026-02-01', '2026-03-15')).toEqual([]);
  expect(addBusiness('2026-02-13T09:00:00Z', 8 * HOUR, calendar)).toBe('2026-02-14T09:30:00.000Z');
});

test('they are named after the package that is installed', () => {
  const installed = readFileSync(join(__dirname, '../../../node_modules/lunar-typescript/package.json'), 'utf8');
  expect(of2026.source).toBe(`lunar-typescript ${(JSON.parse(installed) as { version: string }).version}`);
});

test('what it does not know it does not guess: a year without a notice, another country', () => {
  expect(() => proposeOverrides('CN', 2099, office)).toThrow(refused('no-holidays-known'));
  expect(() => proposeOverrides('DE', 2026, office)).toThrow(refused('no-holidays-known'));
  expect(() => proposeOverrides('CN', 20.26, office)).toThrow(refused('no-holidays-known'));
});
