import { toAppend } from '../../src/store/append';
import { Conflict, NotStorable, OutcomeUnknown, Unavailable, type Expected, type Position } from '../../src/store/port';
import { GroupCommit, LIMITS, type BatchLog, type Decided, type Limits } from '../../src/store/postgres/group-commit';
import { event, events } from './events';

const at = (position: number) => String(position) as Position;

/** A log whose calls are answered when the test says so, and that remembers what it was called with. */
function pausedLog() {
  const batches: string[][] = [];
  const answers: ((outcome: Decided[] | Error) => void)[] = [];
  const log: BatchLog = {
    appendBatch(batch) {
      batches.push(batch.map((it) => it.stream));
      return new Promise((resolve, reject) =>
        answers.push((outcome) => (outcome instanceof Error ? reject(outcome) : resolve(outcome))),
      );
    },
    madeBefore: async (batch) => batch.map(() => undefined),
    isSpoiled: (error) => error instanceof NotStorable,
  };
  return { log, batches, answers };
}

/** A log that answers at once: everything is appended. */
function promptLog(more: Partial<BatchLog> = {}) {
  const sizes: number[] = [];
  const log: BatchLog = {
    async appendBatch(batch) {
      sizes.push(batch.length);
      return batch.map((it) => ({ appended: true, revision: it.events.length - 1, position: at(1) }));
    },
    madeBefore: async (batch) => batch.map(() => undefined),
    isSpoiled: (error) => error instanceof NotStorable,
    ...more,
  };
  return { log, sizes };
}

const commits = (log: BatchLog, limits: Partial<Limits> = {}) => {
  const it = new GroupCommit(log, { ...LIMITS, ...limits });
  return Object.assign(it, {
    one: (stream: string, expected: Expected = 'any', given = events(1)) => it.append(toAppend(stream, expected, given)),
  });
};
const turn = () => new Promise((done) => setImmediate(done));

test('what one turn appends goes into one call, and what comes meanwhile into the next', async () => {
  const { log, batches, answers } = pausedLog();
  const group = commits(log, { calls: 1 });
  const first = [group.one('a'), group.one('b')];
  await turn();
  const second = [group.one('c'), group.one('d')];
  await turn();
  expect(batches).toEqual([['a', 'b']]);
  const appended: Decided = { appended: true, revision: 0, position: at(1) };
  answers[0]!([appended, appended]);
  await Promise.all(first);
  await turn();
  expect(batches).toEqual([
    ['a', 'b'],
    ['c', 'd'],
  ]);
  answers[1]!([appended, appended]);
  await Promise.all(second);
});

test('a call has at most 256 appends', async () => {
  const { log, sizes } = promptLog();
  const group = commits(log, { calls: 1 });
  await Promise.all(Array.from({ length: 600 }, (_, i) => group.one(`s-${i}`)));
  expect(sizes).toEqual([256, 256, 88]);
});

test('a call has at most 1 MB, unless one append alone is larger', async () => {
  const { log, sizes } = promptLog();
  const group = commits(log, { calls: 1, bytes: 700_000 });
  const of = (bytes: number) => [event({ text: 'x'.repeat(bytes) })];
  await Promise.all([300_000, 300_000, 300_000, 900_000, 300_000].map((bytes, i) => group.one(`s-${i}`, 'any', of(bytes))));
  expect(sizes).toEqual([2, 1, 1, 1]);
});

test('two calls share what waits, as soon as it is worth it', async () => {
  for (const [waiting, calls] of [
    [60, [60]],
    [100, [64, 36]],
    [200, [100, 100]],
  ] as const) {
    const { log, batches } = pausedLog();
    const group = commits(log);
    for (let i = 0; i < waiting; i++) void group.one(`s-${i}`);
    await turn();
    expect(batches.map((it) => it.length)).toEqual(calls);
  }
});

test('appends to one stream go one after another, and others are not held up by them', async () => {
  const { log, batches, answers } = pausedLog();
  const group = commits(log);
  const all = [group.one('a'), group.one('a'), group.one('b')];
  await turn();
  expect(batches).toEqual([['a', 'b']]);
  void group.one('c');
  await turn();
  expect(batches).toEqual([['a', 'b'], ['c']]);
  answers[0]!([0, 0].map(() => ({ appended: true, revision: 0, position: at(1) })));
  await all[0];
  await turn();
  await turn();
  expect(batches).toEqual([['a', 'b'], ['c'], ['a']]);
});

test('when one append spoils the call, it fails alone', async () => {
  const sizes: number[] = [];
  const { log } = promptLog({
    async appendBatch(batch) {
      sizes.push(batch.length);
      if (batch.some((it) => it.stream === 'bad')) throw new NotStorable('bad');
      return batch.map(() => ({ appended: true, revision: 0, position: at(1) }));
    },
  });
  const group = commits(log);
  const answers = await Promise.allSettled(['a', 'bad', 'c'].map((it) => group.one(it)));
  expect(answers.map((it) => (it.status === 'fulfilled' ? it.value.status : it.reason.constructor))).toEqual([
    'appended',
    NotStorable,
    'appended',
  ]);
  expect(sizes).toEqual([3, 1, 1, 1]);
});

test('when the answer of a call is lost, nobody in it knows, and the next call goes on', async () => {
  const { log, answers } = pausedLog();
  const group = commits(log, { calls: 1 });
  const first = Promise.allSettled([group.one('a'), group.one('b')]);
  await turn();
  const second = group.one('c');
  answers[0]!(new OutcomeUnknown('lost'));
  expect((await first).map((it) => (it as PromiseRejectedResult).reason.constructor)).toEqual([OutcomeUnknown, OutcomeUnknown]);
  await turn();
  answers[1]!([{ appended: true, revision: 0, position: at(3) }]);
  expect(await second).toEqual({ status: 'appended', revision: 0, position: at(3) });
});

describe('a refused append', () => {
  const refusing = (revision: number, madeBefore: BatchLog['madeBefore']) =>
    commits(promptLog({ appendBatch: async (batch) => batch.map(() => ({ appended: false, revision })), madeBefore }).log);

  test('is a conflict without a question when its stream is too short to hold it', async () => {
    const madeBefore = jest.fn();
    await expect(refusing(2, madeBefore).one('a', 2, events(1))).rejects.toMatchObject({ actual: 2 });
    await expect(refusing(-1, madeBefore).one('a', 'exists', events(1))).rejects.toMatchObject({ actual: undefined });
    expect(madeBefore).not.toHaveBeenCalled();
  });

  test('is a repeat when its events stand where it wanted them, else a conflict', async () => {
    expect(await refusing(7, async () => [at(5)]).one('a', 2, events(3))).toEqual({
      status: 'duplicate',
      revision: 5,
      position: at(5),
    });
    await expect(refusing(7, async () => [undefined]).one('a', 2, events(3))).rejects.toThrow(Conflict);
  });

  test('is unknown when that can not be asked', async () => {
    const unreachable = async () => Promise.reject(new Unavailable('gone'));
    await expect(refusing(7, unreachable).one('a', 2, events(3))).rejects.toThrow(OutcomeUnknown);
  });
});

test('more appends than may wait are refused, and those that wait are answered', async () => {
  const { log, answers } = pausedLog();
  const group = commits(log, { waitingAppends: 2, calls: 1 });
  const taken = [group.one('a'), group.one('b')];
  await expect(group.one('c')).rejects.toThrow(Unavailable);
  await turn();
  answers[0]!(taken.map(() => ({ appended: true, revision: 0, position: at(1) })));
  expect(await Promise.all(taken)).toHaveLength(2);
});

test('is idle when every append has its answer', async () => {
  const { log, answers } = pausedLog();
  const group = commits(log);
  await group.idle();
  const order: string[] = [];
  const append = group.one('a').then(() => order.push('answered'));
  const idle = group.idle().then(() => order.push('idle'));
  await turn();
  answers[0]!([{ appended: true, revision: 0, position: at(1) }]);
  await Promise.all([append, idle]);
  expect(order).toContain('answered');
  expect(group.counts).toMatchObject({ calls: 1, appended: 1, unanswered: 0 });
});
