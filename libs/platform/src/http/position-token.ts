// A position as callers see it. A position means something only in its epoch, so both travel together.
import type { Position } from '@kams/eventing';
import { Problem } from './problems';

export const positionToken = (epoch: string, position: Position): string => `${epoch}.${position.replace(/^0+(?=.)/, '') || '0'}`;

/** Fewer digits than a position has: the largest of them are beyond what a store can be asked for. */
const FORM = /^([0-9a-f-]{36})\.(\d{1,18})$/;

/** @throws Problem `invalid` for what is no token, `position-foreign` for one of another history */
export function positionOf(current: string, token: string): Position {
  const [, epoch, digits] = FORM.exec(token) ?? [];
  if (digits === undefined)
    throw new Problem('invalid', { errors: [{ pointer: '/after', reason: 'is not a position that an answer gave' }] });
  if (epoch !== current) throw new Problem('position-foreign');
  return (Number(digits) === 0 ? '' : digits.padStart(20, '0')) as Position;
}
