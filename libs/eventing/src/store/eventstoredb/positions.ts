// Places in the log of EventStoreDB, as positions of the port.
import { START, type Position } from '../port';

export interface LogPlace {
  readonly commit: bigint;
  readonly prepare: bigint;
}

/** As many as the largest 64-bit number has, so that strings compare as places do. */
const DIGITS = 20;
const FORM = /^(\d{20})\/(\d{20})$/;

const padded = (it: bigint): string => String(it).padStart(DIGITS, '0');

export const positionOf = ({ commit, prepare }: LogPlace): Position => `${padded(commit)}/${padded(prepare)}` as Position;

/** Undefined: the start of the log. @throws RangeError */
export function placeOf(position: Position): LogPlace | undefined {
  if (position === START) return undefined;
  const [, commit, prepare] = FORM.exec(position) ?? [];
  if (commit === undefined || prepare === undefined)
    throw new RangeError(`${JSON.stringify(position)} is not a position of this store`);
  return { commit: BigInt(commit), prepare: BigInt(prepare) };
}

export const later = (a: Position, b: Position): Position => (a > b ? a : b);
