// A projection built again from zero, in new tables beside the live ones, while writes go on; then the tables change places.
import type { Position } from '../store/port';
import type { Projection } from './projection';
import { delay, projector, type Feed } from './projector';
import type { ReadModel } from './read-model';

export interface RebuildProgress {
  readonly projection: string;
  readonly position: Position;
  readonly head: Position;
}

/**
 * Resolves when the new rows are live. Stopped by the signal it leaves what it has; with `keep` the next call goes on from there.
 * The switch waits for nobody: the live projector finds its checkpoint moved, and goes on from the new one.
 */
export async function rebuild(
  projection: Projection,
  feed: Feed,
  readModel: ReadModel,
  options: { readonly signal: AbortSignal; readonly keep?: boolean; readonly progress?: (it: RebuildProgress) => void },
): Promise<void> {
  await readModel.beginBeside(projection, options.keep ?? false);
  const beside = projector(projection, feed, readModel, 'beside');
  const stop = new AbortController();
  const stopped = () => stop.abort();
  options.signal.addEventListener('abort', stopped, { once: true });
  const running = beside.run(stop.signal);
  try {
    while (!options.signal.aborted) {
      const head = await feed.head();
      options.progress?.({ projection: projection.name, position: beside.position(), head });
      if (beside.failure()) throw beside.failure();
      if ((await beside.reached(head, 250)) && (await readModel.replace(projection))) return;
      await delay(1, options.signal);
    }
  } finally {
    options.signal.removeEventListener('abort', stopped);
    stop.abort();
    await running;
  }
}
