// Two processes' worth of one service on one database: one owns the work, the other answers as well.
import { openRuntime } from '@kams/testing/runtime';
import { startTestServices, type TestServices } from '@kams/testing/services';
import type { Runtime } from '../src';
import { positionOf } from '../src/http/position-token';
import { bells } from './timers/bell';

let first: TestServices;
let other: Runtime;
let close: () => Promise<void>;
beforeAll(async () => {
  first = await startTestServices([bells]);
  while ((await first.runtime.owners()).size < 4);
  const opened = await openRuntime([bells], first.databaseUrl, { timerEveryMs: 20 });
  other = opened.runtime;
  close = opened.stop;
  await other.start();
});
afterAll(async () => {
  await close();
  await first.stop();
});

const set = async () => {
  const { id, position } = (await first.post('/bells', { at: '2100-01-01T00:00:00.000Z' })).body as {
    id: string;
    position: string;
  };
  return { id, position: positionOf(other.epoch, position) };
};
const pending = async (id: string) =>
  ((await other.readDatabase.query('select from bells.timer_bell_rings where id = $1', [id])) as unknown[]).length;

test('everything has one owner, and status says which', async () => {
  const owners = await other.owners();
  expect([...owners.keys()].sort()).toEqual([
    'reaction echo-answers-when-bell-rings',
    'rung',
    'timer bell-rings',
    'timer_bell_rings',
  ]);
  expect(new Set(owners.values())).toEqual(new Set([first.runtime.owner]));
  const { body } = await first.ask('/operations/status');
  expect(body.projections).toMatchObject([{ owner: first.runtime.owner, parked: 0 }, { owner: first.runtime.owner }]);
  expect((await first.ask('/health/ready')).text).not.toContain(first.runtime.owner);
});

test('who does not own it shows what was just written as well, soon, and is ready', async () => {
  const delays: number[] = [];
  for (let i = 0; i < 20; i++) {
    const { id, position } = await set();
    const asked = performance.now();
    expect(await other.projector('timer_bell_rings')!.reached(position, 2_000)).toBe(true);
    delays.push(performance.now() - asked);
    expect(await pending(id)).toBe(1);
  }
  expect(delays.sort((a, b) => a - b)[10]).toBeLessThan(200);
  expect(other.ready).toBe(true);
});

test('when the owner stops, the other one has all of it at once', async () => {
  await first.runtime.stop();
  const stopped = performance.now();
  while (new Set((await other.owners()).values()).size !== 1 || ![...(await other.owners()).values()].includes(other.owner));
  expect(performance.now() - stopped).toBeLessThan(2_000);
  const { id, position } = await set();
  expect(await other.projector('timer_bell_rings')!.reached(position, 2_000)).toBe(true);
  expect(await pending(id)).toBe(1);
});
