// Lists: keyset pages, sorted by names that stand in a map, filtered by values that are parameters.
import type { RowOf, Table } from '@kams/eventing';
import type { DataSource } from 'typeorm';
import { z } from 'zod';
import { quote, selectList } from '../read-model/ddl';
import { openCursor, sealCursor, type CursorValue } from './cursor';
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

export interface ListQuestion<T extends Table> {
  readonly schema: string;
  readonly table: T;
  readonly tenantId: string;
  /** Columns that must have a value; undefined: no matter. */
  readonly equal?: Readonly<Partial<Record<keyof T['columns'] & string, string | number | boolean | undefined>>>;
  /** Further conditions; `?` stands for each value in turn. */
  readonly where?: readonly { readonly sql: string; readonly values: readonly unknown[] }[];
  /** A column that is never null, `-` in front for descending; the primary key decides between equals. */
  readonly sort: string;
  readonly limit: number;
  readonly cursor?: string;
  /** What the cursor belongs to. */
  readonly route: string;
  readonly cursorKey: Buffer;
}

export async function list<T extends Table>(source: DataSource, it: ListQuestion<T>): Promise<Page<RowOf<T>>> {
  const descending = it.sort.startsWith('-');
  const column = it.sort.replace('-', '');
  if (!Object.hasOwn(it.table.columns, column)) throw new RangeError(`${it.table.name} has no column ${column}`);
  const order = [column, ...it.table.primaryKey.filter((name) => name !== 'tenant_id' && name !== column)];
  const scope = { tenantId: it.tenantId, query: it.route };

  const values: unknown[] = [it.tenantId];
  const given = (value: unknown) => `$${values.push(value)}`;
  const conditions = ['tenant_id = $1'];
  for (const [name, value] of Object.entries(it.equal ?? {}))
    if (value !== undefined) conditions.push(`${quote(name)} = ${given(value)}`);
  for (const { sql, values: own } of it.where ?? []) {
    let next = 0;
    conditions.push(sql.replaceAll('?', () => given(own[next++])));
  }
  if (it.cursor !== undefined) {
    const after = openCursor(it.cursorKey, scope, it.cursor);
    if (after?.length !== order.length) throw new Problem('cursor-invalid');
    conditions.push(`(${order.map(quote).join(', ')}) ${descending ? '<' : '>'} (${after.map(given).join(', ')})`);
  }

  const direction = descending ? 'desc' : 'asc';
  const rows = await source.query<RowOf<T>[]>(
    `select ${selectList(it.table)} from ${quote(it.schema)}.${quote(it.table.name)} where ${conditions.join(' and ')}
      order by ${order.map((name) => `${quote(name)} ${direction}`).join(', ')} limit ${given(it.limit + 1)}`,
    values,
  );
  const items = rows.slice(0, it.limit);
  const last = items.at(-1) as Record<string, CursorValue> | undefined;
  return {
    items,
    next:
      rows.length > it.limit && last
        ? sealCursor(
            it.cursorKey,
            scope,
            order.map((name) => last[name]!),
          )
        : null,
  };
}
