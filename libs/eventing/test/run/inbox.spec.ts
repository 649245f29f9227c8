// What a service has of another one, whatever happens to the topic in between.
import { eventually } from '@kams/testing/until';
import fc from 'fast-check';
import { setImmediate as turn } from 'node:timers/promises';
import { delay } from '../../src/delay';
import { inbox, newInbox, pastIn, receiver, type InboxRows, type Kept, type Past } from '../../src/run/inbox';
import { publisher } from '../../src/run/cloud-event';
import type { CommandHandler } from '../../src/run/handle';
import { storeFeed } from '../../src/run/feeds';
import { reaction, reactor } from '../../src/run/reaction';
import type { Checkpoint, Checkpoints } from '../../src/run/read-model';
import { memoryStore } from '../../src/store/memory';
import { START } from '../../src/store/port';
import { memoryReadModel } from './memory-read-model';
import { memoryTopic } from './memory-topic';
import { parcel, parcelContract, tariffContract } from './parcels';
import { appendTo, foreignParcels, movedBy, sentTo, tagged, working } from './reading';

function memoryRows(): InboxRows & { kept: Kept[] } {
  const kept: Kept[] = [];
  let place = newInbox('history-1');
  const of = (stream: string) => kept.filter(({ event: it }) => it.partitionkey === stream);
  const revision = (it: Kept) => Number(it.event.sequence);
  return {
    kept,
    place: async () => place,
    revisions: async (streams) =>
      new Map(streams.flatMap((it) => (of(it).length > 0 ? [[it, Math.max(...of(it).map(revision))] as const] : []))),
    async add(from, to, events) {
      if (from.version !== place.version) return false;
      // As the table says: one of each revision.
      for (const it of events)
        if (of(it.partitionkey).some((other) => revision(other) === Number(it.sequence))) throw new Error('twice');
      kept.push(...events.map((it, i) => ({ position: place.position + 1 + i, event: it })));
      place = to;
      return true;
    },
    read: async (after, limit) => kept.slice(after, after + limit),
    at: async (position) => kept[position - 1],
    stream: async (stream, from) => of(stream).filter((it) => revision(it) >= from),
  };
}

const open: (() => Promise<void>)[] = [];
afterEach(() => Promise.all(open.splice(0).map((end) => end())));
const stoppable = (run: (signal: AbortSignal) => Promise<void>) => {
  const stopping = new AbortController();
  const running = run(stopping.signal);
  const stop = async () => {
    stopping.abort();
    await running;
  };
  open.push(stop);
  return stop;
};

/** `post` carries parcels; `depot` collects what it says. */
function installation() {
  const store = memoryStore();
  const topic = memoryTopic();
  const rows = memoryRows();
  const past = pastIn(store, 'post', [parcelContract]);
  const it = inbox('post', rows);
  stoppable(it.run);
  return {
    store,
    topic,
    rows,
    inbox: it,
    past,
    /** The relay, in one step: what is public in the log, from a position on. */
    async publish(after = START) {
      const { epoch } = await store.head();
      const publish = publisher('post', [parcelContract], epoch);
      const { events } = await store.readAll(after, 10_000);
      for (const stored of events) {
        const said = publish(stored);
        if (said) topic.write(said);
      }
    },
    async mark() {
      const { epoch, position } = await store.head();
      const last = (await store.at(position))!;
      await topic.publisher().mark('', { epoch, position: last.position, eventId: last.id, eventPosition: last.position });
    },
    collects(options: Partial<Parameters<typeof receiver>[0]> = {}) {
      const filling = receiver({
        producer: 'post',
        group: 'kams.depot',
        categories: ['parcel'],
        bus: topic.bus(),
        past,
        rows,
        onPlace: (place) => it.learn(place),
        ...options,
      });
      return { it: filling, stop: stoppable((signal) => filling.run(signal)) };
    },
    /** Each once, and those of a stream in their order. */
    async expectWhole() {
      const { events } = await store.readAll(START, 10_000);
      const isPublic = new Set(['ParcelSent', 'ParcelMoved', 'ParcelDelivered']);
      const wanted = events.filter((stored) => isPublic.has(stored.type));
      await eventually(() => expect(rows.kept).toHaveLength(wanted.length), 15_000);
      expect(new Set(rows.kept.map(({ event: { id } }) => id))).toEqual(new Set(wanted.map(({ id }) => id)));
      expect(rows.kept.map(({ position }) => position)).toEqual(wanted.map((_, i) => i + 1));
      const last = new Map<string, number>();
      for (const { event: said } of rows.kept) {
        expect(Number(said.sequence)).toBeGreaterThan(last.get(said.partitionkey) ?? -1);
        last.set(said.partitionkey, Number(said.sequence));
      }
    },
  };
}

/** One event is collected, and who did so has ended. */
async function afterOne() {
  const post = installation();
  await appendTo(post.store, 'a', movedBy(1));
  await post.publish();
  const first = post.collects();
  await post.expectWhole();
  await first.stop();
  return post;
}

test('views of another service are kept from its inbox as they are from its log', async () => {
  const post = installation();
  await appendTo(post.store, 'a', sentTo('Bern'), tagged(), movedBy(4));
  await appendTo(post.store, 'b', sentTo('Chur'));
  await post.publish();
  post.collects();
  const depot = memoryReadModel();
  await depot.prepare(foreignParcels);
  const it = working(foreignParcels, post.inbox.feed([parcelContract]), depot);
  open.push(() => it.stop());
  const { position: before } = await post.store.head();
  await appendTo(post.store, 'b', movedBy(7));
  await post.publish(before);
  await eventually(() =>
    expect(depot.rows()).toMatchObject([
      { to: 'Bern', moved: 4 },
      { to: 'Chur', moved: 7 },
    ]),
  );
});

test('a service that starts late takes the past from the log, and the rest from the topic', async () => {
  const post = installation();
  for (let i = 0; i < 2_500; i++) await appendTo(post.store, String(i % 50), movedBy(i));
  post.topic.forget();
  post.collects();
  await post.expectWhole();
  expect((await post.rows.place()).ordered.position).toBe(2_500);
  const { position } = await post.store.head();
  await appendTo(post.store, '7', movedBy(1));
  await post.publish(position);
  await post.expectWhole();
});

test('what the topic forgot before it was read comes from the log', async () => {
  const post = await afterOne();
  const { position } = await post.store.head();
  await appendTo(post.store, 'a', movedBy(2));
  await appendTo(post.store, 'b', movedBy(3));
  await post.publish(position);
  post.topic.forget();
  post.collects();
  await post.expectWhole();
});

test('what is told twice is kept once, and what is missing on the topic is asked of the log', async () => {
  const post = installation();
  post.collects();
  await eventually(async () => expect((await post.rows.place()).offsets).not.toBeNull());
  await appendTo(post.store, 'a', movedBy(1), tagged(), movedBy(2), movedBy(3));
  const { events } = await post.store.readAll(START, 10);
  const publish = publisher('post', [parcelContract], (await post.store.head()).epoch);
  const [one, , , four] = events.map(publish);
  for (const it of [one, one, four, one, four]) post.topic.write(it!);
  await post.expectWhole();
  await eventually(async () => expect(await post.rows.place()).toMatchObject({ repeats: 3, healed: 1 }));
});

test('whatever breaks, and whoever else collects, each event is there once, and each stream in its order', async () => {
  const plan = fc.record({
    ids: fc.array(fc.nat(3), { minLength: 1, maxLength: 40 }),
    /** Where the relay begins again, as parts of the log. */
    repeats: fc.array(fc.nat(99), { maxLength: 3 }),
    lost: fc.array(fc.nat(39), { maxLength: 4 }),
    breaks: fc.array(fc.boolean(), { maxLength: 12 }),
    /** Few: it waits longer and longer. */
    refused: fc.array(fc.boolean(), { maxLength: 4 }),
    two: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(plan, async ({ ids, repeats, lost, breaks, refused, two }) => {
      const post = installation();
      const { rows, topic } = post;
      const fails = [...refused];
      const add: InboxRows['add'] = async (...args) => {
        if (fails.shift()) throw new Error('the database is away');
        return rows.add(...args);
      };
      const cuts = [...breaks];
      for (let i = 0; i < (two ? 2 : 1); i++)
        post.collects({ bus: topic.bus({ most: 3, breaks: () => cuts.shift() ?? false }), rows: { ...rows, add } });
      for (const [i, id] of ids.entries()) {
        await appendTo(post.store, String(id), movedBy(i), ...(i % 3 === 0 ? [tagged()] : []));
        await turn();
      }
      const publish = publisher('post', [parcelContract], (await post.store.head()).epoch);
      const said = (await post.store.readAll(START, 1_000)).events.flatMap((it) => publish(it) ?? []);
      for (const from of [0, ...repeats.map((it) => Math.floor((it / 100) * said.length))])
        // The last of each stream is always told, or nobody could know of it.
        for (const [i, it] of said.entries())
          if (i >= from && !(lost.includes(i) && said.slice(i + 1).some((later) => later.partitionkey === it.partitionkey)))
            topic.write(it);
      await post.expectWhole();
      await Promise.all(open.splice(0).map((end) => end()));
    }),
    { numRuns: 60 },
  );
}, 120_000);

test('what was public at a place of the log is there when the watermark is reached in all partitions, and not before', async () => {
  const post = installation();
  const { store, topic, inbox: it } = post;
  const first = post.collects();
  await eventually(async () => expect((await post.rows.place()).offsets).not.toBeNull());
  for (let i = 0; i < 20; i++) await appendTo(store, String(i), movedBy(i), tagged());
  const { position } = await store.head();
  await post.publish();
  await post.expectWhole();
  expect(await it.reached(position, 50)).toBeUndefined(); // nobody has said yet that this is all
  await post.mark();
  const place = await it.reached(position, 2_000);
  expect(place).toBe(await it.feed([parcelContract]).head());

  await first.stop();
  // Said before the last event is there: of a partition that is behind.
  await appendTo(store, '3', movedBy(99));
  const { position: last } = await store.head();
  const [stored] = (await store.readAll(position, 1)).events;
  const publish = publisher('post', [parcelContract], (await store.head()).epoch);
  const ends = new Map([...(await topic.bus().ends(''))].map(([n]) => [n, '0000000000000000999']));
  const early = { epoch: (await store.head()).epoch, position: last, eventId: stored!.id, eventPosition: last, ends };
  const bus = topic.bus();
  post.collects({
    bus: {
      ...bus,
      async *consume(...args) {
        for await (const batch of bus.consume(...args)) yield { ...batch, watermark: early };
      },
    },
  });
  topic.write(publish(stored!)!);
  await post.expectWhole();
  expect(await it.reached(last, 100)).toBeUndefined();
});

test('it goes on when the log was restored and has all that it said, and stops when it has not', async () => {
  const post = await afterOne();

  let epoch = 'restored';
  const past: Past = { ...post.past, epoch: async () => epoch };
  const second = post.collects({ past });
  await appendTo(post.store, 'a', movedBy(2));
  const { events } = await post.store.readAll(START, 10);
  for (const it of events.map(publisher('post', [parcelContract], epoch))) post.topic.write(it!);
  await post.expectWhole();
  expect((await post.rows.place()).epoch).toBe('restored');
  await second.stop();

  epoch = 'restored to before';
  const older = memoryStore();
  await appendTo(older, 'a', movedBy(1));
  const third = post.collects({ past: { ...pastIn(older, 'post', [parcelContract]), epoch: async () => epoch } });
  await eventually(() => expect(third.it.failure()?.message).toMatch('restored to before what it had published'));
  expect(post.rows.kept).toHaveLength(2);
});

test('who wants to read more of another service gets the past of that too, and an older release takes nothing back', async () => {
  const post = installation();
  const past = pastIn(post.store, 'post', [parcelContract, tariffContract]);
  await appendTo(post.store, 'a', movedBy(1));
  const older = post.collects({ past, categories: [] });
  await eventually(async () => expect((await post.rows.place()).offsets).not.toBeNull());
  expect(post.rows.kept).toEqual([]);
  await older.stop();
  const newer = post.collects({ past });
  await post.expectWhole();
  await newer.stop();
  post.collects({ past, categories: [] });
  const { position } = await post.store.head();
  await appendTo(post.store, 'a', movedBy(2));
  await post.publish(position);
  await post.expectWhole();
});

test('who does not own it any more adds nothing', async () => {
  const post = installation();
  await appendTo(post.store, 'a', movedBy(1));
  const over = new AbortController();
  const term = { holds: () => false, renewed: () => undefined, confirm: async () => false } as never;
  const filling = receiver({
    producer: 'post',
    group: 'g',
    categories: ['parcel'],
    bus: post.topic.bus(),
    past: post.past,
    rows: post.rows,
  });
  const running = filling.run(over.signal, term);
  await delay(50);
  over.abort();
  await running;
  expect(post.rows.kept).toEqual([]);
  expect((await post.rows.place()).version).toBe(0);
});

test('a reaction that read the log goes on in the inbox where it stopped, and not from the start', async () => {
  const post = installation();
  const given: string[] = [];
  const commands = {
    handle: async (...[, { id }]: Parameters<CommandHandler['handle']>) => (given.push(id!), { outcome: 'changed' }),
  } as unknown as CommandHandler;
  let kept: Checkpoint | undefined;
  const checkpoints = {
    load: async () => kept,
    held: async () => ({ held: [], skipped: [] }),
    save: async (_: string, from: Checkpoint | undefined, { to }: { to: Checkpoint }) => {
      if (from?.position !== kept?.position || from?.epoch !== kept?.epoch) return false;
      kept = { ...to, generation: '' };
      return true;
    },
  } as unknown as Checkpoints;
  const follows = reaction({ name: 'weigh-what-is-sent', over: 'post', from: [parcelContract] })({
    ParcelSent: ({ id }) => ({ to: parcel, type: 'Weigh', id, data: { tariffId: 't' } }),
  });
  await appendTo(post.store, 'a', sentTo('Bern'));
  await appendTo(post.store, 'b', sentTo('Chur'), tagged());
  const first = reactor(follows, 'depot', storeFeed(post.store, [parcelContract]), commands, checkpoints);
  const stop = stoppable((signal) => first.run(signal));
  const { position } = await post.store.head();
  await eventually(() => expect(kept?.position).toBe(position));
  await stop();

  post.collects();
  await post.expectWhole();
  const second = reactor(follows, 'depot', post.inbox.feed([parcelContract]), commands, checkpoints);
  stoppable((signal) => second.run(signal));
  await appendTo(post.store, 'c', sentTo('Genf'));
  await post.publish(position);
  await eventually(() => expect([second.failure()?.message, [...given].sort()]).toEqual([undefined, ['a', 'b', 'c']]));
});
