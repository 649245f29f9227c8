// Is what a reader has done still what the log says?
import { LogDamaged } from '../store/port';
import type { Feed } from './projector';
import type { Checkpoint } from './read-model';

/**
 * Is the history that a checkpoint was made in still the one that the feed has? A projector stops, and never skips.
 * @throws LogDamaged
 */
export async function ensureSound(
  { name, cure = `Build it again: kams rebuild ${name}` }: { readonly name: string; readonly cure?: string },
  checkpoint: Checkpoint | undefined,
  feed: Pick<Feed, 'epoch' | 'head' | 'at'>,
): Promise<void> {
  if (!checkpoint) return;
  const { epoch, position, eventPosition, eventId } = checkpoint;
  if (epoch !== (await feed.epoch()))
    throw new LogDamaged(`${name} was built from another history of the store (its epoch changed). ${cure}`);
  if (position > (await feed.head())) throw new LogDamaged(`${name} has read further than the store reaches. ${cure}`);
  if (eventPosition !== null && (await feed.at(eventPosition))?.eventId !== eventId)
    throw new LogDamaged(`${name} read another event at ${eventPosition} than the store has. ${cure}`);
}

/** After a restore the store has another epoch, and up to here the same history: what was done was done. */
export async function inThisHistory(checkpoint: Checkpoint | undefined, feed: Pick<Feed, 'epoch' | 'at'>) {
  if (!checkpoint || checkpoint.eventPosition === null) return checkpoint;
  const isSame = (await feed.at(checkpoint.eventPosition))?.eventId === checkpoint.eventId;
  return isSame ? { ...checkpoint, epoch: await feed.epoch() } : checkpoint;
}
