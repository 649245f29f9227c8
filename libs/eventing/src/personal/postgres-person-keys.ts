// The keys of persons in Postgres, each wrapped by the installation's master key, which is not in Postgres.
//
// To delete a row destroys nothing: the heap, the index and the WAL keep what it held. So erasing makes a new version of the
// master key, wraps every other key again, and takes the old version out of the world. What is left on disk of the erased
// person's key was wrapped by a version that nobody has.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { Client, Pool, type ClientBase, type PoolClient, type PoolConfig } from 'pg';
import { Unavailable } from '../store/port';
import { ensureRoles, handOver, ROLES, workAs } from '../store/postgres/roles';
import type { Person, PersonKeys } from './person-keys';

/** The master key, by versions. Kept where backups of the database do not reach. */
export interface MasterKeys {
  /** 32 bytes; read again where it lies when another process has made that version. @throws when there is none */
  get(version: number): Promise<Buffer>;
  /** The versions that are there. */
  versions(): Promise<readonly number[]>;
  add(version: number): Promise<Buffer>;
  /** Every other version is gone for ever when this resolves. */
  keepOnly(version: number): Promise<void>;
}

/** Makes the tables where there are none. The keys of all tenants are opened and wrapped again by one role, which does no more. */
const SCHEMA = `
  create schema if not exists keys;
  create table if not exists keys.master (one boolean primary key default true check (one), version integer not null);
  create table if not exists keys.person (
    tenant_id text collate "C" not null, person text collate "C" not null, version integer not null,
    wrapped bytea,                                      -- null: erased, for ever
    primary key (tenant_id, person));
  do $$ begin
    if not exists (select from pg_policies where schemaname = 'keys' and tablename = 'person') then
      alter table keys.person enable row level security, force row level security;
      create policy all_tenants on keys.person to ${ROLES.keys} using (true) with check (true);
    end if;
  end $$;
  ${handOver('keys')};
  grant usage on schema keys to ${ROLES.keys};
  grant select, insert, update on keys.master, keys.person to ${ROLES.keys};`;
/** Any number, the same in every process. */
const INSTALL_LOCK = 2_026_112_502;

const ALGORITHM = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;
const WRAPPED_AT_ONCE = 5_000;
const FIRST = 1;

interface Row {
  readonly tenant_id: string;
  readonly person: string;
  readonly version: number;
  readonly wrapped: Buffer | null;
}

/** A key can not be put in the place of another person's. */
const bound = ({ tenantId, person }: Person) => Buffer.from(JSON.stringify([tenantId, person]));

function wrap(key: Buffer, master: Buffer, person: Person): Buffer {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(ALGORITHM, master, iv).setAAD(bound(person));
  return Buffer.concat([iv, cipher.update(key), cipher.final(), cipher.getAuthTag()]);
}

export function unwrap(wrapped: Buffer, master: Buffer, person: Person): Buffer {
  const decipher = createDecipheriv(ALGORITHM, master, wrapped.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES })
    .setAAD(bound(person))
    .setAuthTag(wrapped.subarray(-TAG_BYTES));
  return Buffer.concat([decipher.update(wrapped.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()]);
}

interface Asked extends Person {
  readonly make: boolean;
  resolve(key: Buffer | undefined): void;
  reject(error: unknown): void;
}

/**
 * Makes the schema `keys` where there is none. Needs the right to create; to be called outside of a transaction.
 * @throws RolesRefused
 */
export async function installPersonKeys(client: ClientBase): Promise<void> {
  await ensureRoles(client);
  await client.query('begin');
  await client.query('select pg_advisory_xact_lock($1)', [INSTALL_LOCK]);
  await client.query(SCHEMA);
  await client.query('commit');
}

async function installOn(connection: PoolConfig): Promise<void> {
  const client = new Client({ connectionTimeoutMillis: 2_000, ...connection });
  client.on('error', () => undefined); // the statement that is running says it
  await client.connect();
  await installPersonKeys(client).finally(() => client.end());
}

export interface PostgresPersonKeys extends PersonKeys {
  close(): Promise<void>;
}

export async function postgresPersonKeys(connection: string | PoolConfig, master: MasterKeys): Promise<PostgresPersonKeys> {
  const given = typeof connection === 'string' ? { connectionString: connection } : connection;
  await installOn(given);
  const pool = new Pool({ max: 2, connectionTimeoutMillis: 2_000, ...given, onConnect: workAs(ROLES.keys) });
  pool.on('connect', (client) => client.on('error', () => undefined)); // the statement that is running says it
  pool.on('error', () => undefined);

  async function transaction<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    const client = await pool.connect();
    try {
      await client.query('begin');
      const result = await work(client);
      await client.query('commit');
      client.release();
      return result;
    } catch (error) {
      client.release(true);
      throw error;
    }
  }

  /** Also after a process that was killed between the new version and the end of the old one. */
  const endOldVersions = () =>
    transaction(async (client) => {
      const version = await lockedVersion(client);
      await master.get(version); // without it no key opens: say so now
      if ((await master.versions()).some((it) => it !== version)) await master.keepOnly(version);
    });

  try {
    await transaction(async (client) => {
      await client.query('select pg_advisory_xact_lock($1)', [INSTALL_LOCK]);
      const { rows } = await client.query('select 1 from keys.master');
      if (rows.length > 0) return;
      if (!(await master.versions()).includes(FIRST)) await master.add(FIRST);
      await client.query('insert into keys.master (version) values ($1)', [FIRST]);
    });
    await endOldVersions();
  } catch (error) {
    await pool.end();
    throw error;
  }

  let asked: Asked[] = [];
  /** What is asked in one turn of the event loop is one statement. */
  const ask = (person: Person, make: boolean): Promise<Buffer | undefined> =>
    new Promise((resolve, reject) => {
      asked.push({ tenantId: person.tenantId, person: person.person, make, resolve, reject });
      if (asked.length > 1) return;
      setImmediate(() => {
        const batch = asked;
        asked = [];
        answer(batch).catch((cause: Error) => {
          const away = new Unavailable(`the keys of persons can not be reached: ${cause.message}`, { cause });
          for (const it of batch) it.reject(away);
        });
      });
    });

  async function answer(batch: readonly Asked[]): Promise<void> {
    const found = await rowsOf(batch);
    const missing = batch.filter((it) => it.make && !found.has(keyOf(it)));
    if (missing.length > 0) {
      await make(missing);
      for (const [name, row] of await rowsOf(missing)) found.set(name, row);
    }
    for (const it of batch) {
      const row = found.get(keyOf(it));
      if (!row?.wrapped) it.resolve(undefined);
      else
        master
          .get(row.version)
          .then((key) => unwrap(row.wrapped!, key, it))
          // Erased since, or its key wrapped anew: asked once more, the row says which.
          .catch(async () => {
            const again = (await rowsOf([it])).get(keyOf(it));
            return again?.wrapped ? unwrap(again.wrapped, await master.get(again.version), it) : undefined;
          })
          .then(it.resolve, it.reject);
    }
  }

  async function rowsOf(persons: readonly Person[]): Promise<Map<string, Row>> {
    const { rows } = await pool.query<Row>({
      name: 'keys-find',
      text: `select tenant_id, person, version, wrapped from keys.person
              join unnest($1::text[], $2::text[]) asked(t, p) on tenant_id = t and person = p`,
      values: [persons.map((it) => it.tenantId), persons.map((it) => it.person)],
    });
    return new Map(rows.map((row) => [keyOf({ tenantId: row.tenant_id, person: row.person }), row]));
  }

  /** Only under the version that is in force: a key under one that is about to end would be lost with it. */
  async function make(persons: readonly Person[]): Promise<void> {
    const unique = [...new Map(persons.map((it) => [keyOf(it), it])).values()];
    await transaction(async (client) => {
      const { rows } = await client.query<{ version: number }>('select version from keys.master for share');
      const { version } = rows[0]!;
      const key = await master.get(version);
      await client.query(
        `insert into keys.person select t, p, $3, w from unnest($1::text[], $2::text[], $4::bytea[]) made(t, p, w)
           order by t, p on conflict do nothing`,
        [
          unique.map((it) => it.tenantId),
          unique.map((it) => it.person),
          version,
          unique.map((it) => wrap(randomBytes(KEY_BYTES), key, it)),
        ],
      );
    });
  }

  async function destroy(persons: readonly Person[]): Promise<void> {
    await transaction(async (client) => {
      const before = await lockedVersion(client);
      const { rowCount } = await client.query(
        `insert into keys.person select distinct t, p, 0, null::bytea from unnest($1::text[], $2::text[]) gone(t, p)
           on conflict (tenant_id, person) do update set wrapped = null where person.wrapped is not null`,
        [persons.map((it) => it.tenantId), persons.map((it) => it.person)],
      );
      if (rowCount === 0) return;
      await wrapAgain(client, before, before + 1, await master.add(before + 1));
      await client.query('update keys.master set version = $1', [before + 1]);
    });
    await endOldVersions();
  }

  async function wrapAgain(client: PoolClient, before: number, after: number, key: Buffer): Promise<void> {
    const old = await master.get(before);
    for (;;) {
      const { rows } = await client.query<Row>(
        'select tenant_id, person, version, wrapped from keys.person where wrapped is not null and version <> $1 limit $2',
        [after, WRAPPED_AT_ONCE],
      );
      if (rows.length === 0) return;
      const again = rows.map((row) => {
        const person = { tenantId: row.tenant_id, person: row.person };
        return wrap(unwrap(row.wrapped!, old, person), key, person);
      });
      await client.query(
        `update keys.person set version = $3, wrapped = w from unnest($1::text[], $2::text[], $4::bytea[]) new(t, p, w)
          where tenant_id = t and person = p`,
        [rows.map((it) => it.tenant_id), rows.map((it) => it.person), after, again],
      );
    }
  }

  return {
    obtain: (person) => ask(person, true),
    find: (person) => ask(person, false),
    destroy,
    close: () => pool.end(),
  };
}

/** Whoever holds this row alone may make and end versions of the master key. */
async function lockedVersion(client: PoolClient): Promise<number> {
  const { rows } = await client.query<{ version: number }>('select version from keys.master for update');
  return rows[0]!.version;
}

const keyOf = ({ tenantId, person }: Person): string => JSON.stringify([tenantId, person]);
