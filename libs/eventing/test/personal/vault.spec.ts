import { command, contract, event } from '@kams/contracts/define';
import { ERASED, personal } from '@kams/contracts/personal';
import { z } from 'zod';
import { memoryPersonKeys } from '../../src/personal/person-keys';
import { open, seal, SealBroken, type Place } from '../../src/personal/seal';
import { PersonErased, Vault } from '../../src/personal/vault';
import { aggregate } from '../../src/pure';
import { commandHandler, CommandIdReused } from '../../src/run/handle';
import { newId } from '../../src/run/ids';
import { memoryStore } from '../../src/store/memory';

const about = { version: 1, label: { en: 'x', zh: 'x' }, description: 'x', example: {} as never };
const guest = contract({
  name: 'guest',
  plural: 'guests',
  label: about.label,
  description: 'x',
  commands: {
    Note: command({ ...about, data: z.strictObject({ by: z.string(), note: personal(z.string()) }) }),
  },
  events: {
    Invited: event({
      ...about,
      data: z.strictObject({
        name: personal(z.string(), 'part'),
        email: personal(z.string(), 'whole').optional(),
        seat: z.string(),
        friends: z.array(z.strictObject({ name: personal(z.string()), likes: z.string() })).optional(),
      }),
    }),
    Noted: event({ ...about, data: z.strictObject({ by: z.string(), note: personal(z.string()) }), person: ({ by }) => by }),
    Seated: event({ ...about, data: z.strictObject({ seat: z.string() }) }),
  },
  refusals: {},
});

const keys = memoryPersonKeys();
const vault = new Vault(keys, Buffer.alloc(32, 3));
let n = 0;
const fact = (type: string, data: object, more: object = {}) => ({
  id: `event-${n++}`,
  type,
  schema: 1,
  stream: 'guest-g1',
  data,
  metadata: { tenantId: 'acme' },
  ...more,
});
const sealedOf = async (it: ReturnType<typeof fact>) => ({ ...it, data: await vault.seal(guest, it) });

describe('what a contract marks as personal', () => {
  test('is stored as nothing that can be read, and opens as it was', async () => {
    const it = fact('Invited', { name: '李伟', email: 'li@example.com', seat: '4', friends: [{ name: 'Ann', likes: 'tea' }] });
    const stored = await sealedOf(it);
    const text = JSON.stringify(stored.data);
    for (const value of ['李伟', 'li@example.com', 'Ann']) expect(text).not.toContain(value);
    expect(stored.data).toMatchObject({ seat: '4', friends: [{ likes: 'tea' }] });
    expect(await vault.open(guest, stored)).toEqual(it.data);
  });

  test('is never sealed to the same text twice', async () => {
    const [a, b] = await Promise.all([
      sealedOf(fact('Invited', { name: 'Ann', seat: '1' })),
      sealedOf(fact('Invited', { name: 'Ann', seat: '1' })),
    ]);
    expect((a.data as { name: string }).name.split(':').at(-1)).not.toBe((b.data as { name: string }).name.split(':').at(-1));
  });

  test('does not open in the place of another value', async () => {
    const stored = await sealedOf(fact('Invited', { name: 'Ann', email: 'ann@example.com', seat: '1' }));
    const { name, email } = stored.data as { name: string; email: string };
    await expect(vault.open(guest, { ...stored, data: { ...stored.data, name: email, email: name } })).rejects.toThrow(
      SealBroken,
    );
    await expect(vault.open(guest, { ...stored, id: 'another' })).rejects.toThrow(SealBroken);
    await expect(vault.open(guest, { ...stored, stream: 'guest-g2' })).resolves.toMatchObject({ name: ERASED });
    await expect(vault.open(guest, { ...stored, metadata: { tenantId: 'other' } })).resolves.toMatchObject({ name: ERASED });
  });

  test('is about whom the event says', async () => {
    const stored = await sealedOf(fact('Noted', { by: 'p9', note: 'likes tea' }));
    await vault.destroy([{ tenantId: 'acme', person: 'p9' }]);
    expect(await vault.open(guest, stored)).toEqual({ by: 'p9', note: ERASED });
  });

  test('can not be guessed at by the hash of its command either, once the person is erased that it is about', async () => {
    const of = aggregate(
      guest,
      null,
    )({
      decide: { Note: (_, data) => [{ type: 'Noted', data }] },
      evolve: { Invited: () => null, Noted: () => null, Seated: () => null },
    });
    const store = memoryStore();
    const metadata = {
      ...{ tenantId: 'acme', actor: 'u', occurredAt: '', commandId: 'c0' },
      ...{ commandHash: '', correlationId: '', causationId: '' },
    };
    await store.append('guest-g1', 'none', [{ id: newId(), type: 'Seated', schema: 1, data: { seat: '4' }, metadata }]);
    const give = (note: string) => {
      // Each time by a process that has nothing in its memory.
      const { handle } = commandHandler({ store, hashKey: Buffer.alloc(32, 1), vault: new Vault(keys, Buffer.alloc(32, 3)) });
      return handle(of, { type: 'Note', id: 'g1', commandId: 'c1', tenantId: 'acme', actor: 'u', data: { by: 'p8', note } });
    };
    const first = await give('likes tea');
    expect(await give('likes tea')).toEqual(first);
    await expect(give('likes wine')).rejects.toThrow(CommandIdReused);
    await vault.destroy([{ tenantId: 'acme', person: 'p8' }]);
    await expect(give('likes tea')).rejects.toThrow(CommandIdReused);
  });

  test('is not kept open in memory for rules, once somebody was erased', async () => {
    const of = aggregate(
      guest,
      '',
    )({
      decide: { Note: (_, data) => [{ type: 'Noted', data }] },
      evolve: { Invited: (_, { name }) => name, Noted: (_, { note }) => note, Seated: (it) => it },
    });
    const store = memoryStore();
    const stored = await sealedOf(fact('Noted', { by: 'p7', note: 'likes tea' }, { id: newId() }));
    const metadata = {
      tenantId: 'acme',
      actor: 'u',
      occurredAt: '',
      commandId: 'c',
      commandHash: '',
      correlationId: '',
      causationId: '',
    };
    await store.append('guest-g1', 'none', [{ ...stored, metadata }]);
    const { find, forget } = commandHandler({ store, hashKey: Buffer.alloc(32, 1), vault });
    const seen = async () => (await find({ of, id: 'g1' }, 'acme')).state;
    expect(await seen()).toBe('likes tea');
    await vault.destroy([{ tenantId: 'acme', person: 'p7' }]);
    forget('another tenant');
    expect(await seen()).toBe('likes tea');
    forget('acme');
    expect(await seen()).toBe(ERASED);
  });

  test('reads [erased] once the key is destroyed, and nothing more can be said', async () => {
    const stored = await sealedOf(fact('Invited', { name: 'Ann', seat: '1' }, { stream: 'guest-g3' }));
    await vault.destroy([{ tenantId: 'acme', person: 'g3' }]);
    expect(await vault.open(guest, stored)).toEqual({ name: ERASED, seat: '1' });
    expect(await vault.openText('acme', (stored.data as { name: string }).name)).toBe(ERASED);
    await expect(sealedOf(fact('Invited', { name: 'Ann', seat: '1' }, { stream: 'guest-g3' }))).rejects.toThrow(PersonErased);
  });

  test('is not in a fact that says nothing of the person, and that one is stored after the erasure as well', async () => {
    await vault.destroy([{ tenantId: 'acme', person: 'g4' }]);
    const left = fact('Invited', { seat: '1', friends: [] }, { stream: 'guest-g4' });
    expect((await sealedOf(left)).data).toBe(left.data);
  });

  test('opens in an older version where it stood then, and text that only looks sealed stays text', async () => {
    const stored = await sealedOf(fact('Invited', { name: 'Ann', seat: 'sealed:1:a:b:c:seat:AAAA' }));
    const older = { ...stored, schema: 0 };
    expect(await vault.open(guest, older)).toEqual({ name: 'Ann', seat: 'sealed:1:a:b:c:seat:AAAA' });
  });

  test('is found by the whole of it or by a part, in its own tenant alone', async () => {
    const stored = await sealedOf(fact('Invited', { name: 'Li Wei 李伟', email: 'LI@example.com', seat: '1' }));
    const index = await vault.indexOf(guest, stored);
    const has = (field: string, words: string[]) => words.every((it) => index[field]!.includes(it));
    expect(has('name', vault.wordsOf('acme', 'part', '李伟'))).toBe(true);
    expect(has('name', vault.wordsOf('acme', 'part', 'LIWEI'))).toBe(true);
    expect(has('name', vault.wordsOf('acme', 'part', 'ｗ'))).toBe(true);
    expect(has('name', vault.wordsOf('acme', 'part', 'Wang'))).toBe(false);
    expect(has('name', vault.wordsOf('other', 'part', '李伟'))).toBe(false);
    expect(has('email', vault.wordsOf('acme', 'whole', 'li@example.com'))).toBe(true);
    expect(has('email', vault.wordsOf('acme', 'whole', 'li@example.co'))).toBe(false);
    expect(Object.keys(index)).toEqual(['name', 'email']);
  });
});

test('a seal is broken by one changed bit', () => {
  const place: Place = { tenantId: 't', person: 'p', stream: 's', eventId: 'e', field: 'f' };
  const key = Buffer.alloc(32, 1);
  const sealed = seal('secret', key, place);
  expect(open(sealed, key, place)).toBe('secret');
  const at = sealed.lastIndexOf(':') + 1;
  for (let i = at; i < sealed.length; i++) {
    const other = sealed[i] === 'A' ? 'Q' : 'A';
    const changed = sealed.slice(0, i) + other + sealed.slice(i + 1);
    if (Buffer.from(changed.slice(at), 'base64url').equals(Buffer.from(sealed.slice(at), 'base64url'))) continue;
    expect(() => open(changed, key, place)).toThrow(SealBroken);
  }
  expect(() => open(sealed, Buffer.alloc(32, 2), place)).toThrow(SealBroken);
});
