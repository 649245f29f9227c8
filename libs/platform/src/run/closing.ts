// The way back of a process: what was opened last is closed first, and what fails or hangs keeps nothing else open.
import { within } from '@kams/eventing/within';
import type { Logger } from 'pino';

/** Longer than an append or a page of rows may take. */
const CLOSED_WITHIN_MS = 15_000;
/** Who waits for the end of the process is told what it waits for. */
const TOLD_AFTER_MS = 5_000;

export interface Closing {
  /**
   * What does not end within 15 s, because its database does not answer, say, is logged and left.
   * @param bounds `patient`: it ends by itself, in a time of its own
   */
  add(what: string, close: () => Promise<unknown>, bounds?: 'patient'): void;
  run(): Promise<void>;
}

export function closing(
  log: Pick<Logger, 'error' | 'warn'>,
  { withinMs = CLOSED_WITHIN_MS, toldAfterMs = TOLD_AFTER_MS } = {},
): Closing {
  const all: Parameters<Closing['add']>[] = [];
  return {
    add: (...it) => void all.push(it),
    async run() {
      for (const [what, close, bounds] of all.splice(0).reverse()) {
        const told = setTimeout(() => log.warn(`while stopping: ${what} is not at its end yet`), toldAfterMs);
        const late = () => new Error(`${what} did not end within ${withinMs} ms`);
        await (bounds === 'patient' ? close() : within(withinMs, close(), late)).catch((error: Error) =>
          log.error({ err: error }, 'while stopping'),
        );
        clearTimeout(told);
      }
    },
  };
}
