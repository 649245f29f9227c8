// One suite for every driver of the event store. What a driver can not promise stands in the table, with its reason.
import { randomUUID } from 'node:crypto';
import { CAN_NOT, type Ability, type Driver } from '../../src/store/can-not';
import {
  Conflict,
  LogDamaged,
  NotStorable,
  START,
  Unavailable,
  type Appended,
  type EventStore,
  type Expected,
  type NewEvent,
  type Position,
} from '../../src/store/port';
import { event, events, following, ids, readOn, stream } from './events';

const run = randomUUID().slice(0, 8);
/** A server may be shared, and keeps what earlier runs have stored. */
const ofThisRun = (category: string): string => `${run}_${category}`;

/** `target` is the driver, and what it runs against where that is not always the same. */
export function eventStoreContract(driver: Driver, open: () => Promise<EventStore>, target: string = driver): void {
  const lacks: Partial<Record<Ability, string>> = CAN_NOT[driver];
  let store: EventStore;
  let start: Position;
  let ran = 0;

  beforeAll(async () => {
    store = await open();
  });
  beforeEach(async () => {
    ran++;
    start = (await store.head()).position;
  });
  afterAll(async () => {
    await store.close();
    const missing = Object.entries(lacks).map(([ability, reason]) => `; can not: ${ability} (${reason})`);
    process.stderr.write(`event store contract, ${target}: ran, ${ran} cases${missing.join('')}\n`);
  });

  const can = (ability: Ability) => (lacks[ability] ? test.skip : test);
  const refusal = (append: Promise<Appended>) =>
    append.then(
      () => undefined,
      (error: Conflict) => error,
    );

  describe('an append', () => {
    test('gives revisions from 0 on, without holes', async () => {
      const it = stream();
      expect(await store.append(it, 'none', events(3))).toMatchObject({ status: 'appended', revision: 2 });
      expect(await store.append(it, 2, events(1))).toMatchObject({ status: 'appended', revision: 3 });
      expect((await store.read(it)).map((e) => e.revision)).toEqual([0, 1, 2, 3]);
    });

    test('answers with the position of its last event', async () => {
      const { position } = await store.append(stream(), 'none', events(3));
      expect((await store.head()).position).toBe(position);
      expect((await readOn(store, start)).at(-1)).toMatchObject({ position, revision: 2 });
    });

    can('positions have no holes')('gives positions that follow one another', async () => {
      await store.append(stream(), 'none', events(2));
      await refusal(store.append(stream(), 5, events(2)));
      await store.append(stream(), 'none', events(1));
      const first = Number(start);
      expect((await readOn(store, start)).map((e) => Number(e.position))).toEqual([first + 1, first + 2, first + 3]);
    });

    test('keeps everything that was given, as JSON keeps it', async () => {
      const it = stream();
      const data = {
        text: 'ä€😀 \u0000 \ud800 "\\',
        numbers: [0, -1, 1.5, 1e21, 5e-324, 9007199254740993],
        rest: [true, false, null, [], {}, [[[{ deep: [] }]]]],
        '': 'no name',
        instant: new Date(0),
        lost: undefined,
      };
      const given = event(data, { type: 'Tätigkeit', schema: 32_767 });
      const { position } = await store.append(it, 'none', [given]);
      const [read] = await store.read(it);
      expect(read).toEqual({
        ...given,
        data: JSON.parse(JSON.stringify(data)),
        stream: it,
        revision: 0,
        position,
        recordedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
      });
    });

    test('may hold exactly 1,000,000 bytes of JSON', async () => {
      const it = stream();
      const empty = event({ text: '' });
      const overhead = Buffer.byteLength(JSON.stringify(empty.data) + JSON.stringify(empty.metadata));
      const given = { ...empty, data: { text: 'é'.repeat((1_000_000 - overhead) / 2) + 'x'.repeat(overhead % 2) } };
      await store.append(it, 'none', [given]);
      expect((await store.read(it))[0]!.data).toEqual(given.data);
      const larger = { ...event(), data: { text: given.data.text + 'x' } };
      await expect(store.append(stream(), 'none', [larger])).rejects.toThrow(NotStorable);
    });

    const unstorable: [string, string, Expected, NewEvent[]][] = [
      ['no event', 'order-1', 'any', []],
      ['a name that is empty', '', 'any', [event()]],
      ['a name of 201 characters', 'x'.repeat(201), 'any', [event()]],
      ['a name with a NUL', 'order-\0', 'any', [event()]],
      ['a name with half a character', 'order-\ud800', 'any', [event()]],
      ['an expected revision of -1', 'order-1', -1, [event()]],
      ['an expected revision of 1.5', 'order-1', 1.5, [event()]],
      ['an expected revision of 2^53', 'order-1', 2 ** 53, [event()]],
      ['an id that is no UUID', 'order-1', 'any', [event({}, { id: 'x' })]],
      ['an id in capitals', 'order-1', 'any', [event({}, { id: randomUUID().toUpperCase() })]],
      ['a type that is empty', 'order-1', 'any', [event({}, { type: '' })]],
      ['a schema of 32768', 'order-1', 'any', [event({}, { schema: 32_768 })]],
      ['a schema of 0.5', 'order-1', 'any', [event({}, { schema: 0.5 })]],
      ['a BigInt', 'order-1', 'any', [event(), event({ n: 1n })]],
      ['a text for data', 'order-1', 'any', [event('text' as never)]],
      ['no data', 'order-1', 'any', [event(null as never)]],
    ];
    test.each(unstorable)('with %s is refused at its caller, and stores nothing', async (_, name, expected, given) => {
      await expect(store.append(name, expected, given)).rejects.toThrow(NotStorable);
      expect((await store.head()).position).toBe(start);
    });

    test('that can not be stored does not disturb those beside it', async () => {
      const [a, b] = [stream(), stream()];
      const answers = await Promise.allSettled([
        store.append(a, 'none', [event()]),
        store.append(b, 'none', [event({ n: 1n })]),
        store.append(b, 'none', [event()]),
      ]);
      expect(answers.map((it) => it.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    });

    test('to many streams at once is answered to each caller', async () => {
      const streams = Array.from({ length: 600 }, () => stream());
      const given = streams.map((_, i) => events(1 + (i % 3), i));
      const answers = await Promise.all(streams.map((it, i) => store.append(it, 'none', given[i]!)));
      expect(answers.map((it) => it.revision)).toEqual(given.map((it) => it.length - 1));
      const stored = await readOn(store, start);
      expect(ids(stored).sort()).toEqual(ids(given.flat()).sort());
      for (const [i, { position }] of answers.entries()) {
        expect(stored.find((e) => e.position === position)).toMatchObject({ stream: streams[i], id: given[i]!.at(-1)!.id });
      }
    });

    test('comes after those that were asked for before it, to the same stream', async () => {
      const it = stream();
      const given = events(20);
      await Promise.all(given.map((e) => store.append(it, 'any', [e])));
      expect(ids(await store.read(it))).toEqual(ids(given));
    });
  });

  describe('a conflict', () => {
    const cases: [Expected, number, number | undefined][] = [
      [0, 3, 2],
      [3, 3, 2],
      [99, 3, 2],
      ['none', 3, 2],
      [0, 0, undefined],
      [7, 0, undefined],
      ['exists', 0, undefined],
    ];
    test.each(cases)('answers an append that expects %s where %d events are', async (expected, length, actual) => {
      const it = stream();
      if (length > 0) await store.append(it, 'none', events(length));
      const before = await store.head();
      const error = await refusal(store.append(it, expected, events(2)));
      expect(error).toBeInstanceOf(Conflict);
      expect(error).toMatchObject({ stream: it, expected, actual });
      expect(await store.head()).toEqual(before);
    });

    test('does not disturb the appends beside it', async () => {
      const [old, fresh, missing, other] = [stream(), stream(), stream(), stream()];
      await store.append(old, 'none', events(2));
      const answers = await Promise.allSettled([
        store.append(fresh, 'none', events(2)),
        store.append(old, 0, events(1)),
        store.append(missing, 'exists', events(1)),
        store.append(other, 'any', events(3)),
      ]);
      expect(answers.map((it) => it.status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
      const lengths = await Promise.all([fresh, old, missing, other].map(async (it) => (await store.read(it)).length));
      expect(lengths).toEqual([2, 2, 0, 3]);
    });

    test('is not met with any, nor with exists where the stream is', async () => {
      const it = stream();
      expect(await store.append(it, 'any', events(1))).toMatchObject({ revision: 0 });
      expect(await store.append(it, 'any', events(1))).toMatchObject({ revision: 1 });
      expect(await store.append(it, 'exists', events(1))).toMatchObject({ revision: 2 });
    });

    test('is met by all but one of the writers that expect the same revision', async () => {
      const it = stream();
      const winners: NewEvent[] = [];
      for (let round = 0; round < 20; round++) {
        const given = Array.from({ length: 16 }, () => event({ round }));
        const answers = await Promise.allSettled(given.map((e) => store.append(it, round === 0 ? 'none' : round - 1, [e])));
        const won = given.filter((_, i) => answers[i]!.status === 'fulfilled');
        expect(won).toHaveLength(1);
        winners.push(...won);
        for (const answer of answers) if (answer.status === 'rejected') expect(answer.reason).toMatchObject({ actual: round });
      }
      expect(ids(await store.read(it))).toEqual(ids(winners));
    });
  });

  test('a repeat gets the first answer again, however late it comes', async () => {
    const it = stream();
    const first = events(3);
    const second = events(2);
    const opened = await store.append(it, 'none', first);
    const changed = await store.append(it, 2, second);
    for (let i = 0; i < 2; i++) {
      expect(await store.append(it, 'none', first)).toEqual({ ...opened, status: expect.any(String) });
      expect(await store.append(it, 2, second)).toEqual({ ...changed, status: expect.any(String) });
      await store.append(it, 'any', events(1));
    }
    expect(await store.read(it)).toHaveLength(7);
  });

  test('of many equal appends at once one is stored, and all get its answer', async () => {
    const it = stream();
    const given = events(2);
    const answers = await Promise.all(Array.from({ length: 8 }, () => store.append(it, 'none', given)));
    expect(new Set(answers.map((a) => `${a.revision} at ${a.position}`)).size).toBe(1);
    expect(ids(await store.read(it))).toEqual(ids(given));
  });

  can('a repeat is told from a first append')('a repeat is told that it is one', async () => {
    const it = stream();
    const given = events(2);
    const answers = await Promise.all(Array.from({ length: 8 }, () => store.append(it, 'none', given)));
    expect(answers.map((a) => a.status).sort()).toEqual(['appended', ...Array.from({ length: 7 }, () => 'duplicate')]);
    await store.append(it, 1, events(1));
    expect(await store.append(it, 'none', given)).toMatchObject({ status: 'duplicate' });
  });

  test('a repeat with other or with more events is a conflict', async () => {
    const it = stream();
    const [a, b] = [event(), event()];
    await store.append(it, 'none', [a, b]);
    await expect(store.append(it, 'none', [a, event()])).rejects.toThrow(Conflict);
    await expect(store.append(it, 'none', [event(), b])).rejects.toThrow(Conflict);
    await expect(store.append(it, 'none', [a, b, event()])).rejects.toThrow(Conflict);
    await expect(store.append(it, 0, [a, b])).rejects.toThrow(Conflict);
    expect(await store.read(it)).toHaveLength(2);
  });

  describe('a stream', () => {
    test('is read from a revision, in both directions, and up to a limit', async () => {
      const it = stream();
      await store.append(it, 'none', events(10));
      const read = async (options: Parameters<EventStore['read']>[1]) => (await store.read(it, options)).map((e) => e.revision);
      expect(await read({ from: 7 })).toEqual([7, 8, 9]);
      expect(await read({ from: 10 })).toEqual([]);
      expect(await read({ limit: 2 })).toEqual([0, 1]);
      expect(await read({ from: 3, limit: 2 })).toEqual([3, 4]);
      expect(await read({ limit: 0 })).toEqual([]);
      expect(await read({ backwards: true, limit: 3 })).toEqual([9, 8, 7]);
      expect(await read({ backwards: true, from: 2 })).toEqual([2, 1, 0]);
      expect(await read({ backwards: true, from: 99, limit: 1 })).toEqual([9]);
    });

    test('that is not there has no events', async () => {
      expect(await store.read(stream())).toEqual([]);
      expect(await store.read(stream(), { backwards: true })).toEqual([]);
      expect(await store.read('')).toEqual([]);
      expect(await store.read('\0')).toEqual([]);
    });

    test('may have 10,000 events', async () => {
      const it = stream();
      const given = events(10_000);
      for (let i = 0; i < 10_000; i += 1_000) await store.append(it, i === 0 ? 'none' : i - 1, given.slice(i, i + 1_000));
      expect(ids(await store.read(it))).toEqual(ids(given));
      expect(ids(await store.read(it, { backwards: true }))).toEqual(ids(given).reverse());
      expect(ids(await readOn(store, start, 700))).toEqual(ids(given));
    });

    test('is read as itself when many are read at once', async () => {
      const lengths = [1, 5, 0, 99, 100, 101, 250, 1_200, ...Array.from({ length: 300 }, (_, i) => i % 4)];
      const streams = lengths.map(() => stream());
      const given = lengths.map((n) => events(n));
      await Promise.all(streams.map(async (it, i) => given[i]!.length > 0 && store.append(it, 'none', given[i]!)));
      const read = await Promise.all(streams.map((it) => store.read(it)));
      expect(read.map(ids)).toEqual(given.map(ids));
      const ends = await Promise.all(streams.map((it) => store.read(it, { from: 2 })));
      expect(ends.map(ids)).toEqual(given.map((it) => ids(it.slice(2))));
    });

    test('is refused a range that is none', async () => {
      await expect(store.read('order-1', { from: -1 })).rejects.toThrow(RangeError);
      await expect(store.read('order-1', { limit: 0.5 })).rejects.toThrow(RangeError);
      await expect(store.readAll(START, 0)).rejects.toThrow(RangeError);
    });

    test('shows its own writes at once', async () => {
      for (let i = 0; i < 50; i++) {
        const it = stream();
        await store.append(it, 'none', [event()]);
        expect(await store.read(it)).toHaveLength(1);
      }
    });
  });

  describe('the log', () => {
    test('is the same in pages of any size', async () => {
      const given: NewEvent[] = [];
      for (let i = 0; i < 20; i++) {
        const more = events(1 + (i % 4));
        await store.append(stream(), 'none', more);
        given.push(...more);
      }
      for (const limit of [1, 2, 7, 1_000]) expect(ids(await readOn(store, start, limit))).toEqual(ids(given));
    });

    test('shows the same event however it is read', async () => {
      const it = stream();
      const { position } = await store.append(it, 'none', [event({ deep: [{ n: 1 }] })]);
      const [read] = await store.read(it);
      const reader = following(store, start);
      await reader.until(() => reader.seen.length === 1);
      await reader.stop();
      for (const other of [await store.at(position), (await readOn(store, start))[0], reader.seen[0]]) {
        expect(JSON.stringify(other)).toBe(JSON.stringify(read));
      }
    });

    test('hands out events that nobody can change', async () => {
      await store.append(stream(), 'none', [event({ deep: [{ n: 1 }] })]);
      const [read] = await readOn(store, start);
      const data = read!.data as { deep: { n: number }[] };
      expect(() => data.deep.push({ n: 2 })).toThrow(TypeError);
      expect(() => (data.deep[0]!.n = 2)).toThrow(TypeError);
    });

    can('times never go back')('was recorded in the order of its positions', async () => {
      for (let i = 0; i < 20; i++) await store.append(stream(), 'none', events(2));
      const instants = (await readOn(store, START)).map((it) => it.recordedAt);
      expect(instants).toEqual([...instants].sort());
    });

    can('times have microseconds')('says to the microsecond when an event was recorded', async () => {
      for (let i = 0; i < 20; i++) await store.append(stream(), 'none', events(1));
      const instants = (await readOn(store, start)).map((it) => it.recordedAt);
      expect(instants.filter((it) => !it.endsWith('000Z'))).not.toEqual([]);
    });

    test('was recorded when it was stored', async () => {
      const before = Date.now();
      await store.append(stream(), 'none', events(1));
      const [read] = await readOn(store, start);
      expect(Math.abs(Date.parse(read!.recordedAt) - before)).toBeLessThan(10_000);
    });

    test('is filtered by category, and the page still says how far it reaches', async () => {
      const [a, b, c, d] = ['apple', 'pear', 'apple_pie', 'plum'].map(ofThisRun);
      for (let i = 0; i < 5; i++)
        for (const category of [a!, b!, c!]) await store.append(stream(category), 'none', [event({ category })]);
      await store.append(d!, 'any', [event()]);
      const head = (await store.head()).position;
      const apples = await readOn(store, start, 4, { categories: [a!] });
      expect(apples.map((it) => it.data)).toEqual(Array.from({ length: 5 }, () => ({ category: a })));
      expect(await readOn(store, start, 1_000, { categories: [d!, c!] })).toHaveLength(6);
      expect(await store.readAll(start, 1_000, { categories: ['nothing'] })).toEqual({ events: [], position: head });
    });

    test('answers with an empty page at its end', async () => {
      const { position } = await store.append(stream(), 'none', events(1));
      expect(await store.readAll(position, 10)).toEqual({ events: [], position });
    });

    test('is not read beyond its end: such a position belongs to another log', async () => {
      const { position } = await store.append(stream(), 'none', events(1));
      const beyond = position.replace(/\d+/g, (it) => String(BigInt(it) + 5n).padStart(20, '0')) as Position;
      await expect(store.readAll(beyond, 10)).rejects.toThrow(LogDamaged);
      await expect(following(store, beyond).ended).rejects.toThrow(LogDamaged);
      expect(await store.at(beyond)).toBeUndefined();
    });

    test('refuses what is no position', async () => {
      await expect(store.readAll('12' as Position, 10)).rejects.toThrow(RangeError);
      await expect(store.at('x' as Position)).rejects.toThrow(RangeError);
    });

    test('keeps its epoch', async () => {
      const { epoch } = await store.head();
      expect(epoch).toMatch(/^[0-9a-f-]{36}$/);
      await store.append(stream(), 'none', events(1));
      expect((await store.head()).epoch).toBe(epoch);
    });
  });

  describe('a subscription', () => {
    test('shows everything once and in order, whether it starts before, during or after the writing', async () => {
      const before = following(store, start);
      const streams = Array.from({ length: 12 }, () => stream());
      const write = async (it: string) => {
        for (let i = 0; i < 25; i++) await store.append(it, i === 0 ? 'none' : 2 * i - 1, events(2));
      };
      const writing = Promise.all(streams.map(write));
      await before.until(() => before.seen.length > 50);
      const during = following(store, start);
      await writing;
      const after = following(store, start);
      for (const reader of [before, during, after]) {
        await reader.until(() => reader.seen.length >= 600);
        await reader.stop();
        const positions = reader.seen.map((it) => it.position);
        expect(positions).toEqual([...new Set(positions)].sort());
        expect(reader.seen).toEqual(await readOn(store, start));
        for (const it of streams) {
          expect(reader.seen.filter((e) => e.stream === it).map((e) => e.revision)).toEqual(
            Array.from({ length: 50 }, (_, i) => i),
          );
        }
      }
    });

    test('goes on where another one stopped', async () => {
      for (let i = 0; i < 10; i++) await store.append(stream(), 'none', events(1));
      const whole = await readOn(store, start);
      const rest = following(store, whole[3]!.position);
      await rest.until(() => rest.seen.length === 6);
      await rest.stop();
      expect(rest.seen).toEqual(whole.slice(4));
    });

    test('moves on over events that its filter does not want', async () => {
      const reader = following(store, start, { categories: [ofThisRun('rare')] });
      await store.append(stream('common'), 'none', events(5));
      const { position } = await store.append(stream('common'), 'none', events(5));
      await reader.until(() => reader.pages.at(-1)?.position === position);
      expect(reader.seen).toEqual([]);
      await store.append(stream(ofThisRun('rare')), 'none', events(1));
      await reader.until(() => reader.seen.length === 1);
      await reader.stop();
      expect(reader.seen[0]!.stream).toContain(ofThisRun('rare'));
    });

    test('that is slow holds up nobody', async () => {
      const stopping = new AbortController();
      const slow = store.subscribe(start, stopping.signal)[Symbol.asyncIterator]();
      await store.append(stream(), 'none', events(1));
      expect((await slow.next()).value.events).toHaveLength(1);
      const quick = following(store, start);
      for (let i = 0; i < 30; i++) await store.append(stream(), 'none', events(1));
      await quick.until(() => quick.seen.length === 31);
      await quick.stop();
      let late = 0;
      while (late < 30) late += (await slow.next()).value.events.length;
      expect(late).toBe(30);
      stopping.abort();
      expect(await slow.next()).toEqual({ done: true, value: undefined });
    });

    test('ends when its signal aborts, even before it starts', async () => {
      const reader = following(store, start);
      await reader.stop();
      await store.append(stream(), 'none', events(1));
      expect(reader.seen).toEqual([]);
      const never = store.subscribe(start, AbortSignal.abort())[Symbol.asyncIterator]();
      expect((await never.next()).done).toBe(true);
    });
  });

  test('a store that closes answers what it has taken, ends its subscriptions, and takes nothing more', async () => {
    const closing = await open();
    const { position: end } = await closing.append(stream(), 'none', events(1)); // it is at work
    const reader = following(closing, end);
    const taken = Array.from({ length: 300 }, () => closing.append(stream(), 'none', events(1)));
    await closing.close();
    expect((await Promise.all(taken)).every((it) => it.status === 'appended')).toBe(true);
    await reader.ended;
    await expect(closing.append(stream(), 'none', events(1))).rejects.toThrow(Unavailable);
    await expect(closing.readAll(START, 1)).rejects.toThrow(Unavailable);
  });
}
