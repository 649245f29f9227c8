import { chownSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a running server writes into its data folder (lines 1, 4 and 8 of postmaster.pid). */
export interface PostmasterFile {
  readonly pid: number;
  readonly port: number;
  readonly ready: boolean;
}

const fileOf = (data: string) => join(data, 'postmaster.pid');

/** undefined when no server runs there and the last one was stopped properly; pid 0 when the file is empty. */
export function readPostmasterFile(data: string): PostmasterFile | undefined {
  try {
    const lines = readFileSync(fileOf(data), 'utf8').split('\n');
    return { pid: Math.abs(Number(lines[0])), port: Number(lines[3]), ready: lines[7]?.trim() === 'ready' };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * For a file whose server is dead while its number lives on in another process (common in containers, where numbers are small;
 * Postgres would refuse to start). The file is not removed: its line 7 names the shared memory by which Postgres finds
 * surviving children. Instead the number becomes that of this process: a number that Postgres ignores, being its parent's.
 */
export function disownPostmasterFile(data: string): void {
  const file = fileOf(data);
  const [, ...rest] = readFileSync(file, 'utf8').split('\n');
  // Nothing in it: a server that died between making and filling it, or a power failure.
  if (rest.length === 0) return rmSync(file);
  const { uid, gid } = statSync(file);
  writeFileSync(`${file}.new`, [process.pid, ...rest].join('\n'), { mode: 0o600 });
  chownSync(`${file}.new`, uid, gid);
  renameSync(`${file}.new`, file);
}
