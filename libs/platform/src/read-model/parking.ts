// What the readers of a service hold back, and what people have left out, in its schema. Of an event there is its id, its type
// and its place, and nothing of its data: what is erased is erased here too.
import {
  table,
  type Held,
  type HeldState,
  type HoldingBack,
  type Position,
  type Proof,
  type Side,
  type Table,
} from '@kams/eventing';
import { randomUUID } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { quote } from './ddl';
import { fence } from './leases';

const parkedTable = table(
  'parked',
  {
    id: 'uuid',
    reader: 'text',
    side: 'text',
    key: 'text',
    event_id: 'uuid',
    event_type: 'text',
    tenant_id: 'text',
    category: 'text',
    aggregate: 'text',
    revision: 'bigint',
    position: 'text',
    after: 'text',
    waiting: 'bigint',
    tries: 'int',
    error: 'text',
    since: 'instant',
    parked: 'boolean',
    wanted: 'boolean',
  },
  { primaryKey: ['tenant_id', 'reader', 'side', 'key'], groupBy: 'key', indexes: ['id'] },
);
const skippedTable = table(
  'skipped',
  {
    reader: 'text',
    event_id: 'uuid',
    event_type: 'text',
    tenant_id: 'text',
    category: 'text',
    aggregate: 'text',
    position: 'text',
    reason: 'text',
    by: 'text',
    at: 'instant',
  },
  { primaryKey: ['tenant_id', 'reader', 'event_id'], groupBy: 'event_id' },
);
export const PARKING_TABLES: readonly Table[] = [parkedTable, skippedTable];

const parkedIn = (schema: string): string => `${quote(schema)}.${quote(parkedTable.name)}`;
const skippedIn = (schema: string): string => `${quote(schema)}.${quote(skippedTable.name)}`;

interface HeldRow {
  readonly key: string;
  readonly event_id: string;
  readonly event_type: string;
  readonly tenant_id: string;
  readonly category: string;
  readonly aggregate: string;
  readonly revision: string;
  readonly position: Position;
  readonly after: Position;
  readonly waiting: string;
  readonly tries: number;
  readonly error: string;
  readonly parked: boolean;
  readonly wanted: boolean;
}

export async function readHeld(
  manager: EntityManager,
  schema: string,
  reader: string,
  side: Side,
  key?: string,
): Promise<HeldState> {
  const rows = await manager.query<HeldRow[]>(
    `select * from ${parkedIn(schema)} where reader = $1 and side = $2 and ($3::text is null or key = $3) order by position`,
    [reader, side, key ?? null],
  );
  const skipped = await manager.query<{ event_id: string }[]>(`select event_id from ${skippedIn(schema)} where reader = $1`, [
    reader,
  ]);
  return {
    held: rows.map(({ event_id, event_type, tenant_id, category, aggregate, revision, position, waiting, ...it }) => ({
      key: it.key,
      event: {
        eventId: event_id,
        type: event_type,
        tenantId: tenant_id,
        category,
        id: aggregate,
        revision: Number(revision),
        position,
      },
      after: it.after,
      waiting: Number(waiting),
      tries: it.tries,
      error: it.error,
      parked: it.parked,
      wanted: it.wanted,
    })),
    skipped: skipped.map((it) => it.event_id),
  };
}

/** False: what it comes behind is not held back any more. */
export async function holdBack(
  manager: EntityManager,
  schema: string,
  reader: string,
  side: Side,
  { opened, behind }: HoldingBack,
): Promise<boolean> {
  if (behind.size > 0) {
    const [, count] = await manager.query<[unknown[], number]>(
      `update ${parkedIn(schema)} p set waiting = waiting + more.n
         from unnest($3::text[], $4::bigint[]) more (key, n) where p.reader = $1 and p.side = $2 and p.key = more.key`,
      [reader, side, [...behind.keys()], [...behind.values()]],
    );
    if (count !== behind.size) return false;
  }
  if (opened.length === 0) return true;
  await manager.query(
    `insert into ${parkedIn(schema)}
       (id, reader, side, key, event_id, event_type, tenant_id, category, aggregate, revision, position, after, waiting, tries, error,
        parked, since, wanted)
     select id, $1, $2, key, event_id, event_type, tenant_id, category, aggregate, revision, position, after, waiting, tries, error,
            parked, clock_timestamp(), false
       from json_populate_recordset(null::${parkedIn(schema)}, $3)`,
    [reader, side, JSON.stringify(opened.map((it) => ({ id: randomUUID(), ...columnsOf(it) })))],
  );
  return true;
}

const columnsOf = ({ key, event, after, waiting, tries, error, parked }: Held) => ({
  key,
  event_id: event.eventId,
  event_type: event.type,
  tenant_id: event.tenantId,
  category: event.category,
  aggregate: event.id,
  revision: event.revision,
  position: event.position,
  after,
  waiting,
  tries,
  // A NUL is no text for the database.
  error: error.replaceAll('\0', ''),
  parked,
});

export async function noteTry(
  manager: EntityManager,
  schema: string,
  reader: string,
  { key, event }: Held,
  error: string,
  parked: boolean,
  proof?: Proof,
): Promise<void> {
  const { sql, values } = fence(schema, proof, 6);
  await manager.query(
    `${sql} update ${parkedIn(schema)} set tries = tries + 1, error = $4, parked = $5, wanted = false
      where reader = $1 and side = 'live' and key = $2 and event_id = $3 and exists (select from mine)`,
    [reader, key, event.eventId, error.replaceAll('\0', ''), parked, ...values],
  );
}

/** False: others have come, the rows of this generation are gone, or the proof does not hold. */
export async function replaceHeld(
  manager: EntityManager,
  schema: string,
  reader: string,
  it: Held,
  left: Held | undefined,
  generation: string | undefined,
  proof?: Proof,
): Promise<boolean> {
  const { sql, values: proven } = fence(schema, proof, 6);
  const values = [reader, it.key, it.event.eventId, it.waiting, generation ?? null, ...proven];
  const where = `where p.reader = $1 and p.side = 'live' and p.key = $2 and p.event_id = $3 and p.waiting = $4 and exists (select from mine)
    and ($5::text is null or exists (
      select from ${quote(schema)}.checkpoint where projection = $1 and side = 'live' and generation = $5))`;
  if (!left)
    return (await manager.query<[unknown[], number]>(`${sql} delete from ${parkedIn(schema)} p ${where}`, values))[1] === 1;
  const [, count] = await manager.query<[unknown[], number]>(
    `${sql} update ${parkedIn(schema)} p
        set id = l.id, event_id = l.event_id, event_type = l.event_type, tenant_id = l.tenant_id, category = l.category, aggregate = l.aggregate,
            revision = l.revision, position = l.position, waiting = l.waiting, tries = l.tries, error = l.error, parked = l.parked,
            since = clock_timestamp(), wanted = false
       from json_populate_record(null::${parkedIn(schema)}, $${values.length + 1}) l ${where}`,
    // Another event, and so another id: who skips this one must have seen it.
    [...values, JSON.stringify({ id: randomUUID(), ...columnsOf(left) })],
  );
  return count === 1;
}

/** A rebuild begins with nothing held back. */
export const forgetHeld = (manager: EntityManager, schema: string, reader: string): Promise<unknown> =>
  manager.query(`delete from ${parkedIn(schema)} where reader = $1 and side = 'beside'`, [reader]);

/** With the rows what is held back of them changes places. */
export async function swapHeld(manager: EntityManager, schema: string, reader: string): Promise<void> {
  await manager.query(`delete from ${parkedIn(schema)} where reader = $1 and side = 'live'`, [reader]);
  await manager.query(`update ${parkedIn(schema)} set side = 'live' where reader = $1`, [reader]);
}
