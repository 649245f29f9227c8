// Places where a fault test may end or stop the process: "between the commit and its answer" said as a name.
//
// Nothing here can end a process. What can is loaded in front of the program by a fault test (libs/testing/src/faults) and
// is looked for once, when this file is loaded; without it a place is a call that finds `undefined` (0.4 to 1.2 ns).

/** In the order in which they are passed. What has no place yet (erasure) has no name here. */
export const POINTS = [
  'append.before-lock', // the batch is about to be sent
  'append.after-commit', // the batch is committed, and nobody is told
  'projector.before-lease', // what is free is about to be taken
  'projector.after-lease', // it is taken, and nothing done yet
  'projector.before-read',
  'projector.after-read',
  'projector.after-begin',
  'projector.after-checkpoint',
  'projector.after-first-effect', // rows are removed, and the others not written yet
  'projector.after-last-effect',
  'projector.after-park', // of what is held back it is noted, and not committed yet
  'projector.before-commit',
  'projector.after-commit',
  'projector.before-ack', // the readers that wait are not told yet
  'relay.after-publish', // the broker has it, and the checkpoint does not say so
  'inbox.before-add', // it is read from the broker, and not stored
  'inbox.after-add', // it is stored, and nobody is told
] as const;
export type Point = (typeof POINTS)[number];

/** What is done at a place. Set on `globalThis` before this file is loaded. */
export interface PointsHook {
  kamsAtPoint?(name: Point): void;
}
const atPoint = (globalThis as PointsHook).kamsAtPoint;

export const point = (name: Point): void => atPoint?.(name);
