// The Postgres that comes with the product, for an installation that names no other.
import { join } from 'node:path';
import type { InstallationKeys } from '../config/keys';
import type { Config } from '../config/settings';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../embedded-postgres/embedded-postgres';

/** Undefined where KAMS_POSTGRES_URL names one. @throws EmbeddedPostgresError */
export const startOwnPostgres = async (
  { data, postgresUrl }: Pick<Config, 'data' | 'postgresUrl'>,
  { postgresPassword }: Pick<InstallationKeys, 'postgresPassword'>,
  log: (line: string) => void,
): Promise<EmbeddedPostgres | undefined> =>
  postgresUrl ? undefined : startEmbeddedPostgres({ folder: join(data, 'postgres'), password: postgresPassword.reveal(), log });
