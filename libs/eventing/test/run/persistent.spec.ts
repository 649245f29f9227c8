// What retries is told of once, however often it fails, and whatever it says each time.
import { setTimeout as sleep } from 'node:timers/promises';
import { persistent } from '../../src/run/persistent';

test.each([
  ['the same', () => 'no topic'],
  ['another each time', (n: number) => `event ${n}`],
])('what goes for a moment and fails again with %s is told once', async (_, messageOf) => {
  let tries = 0;
  const told: string[] = [];
  const it = persistent(
    async (_signal, isGoing) => {
      isGoing();
      throw new Error(messageOf(++tries));
    },
    ({ message }) => told.push(message),
  );
  const ending = new AbortController();
  const running = it.run(ending.signal);
  while (tries < 5) await sleep(10);
  expect(it.failure()?.message).toBe(messageOf(tries));
  ending.abort();
  await running;
  expect(told).toEqual([messageOf(1)]);
  expect(it.failure()).toBeUndefined();
});
