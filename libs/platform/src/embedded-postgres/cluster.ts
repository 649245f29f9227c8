// The data folder of one Postgres: made once, whole or not at all.
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Account, give, spawnAs } from './account';
import type { Binaries } from './binaries';
import { EmbeddedPostgresError } from './errors';

/** The user and the database that a new server has. */
export const superuser = 'postgres';

/**
 * Texts sort by code point (provider `builtin`, the same on every machine and after every update of the system). What counts
 * as a letter for pg_trgm is still asked of the system's LC_CTYPE: with `C` there, show_trgm of Chinese text is empty and a
 * search for it finds nothing, so the first of these that the system has is taken.
 */
const letterLocales = ['C.UTF-8', 'en_US.UTF-8', 'C'];

async function runInitdb(account: Account, initdb: string, place: string, locale: string): Promise<string | undefined> {
  const args = [
    `--pgdata=${join(place, 'data')}`,
    `--username=${superuser}`,
    `--pwfile=${join(place, 'password')}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--locale=C',
    `--lc-ctype=${locale}`,
    '--no-instructions',
  ];
  const child = spawnAs(account, initdb, args, { cwd: place, stdio: ['ignore', 'ignore', 'pipe'], own: false });
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return code === 0 ? undefined : said.trim() || `it ended with ${code}`;
}

async function initialise(folder: string, account: Account, binaries: Binaries, password: string): Promise<void> {
  const place = await mkdtemp(join(folder, 'initialising-'));
  try {
    await writeFile(join(place, 'password'), `${password}\n`, { mode: 0o600 });
    give(account, join(place, 'password'));
    give(account, place);
    let failed: string | undefined;
    for (const locale of letterLocales) {
      failed = await runInitdb(account, binaries.initdb, place, locale);
      if (!failed?.includes('invalid locale name')) break;
    }
    if (failed) throw new EmbeddedPostgresError('init-failed', `initdb could not make ${folder}: ${failed}`);
    await rename(join(place, 'data'), join(folder, 'data'));
    if (process.platform === 'win32') return;
    const parent = await open(folder);
    await parent.sync().finally(() => parent.close());
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

/**
 * The data folder below `folder`, made on first use: in a folder beside it, which gets its name only when it is whole, so
 * that an interrupted initdb (0.7 s) never leaves half a database that a later start takes for a good one.
 * @throws EmbeddedPostgresError `bad-password`, `init-failed`, `not-our-folder`, `other-version`
 */
export async function clusterIn(
  folder: string,
  account: Account,
  binaries: Binaries,
  version: string,
  password: string,
): Promise<string> {
  const data = join(folder, 'data');
  for (const name of await readdir(folder))
    // The initdb of a killed host may still be writing into its own; what can not be removed now is removed next time.
    if (name.startsWith('initialising-')) await rm(join(folder, name), { recursive: true, force: true }).catch(() => undefined);
  if (!existsSync(data)) {
    if (!password || /[\r\n\0]/.test(password))
      throw new EmbeddedPostgresError('bad-password', 'The password of the database must be one line of at least one character.');
    await initialise(folder, account, binaries, password);
  }
  if (!existsSync(join(data, 'PG_VERSION')))
    throw new EmbeddedPostgresError(
      'not-our-folder',
      `${data} is no Postgres data folder: move it away, or choose another folder.`,
    );
  const made = readFileSync(join(data, 'PG_VERSION'), 'utf8').trim();
  if (made !== version.split('.')[0])
    throw new EmbeddedPostgresError(
      'other-version',
      `${data} was made by Postgres ${made}, and this is ${version}: dump it with ${made} and load it into a new folder.`,
    );
  return data;
}
