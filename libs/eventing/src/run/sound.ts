// Is what a reader has done still what the log says?
import { LogDamaged, type EventStore, type Position } from '../store/port';
import type { Checkpoint } from './read-model';

/** Which history a log is, how far it goes, and which event stands where. */
export interface Log {
  epoch(): Promise<string>;
  head(): Promise<Position>;
  at(position: Position): Promise<{ readonly eventId: string } | undefined>;
  /** A place of the log that these events were taken from, as a place here; undefined: it can not be said. */
  translated?(place: Pick<Checkpoint, 'epoch' | 'position'>): Promise<Omit<Checkpoint, 'epoch' | 'generation'> | undefined>;
}

/** That of a store. */
export const logOf = (store: EventStore): Log => ({
  epoch: async () => (await store.head()).epoch,
  head: async () => (await store.head()).position,
  async at(position) {
    const event = await store.at(position);
    return event && { eventId: event.id };
  },
});

/** Does the event stand where it stood? */
export const isStillThere = async (
  { eventId, eventPosition }: { readonly eventId: string; readonly eventPosition: Position },
  log: Pick<Log, 'at'>,
): Promise<boolean> => (await log.at(eventPosition))?.eventId === eventId;

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
  if (eventPosition !== null && eventId !== null && !(await isStillThere({ eventId, eventPosition }, log)))
    throw new LogDamaged(`${name} read another event at ${eventPosition} than the store has. ${cure}`);
}

/**
 * After a restore the store has another epoch, and up to here the same history: what was done was done. So it was when the events
 * came another way, and have other positions now.
 */
export async function inThisHistory(
  checkpoint: Checkpoint | undefined,
  log: Pick<Log, 'epoch' | 'at' | 'translated'>,
): Promise<Checkpoint | undefined> {
  const epoch = await log.epoch();
  if (!checkpoint || checkpoint.epoch === epoch) return checkpoint;
  const here = await log.translated?.(checkpoint);
  if (here) return { ...checkpoint, ...here, epoch };
  const { eventId, eventPosition } = checkpoint;
  if (eventId === null || eventPosition === null) return checkpoint;
  return (await isStillThere({ eventId, eventPosition }, log)) ? { ...checkpoint, epoch } : checkpoint;
}
