import fc from 'fast-check';
import { addBusiness, always, businessBetween } from '../src/calendar';
import { instantAt } from '../src/dates';
import { due, warnAt, type Pause } from '../src/sla-due';
import { china2026, HOUR, MINUTE, workdays } from './calendars';
import { refused } from './refused';

const office = workdays('Europe/Berlin', '09:00-17:00');
/** A time of June 2026, of which the 10th is a Wednesday. */
const june = (dayAndTime: string) => instantAt(`2026-06-${dayAndTime}`, 'Europe/Berlin');
const pause = (from: string, to: string): Pause => ({ from: june(from), to: june(to) });
const hoursLong = (n: number) => ({ businessMs: n * HOUR });

describe('the vectors of F-42', () => {
  test('(c) a hold from closing time to the next morning moves nothing', () => {
    const hold = [pause('10T17:00', '11T09:00')];
    expect(due(june('10T16:00'), hoursLong(2), hold, office)).toBe(june('11T10:00'));
    expect(due(june('10T16:00'), hoursLong(2), [], office)).toBe(june('11T10:00'));
  });

  test('(d) of four hours from Wednesday 10:00 the warning at three quarters is at 13:00, the breach at 14:00', () => {
    expect(warnAt(june('10T10:00'), hoursLong(4), '0.75', [], office)).toBe(june('10T13:00'));
    expect(due(june('10T10:00'), hoursLong(4), [], office)).toBe(june('10T14:00'));
  });
});

describe('a pause', () => {
  const start = june('10T10:00');
  const dueWith = (...pauses: Pause[]) => due(start, hoursLong(8), pauses, office);

  test('moves the due date by its business time', () => expect(dueWith(pause('10T12:00', '10T13:30'))).toBe(june('11T11:30')));

  test('over a night moves it by the open part only', () =>
    expect(dueWith(pause('10T16:00', '11T09:15'))).toBe(june('11T11:15')));

  test('is counted beside the others, not only the last one', () =>
    expect(dueWith(pause('10T11:00', '10T12:00'), pause('10T13:00', '10T14:00'), pause('10T15:00', '10T16:00'))).toBe(
      june('11T13:00'),
    ));

  test('may come in any order', () =>
    expect(dueWith(pause('11T11:30', '11T12:00'), pause('10T11:00', '10T13:00'))).toBe(june('11T12:30')));

  test('that overlaps another counts once', () => {
    expect(dueWith(pause('10T11:00', '10T13:00'), pause('10T12:00', '10T14:00'))).toBe(june('11T13:00'));
    expect(dueWith(pause('10T11:00', '10T14:00'), pause('10T12:00', '10T13:00'))).toBe(june('11T13:00'));
  });

  test('counts from the start on', () => {
    expect(dueWith(pause('10T09:00', '10T11:00'))).toBe(june('11T11:00'));
    expect(dueWith(pause('09T09:00', '10T09:30'))).toBe(june('11T10:00'));
    expect(due(start, hoursLong(0), [pause('10T09:00', '10T11:00')], office)).toBe(start);
  });

  test('that begins when the time is up undoes no breach', () => {
    expect(dueWith(pause('11T10:00', '11T12:00'))).toBe(june('11T10:00'));
    expect(dueWith(pause('11T09:59', '11T12:00'))).toBe(june('11T12:01'));
  });

  test('after the warning does not move the warning', () => {
    const late = [pause('10T13:30', '10T16:30')];
    expect(warnAt(start, hoursLong(4), 0.75, late, office)).toBe(june('10T13:00'));
    expect(due(start, hoursLong(4), late, office)).toBe(june('10T17:00'));
  });

  test('before the warning moves the warning', () =>
    expect(warnAt(start, hoursLong(4), 0.75, [pause('10T11:00', '10T12:00')], office)).toBe(june('10T14:00')));

  test('round the clock is its length', () =>
    expect(
      due('2026-06-13T22:00:00Z', hoursLong(2), [{ from: '2026-06-13T23:00:00Z', to: '2026-06-14T03:00:00Z' }], always),
    ).toBe('2026-06-14T04:00:00.000Z'));

  test('ends after it starts', () =>
    expect(() => dueWith(pause('10T12:00', '10T11:00'))).toThrow(refused('pause-ends-before-it-starts')));
});

describe('a target in working days', () => {
  const threeDays = { workingDays: 3 };

  test('is due at closing time of the last of them', () =>
    expect(due(june('10T10:00'), threeDays, [], office)).toBe(june('15T17:00')));

  test('is moved by business time where the clock is paused', () =>
    expect(due(june('10T10:00'), threeDays, [pause('11T16:00', '12T10:00')], office)).toBe(june('16T11:00')));

  test('warns at a share of the business time until its end', () =>
    // 7 hours of Wednesday, 8 of Thursday, Friday and Monday each: 31 in all.
    expect(warnAt(june('10T10:00'), threeDays, '0.5', [], office)).toBe(addBusiness(june('10T10:00'), 15.5 * HOUR, office)));

  test('keeps to make-up workdays', () =>
    expect(due('2026-02-13T09:00:00Z', { workingDays: 1 }, [], china2026)).toBe('2026-02-14T10:00:00.000Z'));
});

test.each([0, -0.5, '1.01', 75])('%s is no share to warn at', (share) =>
  expect(() => warnAt(june('10T10:00'), hoursLong(4), share, [], office)).toThrow(refused('not-a-share')),
);

test('a share is exact, and part of a millisecond is dropped', () => {
  expect(warnAt('2026-06-10T00:00:00Z', { businessMs: 10 }, 0.3, [], always)).toBe('2026-06-10T00:00:00.003Z');
  expect(warnAt('2026-06-10T00:00:00Z', { businessMs: 10 }, 0.39, [], always)).toBe('2026-06-10T00:00:00.003Z');
});

test('the whole of the target is a share, too: then the warning is the due date', () => {
  const hold = [pause('10T15:00', '11T10:00')];
  for (const target of [hoursLong(8), { workingDays: 2 }]) {
    expect(warnAt(june('10T10:00'), target, 1, hold, office)).toBe(due(june('10T10:00'), target, hold, office));
  }
});

test('until the due date the clock has run for the target and stood still for the pauses, whatever they are', () => {
  const start = june('10T10:00');
  /** Quarters of an hour after the start. */
  const at = (quarters: number) => new Date(Date.parse(start) + quarters * 15 * MINUTE).toISOString();
  const isWork = Array.from({ length: 1_500 }, (_, quarter) => businessBetween(at(quarter), at(quarter + 1), office) > 0);

  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 150 }),
      fc.array(fc.record({ from: fc.integer({ min: -40, max: 600 }), long: fc.integer({ min: 0, max: 120 }) }), { maxLength: 6 }),
      (target, holds) => {
        let [quarter, ran] = [0, 0];
        while (ran < target) {
          const isPaused = holds.some(({ from, long }) => from <= quarter && quarter < from + long);
          if (isWork[quarter] && !isPaused) ran++;
          quarter++;
        }
        const pauses = holds.map(({ from, long }) => ({ from: at(from), to: at(from + long) }));
        expect(due(start, { businessMs: target * 15 * MINUTE }, pauses, office)).toBe(at(quarter));
      },
    ),
    { numRuns: 1_000 },
  );
});
