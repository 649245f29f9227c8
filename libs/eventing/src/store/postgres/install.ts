// The schema `es`: made, brought up to date, and looked at before the store is used.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, type ClientBase } from 'pg';
import { startError, type Connection } from './connection';
import { ensureRoles, handOver, ROLES, RolesRefused } from './roles';

const sql = (file: string): string => readFileSync(join(__dirname, file), 'utf8');

/** Step n brings a store of version n to n + 1. The functions are replaced after every step. */
const STEPS: readonly string[] = [sql('schema.sql')];
const FUNCTIONS = sql('append.sql');
/** The last event of the log and of each stream is where positions and revisions go on: nobody may change or delete one. */
const RIGHTS = `
  grant usage on schema es to ${ROLES.append};
  grant select on all tables in schema es to ${ROLES.append};
  grant insert on es.events to ${ROLES.append};`;
export const VERSION = STEPS.length;
/** Any number, the same in every process. */
const INSTALL_LOCK = 2_026_112_301;

/** The store must not be used as it is. The message says what to do. */
export class StoreRefused extends Error {
  constructor(
    readonly code: 'not-installed' | 'too-old' | 'too-new' | 'not-durable' | 'other-cluster' | 'elsewhere',
    message: string,
  ) {
    super(message);
  }
}

async function withClient<T>(connection: Connection, use: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client(connection);
  client.on('error', () => undefined); // the statement that is running says it
  try {
    await client.connect();
    return await use(client);
  } catch (error) {
    throw error instanceof StoreRefused || error instanceof RolesRefused ? error : startError(error);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/**
 * Makes the schema, or brings it up to date. May run any number of times, in many processes at once. Needs the right to create.
 * @throws StoreRefused, RolesRefused
 */
export const install = (connection: Connection): Promise<void> =>
  withClient(connection, async (client) => {
    await ensureRoles(client);
    await client.query('begin');
    await client.query('select pg_advisory_xact_lock($1)', [INSTALL_LOCK]);
    const version = (await versionOf(client)) ?? 0;
    if (version > VERSION) throw tooNew(version);
    if (version < VERSION) {
      for (const step of STEPS.slice(version)) await client.query(step);
      await client.query(FUNCTIONS);
      await client.query(
        `insert into es.store (version, cluster) select $1, system_identifier from pg_control_system()
           on conflict (one) do update set version = excluded.version`,
        [VERSION],
      );
    }
    await client.query(handOver('es'));
    await client.query(RIGHTS);
    await client.query('commit');
  });

/**
 * For a database beside a log that is in EventStoreDB: from now on it has none of its own, and whoever would open, back up or
 * restore one in it is refused. A setting that is forgotten must not begin a second history.
 * @throws StoreRefused when it has one already
 */
export const keepLogElsewhere = (connection: Connection): Promise<void> =>
  withClient(connection, async (client) => {
    await ensureRoles(client);
    await client.query('begin');
    await client.query('select pg_advisory_xact_lock($1)', [INSTALL_LOCK]);
    const { rows } = await client.query<{ here: boolean; elsewhere: boolean }>(
      `select to_regclass('es.store') is not null as here, to_regclass('es.elsewhere') is not null as elsewhere`,
    );
    if (rows[0]!.here) throw new StoreRefused('elsewhere', `this database has an event store of its own: ${NEW_DATABASE}`);
    if (!rows[0]!.elsewhere) {
      await client.query('create schema es; create table es.elsewhere ()');
      await client.query(handOver('es'));
    }
    await client.query('commit');
  });
const NEW_DATABASE = 'with KAMS_STORE=eventstoredb begin in a new KAMS_DATA or a new database; there is no way to move a log yet';

/** Names a new history. To be called after a restore, and after a fail-over that may have lost the end of the log. */
export const newEpoch = (connection: Connection): Promise<string> =>
  withClient(connection, async (client) => {
    await versionOf(client);
    const { rows } = await client.query<{ epoch: string }>(
      `update es.store set epoch = gen_random_uuid(), cluster = (select system_identifier from pg_control_system())
        where one returning epoch::text`,
    );
    return rows[0]!.epoch;
  });

/** Has this database a log, whatever state it is in? @throws StoreRefused */
export const ensureHere = (connection: Connection): Promise<void> =>
  withClient(connection, async (client) => {
    if ((await versionOf(client)) === undefined) throw notInstalled();
  });

/** @throws StoreRefused */
export const ensureUsable = (connection: Connection): Promise<void> =>
  withClient(connection, async (client) => {
    const version = await versionOf(client);
    if (version === undefined) throw notInstalled();
    if (version < VERSION)
      throw new StoreRefused('too-old', `the event store has version ${version}, this process needs ${VERSION}: call install()`);
    if (version > VERSION) throw tooNew(version);

    const { rows: settings } = await client.query<{ name: string; setting: string }>(
      `select name, setting from pg_settings where name in ('fsync', 'full_page_writes', 'synchronous_commit')`,
    );
    const off = settings.filter((it) => it.setting === 'off').map((it) => it.name);
    if (off.length > 0) throw notDurable(off);

    const { rows } = await client.query<{ same: boolean }>(
      'select s.cluster = c.system_identifier as same from es.store s, pg_control_system() c where s.one',
    );
    if (!rows[0]?.same) throw otherCluster();
  });

/** Without these, readers and other systems are shown events that a crash un-writes. */
export const notDurable = (off: readonly string[]): StoreRefused =>
  new StoreRefused(
    'not-durable',
    `${off.join(', ')} ${off.length > 1 ? 'are' : 'is'} off on this server: switch on, for this database and this role too`,
  );

const notInstalled = (): StoreRefused =>
  new StoreRefused('not-installed', 'this database has no event store: call install() with a role that may create schemas');

const elsewhere = (): StoreRefused =>
  new StoreRefused(
    'elsewhere',
    'the log of this installation is in EventStoreDB: set KAMS_STORE=eventstoredb and KAMS_EVENTSTOREDB_URL, as they were',
  );

const tooNew = (version: number): StoreRefused =>
  new StoreRefused('too-new', `the event store has version ${version}, this process knows ${VERSION}: run a newer release`);

const otherCluster = (): StoreRefused =>
  new StoreRefused(
    'other-cluster',
    'the event store was written on another database cluster. If this is a restored copy, say kams store new-epoch: what was read from the ' +
      'original must be read again. If nothing can be missing (pg_upgrade), run: ' +
      'update es.store set cluster = (select system_identifier from pg_control_system())',
  );

async function versionOf(client: ClientBase): Promise<number | undefined> {
  const { rows } = await client.query<{ there: boolean; elsewhere: boolean }>(
    `select to_regclass('es.store') is not null as there, to_regclass('es.elsewhere') is not null as elsewhere`,
  );
  if (rows[0]!.elsewhere) throw elsewhere();
  if (!rows[0]!.there) return undefined;
  const { rows: store } = await client.query<{ version: string }>('select version::text from es.store where one');
  return Number(store[0]?.version ?? 0);
}
