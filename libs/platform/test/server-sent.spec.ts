import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { HEARTBEAT_MS, serverSent } from '../src/http/server-sent';

const BEAT = ': still here\n\n';
const LONG = `data: ${'x'.repeat(1_000_000)}\n\n`;

beforeEach(() => void jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate'] }));
afterEach(() => void jest.useRealTimers());

/** Events that come one after another and then no more, without an end; `open` while anyone may ask for the next. */
function eventsOf(...texts: readonly string[]) {
  const it = { open: false, stop: () => undefined as void, events: events() };
  async function* events(): AsyncGenerator<string> {
    it.open = true;
    try {
      yield* texts;
      await new Promise<void>((stop) => (it.stop = stop));
    } finally {
      it.open = false;
    }
  }
  return it;
}
async function silence(beats: number): Promise<void> {
  for (let i = 0; i < beats; i++) {
    await turn();
    jest.advanceTimersByTime(HEARTBEAT_MS);
  }
  await turn();
}

test('in silence there is a comment now and then, between the events', async () => {
  const stream = serverSent(eventsOf('data: 1\n\n', 'data: 2\n\n').events).setEncoding('utf8');
  await silence(3);
  expect(stream.read()).toBe(`data: 1\n\ndata: 2\n\n${BEAT}${BEAT}${BEAT}`);
  stream.destroy();
});

test('a reader who does not read is sent no heartbeat, and is again when it reads', async () => {
  const stream = serverSent(eventsOf(LONG).events).setEncoding('utf8');
  await silence(100);
  let text = '';
  stream.on('data', (more: string) => void (text += more));
  await turn();
  expect(text).toBe(LONG);
  await silence(1);
  expect(text).toBe(LONG + BEAT);
  stream.destroy();
});

test('what is asked for is not read ahead of a reader who does not read', async () => {
  const given: number[] = [];
  async function* endless(): AsyncGenerator<string> {
    for (let i = 0; ; i++) {
      given.push(i);
      yield LONG;
    }
  }
  const stream = serverSent(endless());
  await silence(3);
  expect(given.length).toBeLessThan(3);
  stream.destroy();
});

test('a stream that is destroyed in the middle of its events ends them, and its timer', async () => {
  const it = eventsOf(LONG, LONG, LONG);
  const stream = serverSent(it.events);
  await turn();
  expect([it.open, jest.getTimerCount()]).toEqual([true, 1]);
  stream.destroy();
  await turn();
  await turn();
  expect([it.open, jest.getTimerCount()]).toEqual([false, 0]);
});

test('a stream ends with its events', async () => {
  const it = eventsOf('data: 1\n\n');
  const stream = serverSent(it.events).resume();
  await turn();
  it.stop();
  await once(stream, 'end');
  await turn();
  expect([it.open, jest.getTimerCount()]).toEqual([false, 0]);
});

test('a stream fails with what its events fail with', async () => {
  async function* failing(): AsyncGenerator<string> {
    yield 'data: 1\n\n';
    throw new Error('the log is damaged');
  }
  const stream = serverSent(failing()).resume();
  await expect(once(stream, 'end')).rejects.toThrow('the log is damaged');
  await turn();
  expect(jest.getTimerCount()).toBe(0);
});
