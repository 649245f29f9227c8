// kams backup, kams restore: the log, the keys and the settings, and back.
import { StoreRefused } from '@kams/eventing/store/postgres/install';
import { join, resolve } from 'node:path';
import { openKeys } from '@kams/platform/config/keys';
import { SETTINGS } from '@kams/platform/config/settings';
import { backup, BackupRefused, checkBackup, restoreKeys, restoreLog, type Manifest } from '@kams/platform/run/backup';
import { readCliConfig, type CliConfig } from './connection';
import { withDatabase, withoutHost } from './database';
import { Failure } from './failure';
import type { Terminal } from './terminal';

const MB = 1_000_000;

/** What is set in the environment and is no secret: a person sees it again when restoring. */
const settingsOf = (env: NodeJS.ProcessEnv): Record<string, string> =>
  Object.fromEntries(
    Object.values(SETTINGS).flatMap((it) => {
      const value = env[it.key];
      return value === undefined || ('secret' in it && it.secret) ? [] : [[it.key, value]];
    }),
  );

/** A copy without the log would be none; and of a log that another server keeps, only that server can make one. */
function ensureLogIsHere({ store, data }: CliConfig, what: 'backup' | 'restore'): void {
  if (store === 'postgres') return;
  const keys = join(data, 'keys');
  throw new Failure(
    what === 'backup'
      ? `The log is in EventStoreDB, which kams backup does not copy. Back up, in this order: EventStoreDB by its own means; the Postgres of this installation, whose schema keys has the keys of persons (by pg_dump, or by a copy of ${data} while no host runs); ${keys}.`
      : `The log is in EventStoreDB, which kams restore does not fill. Put back EventStoreDB by its own means, the Postgres, and ${keys}; then: kams store new-epoch, npm start, and kams rebuild for each projection.`,
  );
}

export async function makeBackup(terminal: Terminal, folder: string): Promise<void> {
  const { env } = terminal.streams;
  const config = readCliConfig(env);
  ensureLogIsHere(config, 'backup');
  await openKeys(config.data);
  await reported(terminal, 'backup', folder, (progress) =>
    withDatabase(config, (url) => backup(url, config.data, resolve(folder), settingsOf(env), progress)),
  );
  terminal.note('It holds the keys of this installation: keep it where only you can read it.');
}

export async function restoreBackup(terminal: Terminal, folder: string): Promise<void> {
  const config = readCliConfig(terminal.streams.env);
  ensureLogIsHere(config, 'restore');
  const from = resolve(folder);
  await reported(terminal, 'restore', folder, async (progress) => {
    await checkBackup(from);
    await restoreKeys(from, config.data);
    return withoutHost(config, (url) => restoreLog(from, url, progress));
  });
  terminal.note('A new epoch has begun. The read models are built from the log at the next start: npm start.');
}

async function reported(
  terminal: Terminal,
  what: 'backup' | 'restore',
  folder: string,
  work: (progress: (it: { bytes: number }) => void) => Promise<Manifest>,
): Promise<void> {
  const began = performance.now();
  const bar = terminal.bar(what, 1, 'MB');
  const made = await work(({ bytes }) => bar.reach(Math.ceil(bytes / MB), Math.ceil(bytes / MB) + 1))
    .catch((error: Error) => {
      throw error instanceof BackupRefused || error instanceof StoreRefused ? new Failure(error.message) : error;
    })
    .finally(() => bar.end());
  const { events, head, epoch, createdAt } = made;
  const seconds = Math.round(performance.now() - began) / 1000;
  if (terminal.json) terminal.print(JSON.stringify({ [what]: folder, events, head, epoch, createdAt, seconds }));
  else
    terminal.print(
      `${what === 'backup' ? 'saved' : 'restored'} ${events} events, up to position ${head}, ${what === 'backup' ? 'in' : 'from'} ${folder} (${seconds} s)`,
    );
}
