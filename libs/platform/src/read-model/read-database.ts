// The database that the read models stand in, opened the same way by every process, test and bench.
import { ensureRoles, ROLES, workAs, type Role } from '@kams/eventing/store/postgres/roles';
import type { Socket } from 'node:net';
import { Client, type ClientBase } from 'pg';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { Queries } from './queries';

export interface ReadDatabaseOptions {
  readonly url: string;
  /** Connections that answer queries. */
  readonly poolSize: number;
  /** A connection that was lost: something to log, nothing to do. */
  readonly onError?: (error: Error) => void;
  /** A connection on which the server has said nothing for so long is given up; longer than it lets a statement take. */
  readonly silentMs?: number;
}

const SILENT_MS = 40_000;
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
export async function openReadDatabase({
  url,
  poolSize,
  onError = ignore,
  silentMs = SILENT_MS,
}: ReadDatabaseOptions): Promise<ReadDatabase> {
  await prepare(url);
  const session = {
    options: '-c synchronous_commit=off -c jit=off -c TimeZone=UTC',
    statement_timeout: 30_000,
    // Of a process that stands in the middle of a transaction the locks are gone after this.
    idle_in_transaction_session_timeout: 5_000,
  };
  const become = (role: Role) => {
    const becomes = workAs(role);
    return (client: ClientBase) => {
      endWhenSilent(client, silentMs);
      return becomes(client);
    };
  };
  const becomeProjector = become(ROLES.projector);
  const source = new ReadDatabase(
    {
      type: 'postgres',
      url,
      poolSize: PROJECTOR_CONNECTIONS,
      applicationName: 'kams read models',
      poolErrorHandler: onError,
      extra: {
        ...session,
        connectionTimeoutMillis: silentMs,
        // TypeORM listens to a client a moment after the pool has stopped to: a server that dies in between would end the process.
        onConnect: (client: ClientBase) => becomeProjector(client.on('error', ignore)),
      },
    },
    new Queries(
      {
        connectionString: url,
        max: poolSize,
        application_name: 'kams queries',
        connectionTimeoutMillis: silentMs,
        onConnect: become(ROLES.query),
        ...session,
      },
      onError,
    ),
  );
  await source.initialize();
  return source;
}

/**
 * What died behind a proxy or a firewall may never be told: whoever waits for its answer would wait for ever, and whoever waits
 * for that one as well.
 */
function endWhenSilent(client: ClientBase, silentMs: number): void {
  const { stream } = (client as ClientBase & { readonly connection: { readonly stream: Socket } }).connection;
  const silence = () => Object.assign(new Error(`Postgres has said nothing for ${silentMs} ms`), { code: 'ETIMEDOUT' });
  stream.setTimeout(silentMs, () => stream.destroy(silence()));
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
