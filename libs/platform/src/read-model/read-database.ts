// The database that the read models stand in, opened the same way by every process, test and bench.
import type { ClientBase } from 'pg';
import { DataSource } from 'typeorm';

export interface ReadDatabaseOptions {
  readonly url: string;
  readonly poolSize: number;
  /** A connection that was lost: something to log, nothing to do. */
  readonly onError?: (error: Error) => void;
}

/**
 * Opens the pool and makes the extensions that searches need. A session gives instants in UTC. Its commits need not wait for the
 * disk by themselves; those of rows that people read say that they do (see the read model).
 */
export async function openReadDatabase({ url, poolSize, onError = ignore }: ReadDatabaseOptions): Promise<DataSource> {
  const source = new DataSource({
    type: 'postgres',
    url,
    poolSize,
    applicationName: 'kams read models',
    poolErrorHandler: onError,
    extra: {
      options: '-c synchronous_commit=off -c jit=off -c TimeZone=UTC',
      statement_timeout: 30_000,
      // TypeORM listens to a client a moment after the pool has stopped to: a server that dies in between would end the process.
      onConnect: (client: ClientBase) => void client.on('error', ignore),
    },
  });
  await source.initialize();
  // Parts of names, and a tenant beside them in one index. Both come with Postgres and are trusted: whoever may create in the
  // database may create them.
  for (const name of ['pg_trgm', 'btree_gin']) await source.query(`create extension if not exists ${name}`);
  return source;
}

const ignore = () => undefined;
