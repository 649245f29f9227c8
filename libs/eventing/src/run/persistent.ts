// Work that goes on until it is told to end: what goes wrong is tried again, later and later, and told.
import { delay } from '../delay';
import { retries, type Retried } from '../tell';

const RETRY_MS = [50, 100, 250, 500, 1_000, 2_000];
/** What goes for a moment and fails again would be told each time, and so would what says something else each time. */
const TOLD_EVERY_MS = { same: 60_000, other: 10_000 };

export interface Persistent {
  run(signal: AbortSignal): Promise<void>;
  /** Why it stands still, if it does. */
  failure(): Error | undefined;
}

/**
 * @param work calls `isGoing` whenever it has come further; when it returns or throws it is begun again
 * @param onFailure told of what keeps it from going, and not again and again
 * @param what of which every try after the first is counted
 */
export function persistent(
  work: (signal: AbortSignal, isGoing: () => void) => Promise<void>,
  onFailure: (error: Error) => void = () => undefined,
  what?: Retried,
): Persistent {
  let failure: Error | undefined;
  let told = { message: '', at: -Infinity };

  function tell(error: Error): void {
    const { message } = error;
    const at = performance.now();
    if (at < told.at + (message === told.message ? TOLD_EVERY_MS.same : TOLD_EVERY_MS.other)) return;
    told = { message, at };
    onFailure(error);
  }

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
          failure = error as Error;
          tell(failure);
          if (what) retries.tell(what);
        }
        await delay(RETRY_MS[Math.min(failures++, RETRY_MS.length - 1)]!, signal);
      }
      failure = undefined; // whoever owns it now has its own
    },
    failure: () => failure,
  };
}
