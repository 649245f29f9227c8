// The database of this installation, for commands that work on it directly.
import { join } from 'node:path';
import { openKeys } from '@kams/platform/config/keys';
import { runningEmbeddedPostgres, startEmbeddedPostgres } from '@kams/platform/embedded-postgres/embedded-postgres';
import { Failure } from './failure';
import type { CliConfig } from './connection';

const folderOf = (config: CliConfig): string => join(config.data, 'postgres');

/** Of a running host, or started for as long as the work takes. */
export async function withDatabase<T>(config: CliConfig, work: (url: string) => Promise<T>): Promise<T> {
  if (config.postgresUrl) return work(config.postgresUrl.reveal());
  const password = (await openKeys(config.data)).postgresPassword.reveal();
  const running = await runningEmbeddedPostgres(folderOf(config), password);
  return running === undefined ? withoutHost(config, work) : work(running);
}

/** Only while no host runs on it: what is changed must not change under one. A server of the user's own can not be asked that. */
export async function withoutHost<T>(config: CliConfig, work: (url: string) => Promise<T>): Promise<T> {
  if (config.postgresUrl) return work(config.postgresUrl.reveal());
  const password = (await openKeys(config.data)).postgresPassword.reveal();
  const postgres = await startEmbeddedPostgres({ folder: folderOf(config), password }).catch(
    (error: { code?: string; message: string }) => {
      throw error.code === 'folder-in-use' ? new Failure('Stop the host first: this changes what it stands on.') : error;
    },
  );
  try {
    return await work(postgres.url);
  } finally {
    await postgres.stop();
  }
}
