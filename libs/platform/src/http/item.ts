// The rows of a table as an answer shows them: the columns by the names that answers use, `due_at` as `dueAt`, without the tenant.
import type { Columns, ColumnType, RowOf, Table } from '@kams/eventing';
import { z } from 'zod';

type NameOf<C extends string> = C extends `${infer Word}_${infer Rest}` ? `${Word}${Capitalize<NameOf<Rest>>}` : C;
export type Item<R> = { readonly [C in keyof R & string as C extends 'tenant_id' ? never : NameOf<C>]: R[C] };

/** The column that an answer shows by this name. */
export const columnOf = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const nameOf = (column: string): string => column.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
const named = (columns: object): [string, unknown][] =>
  Object.entries(columns).flatMap(([column, it]) => (column === 'tenant_id' ? [] : [[nameOf(column), it]]));

const KINDS = {
  text: z.string(),
  uuid: z.uuid(),
  int: z.int(),
  bigint: z.int(),
  boolean: z.boolean(),
  date: z.iso.date(),
  instant: z.iso.datetime({ precision: null }),
  json: z.unknown(),
} as const;

function schemaOf(column: ColumnType): z.ZodType {
  const kind = KINDS[column.replace('?', '') as keyof typeof KINDS];
  return column.endsWith('?') ? kind.nullable() : kind;
}

/** What `itemOf` makes of the rows of a table, for `answer`. */
export const itemSchema = <C extends Columns>({ columns }: Table<C>): z.ZodObject =>
  z.object(Object.fromEntries(named(columns).map(([name, column]) => [name, schemaOf(column as ColumnType)])));

/** A row as an item. What is sealed in it stays so: its place says by which field it is opened, a text does not. */
export const itemOf = <R extends RowOf<Table>>(row: R): Item<R> => Object.fromEntries(named(row)) as Item<R>;
