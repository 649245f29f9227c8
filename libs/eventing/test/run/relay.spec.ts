// What a topic holds after a relay that breaks, is ended, and works beside another one.
import { eventually } from '@kams/testing/until';
import fc from 'fast-check';
import type { Publisher } from '../../src/bus/port';
import type { CloudEvent } from '../../src/run/cloud-event';
import { relay } from '../../src/run/relay';
import type { Checkpoint, Checkpoints } from '../../src/run/read-model';
import { memoryStore, type MemoryStore } from '../../src/store/memory';
import { Unavailable } from '../../src/store/port';
import { event } from '../store/events';
import { parcelContract } from './parcels';

/** A topic in memory. `fault` is asked at each send: what of it arrives, and whether that is answered. */
function topicOf(fault: () => 'none' | 'refused' | 'answer lost' | 'half' = () => 'none') {
  const events: CloudEvent[] = [];
  const to: Publisher = {
    ensureTopic: async () => undefined,
    async publish(_, all) {
      const is = fault();
      if (is !== 'refused') events.push(...all.slice(0, is === 'half' ? Math.floor(all.length / 2) : all.length));
      if (is !== 'none') throw new Unavailable(`Kafka is away: ${is}`);
    },
    close: async () => undefined,
  };
  return { events, to };
}
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

const moved = (by: number) => event({ by }, { type: 'ParcelMoved', schema: 3 });
const tagged = () => event({ tag: 't' }, { type: 'ParcelTagged' });
const append = (store: MemoryStore, id: string, ...events: Parameters<MemoryStore['append']>[2]) =>
  store.append(`parcel-${id}`, 'any', events);

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
  await append(store, 'a', moved(1), tagged(), moved(2));
  await append(store, 'b', moved(3));
  const { events, to } = topicOf();
  const { checkpoints, kept } = memoryCheckpoints();
  const { it } = starts(store, to, checkpoints);
  await append(store, 'a', moved(4));
  await eventually(() => expect(events.map(({ data }) => data)).toEqual([1, 2, 3, 4].map((by) => ({ by }))));
  const { position } = await store.head();
  await eventually(() => expect(kept()?.position).toBe(position));
  expect(it.topic).toBe('kams.post.v1');
  expect(events[0]).toMatchObject({ type: 'kams.post.parcel.moved.v3', partitionkey: 'parcel-a', sequence: '0' });
});

test('a broker that is away is told, and what waited comes when it is back', async () => {
  const store = memoryStore();
  await append(store, 'a', moved(1));
  let isAway = true;
  const { events, to } = topicOf(() => (isAway ? 'refused' : 'none'));
  const { it } = starts(store, to, memoryCheckpoints().checkpoints);
  await eventually(() => expect(it.failure()).toEqual(new Unavailable('Kafka is away: refused')));
  isAway = false;
  await eventually(() => expect(events).toHaveLength(1));
  await eventually(() => expect(it.failure()).toBeUndefined());
});

test('a store that was put back to before what was published stops it, and one that has the same history does not', async () => {
  const store = memoryStore();
  await append(store, 'a', moved(1));
  const { checkpoints, kept, set } = memoryCheckpoints();
  const { events, to } = topicOf();
  const first = starts(store, to, checkpoints);
  await eventually(() => expect(kept()).toBeDefined());
  await first.stop();

  set({ ...kept()!, epoch: 'another' });
  const again = starts(store, to, checkpoints);
  await append(store, 'a', moved(2));
  await eventually(() => expect(events).toHaveLength(2));
  await again.stop();

  set({ ...kept()!, epoch: 'another', eventId: '00000000-0000-4000-8000-000000000000' });
  const { it } = starts(store, to, checkpoints);
  await eventually(() => expect(it.failure()?.message).toMatch('the relay of post was built from another history of the store'));
  expect(events).toHaveLength(2);
});

test('whatever breaks, and whoever else relays, everything is there, and each stream in its order at first sight', async () => {
  const plans = fc.array(fc.constantFrom('none', 'refused', 'answer lost', 'half'), { maxLength: 6 });
  const streams = fc.array(fc.nat(3), { minLength: 1, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(plans, streams, fc.boolean(), async (plan, ids, isAlone) => {
      const store = memoryStore();
      const left = [...plan];
      const { events, to } = topicOf(() => (left.shift() ?? 'none') as 'none');
      const { checkpoints, kept } = memoryCheckpoints();
      const all = [starts(store, to, checkpoints), ...(isAlone ? [] : [starts(store, to, checkpoints)])];
      for (const [i, id] of ids.entries()) await append(store, String(id), moved(i));
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
