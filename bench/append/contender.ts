// What every contender is asked to do.
import { serve } from '../child';
import { closedLoop, type ClosedLoop } from '../closed-loop';

export interface Contender {
  /** A caller of its own: each call stores the next event or events, and says how many. */
  caller(): () => Promise<number>;
  close(): Promise<void>;
}

const start = (open: (url: string) => Promise<Contender>) => async (url: string) => {
  const { caller, close } = await open(url);
  return { run: (load: ClosedLoop) => closedLoop(load, caller), close };
};
export type ContenderJobs = Awaited<ReturnType<ReturnType<typeof start>>>;

/** A process for each: Emmett changes how `pg` parses numbers, for everyone in its process. */
export const contend = (open: (url: string) => Promise<Contender>): void => serve(start(open));
