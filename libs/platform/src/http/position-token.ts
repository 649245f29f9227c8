// A position as callers see it. A position means something only in its epoch, so both travel together.
//
// A store writes its positions as one number or as two with a slash between, each with 20 digits; a token without the zeros.
import { START, type Position } from '@kams/eventing';
import { Problem } from './problems';

export const positionToken = (epoch: string, position: Position): string =>
  `${epoch}.${position.replace(/\b0+(?=\d)/g, '') || '0'}`;

/** Fewer digits than a position has: the largest of them are beyond what a store can be asked for. */
const FORM = /^([0-9a-f-]{36})\.(\d{1,18}(?:\/\d{1,18})?)$/;

/** @throws Problem `invalid` for what is no token, `position-foreign` for one of another history */
export function positionOf(current: string, token: string): Position {
  const [, epoch, digits] = FORM.exec(token) ?? [];
  if (digits === undefined)
    throw new Problem('invalid', { errors: [{ pointer: '/after', reason: 'is not a position that an answer gave' }] });
  if (epoch !== current) throw new Problem('position-foreign');
  return /^0+$/.test(digits) ? START : (digits.replace(/\d+/g, (it) => it.padStart(20, '0')) as Position);
}

/** Has the store that is at `head` come to this position? Never, when its positions are written otherwise. */
export const isReached = (head: Position, position: Position): boolean =>
  position === START || (position <= head && position.length === head.length);

/** For people and figures: how far, and not which. */
export const numberIn = (position: Position): number => Number.parseInt(position, 10) || 0;
