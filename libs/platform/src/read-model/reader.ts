// What a query reads with.
import type { DataSource } from 'typeorm';
import type { CursorValue } from '../http/cursor';

/** Who asks, as far as rows are concerned: no query reaches the database but through this. */
export interface Reader {
  readonly tenantId: string;
  /** The accounts whose rows they see, for `any($n)`; null: all of the tenant. */
  readonly accounts: readonly string[] | null;
  /** Do they see this field of this account? */
  sees(field: string, accountId: string): boolean;
  /** The cursor of a page of this question that ended with these values. */
  cursorAt(values: readonly CursorValue[]): string;
  /** The values that a cursor of this question holds; undefined for any other text. */
  valuesAt(cursor: string): readonly CursorValue[] | undefined;
  /** `setting` holds for this statement alone. */
  query<T>(sql: string, values: readonly unknown[], setting?: readonly [name: string, value: string]): Promise<T[]>;
}

export const readerOf = (source: DataSource, who: Omit<Reader, 'query'>): Reader => ({
  ...who,
  query(sql, values, setting) {
    if (!setting) return source.query(sql, [...values]);
    return source.transaction(async (manager) => {
      await manager.query('select set_config($1, $2, true)', [...setting]);
      return manager.query(sql, [...values]);
    });
  },
});
