// Rows and checkpoints of one service in its own schema of a Postgres, through TypeORM's connections and transactions.
//
// One statement a page, whatever the number of rows. Measured on two cores: repository.save 16,000 rows/s, upsert 22,000, one
// statement with all rows as a parameter 48,000.
import { RowsRefused, type Change, type Projection, type Proof, type ReadModel, type Row, type Side } from '@kams/eventing';
import { groupedBy } from '@kams/eventing/grouped-by';
import { point } from '@kams/eventing/point';
import { QueryFailedError, type DataSource, type EntityManager } from 'typeorm';
import { changingTables, ensureTable, newTag, run } from './changing-tables';
import { isUndone, makeOwnTables, moveCheckpoint, ON_DISK, orUndone, readCheckpoint } from './checkpoints';
import { createTable, definitionHash, quote, selectList } from './ddl';
import { forgetHeld, holdBack, noteTry, readHeld, replaceHeld, swapHeld } from './parking';
import { createSearched, dropSearched } from './tenants';

/**
 * A statement of rows that people wait for is cut after this. Measured, 1,000 rows take 20 ms: what takes that many times longer
 * waits for something that may never come, and everything behind it would wait with it. With 100 ms a disk that stood still was
 * taken for rows that hang: they were held back, and read as they were before.
 */
const cutAfterMs = (rows: number): number => 300 + 2 * rows;
/** The same, of a part of what was cut before. */
const searchCutAfterMs = (rows: number): number => 150 + 2 * rows;
/** Of rows that were found writable a moment ago. */
const PROVEN_CUT_MS = 5_000;
/** What is refused is looked for in so many parts, and in these again: with halves, rows that hang would be waited for more often. */
const PARTS = 16;
function partsOf<T>(all: readonly T[]): T[][] {
  const size = Math.ceil(all.length / PARTS);
  return Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.slice(i * size, (i + 1) * size));
}
/** What is held back by itself keeps nobody waiting. */
const CUT_HELD_MS = 1_000;

/** Whoever owns it next does not wait for longer than the lease of this one. */
const idle = (proof: Proof | undefined): string =>
  proof ? `set local idle_in_transaction_session_timeout = ${proof.leaseMs}` : '';

/** SQLSTATEs that speak of the rows: data, constraints, limits, and what was cut. */
const REFUSED = /^(22|23|54)|^57014$/;

export function postgresReadModel(source: DataSource, schema: string): ReadModel {
  const inSchema = (name: string): string => `${quote(schema)}.${quote(name)}`;
  const tableOf = ({ table }: Projection, side: Side): string => inSchema(nameOf(table.name, side));
  const nameOf = (name: string, side: Side): string => (side === 'live' ? name : `${name}__beside`);

  const changing = <T>(change: (manager: EntityManager) => Promise<T>): Promise<T> => changingTables(source, schema, change);

  return {
    prepare: (projection) =>
      changing(async (manager) => {
        await makeOwnTables(manager, schema);
        await run(manager, [
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

    checkpoint: (projection, side) => readCheckpoint(source.manager, schema, projection.name, side),

    async load(projection, side, groups, since) {
      const { table } = projection;
      const { groupBy, closedBy } = table;
      const rows = await source.query<Row[]>(
        `select ${selectList(table)} from ${tableOf(projection, side)}
          where ${quote(groupBy)} = any($1)${closedBy ? ` and ${quote(closedBy)} >= $2` : ''}`,
        closedBy ? [groups, since] : [groups],
      );
      return groupedBy(rows, (row) => String(row[groupBy]));
    },

    async commit(projection, side, from, { upsert, remove, to, holding, proven }, proof) {
      const { name } = projection;
      // The checkpoint first, here and below: its row is the one lock between this projector, a second one and the switch of a
      // rebuild. What readers are told of waits for the disk: after a crash they must not be shown an older state.
      const count = upsert.length + remove.length;
      if (count === 0 && !holding) return moveCheckpoint(source.manager, schema, name, side, from, to, proof, ON_DISK);
      const isMoved = await source
        .transaction(async (manager) => {
          point('projector.after-begin');
          if (side === 'live') {
            await manager.query(
              `set local synchronous_commit = on; set local statement_timeout = ${proven ? PROVEN_CUT_MS : cutAfterMs(count)}; ${idle(proof)}`,
            );
          }
          if (!(await moveCheckpoint(manager, schema, name, side, from, to, proof))) return false;
          point('projector.after-checkpoint');
          await write(manager, projection, side, { upsert, remove });
          if (holding) {
            orUndone(await holdBack(manager, schema, name, side, holding));
            point('projector.after-park');
          }
          point('projector.before-commit');
          return true;
        })
        .catch(isUndone);
      point('projector.after-commit');
      return isMoved;
    },

    async refused(projection, side, groups) {
      const refused = new Map<string, RowsRefused>();
      const all = [...groups];
      const undone = source.transaction(async (manager) => {
        await manager.query(`set local statement_timeout = ${searchCutAfterMs(Math.ceil(all.length / PARTS))}`);
        const look = async (part: typeof all): Promise<void> => {
          await manager.query('savepoint before');
          try {
            const rows = part.map(([, it]) => it);
            await write(manager, projection, side, {
              upsert: rows.flatMap((it) => it.upsert),
              remove: rows.flatMap((it) => it.remove),
            });
            await manager.query('release savepoint before');
          } catch (error) {
            if (!(error instanceof RowsRefused)) throw error;
            await manager.query('rollback to savepoint before');
            if (part.length === 1) refused.set(part[0]![0], error);
            else for (const one of partsOf(part)) await look(one);
          }
        };
        for (const part of partsOf(all)) await look(part);
        return orUndone(false);
      });
      await undone.catch(isUndone);
      return refused;
    },

    held: ({ name }, side, key) => readHeld(source.manager, schema, name, side, key),
    tried: ({ name }, it, error, parked, proof) => noteTry(source.manager, schema, name, it, error, parked, proof),

    settle: (projection, generation, it, { upsert, remove, left }, proof) =>
      source
        .transaction(async (manager) => {
          await manager.query(`set local synchronous_commit = on; set local statement_timeout = ${CUT_HELD_MS}; ${idle(proof)}`);
          // The lease last: while these rows take their time, the others' commits need it.
          await write(manager, projection, 'live', { upsert, remove });
          return orUndone(await replaceHeld(manager, schema, projection.name, it, left, generation, proof));
        })
        .catch(isUndone),

    beginBeside: (projection) =>
      changing(async (manager) => {
        await commitsWait(manager);
        const name = nameOf(projection.table.name, 'beside');
        await manager.query(`delete from ${inSchema('checkpoint')} where projection = $1 and side = 'beside'`, [projection.name]);
        await manager.query(`drop table if exists ${inSchema(name)}`);
        await run(manager, createTable(schema, name, projection.table, newTag()));
        await forgetHeld(manager, schema, projection.name);
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
        await swapHeld(manager, schema, name);
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

  async function write(
    manager: EntityManager,
    projection: Projection,
    side: Side,
    rows: Pick<Change, 'upsert' | 'remove'>,
  ): Promise<void> {
    try {
      await writeRows(manager, projection, side, rows);
    } catch (error) {
      const { code } = error instanceof QueryFailedError ? (error.driverError as { code?: string }) : {};
      if (!REFUSED.test(String(code))) throw error;
      // Of a value that does not fit Postgres says the value, and what is kept of this must say nothing of the data.
      const { message } = error as Error;
      throw new RowsRefused(code!.startsWith('22') ? `a value does not fit its column (SQLSTATE ${code})` : message, {
        cause: error,
      });
    }
  }

  async function writeRows(
    manager: EntityManager,
    projection: Projection,
    side: Side,
    { upsert, remove }: Pick<Change, 'upsert' | 'remove'>,
  ): Promise<void> {
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
