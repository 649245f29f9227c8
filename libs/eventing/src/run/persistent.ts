// Work that goes on until it is told to end: what goes wrong is tried again, later and later, and told.
import { delay } from '../delay';
import { retries, type Retried } from '../tell';

const RETRY_MS = [50, 100, 250, 500, 1_000, 2_000];

export interface Persistent {
  run(signal: AbortSignal): Promise<void>;
  /** Why it stands still, if it does. */
  failure(): Error | undefined;
}

/**
 * @param work calls `isGoing` whenever it has come further; when it returns or throws it is begun again
 * @param onFailure told once for each reason
 * @param what of which every try after the first is counted
 */
export function persistent(
  work: (signal: AbortSignal, isGoing: () => void) => Promise<void>,
  onFailure: (error: Error) => void = () => undefined,
  what?: Retried,
): Persistent {
  let failure: Error | undefined;
  return {
    async run(signal) {
      for (let failures = 0; !signal.aborted;) {
        try {
          await work(signal, () => {
            failure = undefined;
            failures = 0;
          });
        } catch (error) {
          if (signal.aborted) break;
          if ((error as Error).message !== failure?.message) onFailure(error as Error);
          failure = error as Error;
          if (what) retries.tell(what);
        }
        await delay(RETRY_MS[Math.min(failures++, RETRY_MS.length - 1)]!, signal);
      }
      failure = undefined; // whoever owns it now has its own
    },
    failure: () => failure,
  };
}
