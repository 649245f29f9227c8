import { commandHandler, CommandIdReused, NotFound, Stale, TooContended, type CommandHandler } from '../../src/run/handle';
import { keyOf, keys, naturalId, Refusal, type AnyAggregate } from '../../src/pure';
import { memoryStore, type MemoryStore } from '../../src/store/memory';
import { NotStorable, OutcomeUnknown, START, Unavailable, type EventStore } from '../../src/store/port';
import fc from 'fast-check';
import { ALLOWANCE, allowance, parcel, say, tariff, type Parcel } from './parcels';

let store: MemoryStore;
beforeEach(() => (store = memoryStore()));

/** A process with nothing in its memory. */
const process = (of: EventStore = store, cachedStreams?: number): CommandHandler =>
  commandHandler({ store: of, hashKey: Buffer.alloc(32, 1), now: () => new Date('2026-03-02T09:00:00.000Z'), cachedStreams });

const sent = async (by: CommandHandler, to = 'Bern') => (await by.handle(parcel, say('Send', { to }))).id;
const eventsOf = (id: string, of: AnyAggregate = parcel) => store.read(`${of.contract.name}-${id}`);
const typesOf = async (id: string) => (await eventsOf(id)).map((it) => it.type);
const everything = async () => (await store.readAll(START, 100_000)).events;

/** The store, with something before or instead of its next appends. */
const around = (
  ...acts: ((append: () => ReturnType<EventStore['append']>) => ReturnType<EventStore['append']>)[]
): EventStore => ({
  ...store,
  append: (...args) => {
    const append = () => store.append(...args);
    return acts.shift()?.(append) ?? append();
  },
});
const lost = async (append: () => Promise<unknown>) => {
  await append();
  throw new OutcomeUnknown('lost after');
};
const lostBefore = async () => {
  throw new OutcomeUnknown('lost before');
};
const down = async () => {
  throw new Unavailable('down');
};

describe('a command', () => {
  test('that opens a stream answers its id and the place of its last event', async () => {
    const answer = await process().handle(
      parcel,
      say('Send', { to: 'Bern' }, { commandId: 'c-1', correlationId: 'r-1', traceparent: 't' }),
    );
    const [event] = await eventsOf(answer.id);
    expect(answer).toEqual({ id: answer.id, revision: 0, position: event!.position, outcome: 'opened' });
    expect(event).toMatchObject({
      type: 'ParcelSent',
      schema: 1,
      data: { to: 'Bern' },
      metadata: {
        tenantId: 'acme',
        actor: 'user-1',
        occurredAt: '2026-03-02T09:00:00.000Z',
        commandId: 'c-1',
        correlationId: 'r-1',
        causationId: 'c-1',
        traceparent: 't',
      },
    });
  });

  test('that makes several events answers the last of them, and all have its id', async () => {
    const it = process();
    const id = await sent(it);
    const answer = await it.handle(parcel, say('Hop', { times: 3 }, { id, commandId: 'hop' }));
    expect(answer).toMatchObject({ revision: 3, outcome: 'changed', position: (await eventsOf(id)).at(-1)!.position });
    expect((await eventsOf(id)).slice(1).map((event) => [event.schema, event.metadata.commandId])).toEqual([
      [3, 'hop'],
      [3, 'hop'],
      [3, 'hop'],
    ]);
  });

  test('for a thing that does not exist is not found', async () => {
    await expect(process().handle(parcel, say('Deliver', {}, { id: 'nobody' }))).rejects.toThrow(NotFound);
  });

  test('for a thing of another tenant is not found either, and its look-ups see nothing of it', async () => {
    const it = process();
    const id = await sent(it);
    for (const by of [it, process()]) {
      await expect(by.handle(parcel, say('Deliver', {}, { id, tenantId: 'globex' }))).rejects.toThrow(NotFound);
      await expect(by.handle(parcel, say('Send', { to: 'Rome' }, { id, tenantId: 'globex' }))).rejects.toThrow(NotFound);
      expect(await by.find({ of: parcel, id }, 'globex')).toEqual({ id, state: parcel.initial, revision: -1 });
    }
    expect(await typesOf(id)).toEqual(['ParcelSent']);
  });

  test('that there is no such rule for is a fault of the program', async () => {
    await expect(process().handle(parcel, say('Explode'))).rejects.toThrow(RangeError);
  });

  test('too large to be stored leaves nothing, and hinders no other', async () => {
    const it = process();
    const id = await sent(it);
    await expect(it.handle(parcel, say('Hop', { times: 20_000 }, { id }))).rejects.toThrow(NotStorable);
    expect(await it.handle(parcel, say('Move', { by: 1 }, { id }))).toMatchObject({ revision: 1 });
  });
});

describe('a command id', () => {
  test('that was seen gives the first answer again and no second event, in this process and in another', async () => {
    const first = process();
    const id = await sent(first);
    const command = say('Move', { by: 5 }, { id, commandId: 'c-1' });
    const answer = await first.handle(parcel, command);
    await first.handle(parcel, say('Move', { by: 1 }, { id }));
    for (const by of [first, process()]) expect(await by.handle(parcel, command)).toEqual(answer);
    expect(await eventsOf(id)).toHaveLength(3);
  });

  test('that was seen gives the first answer even where the rules would refuse it now', async () => {
    const it = process();
    const id = await sent(it);
    const command = say('Move', { by: 5 }, { id, commandId: 'c-1' });
    const answer = await it.handle(parcel, command);
    await it.handle(parcel, say('Deliver', {}, { id }));
    expect(await it.handle(parcel, command)).toEqual(answer);
    expect(await process().handle(parcel, { ...command, expected: 1_000 })).toEqual(answer);
  });

  test('of a command that opens is answered as opened again', async () => {
    const command = say('Send', { to: 'Bern' }, { commandId: 'c-1' });
    const answer = await process().handle(parcel, command);
    for (const by of [process(), process()]) expect(await by.handle(parcel, command)).toEqual(answer);
    expect(await everything()).toHaveLength(1);
  });

  test('with another body, or another command, is refused', async () => {
    const it = process();
    const id = await sent(it);
    await it.handle(parcel, say('Move', { by: 5 }, { id, commandId: 'c-1' }));
    for (const by of [it, process()]) {
      await expect(by.handle(parcel, say('Move', { by: 6 }, { id, commandId: 'c-1' }))).rejects.toThrow(CommandIdReused);
      await expect(by.handle(parcel, say('Hop', { times: 1 }, { id, commandId: 'c-1' }))).rejects.toThrow(CommandIdReused);
    }
  });

  test('is stored with a hash of the body that nobody without the key can guess', async () => {
    const hashes = await Promise.all(
      [1, 2].map(async (key) => {
        const own = memoryStore();
        await commandHandler({ store: own, hashKey: Buffer.alloc(32, key) }).handle(
          parcel,
          say('Send', { to: 'Bern' }, { commandId: 'c-1' }),
        );
        return (await own.readAll(START, 1)).events[0]!.metadata.commandHash;
      }),
    );
    expect(hashes[0]).not.toBe(hashes[1]);
  });

  test('has its hash on every event, also where the caller gave it no id', async () => {
    await process().handle(parcel, say('Send', { to: 'Bern' }));
    for (const { metadata } of await everything()) expect(metadata.commandHash).toMatch(/^[\w-]{22}$/);
  });

  test('is known within the last 1,000 events of its aggregate', async () => {
    const it = process();
    const id = await sent(it);
    const command = say('Move', { by: 5 }, { id, commandId: 'c-1' });
    const answer = await it.handle(parcel, command);
    for (let i = 0; i < 999; i++) await it.handle(parcel, say('Move', { by: 1 }, { id }));
    expect(await it.handle(parcel, command)).toEqual(answer);
    expect(await process().handle(parcel, command)).toEqual(answer);
  });

  test('sent eight times at once, through two processes, is one command', async () => {
    const id = await sent(process());
    const processes = [process(), process()];
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, i) => processes[i % 2]!.handle(parcel, say('Move', { by: 5 }, { id, commandId: 'c-1' }))),
    );
    expect(new Set(answers.map((it) => JSON.stringify(it))).size).toBe(1);
    expect(await eventsOf(id)).toHaveLength(2);
  });

  test('of a command that changed nothing leaves no trace: it is decided again', async () => {
    const it = process();
    const id = await sent(it);
    const command = say('Return', {}, { id, commandId: 'c-1' });
    expect(await it.handle(parcel, command)).toMatchObject({ outcome: 'unchanged', revision: 0 });
    await it.handle(parcel, say('Deliver', {}, { id }));
    expect(await it.handle(parcel, command)).toMatchObject({ outcome: 'changed', revision: 2 });
  });
});

describe('what is in memory', () => {
  test('is only where a decision starts: what another process stored is read before it is decided again', async () => {
    const [one, other] = [process(), process()];
    const id = await sent(one);
    await other.handle(parcel, say('Move', { by: 7 }, { id }));
    expect(await one.handle(parcel, say('Move', { by: 1 }, { id }))).toMatchObject({ revision: 2 });
    expect((await one.find<Parcel>({ of: parcel, id }, 'acme')).state.moved).toBe(8);
  });

  test('does not refuse what the store allows', async () => {
    const [one, other] = [process(), process()];
    const id = await sent(one);
    await one.handle(parcel, say('Deliver', {}, { id }));
    await other.handle(parcel, say('Return', {}, { id }));
    expect(await one.handle(parcel, say('Move', { by: 1 }, { id }))).toMatchObject({ revision: 3, outcome: 'changed' });
  });

  test('does not allow what the store refuses', async () => {
    const [one, other] = [process(), process()];
    const id = await sent(one);
    await other.handle(parcel, say('Move', { by: 4 }, { id }));
    await other.handle(parcel, say('Deliver', {}, { id }));
    await expect(one.handle(parcel, say('Move', { by: 1 }, { id }))).rejects.toMatchObject({
      code: 'not-on-its-way',
      details: { moved: 4 },
    });
  });

  test('does not say that there is nothing to do where the store has something', async () => {
    const [one, other] = [process(), process()];
    const id = await sent(one);
    await other.handle(parcel, say('Deliver', {}, { id }));
    expect(await one.handle(parcel, say('Return', {}, { id }))).toMatchObject({ revision: 2, outcome: 'changed' });
  });

  test('does not say that nothing is there where another process has opened it', async () => {
    const [one, other] = [process(), process()];
    await expect(one.handle(parcel, say('Deliver', {}, { id: 'p' }))).rejects.toThrow(NotFound);
    await other.handle(parcel, say('Send', { to: 'Bern' }, { id: 'p' }));
    expect(await one.handle(parcel, say('Deliver', {}, { id: 'p' }))).toMatchObject({ revision: 1 });
  });

  test('costs no read where nothing was changed by others', async () => {
    const it = process({ ...store, read: () => Promise.reject(new Error('read')) });
    const { id } = await it.handle(parcel, say('Send', { to: 'Bern' }));
    await it.handle(parcel, say('Move', { by: 1 }, { id }));
    expect(await eventsOf(id)).toHaveLength(2);
  });

  test('or not in memory: the same commands get the same answers', async () => {
    const types = fc.constantFrom('Send', 'Move', 'Hop', 'Deliver', 'Return', 'Weigh', 'Tag', 'Import');
    const step = fc.record({ type: types, id: fc.nat(2), n: fc.nat(2), again: fc.boolean(), expected: fc.option(fc.nat(5)) });
    const dataOf = (type: string, n: number): object =>
      ({
        Send: { to: `T${n}`, tags: [`s${n}`, `t${n}`] },
        Move: { by: n },
        Hop: { times: n },
        Weigh: { tariffId: 'x' },
        Tag: { tag: `t${n}` },
        Import: { tag: `t${n}`, to: `T${n}` },
      })[type] ?? {};
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const told = await Promise.all(
          [50_000, 1, 0].map(async (kept) => {
            const own = memoryStore();
            const long = process(own, Math.max(kept, 1));
            const outcomes: unknown[] = [];
            for (const [i, { type, id, n, again, expected }] of steps.entries()) {
              const by = kept === 0 ? process(own) : long;
              const command = say(type, dataOf(type, n), {
                id: `p${id}`,
                commandId: again ? `${type} ${id}` : `${i}`,
                expected: expected ?? undefined,
              });
              const outcome = await by
                .handle(parcel, command)
                .catch((error: Error) => `${error.constructor.name} ${error.message}`);
              outcomes.push(outcome);
            }
            const stored = (await own.readAll(START, 1_000)).events.map(({ stream, type, data }) => ({ stream, type, data }));
            return { outcomes, stored };
          }),
        );
        expect(told[1]).toEqual(told[0]);
        expect(told[2]).toEqual(told[0]);
      }),
      { numRuns: 200 },
    );
  });
});

describe('where others write to the same stream', () => {
  test('a command is decided again, three times', async () => {
    const it = process();
    const id = await sent(it);
    for (let i = 0; i < 3; i++) store.faults.conflict();
    expect(await it.handle(parcel, say('Move', { by: 1 }, { id }))).toMatchObject({ revision: 1 });
  });

  test('and not a fourth time: it is too contended, and nothing was stored', async () => {
    const it = process();
    const id = await sent(it);
    let decided = 0;
    const counted = {
      ...parcel,
      decide: {
        ...parcel.decide,
        Move: (...args: Parameters<NonNullable<AnyAggregate['decide'][string]>>) => {
          decided++;
          return parcel.decide['Move']!(...args);
        },
      },
    } as AnyAggregate;
    for (let i = 0; i < 4; i++) store.faults.conflict();
    await expect(it.handle(counted, say('Move', { by: 1 }, { id }))).rejects.toThrow(TooContended);
    expect(decided).toBe(4);
    expect(await typesOf(id)).toEqual(['ParcelSent']);
    expect(await it.handle(parcel, say('Move', { by: 1 }, { id }))).toMatchObject({ revision: 1 });
  });

  test('each of 64 callers of one process gets a revision of its own, without a single conflict', async () => {
    const id = await sent(process());
    let appends = 0;
    const it = process({ ...store, append: (...args) => (appends++, store.append(...args)) });
    const answers = await Promise.all(Array.from({ length: 64 }, () => it.handle(parcel, say('Move', { by: 1 }, { id }))));
    expect(answers.map((answer) => answer.revision)).toEqual(Array.from({ length: 64 }, (_, i) => i + 1));
    expect(appends).toBe(64);
  });

  test('callers of several processes are each stored or told, never half and never twice', async () => {
    const id = await sent(process());
    const processes = Array.from({ length: 4 }, () => process());
    const outcomes = await Promise.allSettled(
      Array.from({ length: 64 }, (_, i) =>
        processes[i % 4]!.handle(parcel, say('Hop', { times: 2 }, { id, commandId: `c-${i}` })),
      ),
    );
    const made = outcomes.flatMap((it, i) => (it.status === 'fulfilled' ? [`c-${i}`, `c-${i}`] : []));
    for (const it of outcomes) if (it.status === 'rejected') expect(it.reason).toBeInstanceOf(TooContended);
    const stored = (await eventsOf(id)).slice(1).map((it) => it.metadata.commandId);
    expect([...stored].sort()).toEqual(made.sort());
    expect(made.length).toBeGreaterThan(0);
  });

  test('one failure does not hold up those that wait behind it', async () => {
    const id = await sent(process());
    const it = process(around(down));
    const outcomes = await Promise.allSettled(Array.from({ length: 3 }, () => it.handle(parcel, say('Move', { by: 1 }, { id }))));
    expect(outcomes.map((outcome) => outcome.status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
    expect(await eventsOf(id)).toHaveLength(3);
  });
});

describe('If-Match', () => {
  test('lets a command through only at its revision', async () => {
    const it = process();
    const id = await sent(it);
    await expect(it.handle(parcel, say('Move', { by: 1 }, { id, expected: 3 }))).rejects.toEqual(new Stale(0));
    expect(await it.handle(parcel, say('Move', { by: 1 }, { id, expected: 0 }))).toMatchObject({ revision: 1 });
    await expect(it.handle(parcel, say('Move', { by: 1 }, { id, expected: 0 }))).rejects.toMatchObject({ revision: 1 });
  });

  test('is compared with the store and not with the memory, both ways', async () => {
    const [one, other] = [process(), process()];
    const id = await sent(one);
    await other.handle(parcel, say('Move', { by: 1 }, { id }));
    await expect(one.handle(parcel, say('Move', { by: 1 }, { id, expected: 0 }))).rejects.toMatchObject({ revision: 1 });
    await other.handle(parcel, say('Move', { by: 1 }, { id }));
    expect(await one.handle(parcel, say('Move', { by: 1 }, { id, expected: 2 }))).toMatchObject({ revision: 3 });
  });

  test('does not let a command be decided again at another revision', async () => {
    const [one, other] = [process(), process()];
    const id = await sent(one);
    const outcomes = await Promise.allSettled(
      [one, other].map((by) => by.handle(parcel, say('Move', { by: 1 }, { id, expected: 0 }))),
    );
    expect(outcomes.map((it) => it.status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(outcomes.find((it) => it.status === 'rejected')?.reason).toEqual(new Stale(1));
    expect(await eventsOf(id)).toHaveLength(2);
  });
});

describe('when the answer of the store is lost', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());
  /** Lets the waits of the handler pass. */
  async function passing<T>(working: Promise<T>): Promise<T> {
    let isOver = false;
    const over = () => void (isOver = true);
    working.then(over, over);
    while (!isOver) await jest.advanceTimersByTimeAsync(100);
    return working;
  }

  test.each([
    ['after it was stored', [lost]],
    ['after it was stored, again and again', [lost, lost, lost, lost]],
    ['before it was stored', [lostBefore]],
    ['and the store is down then', [lost, down, down]],
    ['and nothing was stored, and the store is down then', [lostBefore, down, lostBefore]],
  ])('%s, the same events are sent again, and are stored once', async (_, acts) => {
    const id = await sent(process());
    const it = process(around(...acts));
    const answer = await passing(it.handle(parcel, say('Hop', { times: 2 }, { id, commandId: 'c-1' })));
    const events = await eventsOf(id);
    expect(answer).toEqual({ id, revision: 2, position: events.at(-1)!.position, outcome: 'changed' });
    expect(events).toHaveLength(3);
    expect((await it.find({ of: parcel, id }, 'acme')).state).toMatchObject({ moved: 2 });
  });

  test('the memory store’s own lost answer is repeated too', async () => {
    const it = process();
    const id = await sent(it);
    store.faults.loseAnswer();
    expect(await passing(it.handle(parcel, say('Move', { by: 1 }, { id })))).toMatchObject({ revision: 1 });
    expect(await eventsOf(id)).toHaveLength(2);
  });

  test('and another was faster meanwhile, it is decided again', async () => {
    const id = await sent(process());
    const it = process(
      around(async () => {
        await process().handle(parcel, say('Deliver', {}, { id }));
        return lostBefore();
      }),
    );
    await expect(passing(it.handle(parcel, say('Move', { by: 1 }, { id })))).rejects.toMatchObject({ code: 'not-on-its-way' });
    expect(await typesOf(id)).toEqual(['ParcelSent', 'ParcelDelivered']);
  });

  test.each([
    ['says nothing', [lost, ...Array<typeof lostBefore>(9).fill(lostBefore)]],
    ['is down', [lost, ...Array<typeof lostBefore>(9).fill(down)]],
  ])('and the store %s for too long, the outcome is called unknown, never "not stored"', async (_, acts) => {
    const id = await sent(process());
    const it = process(around(...acts));
    const command = say('Move', { by: 1 }, { id, commandId: 'c-1' });
    await expect(passing(it.handle(parcel, command))).rejects.toThrow(OutcomeUnknown);
    expect(await it.handle(parcel, command)).toMatchObject({ revision: 1 });
    expect(await eventsOf(id)).toHaveLength(2);
  });

  test('a store that is down from the beginning is asked once', async () => {
    const id = await sent(process());
    const it = process(around(down, down));
    await expect(it.handle(parcel, say('Move', { by: 1 }, { id }))).rejects.toThrow(Unavailable);
    await expect(it.handle(parcel, say('Move', { by: 1 }, { id }))).rejects.toThrow(Unavailable);
    expect(await it.handle(parcel, say('Move', { by: 1 }, { id }))).toMatchObject({ revision: 1 });
  });
});

describe('a look-up', () => {
  test('gives a decision the other aggregate as the store has it', async () => {
    const [one, other] = [process(), process()];
    const id = await sent(one);
    const { id: tariffId } = await one.handle(tariff, say('Set', { price: 5 }));
    await other.handle(tariff, say('Set', { price: 9 }, { id: tariffId }));
    await one.handle(parcel, say('Weigh', { tariffId }, { id }));
    expect((await eventsOf(id)).at(-1)!.data).toEqual({ price: 9 });
  });

  test('of what is not there, or is another tenant’s, finds nothing', async () => {
    const it = process();
    const id = await sent(it);
    const { id: foreign } = await it.handle(tariff, say('Set', { price: 5 }, { tenantId: 'globex' }));
    for (const tariffId of ['nobody', foreign]) {
      await it.handle(parcel, say('Weigh', { tariffId }, { id }));
      expect((await eventsOf(id)).at(-1)!.data).toEqual({ price: -1 });
    }
  });

  test('may lead to another one, or to none', async () => {
    const it = process();
    const id = await sent(it);
    await it.handle(parcel, say('Send', { to: 'Rome', tags: ['t'] }));
    for (const [tag, to] of [
      ['t', 'Rome'],
      ['nobody’s', null],
    ]) {
      await it.handle(parcel, say('Compare', { tag }, { id }));
      expect((await eventsOf(id)).at(-1)!.data).toEqual({ with: to });
    }
  });
});

describe('a key that one may hold', () => {
  const holderOf = async (tag: string, tenantId = 'acme') =>
    (await process().find(keyOf('parcel', tenantId, { kind: 'tag', parts: [tag] }), tenantId)).state.holder;

  test('is the first one’s, and another is told who holds it', async () => {
    const it = process();
    const { id } = await it.handle(parcel, say('Send', { to: 'Bern', tags: ['t'] }));
    for (const by of [it, process()]) {
      await expect(by.handle(parcel, say('Send', { to: 'Rome', tags: ['t'] }))).rejects.toMatchObject({
        code: 'key-taken',
        details: { holder: id },
      });
    }
    expect(await holderOf('t')).toBe(id);
  });

  test('of one tenant is free for another', async () => {
    const it = process();
    await it.handle(parcel, say('Send', { to: 'Bern', tags: ['t'] }));
    expect(await it.handle(parcel, say('Send', { to: 'Rome', tags: ['t'] }, { tenantId: 'globex' }))).toMatchObject({
      outcome: 'opened',
    });
  });

  test('goes to one of two that want it at the same moment, in one process and in two', async () => {
    for (const [tag, processes] of [
      ['a', [process(), process()]],
      ['b', Array(2).fill(process())],
    ] as const) {
      const outcomes = await Promise.allSettled(
        processes.map((by: CommandHandler) => by.handle(parcel, say('Send', { to: tag, tags: [tag] }))),
      );
      expect(outcomes.map((it) => it.status).sort()).toEqual(['fulfilled', 'rejected']);
      const winner = outcomes.flatMap((it) => (it.status === 'fulfilled' ? [it.value.id] : []));
      expect(await holderOf(tag)).toBe(winner[0]);
    }
  });

  test('is not held by a command that is refused because of another key', async () => {
    const it = process();
    await it.handle(parcel, say('Send', { to: 'Bern', tags: ['taken'] }));
    const before = await everything();
    await expect(it.handle(parcel, say('Send', { to: 'Rome', tags: ['free', 'taken'] }))).rejects.toThrow(Refusal);
    expect(await everything()).toEqual(before);
    expect(await it.handle(parcel, say('Send', { to: 'Rome', tags: ['free'] }))).toMatchObject({ outcome: 'opened' });
  });

  test('is not held by a command that the aggregate refuses, though this process did not know it yet', async () => {
    const { id } = await process().handle(parcel, say('Send', { to: 'Bern', tags: ['a'] }, { commandId: 'c-1' }));
    const before = await everything();
    await expect(process().handle(parcel, say('Send', { to: 'Rome', tags: ['b'] }, { id }))).rejects.toThrow(Refusal);
    await expect(process().handle(parcel, say('Send', { to: 'Rome', tags: ['b'] }, { commandId: 'c-1' }))).rejects.toThrow(
      CommandIdReused,
    );
    await expect(process().handle(parcel, say('Tag', { tag: 'b' }, { id, tenantId: 'globex' }))).rejects.toThrow(NotFound);
    await expect(process().handle(parcel, say('Tag', { tag: 'b' }, { id, expected: 7 }))).rejects.toThrow(Stale);
    expect(await everything()).toEqual(before);
  });

  test('is given back where another one was faster with one of several', async () => {
    for (let i = 0; i < 20; i++) {
      const [a, b] = [`a${i}`, `b${i}`];
      const outcomes = await Promise.allSettled([
        process().handle(parcel, say('Send', { to: 'Bern', tags: [a, b] }, { commandId: `one ${i}` })),
        process().handle(parcel, say('Send', { to: 'Rome', tags: [b, a] }, { commandId: `other ${i}` })),
      ]);
      const winner = outcomes.flatMap((it) => (it.status === 'fulfilled' ? [it.value.id] : []))[0];
      expect([await holderOf(a), await holderOf(b)]).toEqual([winner, winner]);
    }
  });

  test('that was given back is claimed anew by the same command, sent again', async () => {
    const [a, b] = ['a', 'b'];
    const one = say('Send', { to: 'Bern', tags: [a, b] }, { commandId: 'one' });
    const outcomes = await Promise.allSettled([
      process().handle(parcel, one),
      process().handle(parcel, say('Send', { to: 'Rome', tags: [b, a] }, { commandId: 'other' })),
    ]);
    expect(outcomes.map((it) => it.status)).toEqual(['rejected', 'rejected']);
    const { id } = await process().handle(parcel, one);
    expect([await holderOf(a), await holderOf(b)]).toEqual([id, id]);
  });

  test('is claimed once, however often the holder says it', async () => {
    const it = process();
    const id = await sent(it);
    expect(await it.handle(parcel, say('Tag', { tag: 't' }, { id }))).toMatchObject({ outcome: 'changed' });
    expect(await it.handle(parcel, say('Tag', { tag: 't' }, { id }))).toMatchObject({ outcome: 'unchanged' });
    expect((await everything()).filter((event) => event.type === 'KeyClaimed')).toHaveLength(1);
  });

  test('that a process claimed before it died is used by the same command, sent again, and by an import of the key', async () => {
    const dying = () => process(around((append) => append(), down));
    const command = say('Send', { to: 'Bern', tags: ['t'] }, { commandId: 'c-1' });
    await expect(dying().handle(parcel, command)).rejects.toThrow(Unavailable);
    expect(await process().handle(parcel, command)).toMatchObject({ outcome: 'opened' });

    await expect(dying().handle(parcel, say('Send', { to: 'Bern', tags: ['u'] }))).rejects.toThrow(Unavailable);
    const { id, outcome } = await process().handle(parcel, say('Import', { tag: 'u', to: 'Rome' }));
    expect([outcome, await holderOf('u')]).toEqual(['opened', id]);
  });

  test('is released only by its holder', async () => {
    const it = process();
    const { id } = await it.handle(parcel, say('Send', { to: 'Bern', tags: ['t'] }));
    const key = keyOf('parcel', 'acme', { kind: 'tag', parts: ['t'] });
    const release = (holder: string) =>
      it.handle(keys('parcel'), say('Release', { kind: 'tag', parts: ['t'], holder }, { id: key.id }));
    expect(await release('another')).toMatchObject({ outcome: 'unchanged' });
    expect(await release(id)).toMatchObject({ outcome: 'changed' });
    expect(await it.handle(parcel, say('Send', { to: 'Rome', tags: ['t'] }))).toMatchObject({ outcome: 'opened' });
  });
});

describe('the id of what is opened', () => {
  const book = (to: string, more = {}) => say('Book', { carrier: 'post', number: '1', to }, more);

  test('comes from its natural key: the same thing, said again, is one stream', async () => {
    const first = await process().handle(parcel, book('Bern'));
    expect(first.id).toBe(naturalId('acme', 'parcel', ['post', '1']));
    expect(await process().handle(parcel, book('Bern'))).toEqual({ ...first, outcome: 'unchanged' });
    await expect(process().handle(parcel, book('Rome'))).rejects.toMatchObject({ code: 'already-sent' });
    expect((await process().handle(parcel, book('Bern', { tenantId: 'globex' }))).id).not.toBe(first.id);
  });

  test('comes from its natural key whatever id the command names', async () => {
    const { id } = await process().handle(parcel, book('Bern'));
    expect(await process().handle(parcel, book('Bern', { id: 'another' }))).toMatchObject({ id, outcome: 'unchanged' });
  });

  test('comes from the command id: sent again at the same moment it is one stream', async () => {
    const command = say('Send', { to: 'Bern' }, { commandId: 'c-1' });
    const answers = await Promise.all([process(), process(), process()].map((by) => by.handle(parcel, command)));
    expect(new Set(answers.map((it) => it.id)).size).toBe(1);
    expect(await everything()).toHaveLength(1);
  });

  test('is a new one without either', async () => {
    const it = process();
    expect(await sent(it)).not.toBe(await sent(it));
  });

  test('is the holder’s where somebody holds the key, and the key’s own where nobody does', async () => {
    const it = process();
    const held = await it.handle(parcel, say('Send', { to: 'Bern', tags: ['t'] }));
    expect(await process().handle(parcel, say('Import', { tag: 't', to: 'Rome' }))).toMatchObject({
      id: held.id,
      outcome: 'changed',
    });
    expect(await process().handle(parcel, say('Import', { tag: 't', to: 'Rome' }))).toMatchObject({
      id: held.id,
      outcome: 'unchanged',
    });
    const answers = await Promise.all(
      [process(), process()].map((by) => by.handle(parcel, say('Import', { tag: 'u', to: 'Rome' }))),
    );
    expect(answers.map((answer) => answer.id)).toEqual(Array(2).fill(keyOf('parcel', 'acme', { kind: 'tag', parts: ['u'] }).id));
  });
});

describe('a ledger', () => {
  test('is one stream a tenant, whatever id a command names', async () => {
    const it = process();
    for (const more of [{}, { id: 'another' }, { tenantId: 'globex' }])
      await it.handle(allowance, say('Use', { parcels: 1 }, more));
    expect(await eventsOf('acme', allowance)).toHaveLength(2);
    expect(await eventsOf('globex', allowance)).toHaveLength(1);
  });

  test('holds its rule against 64 callers of four processes', async () => {
    const processes = Array.from({ length: 4 }, () => process());
    const outcomes = await Promise.allSettled(
      Array.from({ length: 64 }, (_, i) => processes[i % 4]!.handle(allowance, say('Use', { parcels: 1 }))),
    );
    const made = outcomes.filter((it) => it.status === 'fulfilled').length;
    expect(await eventsOf('acme', allowance)).toHaveLength(made);
    expect(made).toBeLessThanOrEqual(ALLOWANCE);
    const alone = process();
    for (let left = ALLOWANCE - made; left > 0; left--) await alone.handle(allowance, say('Use', { parcels: 1 }));
    await expect(alone.handle(allowance, say('Use', { parcels: 1 }))).rejects.toMatchObject({ code: 'used-up' });
  });
});

test('whatever the store does, a command is stored once where it was answered, and at most once where it was not', async () => {
  const fault = fc.constantFrom('none', 'none', 'none', 'conflict', 'lost', 'lost before', 'down');
  const step = fc.record({
    by: fc.nat(2),
    id: fc.nat(1),
    hops: fc.integer({ min: 1, max: 3 }),
    faults: fc.array(fault, { maxLength: 5 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), fc.scheduler(), async (steps, scheduler) => {
      jest.useFakeTimers();
      const own = memoryStore();
      const faults: string[] = [];
      const faulty: EventStore = {
        ...own,
        read: async (...args) => {
          await scheduler.schedule(Promise.resolve(), 'read');
          return own.read(...args);
        },
        async append(...args) {
          await scheduler.schedule(Promise.resolve(), 'append');
          const next = faults.shift();
          // No store answers a repeat with a conflict.
          const [stream, , events] = args;
          const isRepeat = (await own.read(stream)).some((it) => it.id === events[0]!.id);
          if (next === 'conflict' && !isRepeat) own.faults.conflict();
          if (next === 'lost before') throw new OutcomeUnknown('lost before');
          if (next === 'down') throw new Unavailable('down');
          const appended = await own.append(...args);
          if (next === 'lost') throw new OutcomeUnknown('lost');
          return appended;
        },
      };
      const setUp = process(own);
      for (const id of ['p0', 'p1']) await setUp.handle(parcel, say('Send', { to: 'Bern' }, { id }));
      const processes = [process(faulty), process(faulty), process(faulty)];
      let left = steps.length;
      const outcomes = steps.map(async ({ by, id, hops, faults: more }, i) => {
        faults.push(...more);
        return processes[by]!.handle(parcel, say('Hop', { times: hops }, { id: `p${id}`, commandId: `c-${i}` }))
          .then(
            (answer) => ({ is: 'stored' as const, answer }),
            (error: Error) => ({ is: error instanceof OutcomeUnknown ? ('unknown' as const) : ('not stored' as const) }),
          )
          .finally(() => left--);
      });
      while (left > 0) {
        await scheduler.waitIdle();
        await jest.advanceTimersByTimeAsync(1_000);
      }
      jest.useRealTimers();

      for (const [i, outcome] of (await Promise.all(outcomes)).entries()) {
        const { id, hops } = steps[i]!;
        const found = (await own.read(`parcel-p${id}`)).filter((it) => it.metadata.commandId === `c-${i}`);
        const allowed = { stored: [hops], unknown: [0, hops], 'not stored': [0] }[outcome.is];
        expect(allowed).toContain(found.length);
        if (outcome.is === 'stored')
          expect(found.at(-1)).toMatchObject({ revision: outcome.answer.revision, position: outcome.answer.position });
      }
    }),
    { numRuns: 150 },
  );
});
