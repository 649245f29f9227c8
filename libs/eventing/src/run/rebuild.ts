// A projection built again from zero, in new tables beside the live ones, while writes go on; then the tables change places.
import { LogDamaged, type Position } from '../store/port';
import { delay } from '../delay';
import type { Projection } from './projection';
import { projector, type Feed } from './projector';
import type { ReadModel } from './read-model';
import { ensureSound } from './sound';

export interface RebuildProgress {
  readonly projection: string;
  readonly position: Position;
  readonly head: Position;
}

/**
 * True when the new rows are live, false when the signal came first. The switch waits for nobody: the live projector finds its
 * checkpoint moved, and goes on from the new one.
 * @throws what keeps the projection from being built; the live rows are then as they were
 */
export async function rebuild(
  projection: Projection,
  feed: Feed,
  readModel: ReadModel,
  options: { readonly signal: AbortSignal; readonly progress?: (it: RebuildProgress) => void },
): Promise<boolean> {
  const { signal, progress } = options;
  await readModel.beginBeside(projection);
  const beside = projector(projection, feed, readModel, 'beside');
  const finished = new AbortController();
  const running = beside.run(AbortSignal.any([signal, finished.signal]));
  try {
    while (!signal.aborted) {
      const head = await feed.head();
      progress?.({ projection: projection.name, position: beside.position(), head });
      const failure = beside.failure();
      if (failure) throw failure;
      if (await beside.reached(head, 250)) {
        const evenIfBehind = await hasLostItsPlace(projection, feed, readModel);
        if (await readModel.replace(projection, { evenIfBehind })) return true;
        if (!(await readModel.checkpoint(projection, 'beside')))
          throw new Error(
            `another process builds ${projection.name} again, or has done so just now: look at its rows, and ask again`,
          );
      }
      await delay(1, signal);
    }
    return false;
  } finally {
    finished.abort();
    await running;
  }
}

/** Readers must not go back in time: new rows wait until they are as far as the live ones, but not for what the store has lost. */
async function hasLostItsPlace(projection: Projection, feed: Feed, readModel: ReadModel): Promise<boolean> {
  try {
    await ensureSound(projection, await readModel.checkpoint(projection, 'live'), feed);
    return false;
  } catch (error) {
    if (error instanceof LogDamaged) return true;
    throw error;
  }
}
