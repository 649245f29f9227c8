// A projection that counts how often each event takes effect. Nothing but its checkpoint keeps it from counting twice: it
// does not look at revisions, as the rows of one stream may.
import { contract, event } from '@kams/contracts/define';
import type { Projection, Row } from '@kams/eventing';
import { table } from '@kams/eventing';
import { postgresStore } from '@kams/eventing/store/postgres/postgres-store';
import type { ClientBase } from 'pg';
import { DataSource } from 'typeorm';
import { z } from 'zod';

const about = { version: 1, label: { en: 'Counted', zh: '已计' }, description: 'For a test.' };
export const tallyContract = contract({
  name: 'tally',
  plural: 'tallies',
  label: about.label,
  description: 'A list of events.',
  commands: {},
  events: {
    Counted: event({ ...about, public: 'tally.counted', data: z.strictObject({ fragile: z.boolean().optional() }), example: {} }),
  },
  refusals: {},
});

export const SCHEMA = 'promise';

/** What a process that keeps rows of it works on. */
export async function opened(url: string) {
  const store = await postgresStore({ connection: url, poolSize: 2, install: false });
  const extra = { options: '-c synchronous_commit=off -c TimeZone=UTC' };
  const source = new DataSource({ type: 'postgres', url, poolSize: 4, poolErrorHandler: () => undefined, extra });
  await source.initialize();
  return { store, source };
}

/** A row for each event, and one behind the last of a stream, which each event takes away and puts elsewhere. */
const effectTable = table(
  'effect',
  { event_id: 'text', stream: 'text', times: 'int', nth: 'int', revision: 'int' },
  { primaryKey: ['event_id'], groupBy: 'stream' },
);

/** What is fragile can not be handled at first, in each process anew: it is held back with its stream, and tried again. */
const met = new Set<string>();

export const effects: Projection = {
  name: 'effects',
  version: 1,
  table: effectTable,
  contracts: [tallyContract],
  guarded: false,
  groupOf: ({ id }) => id,
  apply(rows, { id, eventId, revision, data }) {
    if ((data as { fragile?: boolean }).fragile && !met.has(eventId)) {
      met.add(eventId);
      throw new RangeError('not the first time');
    }
    const counted = rows.filter((it) => (it['times'] as number) > 0);
    const others = counted.filter((it) => it['event_id'] !== eventId);
    const before = counted.find((it) => it['event_id'] === eventId);
    const row: Row = {
      event_id: eventId,
      stream: id,
      times: ((before?.['times'] as number | undefined) ?? 0) + 1,
      nth: others.length,
      revision,
    };
    return [...others, row, { ...row, event_id: `behind ${eventId}`, times: 0 }];
  },
};

/**
 * Notes each time that the database itself writes an event's row, in the transaction that writes it: an insert, or one more. Two
 * owners that both write the same row with `times` 1 are two effects here.
 */
export async function keepLedger(client: ClientBase): Promise<void> {
  await client.query(`
    create table ${SCHEMA}.ledger (event_id text primary key, times int not null);
    create function ${SCHEMA}.note() returns trigger language plpgsql as $$ begin
      insert into ${SCHEMA}.ledger values (new.event_id, 1) on conflict (event_id) do update set times = ledger.times + 1;
      return null;
    end $$;
    create trigger note after insert or update on ${SCHEMA}.effect for each row when (new.times > 0)
      execute function ${SCHEMA}.note()`);
}

export interface Effects {
  readonly applied: number;
  readonly missing: number;
  readonly doubled: number;
  /** Events that were not applied in the order of their stream. */
  readonly outOfOrder: number;
  /** Rows behind the last event of a stream that are too many or too few. */
  readonly leftovers: number;
}

/** Every event of the log against what took effect. */
export async function effectsOf(client: ClientBase): Promise<Effects> {
  const { rows } = await client.query<Effects>(`
    select count(*) filter (where l.times = 1 and e.times = 1)::int as applied,
           count(*) filter (where l.event_id is null or e.event_id is null)::int as missing,
           count(*) filter (where l.times > 1 or e.times > 1)::int as doubled,
           count(*) filter (where e.nth <> v.revision or e.revision <> v.revision)::int as "outOfOrder",
           (select abs(count(*) filter (where times = 0) - count(distinct stream))::int from ${SCHEMA}.effect) as leftovers
      from es.events v
      left join ${SCHEMA}.ledger l on l.event_id = v.event_id::text
      left join ${SCHEMA}.effect e on e.event_id = v.event_id::text`);
  return rows[0]!;
}
