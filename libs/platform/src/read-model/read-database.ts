// The database that the read models stand in, opened the same way by every process, test and bench.
import { ensureRoles, ROLES, workAs } from '@kams/eventing/store/postgres/roles';
import { Client, type ClientBase } from 'pg';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { Queries } from './queries';

export interface ReadDatabaseOptions {
  readonly url: string;
  /** Connections that answer queries. */
  readonly poolSize: number;
  /** A connection that was lost: something to log, nothing to do. */
  readonly onError?: (error: Error) => void;
}

/** Projectors, reactions and timers take one for a statement or a short transaction; who finds none free waits for one. */
const PROJECTOR_CONNECTIONS = 4;

/** What projectors write with; and beside it, in another role, what queries read with. */
export class ReadDatabase extends DataSource {
  constructor(
    options: DataSourceOptions,
    readonly queries: Queries,
  ) {
    super(options);
  }

  override async destroy(): Promise<void> {
    await this.queries.close();
    await super.destroy();
  }
}

/**
 * Opens the pools, and makes the roles and the extensions that searches need. A session gives instants in UTC. Its commits need
 * not wait for the disk by themselves; those of rows that people read say that they do (see the read model).
 * @throws RolesRefused
 */
export async function openReadDatabase({ url, poolSize, onError = ignore }: ReadDatabaseOptions): Promise<ReadDatabase> {
  await prepare(url);
  const session = {
    options: '-c synchronous_commit=off -c jit=off -c TimeZone=UTC',
    statement_timeout: 30_000,
    // Of a process that stands in the middle of a transaction the locks are gone after this.
    idle_in_transaction_session_timeout: 5_000,
  };
  const becomeProjector = workAs(ROLES.projector);
  const source = new ReadDatabase(
    {
      type: 'postgres',
      url,
      poolSize: PROJECTOR_CONNECTIONS,
      applicationName: 'kams read models',
      poolErrorHandler: onError,
      extra: {
        ...session,
        // TypeORM listens to a client a moment after the pool has stopped to: a server that dies in between would end the process.
        onConnect: (client: ClientBase) => becomeProjector(client.on('error', ignore)),
      },
    },
    new Queries({ connectionString: url, max: poolSize, application_name: 'kams queries', ...session }, onError),
  );
  await source.initialize();
  return source;
}

async function prepare(url: string): Promise<void> {
  const client = new Client({ connectionString: url, statement_timeout: 30_000 });
  client.on('error', ignore); // the statement that is running says it
  await client.connect();
  try {
    await ensureRoles(client);
    // Parts of names, and a tenant beside them in one index. Both come with Postgres and are trusted: whoever may create in the
    // database may create them.
    for (const name of ['pg_trgm', 'btree_gin']) await client.query(`create extension if not exists ${name}`);
  } finally {
    await client.end();
  }
}

const ignore = () => undefined;
