// What a query reads with.
import type { DataSource } from 'typeorm';

/** Who asks, as far as rows are concerned: no query reaches the database but through this. */
export interface Reader {
  readonly tenantId: string;
  /** `setting` holds for this statement alone. */
  query<T>(sql: string, values: readonly unknown[], setting?: readonly [name: string, value: string]): Promise<T[]>;
}

export const readerOf = (source: DataSource, tenantId: string): Reader => ({
  tenantId,
  query(sql, values, setting) {
    if (!setting) return source.query(sql, [...values]);
    return source.transaction(async (manager) => {
      await manager.query('select set_config($1, $2, true)', [...setting]);
      return manager.query(sql, [...values]);
    });
  },
});
