import { delay } from '@kams/eventing';
import { isAlive } from '@kams/platform/embedded-postgres/processes';
import { join } from 'node:path';
import { startWorker } from '../../src/faults/procs';

const family = () => startWorker(join(__dirname, 'family.ts'));

test('a process is dead when all of its group are, those too that it started', async () => {
  const it = family();
  const child = await it.message<number>();
  expect([isAlive(it.pid), isAlive(child)]).toEqual([true, true]);
  expect(await it.end('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });
  expect([isAlive(it.pid), isAlive(child)]).toEqual([false, false]);
}, 60_000);

test('a process that is held does nothing until it is let go, and can be ended while it is held', async () => {
  const it = family();
  await it.message();
  let beats = 0;
  it.process.on('message', () => void beats++);
  while (beats < 3) await delay(5);
  it.pause();
  await delay(50); // what was on its way
  const before = beats;
  await delay(200);
  expect(beats).toBe(before);
  it.resume();
  while (beats < before + 3) await delay(5);
  it.pause();
  expect(await it.end('SIGTERM')).toEqual({ code: null, signal: 'SIGTERM' });
}, 60_000);

test('a message that can not come any more is told with what the process said last', async () => {
  const it = startWorker(join(__dirname, 'nowhere.ts'));
  await expect(it.message()).rejects.toThrow(/nowhere\.ts/);
});
