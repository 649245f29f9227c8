// Waiting for what comes by itself. How soon is for the test to say; that it comes is what it tests.
import { setTimeout as sleep } from 'node:timers/promises';

const EVERY_MS = 5;

/** Asks until there is an answer: anything but undefined and false. @throws Error with `what`, when it takes longer */
export async function until<T>(
  what: string,
  ask: () => T | undefined | false | Promise<T | undefined | false>,
  withinMs = 10_000,
): Promise<T> {
  for (const end = performance.now() + withinMs; ; await sleep(EVERY_MS)) {
    const it = await ask();
    if (it !== undefined && it !== false) return it;
    if (performance.now() > end) throw new Error(`${what}: not within ${withinMs} ms`);
  }
}

/** Tries until it holds. @throws what it threw last, when it takes longer */
export async function eventually(check: () => void | Promise<void>, withinMs = 5_000): Promise<void> {
  for (const end = performance.now() + withinMs; ; await sleep(EVERY_MS)) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > end) throw error;
    }
  }
}
