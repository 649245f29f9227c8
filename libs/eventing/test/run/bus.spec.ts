import { eventually } from '@kams/testing/until';
import type { AnyContract } from '@kams/contracts/define';
import { logBus } from '../../src/bus/log-bus';
import type { Bus, BusBatch } from '../../src/bus/port';
import { commandHandler, type CommandHandler } from '../../src/run/handle';
import { publicType, publisher, subscriber, topicOf, type CloudEvent } from '../../src/run/cloud-event';
import { busFeed, storeFeed } from '../../src/run/feeds';
import { occurrenceOf } from '../../src/run/occurrence';
import type { Feed } from '../../src/run/projector';
import { memoryStore, type MemoryStore } from '../../src/store/memory';
import { START } from '../../src/store/port';
import { memoryReadModel, type MemoryReadModel } from './memory-read-model';
import { allowance, allowanceContract, parcel, parcelContract, say, tariffContract } from './parcels';
import { foreignParcels, working, type Working } from './reading';
import { keys } from '../../src/pure';

const contracts = [parcelContract, allowanceContract, keys('parcel').contract];
const group = 'depot.parcels';
const isPublic = (type: string) => ['ParcelSent', 'ParcelMoved', 'ParcelDelivered'].includes(type);

let store: MemoryStore;
let bus: Bus;
let feed: Feed;
let post: CommandHandler;
let depot: MemoryReadModel;
const open: Working[] = [];

/** `post` carries parcels; `depot` is another service, which has a list of them of its own, from the bus alone. */
beforeEach(async () => {
  store = memoryStore();
  bus = logBus([{ name: 'post', contracts, store }]);
  feed = busFeed(bus, group, 'post', [parcelContract], storeFeed(store, [parcelContract]));
  post = commandHandler({ store, hashKey: Buffer.alloc(32) });
  depot = memoryReadModel();
  await depot.prepare(foreignParcels);
});
afterEach(() => Promise.all(open.splice(0).map((it) => it.stop())));

const send = async (to: string, more = {}) => (await post.handle(parcel, say('Send', { to, tags: [to] }, more))).id;
const move = (id: string, by = 1) => post.handle(parcel, say('Move', { by }, { id }));
function depotStarts(): Working {
  const it = working(foreignParcels, feed, depot);
  open.push(it);
  return it;
}
/** Everything that is on the topic now. */
async function published(after = ''): Promise<CloudEvent[]> {
  const end = (await bus.ends(topicOf('post'))).get(0)!;
  const stop = new AbortController();
  const events: CloudEvent[] = [];
  for await (const { records, offset } of bus.consume(topicOf('post'), group, new Map([[0, after]]), stop.signal)) {
    events.push(...records.map((it) => it.event));
    if (offset >= end) stop.abort();
  }
  return events;
}

test('another service keeps rows of what is published', async () => {
  const it = depotStarts();
  const id = await send('Bern');
  await move(id, 4);
  await it.caughtUp();
  expect(depot.rows()).toEqual([{ tenant_id: 'acme', id, revision: 1, to: 'Bern', moved: 4, path: [1] }]);
});

test('what was published in an earlier version is read as of today, and what a later release published says so', async () => {
  await send('Bern');
  const [sent] = await published();
  const { ParcelMoved } = parcelContract.events;
  const upcasts = { 1: ({ steps }: { readonly steps: number }) => ({ by: steps }), 2: (data: object) => data };
  const today = { ...parcelContract, events: { ...parcelContract.events, ParcelMoved: { ...ParcelMoved, upcasts } } };
  const moved = (version: number, data: object): CloudEvent => ({
    ...sent!,
    type: publicType('post', 'parcel.moved', version),
    data,
  });
  const other: Bus = {
    ...bus,
    async *consume() {
      yield {
        records: [moved(1, { steps: 4 }), moved(9, { far: true })].map((event) => ({ event })),
        offset: '1',
      } as unknown as BusBatch;
    },
  };
  const read = busFeed(other, group, 'post', [today as unknown as AnyContract], storeFeed(store, [parcelContract]));
  for await (const { occurrences } of read.from(START, new AbortController().signal)) {
    expect(occurrences).toMatchObject([
      { type: 'ParcelMoved', schema: 3, data: { by: 4 } },
      { type: 'ParcelMoved', unreadable: { message: expect.stringContaining('version 9') } },
    ]);
    expect(occurrences[0]!.unreadable).toBeUndefined();
  }
});

test('a service that starts late gets the whole past', async () => {
  const ids = [];
  for (let i = 0; i < 50; i++) ids.push(await send(`T${i}`));
  for (const id of ids) await move(id);
  await depotStarts().caughtUp();
  expect(depot.rows()).toHaveLength(50);
  expect(depot.rows().every((row) => row['moved'] === 1)).toBe(true);
});

test('a service that was away goes on where it stopped', async () => {
  const before = depotStarts();
  const id = await send('Bern');
  await before.caughtUp();
  await before.stop();
  await move(id, 1);
  await move(id, 2);
  await depotStarts().caughtUp();
  expect(depot.rows()).toMatchObject([{ moved: 3, path: [1, 2] }]);
});

test('what is not public never leaves the service, though positions move on over it', async () => {
  const it = depotStarts();
  const id = await send('Bern');
  for (let i = 0; i < 3; i++) {
    await post.handle(parcel, say('Tag', { tag: `tag-${i}` }, { id }));
    await post.handle(allowance, say('Use', { parcels: 1 }));
  }
  await post.handle(parcel, say('Deliver', {}, { id }));
  await post.handle(parcel, say('Return', {}, { id }));
  await it.caughtUp();
  expect((await published()).map((event) => event.type)).toEqual(['kams.post.parcel.sent.v1', 'kams.post.parcel.delivered.v1']);
  expect(it.it.position()).toBe((await store.head()).position);
  expect(JSON.stringify(await published())).not.toContain('tag-');
});

test('the revisions that are missing on the bus are no gap, and a lost one is healed from the producer', async () => {
  const id = await send('Bern');
  await post.handle(parcel, say('Tag', { tag: 'x' }, { id }));
  await move(id, 1);
  await post.handle(parcel, say('Tag', { tag: 'y' }, { id }));
  await move(id, 2);
  await move(id, 4);
  const lossy: Bus = {
    ...bus,
    async *consume(...args) {
      for await (const it of bus.consume(...args))
        yield { ...it, records: it.records.filter(({ event }) => event.sequence !== '4') };
    },
  };
  feed = busFeed(lossy, group, 'post', [parcelContract], storeFeed(store, [parcelContract]));
  await depotStarts().caughtUp();
  expect(depot.rows()).toMatchObject([{ moved: 7, path: [2, 4, 5] }]);
});

test('a consumer whose place is of another history stops and says so', async () => {
  await send('Bern');
  const before = depotStarts();
  await before.caughtUp();
  await before.stop();
  depot.sides.live!.checkpoint = { ...depot.sides.live!.checkpoint!, epoch: 'restored' };
  await depotStarts().failing('another history');
});

test('a topic of a service that is not here is refused, with those that are', async () => {
  await expect(bus.ends('kams.campaigns.v1')).rejects.toThrow('there is no topic kams.campaigns.v1; there are kams.post.v1');
  feed = busFeed(bus, group, 'campaigns', [parcelContract], storeFeed(store, [parcelContract]));
  await depotStarts().failing('there is no topic');
});

test('what comes live comes in the order of the log', async () => {
  const it = depotStarts();
  const ids = await Promise.all(Array.from({ length: 5 }, (_, i) => send(`T${i}`)));
  await Promise.all(Array.from({ length: 100 }, (_, i) => move(ids[i % 5]!)));
  await it.caughtUp();
  await eventually(() => expect(depot.rows().map((row) => row['moved'])).toEqual(Array(5).fill(20)));
  for (const row of depot.rows()) expect(row['path']).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  const offsets = (await published()).map((event) => event.globalpos);
  expect(offsets).toEqual([...offsets].sort());
});

describe('a cloud event', () => {
  const stored = async () => (await store.readAll(START, 1_000)).events;

  test('has the attributes of the specification, and those that a consumer needs to be sure', async () => {
    const id = await send('Bern', {
      commandId: 'c-1',
      correlationId: 'r-1',
      occurredAt: '2026-01-05T09:00:00.000Z',
      traceparent: '00-t',
    });
    const [event] = (await stored()).filter((it) => it.type === 'ParcelSent');
    const { epoch } = await store.head();
    expect(await published()).toEqual([
      {
        specversion: '1.0',
        id: event!.id,
        type: 'kams.post.parcel.sent.v1',
        source: '/kams/acme/post',
        subject: `parcel/${id}`,
        time: '2026-01-05T09:00:00.000Z',
        dataschema: 'https://schemas.kams.local/kams.post.parcel.sent.v1/0.json',
        datacontenttype: 'application/json',
        partitionkey: `parcel-${id}`,
        sequence: '0',
        globalpos: event!.position,
        storeepoch: epoch,
        correlationid: 'r-1',
        causationid: 'c-1',
        recordedtime: event!.recordedAt,
        tenantid: 'acme',
        actor: 'user-1',
        traceparent: '00-t',
        data: { to: 'Bern' },
      },
    ]);
    expect(Object.keys((await published())[0]!).every((name) => /^[a-z0-9]+$/.test(name))).toBe(true);
  });

  test('comes back as the same occurrence that the own store gives', async () => {
    const id = await send('Bern', { occurredAt: '2026-01-05T09:00:00Z' });
    await move(id, 2);
    await post.handle(parcel, say('Tag', { tag: 'x' }, { id }));
    await post.handle(parcel, say('Deliver', {}, { id }));
    const { epoch } = await store.head();
    const publish = publisher('post', contracts, epoch);
    const read = subscriber('post', contracts);
    const over = (await stored()).map((it) => publish(it)).filter((it) => it !== undefined);
    const wire = JSON.parse(JSON.stringify(over)) as CloudEvent[];
    const own = (await stored()).filter((it) => isPublic(it.type)).map(occurrenceOf);
    expect(wire.map(read)).toEqual(own);
    expect(own.map((it) => it.schema)).toEqual([1, 3, 1]);
  });

  test('of an older or a newer version of a known type is not lost', async () => {
    await send('Bern');
    const [event] = await published();
    for (const version of [1, 2, 27]) {
      const it = { ...event!, type: publicType('post', 'parcel.moved', version) };
      expect(subscriber('post', contracts)(it)).toMatchObject({ type: 'ParcelMoved', schema: version });
    }
  });

  test.each(['kams.post.parcel.painted.v1', 'kams.depot.parcel.sent.v1', 'kams.post.parcel.sent', 'parcel.sent', ''])(
    'of a type that the contracts do not know is nothing: %s',
    async (type) => {
      await send('Bern');
      const [event] = await published();
      expect(subscriber('post', contracts)(event!)).toBeDefined();
      expect(subscriber('post', contracts)({ ...event!, type })).toBeUndefined();
    },
  );

  test('is not made of an event that its contract keeps inside, nor of another service’s', async () => {
    await send('Bern');
    const { epoch } = await store.head();
    const made = (of: typeof contracts) => async () =>
      (await stored()).map(publisher('post', of, epoch)).filter((it) => it !== undefined);
    expect(await made(contracts)()).toHaveLength(1);
    expect(await made([tariffContract] as never)()).toHaveLength(0);
  });
});
