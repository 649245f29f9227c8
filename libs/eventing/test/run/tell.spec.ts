// What the engine tells of its work.
import { Unavailable } from '../../src/store/port';
import { commandHandler } from '../../src/run/handle';
import { persistent } from '../../src/run/persistent';
import { memoryStore } from '../../src/store/memory';
import { GroupCommit } from '../../src/store/postgres/group-commit';
import { appends, commands, conflicts, retries } from '../../src/tell';
import { parcel, say } from './parcels';

const told: unknown[] = [];
const stops = [
  appends.listen(({ events, seconds }) => void told.push(['append', events, seconds >= 0.01 && seconds < 5])),
  commands.listen((it) => void told.push([it.contract, it.command, it.outcome])),
  conflicts.listen(() => void told.push('conflict')),
  retries.listen((it) => void told.push(['retry', it])),
];
beforeEach(() => void told.splice(0));
afterAll(() => stops.forEach((stop) => stop()));

const working = () => {
  const store = memoryStore();
  return { store, it: commandHandler({ store, hashKey: Buffer.alloc(32, 1) }) };
};

test('what became of a command', async () => {
  const { it } = working();
  const { id } = await it.handle(parcel, say('Send', { to: 'Bern' }, { commandId: 'c-1' }));
  await it.handle(parcel, say('Send', { to: 'Bern' }, { commandId: 'c-1' }));
  await expect(it.handle(parcel, say('Send', { to: 'Rome' }, { commandId: 'c-1' }))).rejects.toThrow();
  await expect(it.handle(parcel, say('Return', {}, { id, expected: 7 }))).rejects.toThrow();
  await expect(it.handle(parcel, say('Return', {}, { id: 'x' }))).rejects.toThrow();
  expect(told).toEqual(
    ['appended', 'repeated', 'invalid']
      .map((it) => ['parcel', 'Send', it])
      .concat([
        ['parcel', 'Return', 'conflict'],
        ['parcel', 'Return', 'refused'],
      ]),
  );
});

test('that others were faster, and that it is decided again', async () => {
  const { store, it } = working();
  store.faults.conflict();
  await it.handle(parcel, say('Send', { to: 'Bern' }));
  expect(told).toEqual(['conflict', ['retry', 'command'], ['parcel', 'Send', 'appended']]);
});

test('that an append without an answer is sent again', async () => {
  const { store, it } = working();
  store.faults.loseAnswer();
  await it.handle(parcel, say('Send', { to: 'Bern' }));
  expect(told).toEqual([
    ['retry', 'append'],
    ['parcel', 'Send', 'appended'],
  ]);
});

test('that what stood still is tried again', async () => {
  const stopping = new AbortController();
  let tries = 0;
  const work = async () => {
    if (++tries === 3) return stopping.abort();
    throw new Unavailable('down');
  };
  await persistent(work, undefined, 'relay').run(stopping.signal);
  expect(told).toEqual([
    ['retry', 'relay'],
    ['retry', 'relay'],
  ]);
});

test('how many events go in one call, and how long it takes', async () => {
  const commit = new GroupCommit({
    appendBatch: async (batch) => {
      await new Promise((done) => setTimeout(done, 20));
      return batch.map(() => ({ appended: true, revision: 0, position: '' as never }));
    },
    madeBefore: async () => [],
    isSpoiled: () => false,
  });
  const event = { id: '', type: 'T', schema: 1, data: '{}', metadata: '{}' };
  const append = (stream: string, n: number) =>
    commit.append({ stream, expected: 'none', events: Array<typeof event>(n).fill(event), bytes: 1 });
  await Promise.all([append('a', 1), append('b', 3)]);
  expect(told).toEqual([['append', 4, true]]);
});

test('nothing, once nobody listens', async () => {
  for (const stop of stops.splice(0)) stop();
  await working().it.handle(parcel, say('Send', { to: 'Bern' }));
  expect(told).toEqual([]);
});
