// DDL in the schema of a service. The roles of the pools have no right to it: it is done as the user who is connected, for as long
// as one transaction lasts, and what was made is given away in it.
import { handOver, ROLES } from '@kams/eventing/store/postgres/roles';
import type { Table } from '@kams/eventing';
import { randomBytes } from 'node:crypto';
import type { DataSource, EntityManager } from 'typeorm';
import { createTable } from './ddl';
import { quote } from './name';
import { createSearched, dropSearched, rights, tenantFaults } from './tenants';

/** Tables are made and changed by one process at a time: two may start, or build again, at the same moment. */
export const changingTables = <T>(
  source: DataSource,
  schema: string,
  change: (manager: EntityManager) => Promise<T>,
): Promise<T> =>
  source.transaction(async (manager) => {
    await manager.query('set local role none');
    await manager.query('select pg_advisory_xact_lock(hashtext($1))', [`kams read model ${schema}`]);
    await manager.query(`create schema if not exists ${quote(schema)}`);
    await manager.query(handOver(schema)); // of an earlier release
    const changed = await change(manager);
    await manager.query(handOver(schema));
    await manager.query(`grant usage on schema ${quote(schema)} to ${ROLES.projector}, ${ROLES.query}, ${ROLES.search}`);
    await manager.query(`grant select, insert, update, delete on all tables in schema ${quote(schema)} to ${ROLES.projector}`);
    return changed;
  });

export async function run(manager: EntityManager, statements: readonly string[]): Promise<void> {
  for (const statement of statements) await manager.query(statement);
}

/** Of one generation of a table. */
export const newTag = (): string => randomBytes(4).toString('hex');

/** Makes a table; false: it was there. One that an earlier release made without row level security gets it. */
export async function ensureTable(manager: EntityManager, schema: string, table: Table): Promise<boolean> {
  const { name } = table;
  const [live] = await manager.query<{ there: boolean }[]>('select to_regclass($1) is not null as there', [
    `${quote(schema)}.${quote(name)}`,
  ]);
  if (!live!.there) {
    await run(manager, [...createTable(schema, name, table, newTag()), ...createSearched(schema, name, table)]);
    return true;
  }
  const faults = await tenantFaults((sql, values) => manager.query(sql, values), schema, name);
  if (faults.length > 0)
    await run(manager, [dropSearched(schema, name), ...rights(schema, name, table), ...createSearched(schema, name, table)]);
  return false;
}
