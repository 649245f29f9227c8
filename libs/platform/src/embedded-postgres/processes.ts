// What the operating system says about processes: from /proc on Linux (slim images have no `ps`), else from `ps`.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const linux = process.platform === 'linux';

const orUndefined = <T>(read: () => T): T | undefined => {
  try {
    return read();
  } catch {
    return undefined;
  }
};

/** The fields of /proc/<pid>/stat from the third on (state first); the second, the name, may itself hold blanks and brackets. */
const statOf = (pid: number): string[] | undefined =>
  orUndefined(() => readFileSync(`/proc/${pid}/stat`, 'utf8'))
    ?.replace(/^.*\) /s, '')
    .split(' ');

const ps = (pid: number, column: string): string | undefined => {
  const { stdout, error } = spawnSync('ps', ['-ww', '-p', String(pid), '-o', `${column}=`], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' },
  });
  return error ? undefined : stdout.trim() || undefined;
};

/** Whether the process runs. A zombie does not: in a container whose first process reaps nothing, the dead stay listed. */
export function isAlive(pid: number): boolean {
  if (linux) {
    const state = statOf(pid)?.[0];
    return state !== undefined && state !== 'Z' && state !== 'X';
  }
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** When the process began, as a word that is never the same again for the same process number; undefined when it does not run. */
export function startOf(pid: number): string | undefined {
  if (!isAlive(pid)) return undefined;
  return linux ? statOf(pid)?.[19] : (ps(pid, 'lstart')?.replace(/\W+/g, '_') ?? 'unknown');
}

/** The command line, words joined by blanks, one blank at the end; undefined when there is no such process. */
export function commandOf(pid: number): string | undefined {
  if (!isAlive(pid)) return undefined;
  const line = linux ? orUndefined(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8').replace(/\0+/g, ' ')) : ps(pid, 'args');
  return line === undefined ? undefined : `${line.trimEnd()} `;
}

const workingFolderOf = (pid: number): string | undefined =>
  linux ? orUndefined(() => readlinkSync(`/proc/${pid}/cwd`)) : undefined;

/** The name every server of ours carries, in its command line and in the titles of its children. */
export const serverName = 'kams';

/** Whether process `pid` is a Postgres server on the data folder (an absolute, real path), and whether this product started it. */
export function serverOn(data: string, pid: number): 'ours' | 'foreign' | undefined {
  const command = commandOf(pid);
  if (!command || !/postgres(\.exe)? /.test(command)) return undefined;
  if (!command.includes(` -D ${data} `) && workingFolderOf(pid) !== data) return undefined;
  return command.includes(` cluster_name=${serverName} `) ? 'ours' : 'foreign';
}

/** Children of a dead server of ours that still hold the memory of this data folder. Linux only; elsewhere they end by themselves. */
export function leftoversOn(data: string): number[] {
  if (!linux) return [];
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && workingFolderOf(pid) === data && commandOf(pid)?.startsWith(`postgres: ${serverName}: `));
}

/** Sends a signal; a process that is gone already is no error. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/**
 * Ends a Postgres server and waits until it is gone: SIGINT (fast: sessions are cut, one checkpoint is written), after
 * `fastMs` SIGQUIT (at once, its children too; the next start recovers), after 6 s more (Postgres itself kills its children
 * after 5) SIGKILL.
 */
export async function endServer(pid: number, fastMs = 10_000): Promise<void> {
  const steps: [NodeJS.Signals, number][] = [
    ['SIGINT', fastMs],
    ['SIGQUIT', 6_000],
    ['SIGKILL', 6_000],
  ];
  for (const [name, patienceMs] of steps) {
    signal(pid, name);
    for (const until = Date.now() + patienceMs; Date.now() < until; await sleep(10)) if (!isAlive(pid)) return;
  }
}
