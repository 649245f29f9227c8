// The book of rights while it is not complete, and as facts come in.
import { START, type Occurrence, type Position, type Stretch } from '@kams/eventing';
import { GENERAL_POLICY, type Rule } from '@kams/contracts/policy';
import { setTimeout as sleep } from 'node:timers/promises';
import { rightsBook } from '../src/rights/rights-book';

const policy: readonly Rule[] = [...GENERAL_POLICY, { role: 'finance', resource: 'purchase', actions: ['read'] }];
const administrators = [{ tenantId: 'acme', subject: 'root' }];
const now = () => new Date('2026-03-02T09:00:00Z');

const granted = {
  type: 'RoleGranted',
  tenantId: 'acme',
  data: { roleAssignmentId: 'r', subjectId: 'li', role: 'finance', scope: null },
} as unknown as Occurrence;

/** A log of one fact, which can not be read until `mended`. */
function damaged() {
  let isWhole = false;
  return {
    mend: () => (isWhole = true),
    feed: {
      head: async () => '1' as Position,
      async *from(position: Position, signal: AbortSignal): AsyncGenerator<Stretch> {
        if (!isWhole) throw new Error('damaged');
        if (position === START) yield { occurrences: [granted], position: '1' as Position };
        await sleep(60_000, undefined, { signal }).catch(() => undefined);
      },
    },
  };
}

test('nobody is asked by rights that are not all read, but those whom the settings name', async () => {
  const stop = new AbortController();
  const { feed, mend } = damaged();
  const book = rightsBook({ policy, administrators, feed, now });
  const running = book.run(stop.signal);
  await sleep(20);
  expect(book.failure()?.message).toBe('damaged');
  expect(book.rightsOf('acme', 'li')).toBeUndefined();
  expect(book.rightsOf('acme', 'root')?.may('purchase', 'read')).toBe(true);

  mend();
  expect(await book.reached('1' as Position, 5_000)).toBe(true);
  expect(book.failure()).toBeUndefined();
  expect(book.rightsOf('acme', 'li')?.may('purchase', 'read')).toBe(true);
  expect(book.rightsOf('acme', 'li')?.may('purchase', 'Record')).toBe(false);
  expect(book.rightsOf('acme', 'nobody')?.may('purchase', 'read')).toBe(false);
  expect(book.rightsOf('globex', 'li')?.may('purchase', 'read')).toBe(false);
  stop.abort();
  await running;
});

test('a fact that this release can not read takes all rights, and leaves none of before it', async () => {
  const revoked = { ...granted, type: 'RoleRevoked' } as Occurrence;
  const unreadable = { ...granted, unreadable: new Error('run a newer one') } as Occurrence;
  let tell: (all: readonly Occurrence[]) => void = () => undefined;
  const more = new Promise<readonly Occurrence[]>((resolve) => (tell = resolve));
  const feed = {
    head: async () => '1' as Position,
    async *from(position: Position): AsyncGenerator<Stretch> {
      if (position === START) yield { occurrences: [granted], position: '1' as Position };
      yield { occurrences: await more, position: '2' as Position };
    },
  };
  const stop = new AbortController();
  const book = rightsBook({ policy, administrators, feed, now });
  const running = book.run(stop.signal);
  expect(await book.reached('1' as Position, 5_000)).toBe(true);
  expect(book.rightsOf('acme', 'li')?.may('purchase', 'read')).toBe(true);
  tell([revoked, unreadable]);
  await sleep(20);
  expect(book.failure()?.message).toBe('run a newer one');
  expect(book.rightsOf('acme', 'li')).toBeUndefined();
  expect(book.rightsOf('acme', 'root')?.may('purchase', 'read')).toBe(true);
  stop.abort();
  await running;
});
