// The SQL of a read model's table, from its one definition.
import { createHash } from 'node:crypto';
import type { Projection, Table } from '@kams/eventing';
import { quote } from './name';
import { hasTenant, rights } from './tenants';

const SQL_TYPES: Readonly<Record<string, string>> = {
  text: 'text collate "C"',
  uuid: 'uuid',
  int: 'integer',
  bigint: 'bigint',
  boolean: 'boolean',
  date: 'date',
  instant: 'timestamptz',
  json: 'jsonb',
};

export { quote };

const kindOf = (type: string): string => type.replace('?', '');

/** `create table`, who may do what with it, and its indexes. Index names carry `tag`, so that two generations of a table can stand side by side. */
export function createTable(schema: string, name: string, it: Table, tag: string): string[] {
  const { columns, primaryKey, indexes } = it;
  // A key over all tenants would tell one what another has.
  if (hasTenant(it) && primaryKey[0] !== 'tenant_id') throw new RangeError(`the key of ${name} does not begin with tenant_id`);
  const table = `${quote(schema)}.${quote(name)}`;
  const lines = Object.entries(columns).map(
    ([column, type]) => `${quote(column)} ${SQL_TYPES[kindOf(type)]}${type.endsWith('?') ? '' : ' not null'}`,
  );
  // Rows are updated again and again: room in the page keeps the new version beside the old one.
  return [
    `create table ${table} (${lines.join(', ')}, constraint ${quote(`${name}_${tag}_pk`)} primary key (${primaryKey.map(quote).join(', ')})) with (fillfactor = 80)`,
    ...rights(schema, name, it),
    ...indexes.map(
      (index, i) =>
        `create index ${quote(`${name}_${tag}_${i}`)} on ${table} ${index.startsWith('using') ? index : `(${index})`}`,
    ),
  ];
}

/** Columns as the code has them: instants as text with microseconds in UTC, large integers as numbers, dates as text. */
export const selectList = ({ columns }: Table, alias = ''): string =>
  Object.entries(columns)
    .map(([name, type]) => {
      const column = `${alias}${quote(name)}`;
      switch (kindOf(type)) {
        case 'instant':
          return `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as ${quote(name)}`;
        case 'bigint':
          return `${column}::float8 as ${quote(name)}`;
        case 'date':
          return `${column}::text as ${quote(name)}`;
        default:
          return column;
      }
    })
    .join(', ');

/** What the rows depend on besides the events: when it changes, the projection is built again. */
export const definitionHash = ({ table, version }: Projection): string =>
  createHash('sha256')
    .update(JSON.stringify([version, table.columns, table.primaryKey, table.indexes]))
    .digest('hex')
    .slice(0, 16);
