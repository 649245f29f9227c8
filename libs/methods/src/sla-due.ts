// F-42, when a service level is due: the clock runs in business time, and stands still while it is paused.
import { addBusiness, addWorkingDays, businessBetween, type Calendar } from './calendar';
import { msOf, type Instant } from './dates';
import { Decimal, decimal, type Numeric } from './decimal';
import { MethodRefused } from './refusal';

/** Two kinds, since "3 working days" is not 3 x the length of a day: `addBusiness` or `addWorkingDays` from the start. */
export type SlaTarget = { readonly businessMs: number } | { readonly workingDays: number };

/** [from, to). For one that still lasts, give the instant of the question as its end. */
export type Pause = { readonly from: Instant; readonly to: Instant };

/**
 * addBusiness(start, target + business time of the pauses): of a pause only what the calendar is open of counts, so a hold from
 * closing time to the next morning adds nothing. Pauses may come in any order; where they overlap they count once.
 *
 * A pause that begins when the clock has run out already moves nothing, so that a breach is never undone by what came after it. A
 * target in working days is moved by business time as well. Which pauses apply is for the caller to say: to the first response, none.
 *
 * @throws MethodRefused `pause-ends-before-it-starts`, and as `addBusiness` and `addWorkingDays`
 */
export function due(start: Instant, target: SlaTarget, pauses: readonly Pause[], calendar: Calendar): Instant {
  return paused(withoutPauses(start, target, calendar), start, pauses, calendar);
}

/**
 * The instant at which a share of the target has run, pauses left out as in `due`; of a target in working days, a share of the
 * business time until its end. Part of a millisecond is dropped.
 *
 * @param share above 0, at most 1: 0.75 warns at three quarters
 * @throws MethodRefused `not-a-decimal`, `not-a-share`, and as `due`
 */
export function warnAt(start: Instant, target: SlaTarget, share: Numeric, pauses: readonly Pause[], calendar: Calendar): Instant {
  const part = decimal(share);
  if (part.lte(0) || part.gt(1)) throw new MethodRefused('not-a-share', 'Give a share above 0 and at most 1, such as 0.75.');
  const whole =
    'businessMs' in target ? target.businessMs : businessBetween(start, withoutPauses(start, target, calendar), calendar);
  const ms = Number(part.times(whole).round(0, Decimal.roundDown));
  return paused(addBusiness(start, ms, calendar), start, pauses, calendar);
}

const withoutPauses = (start: Instant, target: SlaTarget, calendar: Calendar): Instant =>
  'businessMs' in target ? addBusiness(start, target.businessMs, calendar) : addWorkingDays(start, target.workingDays, calendar);

/** Pause by pause, the end moves by the business time that the clock stood still before it. */
function paused(end: Instant, start: Instant, pauses: readonly Pause[], calendar: Calendar): Instant {
  let moved = end;
  // Until when the pauses seen so far, or the time before the start, reach.
  let seen = start;
  for (const { from, to } of inOrder(pauses)) {
    const begins = later(from, seen);
    if (msOf(begins) >= msOf(moved)) break;
    if (msOf(to) <= msOf(begins)) continue;
    moved = addBusiness(moved, businessBetween(begins, to, calendar), calendar);
    seen = to;
  }
  return moved;
}

function inOrder(pauses: readonly Pause[]): Pause[] {
  for (const { from, to } of pauses) {
    if (msOf(to) < msOf(from)) throw new MethodRefused('pause-ends-before-it-starts', 'Let each pause end after it starts.');
  }
  return pauses.toSorted((a, b) => msOf(a.from) - msOf(b.from));
}

const later = (a: Instant, b: Instant): Instant => (msOf(a) >= msOf(b) ? a : b);
