// The table of a read model, said once: its row type, its DDL and its queries come from here. It has no migrations: when it
// changes, the projection is built again beside the old one.

/** `?` for a column that may be null. `instant` is read and written with microseconds, in UTC. */
type Kind = 'text' | 'uuid' | 'int' | 'bigint' | 'boolean' | 'date' | 'instant' | 'json';
export type ColumnType = Kind | `${Kind}?`;
export type Columns = Readonly<Record<string, ColumnType>>;

type Value<T extends string> = T extends `${infer K}?`
  ? Value<K> | null
  : T extends 'int' | 'bigint'
    ? number
    : T extends 'boolean'
      ? boolean
      : T extends 'json'
        ? unknown
        : string;

export interface Table<C extends Columns = Columns> {
  readonly name: string;
  readonly columns: C;
  readonly primaryKey: readonly string[];
  /** Rows with the same value here are folded together. */
  readonly groupBy: string;
  /**
   * An instant of a row: an event that was recorded later than this changes it no more, so that it is not read again. Absent:
   * any row may change.
   */
  readonly closedBy?: string;
  /** Further indexes, each as the text inside the parentheses or after `using`. */
  readonly indexes: readonly string[];
}
export type RowOf<T> = T extends Table<infer C> ? { -readonly [N in keyof C]: Value<C[N]> } : never;

export const table = <const C extends Columns>(
  name: string,
  columns: C,
  options: {
    readonly primaryKey: readonly (keyof C & string)[];
    readonly groupBy: keyof C & string;
    readonly closedBy?: keyof C & string;
    readonly indexes?: readonly string[];
  },
): Table<C> => ({ name, columns, indexes: [], ...options });
