// How far each reader of a service has come, one row each, beside the rows that it keeps.
import type { Change, Checkpoint, Checkpoints, Position, Proof, Side } from '@kams/eventing';
import type { DataSource, EntityManager } from 'typeorm';
import { changingTables, ensureTable, run } from './changing-tables';
import { quote } from './ddl';
import { fence, leaseTable } from './leases';
import { holdBack, noteTry, PARKING_TABLES, readHeld, replaceHeld } from './parking';

const tableOf = (schema: string): string => `${quote(schema)}.checkpoint`;

/** Of a service's own work, beside the rows that it keeps. `fencing` says which owner wrote last. */
const ownTables = (schema: string): readonly string[] => [
  `create table if not exists ${quote(schema)}.checkpoint (
     projection text collate "C" not null, side text collate "C" not null, epoch text collate "C" not null,
     position text collate "C" not null, event_id uuid, event_position text collate "C", generation text collate "C" not null,
     primary key (projection, side)) with (fillfactor = 50)`,
  // Only where it is missing: to ask for it again would lock the table each time that a process starts.
  `do $$ begin
     if not exists (select from pg_attribute where attrelid = '${tableOf(schema)}'::regclass and attname = 'fencing') then
       alter table ${tableOf(schema)} add column fencing bigint not null default 0;
     end if; end $$`,
  leaseTable(schema),
];

/** To be called while changing tables. */
export async function makeOwnTables(manager: EntityManager, schema: string): Promise<void> {
  await run(manager, ownTables(schema));
  for (const it of PARKING_TABLES) await ensureTable(manager, schema, it);
}

interface CheckpointRow {
  readonly epoch: string;
  readonly position: string;
  readonly event_id: string | null;
  readonly event_position: string | null;
  readonly generation: string;
}

export async function readCheckpoint(
  manager: EntityManager,
  schema: string,
  name: string,
  side: Side,
): Promise<Checkpoint | undefined> {
  const [row] = await manager.query<CheckpointRow[]>(
    `select epoch, position, event_id, event_position, generation from ${tableOf(schema)} where projection = $1 and side = $2`,
    [name, side],
  );
  return (
    row && {
      epoch: row.epoch,
      position: row.position as Position,
      eventId: row.event_id,
      eventPosition: row.event_position as Position | null,
      generation: row.generation,
    }
  );
}

/** Of a statement alone: its commit waits for the disk, whatever its session's do. */
export const ON_DISK = `(select set_config('synchronous_commit', 'on', true)) = 'on'`;

/**
 * Compares and sets, and renews the lease in the same statement. False: it is not at `from` any more, or the proof does not hold.
 * @param and  what has to hold besides
 */
export async function moveCheckpoint(
  manager: EntityManager,
  schema: string,
  name: string,
  side: Side,
  from: Checkpoint | undefined,
  to: Change['to'],
  proof?: Proof,
  and = 'true',
): Promise<boolean> {
  const values = [name, side, to.epoch, to.position, to.eventId, to.eventPosition, proof?.fencing ?? 0];
  if (from) {
    const { sql, values: proven } = fence(schema, proof, 11);
    const [, count] = await manager.query<[unknown[], number]>(
      `${sql} update ${tableOf(schema)} set epoch = $3, position = $4, event_id = $5, event_position = $6, fencing = $7
        where projection = $1 and side = $2 and epoch = $8 and position = $9 and generation = $10 and exists (select from mine) and ${and}`,
      [...values, from.epoch, from.position, from.generation, ...proven],
    );
    return count === 1;
  }
  const { sql, values: proven } = fence(schema, proof, 8);
  const rows = await manager.query<unknown[]>(
    `${sql} insert into ${tableOf(schema)} select $1, $2, $3, $4, $5::uuid, $6, '', $7 from mine where ${and}
       on conflict (projection, side) do nothing returning 1`,
    [...values, ...proven],
  );
  return rows.length === 1;
}

/** Of the reactions of a service. */
export async function postgresCheckpoints(source: DataSource, schema: string): Promise<Checkpoints> {
  await changingTables(source, schema, (manager) => makeOwnTables(manager, schema));
  return {
    load: (name) => readCheckpoint(source.manager, schema, name, 'live'),

    async save(name, from, { to, holding }, proof) {
      if (!holding) return moveCheckpoint(source.manager, schema, name, 'live', from, to, proof);
      return source
        .transaction(async (manager) => {
          if (!(await moveCheckpoint(manager, schema, name, 'live', from, to, proof))) return false;
          return orUndone(await holdBack(manager, schema, name, 'live', holding));
        })
        .catch(isUndone);
    },

    held: (name, key) => readHeld(source.manager, schema, name, 'live', key),
    tried: (name, it, error, parked, proof) => noteTry(source.manager, schema, name, it, error, parked, proof),
    settle: (name, it, left, proof) => replaceHeld(source.manager, schema, name, it, left, undefined, proof),
  };
}

/** Takes a transaction back that is not to be, without that being an error. */
class Undone extends Error {}
export function orUndone(isDone: boolean): true {
  if (!isDone) throw new Undone();
  return true;
}
export function isUndone(error: unknown): false {
  if (error instanceof Undone) return false;
  throw error;
}
