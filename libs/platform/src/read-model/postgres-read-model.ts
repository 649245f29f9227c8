// Rows and checkpoints of one service in its own schema of a Postgres, through TypeORM's connections and transactions.
//
// One statement a page, whatever the number of rows. Measured on two cores: repository.save 16,000 rows/s, upsert 22,000, one
// statement with all rows as a parameter 48,000.
import type { Change, Checkpoint, Projection, ReadModel, Row, Side } from '@kams/eventing';
import { point } from '@kams/eventing/point';
import type { DataSource, EntityManager } from 'typeorm';
import { changingTables, ensureTable, newTag, run } from './changing-tables';
import { checkpointTable, moveCheckpoint, readCheckpoint } from './checkpoints';
import { createTable, definitionHash, quote, selectList } from './ddl';
import { createSearched, dropSearched } from './tenants';

export function postgresReadModel(source: DataSource, schema: string): ReadModel {
  const inSchema = (name: string): string => `${quote(schema)}.${quote(name)}`;
  const tableOf = ({ table }: Projection, side: Side): string => inSchema(nameOf(table.name, side));
  const nameOf = (name: string, side: Side): string => (side === 'live' ? name : `${name}__beside`);

  const changing = <T>(change: (manager: EntityManager) => Promise<T>): Promise<T> => changingTables(source, schema, change);

  return {
    prepare: (projection) =>
      changing(async (manager) => {
        await run(manager, [
          ...checkpointTable(schema),
          `create table if not exists ${inSchema('definition')} (
             projection text collate "C" primary key, hash text collate "C" not null)`,
        ]);
        const { name, table } = projection;
        if (!(await ensureTable(manager, schema, table))) return;
        await manager.query(`delete from ${inSchema('checkpoint')} where projection = $1`, [name]);
        await manager.query(
          `insert into ${inSchema('definition')} values ($1, $2) on conflict (projection) do update set hash = excluded.hash`,
          [name, definitionHash(projection)],
        );
      }),

    async isCurrent(projection) {
      const [row] = await source.query<{ hash: string }[]>(`select hash from ${inSchema('definition')} where projection = $1`, [
        projection.name,
      ]);
      return row?.hash === definitionHash(projection);
    },

    checkpoint: (projection, side) => readCheckpoint(source.manager, inSchema('checkpoint'), projection.name, side),

    async load(projection, side, groups) {
      const { table } = projection;
      const rows = await source.query<Row[]>(
        `select ${selectList(table)} from ${tableOf(projection, side)} where ${quote(table.groupBy)} = any($1)`,
        [groups],
      );
      const found = new Map<string, Row[]>();
      for (const row of rows) {
        const group = String(row[table.groupBy]);
        found.set(group, [...(found.get(group) ?? []), row]);
      }
      return found;
    },

    async commit(projection, side, from, change) {
      // The checkpoint first, here and below: its row is the one lock between this projector, a second one and the switch of a
      // rebuild. What readers are told of waits for the disk: after a crash they must not be shown an older state.
      if (change.upsert.length === 0 && change.remove.length === 0) return moved(source.manager, projection, side, from, change);
      const isMoved = await source.transaction(async (manager) => {
        point('projector.after-begin');
        if (side === 'live') await manager.query('set local synchronous_commit = on');
        if (!(await moved(manager, projection, side, from, change))) return false;
        point('projector.after-checkpoint');
        await write(manager, projection, side, change);
        point('projector.before-commit');
        return true;
      });
      point('projector.after-commit');
      return isMoved;
    },

    beginBeside: (projection) =>
      changing(async (manager) => {
        await commitsWait(manager);
        const name = nameOf(projection.table.name, 'beside');
        await manager.query(`delete from ${inSchema('checkpoint')} where projection = $1 and side = 'beside'`, [projection.name]);
        await manager.query(`drop table if exists ${inSchema(name)}`);
        await run(manager, createTable(schema, name, projection.table, newTag()));
      }),

    replace: (projection, { evenIfBehind }) =>
      changing(async (manager) => {
        await commitsWait(manager);
        const { name } = projection;
        const rows = await manager.query<{ side: Side; position: string }[]>(
          `select side, position from ${inSchema('checkpoint')} where projection = $1`,
          [name],
        );
        const live = rows.find((it) => it.side === 'live');
        const beside = rows.find((it) => it.side === 'beside');
        if (!beside) return false;
        if (!evenIfBehind && live && live.position > beside.position) return false;
        const { table } = projection;
        await run(manager, [
          dropSearched(schema, table.name),
          `drop table ${tableOf(projection, 'live')}`,
          `alter table ${tableOf(projection, 'beside')} rename to ${quote(table.name)}`,
          ...createSearched(schema, table.name, table),
        ]);
        await manager.query(`delete from ${inSchema('checkpoint')} where projection = $1 and side = 'live'`, [name]);
        await manager.query(`update ${inSchema('checkpoint')} set side = 'live', generation = $2 where projection = $1`, [
          name,
          newTag(),
        ]);
        await manager.query(`update ${inSchema('definition')} set hash = $2 where projection = $1`, [
          name,
          definitionHash(projection),
        ]);
        return true;
      }),
  };

  /** What has begun is finished, and what has not begins after the change: a first checkpoint that is not committed yet has no row to lock. */
  async function commitsWait(manager: EntityManager): Promise<void> {
    await manager.query(`lock table ${inSchema('checkpoint')} in share row exclusive mode`);
  }

  function moved(
    manager: EntityManager,
    { name }: Projection,
    side: Side,
    from: Checkpoint | undefined,
    { to }: Change,
  ): Promise<boolean> {
    return moveCheckpoint(manager, inSchema('checkpoint'), name, side, from, to);
  }

  async function write(manager: EntityManager, projection: Projection, side: Side, { upsert, remove }: Change): Promise<void> {
    const { columns, primaryKey } = projection.table;
    const table = tableOf(projection, side);
    // json_populate_recordset needs a row type; the table's own is it.
    if (remove.length > 0) {
      const same = primaryKey.map((name) => `t.${quote(name)} = gone.${quote(name)}`).join(' and ');
      await manager.query(`delete from ${table} t using json_populate_recordset(null::${table}, $1) gone where ${same}`, [
        JSON.stringify(remove),
      ]);
      point('projector.after-first-effect');
    }
    if (upsert.length > 0) {
      const names = Object.keys(columns);
      const updates = names
        .filter((name) => !primaryKey.includes(name))
        .map((name) => `${quote(name)} = excluded.${quote(name)}`);
      await manager.query(
        `insert into ${table} (${names.map(quote).join(', ')})
           select ${names.map(quote).join(', ')} from json_populate_recordset(null::${table}, $1)
           on conflict (${primaryKey.map(quote).join(', ')}) do ${updates.length > 0 ? `update set ${updates.join(', ')}` : 'nothing'}`,
        [JSON.stringify(upsert)],
      );
    }
    point('projector.after-last-effect');
  }
}
