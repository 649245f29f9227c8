// A scheduler by itself: what becomes of a row that no event takes away, and of a failure when its term is over.
import { eventually } from '@kams/testing/until';
import { Unavailable } from '../../src/store/port';
import type { CommandHandler } from '../../src/run/handle';
import type { Occurrence } from '../../src/run/occurrence';
import type { Projector } from '../../src/run/projector';
import { scheduler, timer, type Agenda, type Due } from '../../src/run/timer';
import { parcel, parcelContract } from './parcels';

const DUE: Due = { tenantId: 'acme', id: 'a', at: '2026-03-02T09:00:00.000Z', data: null };
const late = timer({ name: 'late', from: [parcelContract], give: ({ id }) => ({ to: parcel, type: 'Return', id, data: {} }) })({
  ParcelSent: () => ({ at: DUE.at }),
});
const pending = { position: () => '', reached: async () => true } as unknown as Projector;

function working(handle: () => Promise<object>) {
  const noted: string[] = [];
  const agenda: Agenda = {
    due: async () => (noted.length === 0 ? [DUE] : []),
    note: async (_, outcome) => void noted.push(outcome),
  };
  const given = jest.fn(handle);
  const commands = { handle: given } as unknown as CommandHandler;
  const it = scheduler(late, { pending, agenda, commands, now: () => new Date('2026-03-03T00:00:00Z'), everyMs: 1 });
  const stopping = new AbortController();
  const running = it.run(stopping.signal);
  const stop = () => {
    stopping.abort();
    return running;
  };
  return { it, noted, given, stop };
}

test('what is given and stays due, because no event took it away, is noted and not given again', async () => {
  const { noted, given, stop } = working(async () => ({ outcome: 'changed', position: '' }));
  await eventually(() => expect(noted).toEqual(['given']));
  await new Promise((done) => setTimeout(done, 50));
  await stop();
  expect(given).toHaveBeenCalledTimes(1);
});

test('whose term is over it has no failure of its own any more', async () => {
  const { it, stop } = working(async () => {
    throw new Unavailable('the database is away');
  });
  await eventually(() => expect(it.failure()?.message).toBe('the database is away'));
  await stop();
  expect(it.failure()).toBeUndefined();
});

test('a round that fails as the term ends leaves no failure either', async () => {
  let fails: (error: Error) => void = () => undefined;
  const { it, given, stop } = working(() => new Promise((_, reject) => (fails = reject)));
  await eventually(() => expect(given).toHaveBeenCalled());
  const stopped = stop();
  fails(new Unavailable('the database is away'));
  await stopped;
  expect(it.failure()).toBeUndefined();
});

test('of several things in a stream each is pending by itself', () => {
  const each = timer({
    name: 'each',
    from: [parcelContract],
    of: ({ id, eventId }) => `${id} ${eventId}`,
    give: ({ id }) => ({ to: parcel, type: 'Return', id, data: {} }),
  })({ ParcelSent: () => ({ at: DUE.at }) });
  const sent = (eventId: string) =>
    ({ type: 'ParcelSent', id: 'a', eventId, tenantId: 'acme', data: {} }) as unknown as Occurrence;
  expect(['1', '2'].map((it) => each.pending.groupOf(sent(it)))).toEqual(['a 1', 'a 2']);
  expect(each.pending.apply([], sent('2'))).toMatchObject([{ tenant_id: 'acme', id: 'a 2' }]);
  expect(late.pending.groupOf(sent('1'))).toBe('a');
});
