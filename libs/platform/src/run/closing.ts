// The way back of a process: what was opened last is closed first, and what fails or hangs keeps nothing else open.
import { within } from '@kams/eventing/within';
import type { Logger } from 'pino';

/** Longer than an append or a page of rows may take. */
const CLOSED_WITHIN_MS = 15_000;

export interface Closing {
  /** What ends by itself, in a time of its own. */
  add(close: () => Promise<unknown>): void;
  /** What may never end, because its database does not answer, say: that is logged, and it is left. */
  addBounded(what: string, close: () => Promise<unknown>): void;
  run(): Promise<void>;
}

export function closing(log: Pick<Logger, 'error'>, withinMs = CLOSED_WITHIN_MS): Closing {
  const all: (() => Promise<unknown>)[] = [];
  return {
    add: (close) => void all.push(close),
    addBounded: (what, close) =>
      void all.push(() => within(withinMs, close(), () => new Error(`${what} did not end within ${withinMs} ms`))),
    async run() {
      for (const close of all.splice(0).reverse())
        await close().catch((error: Error) => log.error({ err: error }, 'while stopping'));
    },
  };
}
