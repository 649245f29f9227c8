// What becomes of an order of a reaction that nobody will ever take.
import { eventually } from '@kams/testing/until';
import { PersonErased } from '../../src/personal/vault';
import { Refusal } from '../../src/pure';
import { storeFeed } from '../../src/run/feeds';
import { NotFound, type CommandHandler } from '../../src/run/handle';
import { reaction, reactor } from '../../src/run/reaction';
import type { Checkpoints } from '../../src/run/read-model';
import { memoryStore } from '../../src/store/memory';
import { event } from '../store/events';
import { parcel, parcelContract } from './parcels';

test.each([
  ['by a rule', new Refusal('too-heavy', { most: 20 }), { code: 'too-heavy', details: { most: 20 } }],
  ['because the thing is not there', new NotFound(), { code: 'not-found' }],
  ['because the person that it speaks of was erased', new PersonErased('somebody'), { code: 'person-erased' }],
])('what is refused %s is said, and gone on from', async (_, error, said) => {
  const store = memoryStore();
  await store.append('parcel-1', 'none', [event({ to: 'Bern' }, { type: 'ParcelSent' })]);
  const given: { readonly type: string; readonly data: object }[] = [];
  const commands = {
    handle: async (...[, command]: Parameters<CommandHandler['handle']>) => {
      given.push(command);
      if (command.type !== 'Refuse') throw error;
      return { outcome: 'opened' };
    },
  } as unknown as CommandHandler;
  let isThrough = false;
  const checkpoints = {
    load: async () => undefined,
    held: async () => ({ held: [], skipped: [] }),
    save: async () => (isThrough = true),
  } as unknown as Checkpoints;
  const follows = reaction({ name: 'weigh-what-is-sent', from: [parcelContract] })({
    ParcelSent: ({ id }) => ({ to: parcel, type: 'Weigh', id, data: { tariffId: 't' } }),
  });
  const stopping = new AbortController();
  const it = reactor(follows, 'post', storeFeed(store, [parcelContract]), commands, checkpoints);
  const running = it.run(stopping.signal);
  await eventually(() => expect(isThrough).toBe(true));
  stopping.abort();
  await running;
  expect(given).toMatchObject([
    { type: 'Weigh' },
    { type: 'Refuse', data: { reaction: 'weigh-what-is-sent', command: 'Weigh', ...said } },
  ]);
  expect(it.failure()).toBeUndefined();
});
