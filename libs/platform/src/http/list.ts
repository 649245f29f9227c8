// Lists: keyset pages, sorted by names that stand in the contract, filtered by values that are parameters.
import type { RowOf, Table } from '@kams/eventing';
import { z } from 'zod';
import { quote, selectList } from '../read-model/ddl';
import type { Reader } from '../read-model/reader';
import { isSearched, searchedName } from '../read-model/tenants';
import type { CursorValue } from './cursor';
import { columnOf, type Item } from './item';
import { Problem } from './problems';

/** The parameters that every list takes. */
export const paging = {
  limit: z.coerce.number().int().min(1).max(200).default(50).meta({ description: 'At most this many items, up to 200.' }),
  cursor: z.string().max(4096).optional().meta({ description: '`next` of the page before.' }),
};
/** `sort=name` or `sort=-name`, of the names given. */
export const sortBy = <const N extends string>(...names: readonly [N, ...N[]]) =>
  z.enum([...names, ...names.map((it) => `-${it}` as const)] as [N, ...(N | `-${N}`)[]]);

export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({
    items: z.array(item),
    next: z.string().nullable().meta({ description: 'The cursor of the next page; null: this is the last one.' }),
  });

export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

/** `?` stands for each value in turn. */
export interface Condition {
  readonly sql: string;
  readonly values: readonly unknown[];
}

/** What is searched for. Rows that hold it come first, in the order of the sort; behind all of those, rows that come near it. */
export interface Search {
  /**
   * `isIndexed`: an index finds what holds it. It is then asked for all of it, and that is sorted. The planner would now and then
   * rather read the tenant in the order of the sort until the page is full, as it expects a thousand hits in 100,000 rows where
   * there are twenty (130 ms instead of 2).
   */
  readonly holds: Condition & { readonly isIndexed: boolean };
  /** `distance`, an integer above 0: the nearest come first, equally near ones in the order of the sort. */
  readonly near?: Condition & { readonly distance: Condition; readonly setting: readonly [name: string, value: string] };
}

export interface ListQuestion<T extends Table> {
  readonly schema: string;
  readonly table: T;
  /** The column with the account of a row; null: its rows belong to no account. */
  readonly account: (keyof T['columns'] & string) | null;
  /** Fields, as the answers name them, that must have a value; undefined: no matter. */
  readonly equal?: Readonly<Partial<Record<keyof Item<RowOf<T>>, string | number | boolean | undefined>>>;
  /** Further conditions. */
  readonly where?: readonly Condition[];
  readonly search?: Search;
  /**
   * A field as the answers name it, of a column that is never null (`changedAt` is `changed_at`); `-` in front for descending. The
   * primary key decides between equals.
   */
  readonly sort: string;
  readonly limit: number;
  readonly cursor?: string;
}

/** One of the parts that a list consists of, which follow each other. */
interface Part {
  readonly where: readonly Condition[];
  readonly isIndexed?: boolean;
  /** Absent: 0, for all rows of it. */
  readonly distance?: Condition;
  readonly setting?: readonly [name: string, value: string];
}

function partsOf({ where = [], search }: Pick<ListQuestion<Table>, 'where' | 'search'>): Part[] {
  if (search === undefined) return [{ where }];
  const { holds, near } = search;
  const first = { where: [...where, holds], isIndexed: holds.isIndexed };
  return near ? [first, { ...near, where: [...where, near, { ...holds, sql: `not (${holds.sql})` }], isIndexed: true }] : [first];
}

export async function list<T extends Table>(reader: Reader, it: ListQuestion<T>): Promise<Page<RowOf<T>>> {
  const column = columnOf(it.sort.replace('-', ''));
  if (!Object.hasOwn(it.table.columns, column)) throw new RangeError(`${it.table.name} has no column ${column}`);
  const order = [column, ...it.table.primaryKey.filter((name) => name !== 'tenant_id' && name !== column)];
  // The distance, then the values of the sort. It tells the part of the list too: only in the first part is it 0.
  const after = it.cursor === undefined ? undefined : reader.valuesAt(it.cursor);
  if (it.cursor !== undefined && after?.length !== order.length + 1) throw new Problem('cursor-invalid');

  const found: Found[] = [];
  for (const part of partsOf(it)) {
    const isBefore = after !== undefined && after[0] !== 0 && part.distance === undefined;
    if (!isBefore && found.length <= it.limit)
      found.push(...(await read(reader, it, part, order, after, it.limit + 1 - found.length)));
  }
  const last = found[it.limit - 1];
  return {
    items: found.slice(0, it.limit).map(({ search_distance: _distance, ...row }) => row as RowOf<T>),
    next:
      found.length > it.limit && last
        ? reader.cursorAt([last.search_distance, ...order.map((name) => last[name] as CursorValue)])
        : null,
  };
}

type Found = Readonly<Record<string, unknown>> & { readonly search_distance: number };

async function read(
  reader: Reader,
  { schema, table, account, equal = {}, sort }: Pick<ListQuestion<Table>, 'schema' | 'table' | 'account' | 'equal' | 'sort'>,
  { where, isIndexed, distance, setting }: Part,
  order: readonly string[],
  after: readonly CursorValue[] | undefined,
  limit: number,
): Promise<Found[]> {
  const values: unknown[] = [reader.tenantId];
  const given = (value: unknown) => `$${values.push(value)}`;
  const filled = ({ sql, values: own }: Condition) => {
    let next = 0;
    return sql.replaceAll('?', () => given(own[next++]));
  };
  const conditions = ['tenant_id = $1'];
  if (reader.accounts && account !== null) conditions.push(`${quote(account)} = any(${given(reader.accounts)})`);
  for (const [name, value] of Object.entries(equal))
    if (value !== undefined) conditions.push(`${quote(columnOf(name))} = ${given(value)}`);
  conditions.push(...where.map(filled));
  const from = where.length > 0 && isSearched(table) ? searchedName(table.name) : table.name;
  // What has an `offset` is planned by itself, and not by what is done with its rows.
  const hits = `select *, ${distance ? filled(distance) : '0'} as search_distance from ${quote(schema)}.${quote(from)}
     where ${conditions.join(' and ')} ${isIndexed ? 'offset 0' : ''}`;

  const isDescending = sort.startsWith('-');
  const sorted = [
    ...(distance ? ['search_distance'] : []),
    ...order.map((name) => `${quote(name)} ${isDescending ? 'desc' : 'asc'}`),
  ];
  const orderBy = `order by ${sorted.join(', ')}`;
  const beyond = () => {
    const [reached, ...row] = after!;
    const later = `(${order.map(quote).join(', ')}) ${isDescending ? '<' : '>'} (${row.map(given).join(', ')})`;
    if (!distance) return later;
    const at = given(reached);
    return `(search_distance > ${at} or (search_distance = ${at} and ${later}))`;
  };
  // The near ones begin at their first when the last page ended among those before.
  const isBegun = after !== undefined && (distance === undefined) === (after[0] === 0);
  const page = `select * from (${hits}) hits ${isBegun ? `where ${beyond()}` : ''} ${orderBy} limit ${given(limit)}`;
  // Columns are put into words last, for the rows of the page alone.
  const statement = `select ${selectList(table)}, search_distance from (${page}) page ${orderBy}`;
  return reader.query<Found>(statement, values, setting);
}

/** The row with this id. @throws Problem `not-found`, also for another tenant's, and for one that is out of reach */
export async function one<T extends Table>(
  reader: Reader,
  { schema, table, account }: Pick<ListQuestion<T>, 'schema' | 'table' | 'account'>,
  id: string,
): Promise<RowOf<T>> {
  const [row] = await reader.query<RowOf<T>>(
    `select ${selectList(table)} from ${quote(schema)}.${quote(table.name)}
      where tenant_id = $1 and id = $2 ${account === null ? '' : `and ($3::uuid[] is null or ${quote(account)} = any($3))`}`,
    [reader.tenantId, id, ...(account === null ? [] : [reader.accounts])],
  );
  if (!row) throw new Problem('not-found');
  return row;
}
