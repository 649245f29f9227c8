// How far each reader of a service has come, one row each, beside the rows that it keeps.
import type { Change, Checkpoint, Checkpoints, Position, Side } from '@kams/eventing';
import type { DataSource, EntityManager } from 'typeorm';
import { changingTables, run } from './changing-tables';
import { quote } from './ddl';

export const checkpointTable = (schema: string): readonly string[] => [
  `create schema if not exists ${quote(schema)}`,
  `create table if not exists ${quote(schema)}.checkpoint (
     projection text collate "C" not null, side text collate "C" not null, epoch text collate "C" not null,
     position text collate "C" not null, event_id uuid, event_position text collate "C", generation text collate "C" not null,
     primary key (projection, side)) with (fillfactor = 50)`,
];

interface CheckpointRow {
  readonly epoch: string;
  readonly position: string;
  readonly event_id: string | null;
  readonly event_position: string | null;
  readonly generation: string;
}

export async function readCheckpoint(
  manager: EntityManager,
  table: string,
  name: string,
  side: Side,
): Promise<Checkpoint | undefined> {
  const [row] = await manager.query<CheckpointRow[]>(
    `select epoch, position, event_id, event_position, generation from ${table} where projection = $1 and side = $2`,
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

/** Compares and sets. False: it is not at `from` any more. */
export async function moveCheckpoint(
  manager: EntityManager,
  table: string,
  name: string,
  side: Side,
  from: Checkpoint | undefined,
  to: Change['to'],
): Promise<boolean> {
  const values = [name, side, to.epoch, to.position, to.eventId, to.eventPosition];
  const [rows, count] = from
    ? await manager.query<[unknown[], number]>(
        `update ${table} set epoch = $3, position = $4, event_id = $5, event_position = $6
          where projection = $1 and side = $2 and epoch = $7 and position = $8 and generation = $9`,
        [...values, from.epoch, from.position, from.generation],
      )
    : [
        await manager.query<unknown[]>(
          `insert into ${table} values ($1, $2, $3, $4, $5, $6, '') on conflict (projection, side) do nothing returning 1`,
          values,
        ),
        undefined,
      ];
  return (count ?? rows.length) === 1;
}

/** Of the reactions of a service. */
export async function postgresCheckpoints(source: DataSource, schema: string): Promise<Checkpoints> {
  const table = `${quote(schema)}.checkpoint`;
  await changingTables(source, schema, (manager) => run(manager, checkpointTable(schema)));
  return {
    load: (name) => readCheckpoint(source.manager, table, name, 'live'),
    save: (name, from, to) => moveCheckpoint(source.manager, table, name, 'live', from, to),
  };
}
