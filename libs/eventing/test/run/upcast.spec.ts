// What was stored in an earlier version, as rules and projections of today read it.
import { command, contract, event } from '@kams/contracts/define';
import { z } from 'zod';
import { aggregate } from '../../src/pure';
import { occurrencesOf } from '../../src/run/feeds';
import { commandHandler } from '../../src/run/handle';
import { newId } from '../../src/run/ids';
import { memoryStore, type MemoryStore } from '../../src/store/memory';
import { Unreadable } from '../../src/run/upcast';
import { START } from '../../src/store/port';

const about = { version: 1, label: { en: 'Label', zh: '标签' }, description: 'For a test.' };
const words = z.strictObject({ words: z.array(z.string()) });
const noteContract = contract({
  name: 'note',
  plural: 'notes',
  label: about.label,
  description: 'A note, which was one text first, and then one with another name.',
  commands: { Count: command({ ...about, data: z.strictObject({}), example: {} }) },
  events: {
    Noted: event({
      ...about,
      version: 3,
      data: words,
      example: { words: ['a', 'b'] },
      upcasts: {
        1: ({ text, ...it }: { text: string }) => ({ ...it, sentence: text }),
        2: ({ sentence }: { sentence: string }) => ({ words: sentence.split(' ') }),
      },
    }),
    Counted: event({ ...about, data: z.strictObject({ n: z.number() }), example: { n: 2 } }),
  },
  refusals: {},
});
const note = aggregate(noteContract, { n: 0 })({
  decide: { Count: ({ n }) => [{ type: 'Counted', data: { n } }] },
  evolve: { Noted: ({ n }, it) => ({ n: n + it.words.length }), Counted: (it) => it },
});

let store: MemoryStore;
beforeEach(() => (store = memoryStore()));

const metadata = { tenantId: 'acme', actor: 'user-1', occurredAt: '2026-01-05T09:00:00Z', commandId: '', commandHash: '' };
const stored = (schema: number, data: object) => ({
  id: newId(),
  type: 'Noted',
  schema,
  data,
  metadata: { ...metadata, correlationId: '', causationId: '' },
});
const VERSIONS = [stored(1, { text: 'one two' }), stored(2, { sentence: 'three four' }), stored(3, { words: ['five'] })];

test('P13 projections read every version as the one of today, and the store keeps what was stored', async () => {
  await store.append('note-1', 'none', VERSIONS);
  const { events } = await store.readAll(START, 10);
  expect((await occurrencesOf([noteContract])(events)).map((it) => [it.schema, it.data])).toEqual([
    [3, { words: ['one', 'two'] }],
    [3, { words: ['three', 'four'] }],
    [3, { words: ['five'] }],
  ]);
  expect(events.map((it) => it.schema)).toEqual([1, 2, 3]);
});

test('P13 rules decide by every version as the one of today', async () => {
  await store.append('note-1', 'none', VERSIONS);
  const { handle } = commandHandler({ store, hashKey: Buffer.alloc(32, 1) });
  await handle(note, { type: 'Count', id: '1', tenantId: 'acme', actor: 'user-1', data: {} });
  expect((await store.read('note-1')).at(-1)).toMatchObject({ type: 'Counted', data: { n: 5 } });
});

test.each([0, 4])(
  'P13 a version that this release can not read (%i) says so to its reader, and keeps no other from being read',
  async (schema) => {
    await store.append('note-1', 'none', [stored(schema, {}), ...VERSIONS]);
    const { events } = await store.readAll(START, 10);
    const [first, ...others] = await occurrencesOf([noteContract])(events);
    expect(first!.unreadable).toBeInstanceOf(Unreadable);
    expect(others.map((it) => it.unreadable)).toEqual(VERSIONS.map(() => undefined));
  },
);
