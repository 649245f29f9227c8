// The folder the server logs into: startup.log (until the collector has begun) and the collector's files.
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Files kept, 10 MB each: one a start, and one more for each 10 MB. */
const kept = 10;

/** The collector's files, oldest first: their names are their times. */
const collected = async (folder: string) => (await readdir(folder)).filter((name) => /^postgres-.*\.log$/.test(name)).sort();

export async function pruneServerLog(folder: string): Promise<void> {
  for (const name of (await collected(folder)).slice(0, -kept)) await rm(join(folder, name), { force: true });
}

/** The last words of a server that did not start. */
export async function lastWords(folder: string): Promise<string> {
  const startup = await readFile(join(folder, 'startup.log'), 'utf8').catch(() => '');
  const redirected = startup.includes('redirecting log output');
  const newest = redirected ? (await collected(folder)).at(-1) : undefined;
  const words = newest ? await readFile(join(folder, newest), 'utf8').catch(() => '') : startup;
  return words.trim().split('\n').slice(-5).join('\n');
}
