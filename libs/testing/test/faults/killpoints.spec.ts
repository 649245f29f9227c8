import { POINTS, point } from '@kams/eventing/point';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { killAt, read, stopAt, written } from '../../src/faults/killpoints';
import { startWorker, type Proc } from '../../src/faults/procs';

const workers: Proc[] = [];
const started = (options: Parameters<typeof startWorker>[1]) => {
  const it = startWorker(join(__dirname, 'points.ts'), options);
  workers.push(it);
  let last = -1;
  it.process.on('message', (passed: number) => (last = passed));
  return { it, passed: () => last };
};
afterEach(async () => void (await Promise.all(workers.splice(0).map((it) => it.end('SIGKILL')))));

test('a process ends at its place, at the passing that was asked for and not at another', async () => {
  const { it, passed } = started({ at: killAt('append.before-lock', 4) });
  expect(await it.gone).toEqual({ code: null, signal: 'SIGKILL' });
  expect(passed()).toBe(3);
});

test('a process that stops at its place stands there until it is told to go on, and at every nth passing again', async () => {
  const { it, passed } = started({ at: stopAt('append.before-lock', 2) });
  while (passed() < 1) await sleep(5);
  for (const expected of [1, 3]) {
    while (!it.isHeld()) await sleep(5);
    await sleep(100);
    expect(passed()).toBe(expected);
    it.resume();
  }
  while (passed() < 5) await sleep(5);
});

test('a process goes on at places that were not asked for', async () => {
  const { it, passed } = started({ at: killAt('append.after-commit') });
  while (passed() < 10) await sleep(5);
  await it.end('SIGTERM');
});

test('a process ends with the test that started it', async () => {
  const { it, passed } = started({});
  while (passed() < 0) await sleep(5);
  it.process.stdin!.end();
  expect(await it.gone).toEqual({ code: null, signal: 'SIGTERM' });
});

test('what is told to a process is what it understands', () => {
  for (const name of POINTS) expect(read(written(killAt(name, 3)))).toEqual({ point: name, passing: 3, signal: 'SIGKILL' });
});

test('without a test in front of it a place does nothing', () => {
  for (const name of POINTS) expect(point(name)).toBeUndefined();
});
