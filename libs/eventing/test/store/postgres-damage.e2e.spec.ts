import { Conflict, LogDamaged, START, type Position } from '../../src/store/port';
import { newEpoch } from '../../src/store/postgres/install';
import type { PostgresStore } from '../../src/store/postgres/postgres-store';
import { events, following, readOn } from './events';
import { postgresLab, WITHOUT_TAIL } from './postgres-lab';

const { url, client, opened, missing, cutAll } = postgresLab('for each test');
let store: PostgresStore;

beforeEach(async () => {
  store = await opened(WITHOUT_TAIL);
  await store.append('order-1', 'none', events(5));
});
/** As after a fail-over to a server that had not yet got everything. */
const loseTheEnd = () => client().query('delete from es.events where position > 3');

describe('a hole in the log', () => {
  test('is noticed by whoever reads over it, with any filter', async () => {
    await client().query('delete from es.events where position = 3');
    await expect(store.readAll(START, 10)).rejects.toThrow(LogDamaged);
    await expect(store.readAll(START, 10, { categories: ['nothing'] })).rejects.toThrow(LogDamaged);
    await expect(following(store, START).ended).rejects.toThrow(LogDamaged);
    await expect(store.read('order-1')).rejects.toThrow(LogDamaged);
    await expect(store.read('order-1', { backwards: true })).rejects.toThrow(LogDamaged);
    await expect(Promise.all([store.read('order-1'), store.read('order-2')])).rejects.toThrow(LogDamaged);
    expect(await missing()).toBe(1);
  });

  test('at its beginning is noticed', async () => {
    await client().query('delete from es.events where position <= 2');
    await expect(store.readAll(START, 10)).rejects.toThrow(LogDamaged);
    await expect(store.read('order-1')).rejects.toThrow(LogDamaged);
    expect(await store.read('order-1', { from: 2 })).toHaveLength(3);
    expect(await missing()).toBe(2);
  });

  test('is none when it was made on purpose', async () => {
    await client().query('delete from es.events where position in (1, 2, 4)');
    await client().query('insert into es.removed (first, last) values (1, 2), (4, 4)');
    expect((await readOn(store, START)).map((it) => it.revision)).toEqual([2, 4]);
    expect((await store.readAll(START, 10, { categories: ['nothing'] })).position).toBe((await store.head()).position);
    expect((await store.read('order-1')).map((it) => it.revision)).toEqual([2, 4]);
    expect(await missing()).toBe(0);
    await expect(store.append('order-1', 'none', events(1))).rejects.toThrow(Conflict);
    expect(await store.append('order-1', 4, events(1))).toMatchObject({ revision: 5 });
  });

  test('is none when it was made on purpose where this process knew the end', async () => {
    await (await opened()).append('order-1', 4, events(2));
    await client().query('delete from es.events where position = 5');
    await client().query('insert into es.removed (first, last) values (5, 5)');
    expect(Number((await store.head()).position)).toBe(7);
  });

  test('is what an event is looked up in, and not the tail', async () => {
    const other = await opened();
    const reader = following(other, START);
    const { position } = await other.append('order-2', 'none', events(1));
    await reader.until(() => reader.seen.length === 6);
    expect(await other.at(position)).toMatchObject({ stream: 'order-2', revision: 0 });
    await client().query('delete from es.events where position = 6');
    expect(await other.at(position)).toBeUndefined();
    expect(await other.at('00000000000000000001' as Position)).toMatchObject({ stream: 'order-1', revision: 0 });
  });
});

describe('an end of the log that was lost', () => {
  test('is noticed on a new connection, even when other events have its positions', async () => {
    const reader = following(store, START);
    await reader.until(() => reader.seen.length === 5);
    await loseTheEnd();
    await (await opened()).append('order-2', 'none', events(10));
    await cutAll();
    const again = () => store.append('order-3', 'none', events(1));
    await expect(again().catch(again)).rejects.toThrow(LogDamaged);
    await expect(reader.ended).rejects.toThrow(LogDamaged);
    await expect(store.head()).rejects.toThrow(LogDamaged);
  });

  test('is noticed by the next append', async () => {
    await loseTheEnd();
    await store.append('order-2', 'none', events(1));
    await expect(store.read('order-1')).rejects.toThrow('its end was lost');
  });

  test('is noticed by a subscription that nothing new comes to', async () => {
    const reader = following(store, START);
    await reader.until(() => reader.seen.length === 5);
    await loseTheEnd();
    await expect(reader.ended).rejects.toThrow(LogDamaged);
  });
});

test('a new epoch stops whoever knew the old one', async () => {
  const before = await store.head();
  const reader = following(store, START);
  await reader.until(() => reader.seen.length === 5);
  const epoch = await newEpoch(url());
  expect(epoch).not.toBe(before.epoch);
  await expect(reader.ended).rejects.toThrow('new epoch');
  expect(await (await opened()).head()).toEqual({ epoch, position: before.position });
});
