// What a query reads with.
import type { CursorValue } from '../http/cursor';
import type { Queries, Setting } from './queries';

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
  query<T>(sql: string, values: readonly unknown[], setting?: Setting): Promise<T[]>;
}

export const readerOf = (queries: Queries, who: Omit<Reader, 'query'>): Reader => ({
  ...who,
  query: (sql, values, setting) => queries.rows(who.tenantId, sql, values, setting),
});
