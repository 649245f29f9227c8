// What a topic holds after a relay that breaks, is ended, and works beside another one.
import { contract, event as eventOf } from '@kams/contracts/define';
import { personal } from '@kams/contracts/personal';
import { eventually } from '@kams/testing/until';
import fc from 'fast-check';
import { setImmediate as turn } from 'node:timers/promises';
import { z } from 'zod';
import type { Publisher } from '../../src/bus/port';
import { delay } from '../../src/delay';
import type { Term } from '../../src/run/lease';
import { relay } from '../../src/run/relay';
import type { Checkpoint, Checkpoints } from '../../src/run/read-model';
import { memoryStore, type MemoryStore } from '../../src/store/memory';
import { Unavailable } from '../../src/store/port';
import { event } from '../store/events';
import { memoryTopic, type Fault } from './memory-topic';
import { parcelContract } from './parcels';
import { appendTo, movedBy, tagged } from './reading';

function memoryCheckpoints() {
  let kept: Checkpoint | undefined;
  const it = {
    load: async () => kept,
    save: async (_: string, from: Checkpoint | undefined, { to }: { to: Omit<Checkpoint, 'generation'> }) => {
      if (from?.position !== kept?.position) return false;
      kept = { ...to, generation: '' };
      return true;
    },
  };
  return { checkpoints: it as unknown as Checkpoints, kept: () => kept, set: (to: Checkpoint | undefined) => (kept = to) };
}

const open: (() => Promise<void>)[] = [];
afterEach(() => Promise.all(open.splice(0).map((end) => end())));
function starts(store: MemoryStore, to: Publisher, checkpoints: Checkpoints) {
  const it = relay('post', [parcelContract], { store, to, checkpoints });
  const stopping = new AbortController();
  const running = it.run(stopping.signal);
  const stop = async () => {
    stopping.abort();
    await running;
  };
  open.push(stop);
  return { it, stop };
}

test('what is public is published in the order of the log, and nothing else', async () => {
  const store = memoryStore();
  await appendTo(store, 'a', movedBy(1), tagged(), movedBy(2));
  await appendTo(store, 'b', movedBy(3));
  const { events, publisher } = memoryTopic();
  const { checkpoints, kept } = memoryCheckpoints();
  const { it } = starts(store, publisher(), checkpoints);
  await appendTo(store, 'a', movedBy(4));
  await eventually(() => expect(events.map(({ data }) => data)).toEqual([1, 2, 3, 4].map((by) => ({ by }))));
  const { position } = await store.head();
  await eventually(() => expect(kept()?.position).toBe(position));
  expect(it.topic).toBe('kams.post.v1');
  expect(events[0]).toMatchObject({ type: 'kams.post.parcel.moved.v3', partitionkey: 'parcel-a', sequence: '0' });
});

test('a broker that is away is told, and what waited comes when it is back', async () => {
  const store = memoryStore();
  await appendTo(store, 'a', movedBy(1));
  let isAway = true;
  const { events, publisher } = memoryTopic();
  const { it } = starts(
    store,
    publisher(() => (isAway ? 'refused' : 'none')),
    memoryCheckpoints().checkpoints,
  );
  await eventually(() => expect(it.failure()).toEqual(new Unavailable('Kafka is away: refused')));
  isAway = false;
  await eventually(() => expect(events).toHaveLength(1));
  await eventually(() => expect(it.failure()).toBeUndefined());
});

test('a watermark says how far the log is on the topic, also over what is not public, and what was said once is not said again', async () => {
  const store = memoryStore();
  const { events, marks, publisher } = memoryTopic();
  const { checkpoints } = memoryCheckpoints();
  const first = starts(store, publisher(), checkpoints);
  await appendTo(store, 'a', movedBy(1), movedBy(2));
  const { epoch, position } = await store.head();
  await eventually(() => expect(marks).toMatchObject([{ epoch, position, eventPosition: position, published: 2 }]));
  await appendTo(store, 'a', tagged());
  const last = (await store.head()).position;
  await eventually(() => expect(marks[1]).toMatchObject({ position: last, published: 2 }));
  await delay(200);
  expect(marks).toHaveLength(2);
  await first.stop();
  starts(store, publisher(), checkpoints); // it may have died before it said so
  await eventually(() => expect(marks[2]).toMatchObject({ position: last }));
  expect(events).toHaveLength(2);
});

test('a broker that refuses a watermark is asked again', async () => {
  const store = memoryStore();
  await appendTo(store, 'a', movedBy(1));
  const { marks, publisher } = memoryTopic();
  let times = 0;
  const to = publisher();
  const mark: Publisher['mark'] = async (...args) => {
    if (++times < 3) throw new Unavailable('Kafka is away');
    return to.mark(...args);
  };
  starts(store, { ...to, mark }, memoryCheckpoints().checkpoints);
  await eventually(() => expect(marks).toHaveLength(1));
});

test('a store without what is on the topic stops it, and a restored one that has it does not', async () => {
  const store = memoryStore();
  await appendTo(store, 'a', movedBy(1));
  const { checkpoints, kept, set } = memoryCheckpoints();
  const { events, publisher } = memoryTopic();
  const first = starts(store, publisher(), checkpoints);
  await eventually(() => expect(kept()).toBeDefined());
  await first.stop();

  set(undefined); // of a backup only the log comes back
  const again = starts(store, publisher(), checkpoints);
  await appendTo(store, 'a', movedBy(2));
  await eventually(() => expect(new Set(events.map(({ id }) => id)).size).toBe(2));
  await again.stop();
  set({ ...kept()!, epoch: 'another' });
  // Positions of another history say nothing: all is published once more.
  const known = events.length;
  const third = starts(store, publisher(), checkpoints);
  await appendTo(store, 'a', movedBy(3));
  await eventually(() => expect(new Set(events.slice(known).map(({ id }) => id)).size).toBe(3));
  await third.stop();

  for (const left of [undefined, { ...kept()!, epoch: 'another' }]) {
    const older = memoryStore();
    await appendTo(older, 'a', movedBy(1));
    set(left);
    const before = events.length;
    const { it, stop } = starts(older, publisher(), checkpoints);
    await eventually(() => expect(it.failure()?.message).toMatch(/kams\.post\.v1 has event .* and the store has not/));
    expect(events).toHaveLength(before);
    await stop();
  }
});

test('whatever breaks, and whoever else relays, everything is there, and each stream in its order at first sight', async () => {
  const faults = fc.array(fc.constantFrom<Fault>('none', 'refused', 'answer lost', 'half'), { maxLength: 4 });
  const streams = fc.array(fc.nat(3), { minLength: 1, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(fc.array(faults, { minLength: 1, maxLength: 2 }), streams, fc.nat(3), async (plans, ids, pauses) => {
      const store = memoryStore();
      const { events, publisher } = memoryTopic();
      const { checkpoints, kept } = memoryCheckpoints();
      const all = plans.map((plan) => {
        const left = [...plan];
        return starts(
          store,
          publisher(() => left.shift() ?? 'none'),
          checkpoints,
        );
      });
      for (const [i, id] of ids.entries()) {
        await appendTo(store, String(id), movedBy(i));
        for (let n = 0; n < pauses; n++) await turn();
      }
      const { position } = await store.head();
      await eventually(() => expect(kept()?.position).toBe(position));
      for (const { stop } of all) await stop();
      const highest = new Map<string, number>();
      for (const { partitionkey, sequence } of events) {
        const before = highest.get(partitionkey) ?? -1;
        expect(Number(sequence)).toBeLessThanOrEqual(before + 1);
        highest.set(partitionkey, Math.max(before, Number(sequence)));
      }
      expect(new Set(events.map(({ id }) => id)).size).toBe(ids.length);
    }),
    { numRuns: 60 },
  );
}, 60_000);

test('who does not own it any more publishes nothing, and a broker that hangs keeps nobody from ending', async () => {
  const store = memoryStore();
  await appendTo(store, 'a', movedBy(1));
  const { events, publisher } = memoryTopic();
  let holds = false;
  const over = new AbortController();
  const term = { holds: () => holds, renewed: () => undefined, confirm: async () => holds } as unknown as Term;
  const it = relay('post', [parcelContract], { store, to: publisher(), checkpoints: memoryCheckpoints().checkpoints });
  const running = it.run(over.signal, term);
  for (let n = 0; n < 50; n++) await turn();
  expect(events).toEqual([]);
  holds = true;
  await eventually(() => expect(events).toHaveLength(1));
  over.abort();
  await running;

  const hangs = { ...publisher(), publish: () => new Promise<never>(() => undefined) };
  const { stop } = starts(store, hangs, memoryCheckpoints().checkpoints);
  await delay(50);
  await stop();
});

test('who owns it for a moment only, again and again, comes further: what it publishes comes before what it asks', async () => {
  const store = memoryStore();
  const { events, publisher } = memoryTopic();
  const { checkpoints, kept } = memoryCheckpoints();
  const to = publisher();
  let over = new AbortController();
  let isFirst = true;
  /** On a busy machine, a question takes as long as the lease. */
  const asked = async (): Promise<void> => {
    if (isFirst) return;
    over.abort();
    await delay(1);
  };
  const it = relay('post', [parcelContract], { store, to: { ...to, ensureTopic: asked, mark: asked }, checkpoints });
  for (let n = 1; n <= 5; n++) {
    await appendTo(store, 'a', movedBy(n));
    const { position } = await store.head();
    over = new AbortController();
    const running = it.run(over.signal);
    while (!over.signal.aborted && kept()?.position !== position) await turn();
    over.abort();
    await running;
    expect(events).toHaveLength(n);
    isFirst = false;
  }
});

test('what a newer release has stored is not passed over', async () => {
  const store = memoryStore();
  await appendTo(store, 'a', movedBy(1), event({}, { type: 'ParcelDreamtOf' }), movedBy(2));
  const { events, publisher } = memoryTopic();
  const { it } = starts(store, publisher(), memoryCheckpoints().checkpoints);
  await eventually(() =>
    expect(it.failure()?.message).toMatch('ParcelDreamtOf, which this release does not know: run a newer one'),
  );
  expect(events).toEqual([]);
});

test('it goes on behind an event of a person, which it can not open', async () => {
  const about = { version: 1, label: { en: 'Named', zh: '名' }, description: 'For a test.' };
  const guest = contract({
    ...about,
    name: 'guest',
    plural: 'guests',
    commands: {},
    events: {
      GuestNamed: eventOf({
        ...about,
        public: 'guest.named',
        data: z.strictObject({ name: personal(z.string(), 'part') }),
        example: { name: 'A' },
      }),
    },
    refusals: {},
  });
  const store = memoryStore();
  const say = () => store.append('guest-a', 'any', [event({ name: 'sealed' }, { type: 'GuestNamed' })]);
  await say();
  const { events, publisher } = memoryTopic();
  const { checkpoints, kept } = memoryCheckpoints();
  const begin = () => {
    const it = relay('inn', [guest], { store, to: publisher(), checkpoints });
    const stopping = new AbortController();
    const running = it.run(stopping.signal);
    return { it, stop: () => (stopping.abort(), running) };
  };
  const first = begin();
  await eventually(() => expect(kept()).toBeDefined());
  await first.stop();
  const again = begin();
  await say();
  await eventually(() => expect(events).toHaveLength(2));
  expect(again.it.failure()).toBeUndefined();
  await again.stop();
  expect(events[0]!.data).toEqual({});
});
