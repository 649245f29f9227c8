// Is what a reader has done still what the log says?
import { LogDamaged, type Position } from '../store/port';
import type { Checkpoint } from './read-model';

/** Which history a log is, how far it goes, and which event stands where. */
export interface Log {
  epoch(): Promise<string>;
  head(): Promise<Position>;
  at(position: Position): Promise<{ readonly eventId: string } | undefined>;
}

/**
 * Is the history that a checkpoint was made in still the one that the log has? A reader stops, and never skips.
 * @throws LogDamaged
 */
export async function ensureSound(
  { name, cure = `Build it again: kams rebuild ${name}` }: { readonly name: string; readonly cure?: string },
  checkpoint: Checkpoint | undefined,
  log: Log,
): Promise<void> {
  if (!checkpoint) return;
  const { epoch, position, eventPosition, eventId } = checkpoint;
  if (epoch !== (await log.epoch()))
    throw new LogDamaged(`${name} was built from another history of the store (its epoch changed). ${cure}`);
  if (position > (await log.head())) throw new LogDamaged(`${name} has read further than the store reaches. ${cure}`);
  if (eventPosition !== null && (await log.at(eventPosition))?.eventId !== eventId)
    throw new LogDamaged(`${name} read another event at ${eventPosition} than the store has. ${cure}`);
}

/** After a restore the store has another epoch, and up to here the same history: what was done was done. */
export async function inThisHistory(
  checkpoint: Checkpoint | undefined,
  log: Pick<Log, 'epoch' | 'at'>,
): Promise<Checkpoint | undefined> {
  if (!checkpoint || checkpoint.eventPosition === null) return checkpoint;
  const isSame = (await log.at(checkpoint.eventPosition))?.eventId === checkpoint.eventId;
  return isSame ? { ...checkpoint, epoch: await log.epoch() } : checkpoint;
}
