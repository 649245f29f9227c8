// A copy of what can not be made again: the log, the keys of persons, the installation's keys, and the settings that are no
// secret. Read models are not in it; they are built from the log. Made from one snapshot while everything runs, with any Postgres: no pg_dump is needed.
import { installPersonKeys } from '@kams/eventing/personal/postgres-person-keys';
import { ensureHere, install, newEpoch } from '@kams/eventing/store/postgres/install';
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { Client } from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { z } from 'zod';

/** What is copied, with its order, in the order in which it is put back. */
const TABLES = { 'es.events': 'position', 'es.removed': 'first', 'keys.master': 'one', 'keys.person': 'tenant_id, person' };
type TableName = keyof typeof TABLES;
const NAMES = Object.keys(TABLES) as TableName[];
const fileOf = (table: TableName): string => `${table}.copy.gz`;
const MANIFEST = 'manifest.json';
const FORMAT = 2;

const manifest = z.strictObject({
  format: z.literal(FORMAT),
  createdAt: z.iso.datetime(),
  epoch: z.uuid(),
  head: z.int(),
  events: z.int(),
  files: z.record(z.string(), z.strictObject({ sha256: z.string(), bytes: z.int() })),
  settings: z.record(z.string(), z.string()),
});
export type Manifest = z.output<typeof manifest>;

/** The copy is not what its manifest says, or the place to restore to is not empty. Nothing was changed. */
export class BackupRefused extends Error {}

export interface BackupProgress {
  readonly bytes: number;
}

/**
 * Writes a backup into an empty folder. It holds the installation's keys: whoever has it can read what they protect.
 * @throws BackupRefused when the folder is not empty; StoreRefused when this database has no log
 */
export async function backup(
  url: string,
  data: string,
  folder: string,
  settings: Readonly<Record<string, string>>,
  progress: (it: BackupProgress) => void = () => undefined,
): Promise<Manifest> {
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error: Error) => {
    throw new BackupRefused(`${folder} can not be made (${error.message}): name a new folder`);
  });
  if ((await readdir(folder)).length > 0) throw new BackupRefused(`${folder} is not empty: name a new folder`);
  await chmod(folder, 0o700);

  await ensureHere(url);
  const client = await connected(url);
  const holder = await connected(url);
  try {
    // No person is erased meanwhile: the copy of the keys would be wrapped by a master key that the copied file has not.
    await holder.query('begin');
    await holder.query('select from keys.master for share');
    await client.query('begin isolation level repeatable read read only');
    const { rows } = await client.query<{ epoch: string; head: string; events: string }>(
      `select epoch::text, coalesce((select max(position) from es.events), 0)::text as head,
              (select count(*) from es.events)::text as events from es.store`,
    );
    const files: Manifest['files'] = {};
    let bytes = 0;
    for (const table of NAMES) {
      const source = client.query(copyTo(`copy (select * from ${table} order by ${TABLES[table]}) to stdout`));
      const counted = count((more) => progress({ bytes: (bytes += more) }));
      await pipeline(source, counted, createGzip({ level: 4 }), createWriteStream(join(folder, fileOf(table)), { mode: 0o600 }));
    }
    await client.query('commit');

    await mkdir(join(folder, 'keys'), { mode: 0o700 });
    for (const name of await readdir(join(data, 'keys'))) await copyFile(join(data, 'keys', name), join(folder, 'keys', name));
    const names = [...NAMES.map(fileOf), ...(await readdir(join(folder, 'keys'))).map((name) => `keys/${name}`)];
    for (const name of names) files[name] = await digest(join(folder, name));

    const { epoch, head, events } = rows[0]!;
    const made = {
      format: FORMAT,
      createdAt: new Date().toISOString(),
      epoch,
      head: Number(head),
      events: Number(events),
      files,
      settings,
    };
    await writeFile(join(folder, MANIFEST), JSON.stringify(made, null, 2) + '\n', { mode: 0o600 });
    return manifest.parse(made);
  } finally {
    await client.end();
    await holder.end();
  }
}

/** Reads a backup's manifest and checks every file against it. @throws BackupRefused */
export async function checkBackup(folder: string): Promise<Manifest> {
  const text = await readFile(join(folder, MANIFEST), 'utf8').catch(() => {
    throw new BackupRefused(`${folder} has no ${MANIFEST}: it is no backup, or one that was not finished`);
  });
  const parsed = manifest.safeParse(JSON.parse(text));
  if (!parsed.success) throw new BackupRefused(`${folder}/${MANIFEST} is not one that this release can read`);
  for (const [name, { sha256 }] of Object.entries(parsed.data.files)) {
    const found = await digest(join(folder, name)).catch(() => undefined);
    if (found?.sha256 !== sha256)
      throw new BackupRefused(`${folder}/${name} ${found ? 'was changed or damaged' : 'is missing'}: use another backup`);
  }
  return parsed.data;
}

/** Puts the keys of a backup into a data folder that has none. @throws BackupRefused */
export async function restoreKeys(folder: string, data: string): Promise<void> {
  const there = await readdir(join(data, 'keys')).catch(() => []);
  if (there.length > 0) throw new BackupRefused(`${data} is an installation already: set KAMS_DATA to a new folder`);
  await mkdir(join(data, 'keys'), { recursive: true, mode: 0o700 });
  for (const name of await readdir(join(folder, 'keys'))) await copyFile(join(folder, 'keys', name), join(data, 'keys', name));
}

/**
 * Puts the log into a database that has none, whole or not at all, and begins a new epoch: a reader that knows the original
 * stops and says so, instead of taking other events for the ones it knows.
 * @throws BackupRefused
 */
export async function restoreLog(
  folder: string,
  url: string,
  progress: (it: BackupProgress) => void = () => undefined,
): Promise<Manifest> {
  const made = await checkBackup(folder);
  await install(url);
  const client = await connected(url);
  try {
    await installPersonKeys(client);
    await client.query('begin');
    await client.query('lock table es.events, keys.person in exclusive mode');
    // COPY refuses a table whose rows a policy guards from who copies. This holds until the commit, and nobody sees it before.
    await client.query('alter table keys.person no force row level security');
    await client.query('delete from keys.master');
    const { rows: before } = await client.query<{ any: boolean }>('select exists (select from es.events) as any');
    if (before[0]!.any) throw new BackupRefused('this database has an event store with events: restore into a new one');
    let bytes = 0;
    for (const table of NAMES) {
      const target = client.query(copyFrom(`copy ${table} from stdin`));
      const counted = count((more) => progress({ bytes: (bytes += more) }));
      await pipeline(createReadStream(join(folder, fileOf(table))), createGunzip(), counted, target);
    }
    const { rows } = await client.query<{ missing: string; events: string }>(
      'select es.missing()::text as missing, (select count(*) from es.events)::text as events',
    );
    const { missing, events } = rows[0]!;
    if (Number(missing) !== 0 || Number(events) !== made.events) {
      throw new BackupRefused(`the copy is not whole: ${events} of ${made.events} events, ${missing} positions missing`);
    }
    await client.query('alter table keys.person force row level security');
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  } finally {
    await client.end();
  }
  await newEpoch(url);
  return made;
}

async function connected(url: string): Promise<Client> {
  const client = new Client({ connectionString: url, statement_timeout: 0 });
  client.on('error', () => undefined); // the statement that is running says it
  await client.connect();
  return client;
}

const count = (tell: (bytes: number) => void): Transform =>
  new Transform({
    transform(chunk: Buffer, _encoding, done) {
      tell(chunk.length);
      done(null, chunk);
    },
  });

async function digest(file: string): Promise<{ sha256: string; bytes: number }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { sha256: hash.digest('hex'), bytes };
}
