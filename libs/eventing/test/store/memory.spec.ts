import { memoryStore } from '../../src/store/memory';
import { Conflict, OutcomeUnknown, START } from '../../src/store/port';
import { eventStoreContract } from './contract';
import { event, events, readOn, stream } from './events';

describe('the store in memory', () => {
  describe('by the contract', () => eventStoreContract('memory', async () => memoryStore()));

  test('answers the next append with a conflict when asked to', async () => {
    const store = memoryStore();
    await store.append('order-1', 'none', events(2));
    store.faults.conflict();
    await expect(store.append('order-1', 1, events(1))).rejects.toMatchObject({ stream: 'order-1', expected: 1, actual: 1 });
    expect(await store.read('order-1')).toHaveLength(2);
    expect(await store.append('order-1', 1, events(1))).toMatchObject({ status: 'appended', revision: 2 });
  });

  test('loses the answer of the next append when asked to, and a repeat is told so', async () => {
    const store = memoryStore();
    const given = events(2);
    store.faults.loseAnswer();
    await expect(store.append('order-1', 'none', given)).rejects.toThrow(OutcomeUnknown);
    expect(await store.append('order-1', 'none', given)).toMatchObject({ status: 'duplicate', revision: 1 });
    expect(await store.read('order-1')).toHaveLength(2);
  });

  test('plays its faults in the order in which they were asked for', async () => {
    const store = memoryStore();
    store.faults.conflict();
    store.faults.loseAnswer();
    await expect(store.append(stream(), 'none', events(1))).rejects.toThrow(Conflict);
    await expect(store.append(stream(), 'none', events(1))).rejects.toThrow(OutcomeUnknown);
    await expect(store.append(stream(), 'none', events(1))).resolves.toMatchObject({ status: 'appended' });
  });

  test('records with the clock it was given, and never goes back with it', async () => {
    const instants = ['2026-01-01T00:00:00.000Z', '2020-01-01T00:00:00.000Z', '2026-01-01T00:00:00.001Z'];
    const store = memoryStore({ now: () => new Date(instants.shift()!) });
    for (let i = 0; i < 3; i++) await store.append(stream(), 'none', [event()]);
    expect((await readOn(store, START)).map((it) => it.recordedAt)).toEqual([
      '2026-01-01T00:00:00.000000Z',
      '2026-01-01T00:00:00.000000Z',
      '2026-01-01T00:00:00.001000Z',
    ]);
  });
});
