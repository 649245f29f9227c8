// Read models of the parcels, and a projector at work on one of them.
import { eventually } from '@kams/testing/until';
import { history } from '../../src/run/history';
import { projection } from '../../src/run/projection';
import { projector, type Feed, type Projector } from '../../src/run/projector';
import { table, type RowOf } from '../../src/run/table';
import type { Projection } from '../../src/run/projection';
import type { ReadModel, Side } from '../../src/run/read-model';
import { START, type EventStore, type NewEvent, type Position } from '../../src/store/port';
import { event } from '../store/events';
import { parcelContract } from './parcels';

export const parcelTable = table(
  'parcel',
  { tenant_id: 'text', id: 'text', revision: 'int', to: 'text', moved: 'int', path: 'json' },
  { primaryKey: ['tenant_id', 'id'], groupBy: 'id' },
);
type Row = RowOf<typeof parcelTable>;

const on = {
  ParcelSent: (_: Row | undefined, it: { id: string; tenantId: string; revision: number; data: { to: string } }): Row => ({
    tenant_id: it.tenantId,
    id: it.id,
    revision: it.revision,
    to: it.data.to,
    moved: 0,
    path: [],
  }),
  ParcelMoved: (row: Row | undefined, it: { revision: number; data: { by: number } }) =>
    row && { ...row, moved: row.moved + it.data.by, path: [...(row.path as number[]), it.revision] },
  /** A parcel that is delivered is in the list no more. */
  ParcelDelivered: () => undefined,
};
export const parcels = projection({ name: 'parcels', from: [parcelContract], table: parcelTable })(on);
/** The same, of another service's public events. */
export const foreignParcels = projection({ name: 'parcels', over: 'post', from: [parcelContract], table: parcelTable })(on);

/** One row for all parcels of a town: several streams feed it, so nothing but the checkpoint keeps an event from counting twice. */
export const townTable = table('town', { to: 'text', sent: 'int' }, { primaryKey: ['to'], groupBy: 'to' });
export const towns = projection({
  name: 'towns',
  from: [parcelContract],
  table: townTable,
  key: (it) => (it.type === 'ParcelSent' ? it.data.to : undefined),
})({ ParcelSent: (row, { data: { to } }) => ({ to, sent: (row?.sent ?? 0) + 1 }) });

/** Who was to get it and how far it had come, as of any day: what is closed is not read again. */
export const whereabouts = history({ name: 'whereabouts', from: [parcelContract], key: (it) => it.id })({
  ParcelSent: ({ data: { to }, occurredAt }) => [
    { attribute: 'to', value: to, from: occurredAt },
    { attribute: 'moved', value: 0, from: occurredAt },
  ],
  ParcelMoved: ({ data: { by }, occurredAt }) => [{ attribute: 'moved', value: by, from: occurredAt }],
  ParcelReaddressed: ({ data: { to }, occurredAt }) => [{ attribute: 'to', value: to, from: occurredAt }],
});

export const sentTo = (to: string): NewEvent => event({ to }, { type: 'ParcelSent' });
export const movedBy = (by: number): NewEvent => event({ by }, { type: 'ParcelMoved', schema: 3 });
export const tagged = (): NewEvent => event({ tag: 't' }, { type: 'ParcelTagged' });
export const delivered = (): NewEvent => event({}, { type: 'ParcelDelivered' });
export const readdressed = (to: string): NewEvent => event({ to }, { type: 'ParcelReaddressed' });

export const appendTo = (store: EventStore, id: string, ...events: readonly NewEvent[]) =>
  store.append(`parcel-${id}`, 'any', events);

export interface Working {
  readonly it: Projector;
  /** Resolves when it has come as far as the feed reaches now. */
  caughtUp(): Promise<void>;
  /** Resolves when it stands still because of this. */
  failing(message: string | RegExp): Promise<void>;
  stop(): Promise<void>;
}

export function working(of: Projection, feed: Feed, readModel: ReadModel, side: Side = 'live'): Working {
  const it = projector(of, feed, readModel, side);
  const stopping = new AbortController();
  const running = it.run(stopping.signal);
  return {
    it,
    async caughtUp() {
      const head = await feed.head();
      while (!(await it.reached(head, 20))) if (it.failure()) throw it.failure();
    },
    failing: (message) => eventually(() => expect(it.failure()?.message ?? 'no failure').toMatch(message)),
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

/** What a projection should come to: its rows, folded from the whole log one event after another. */
export async function foldOf(of: Projection, feed: Feed, store: EventStore): Promise<readonly unknown[]> {
  const groups = new Map<string, ReturnType<Projection['apply']>>();
  const stop = new AbortController();
  const { position } = await store.head();
  for await (const stretch of position === START ? [] : feed.from(START, stop.signal)) {
    for (const occurrence of stretch.occurrences) {
      const group = of.groupOf(occurrence);
      if (group !== undefined) groups.set(group, of.apply(groups.get(group) ?? [], occurrence));
    }
    if (stretch.position >= position) stop.abort();
  }
  return [...groups.values()].flat();
}

export const positionOf = (n: number): Position => (n === 0 ? START : (String(n).padStart(20, '0') as Position));
