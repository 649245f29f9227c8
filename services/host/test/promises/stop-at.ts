// To be imported before anything that has places: the process stops itself at the place that its test names, each time anew.
import type { Point, PointsHook } from '@kams/eventing/point';

export interface StopAt {
  /** The next time that it comes there it stops, until it is told to go on. */
  readonly stopAt: Point | undefined;
}

let stopAt: Point | undefined;
(globalThis as PointsHook).kamsAtPoint = (point) => {
  if (point !== stopAt) return;
  stopAt = undefined;
  process.kill(process.pid, 'SIGSTOP');
};
process.on('message', (it: StopAt) => (stopAt = it.stopAt));
