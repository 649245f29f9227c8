// Files that hold a secret: who may read them, and how one is made when several processes start at once.
import { randomUUID } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync, type Stats } from 'node:fs';
import { link, mkdir, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { z } from 'zod';
import { BadConfig } from './bad-config';

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'unknown';

/** Windows keeps no such bits; there the folder's own rights must do. */
const isOpenTo = (stats: Stats, bits: number): boolean => process.platform !== 'win32' && (stats.mode & bits) !== 0;

/**
 * The secret in a file that `key` names. The group may read it, as with a mounted secret, others may not. One line break at the
 * end is dropped, because editors and `echo` write it.
 */
export function readSecretFile(path: string, key: string): string {
  const refuse = (why: string): never => {
    throw new BadConfig([`${key}: ${why}`]);
  };
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    return refuse(`the file can not be opened (${codeOf(error)})`);
  }
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) return refuse('is not a file');
    if (isOpenTo(stats, 0o007)) return refuse('everybody may read the file; take that right away (chmod o-rwx)');
    const text = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
    return text.trim() === '' ? refuse('the file is empty') : text;
  } finally {
    closeSync(file);
  }
}

export interface PrivateFile<T> {
  readonly path: string;
  readonly schema: z.ZodType<T>;
  /** What a new file holds. */
  make(): Promise<T>;
  /** What to do when it is damaged. */
  readonly cure: string;
}

/**
 * The content of a JSON file that only its owner may read. Where there is none it is made: whole or not at all, and of several
 * processes that make it at once one wins and all get what that one made.
 * @throws BadConfig when others may read it, when it is damaged, or when it can not be read.
 */
export async function openPrivateFile<T>({ path, schema, make, cure }: PrivateFile<T>): Promise<T> {
  const text = await readPrivateFile(path)
    .then(async (it) => it ?? (await makePrivateFile(path, `${JSON.stringify(await make(), undefined, 2)}\n`)))
    .catch((error: unknown) => {
      throw error instanceof BadConfig ? error : new BadConfig([`${path}: can not be read or made (${codeOf(error)})`]);
    });
  const content = parse(schema, text);
  if (content === undefined) throw new BadConfig([`${path}: is damaged; ${cure}`]);
  return content;
}

function parse<T>(schema: z.ZodType<T>, text: string): T | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

async function readPrivateFile(path: string): Promise<string | undefined> {
  const file = await open(path, 'r').catch((error) => {
    if (codeOf(error) !== 'ENOENT') throw error;
  });
  if (!file) return undefined;
  try {
    const stats = await file.stat();
    if (isOpenTo(stats, 0o077)) throw new BadConfig([`${path}: others may read or change it; run chmod 600 on it`]);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

async function makePrivateFile(path: string, text: string): Promise<string> {
  const draft = `${path}.${randomUUID()}`;
  await mkdir(dirname(path), { recursive: true });
  try {
    const file = await open(draft, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    // Unlike a rename, a link does not replace what another process has made in the meantime.
    await link(draft, path);
    await syncFolder(dirname(path));
    return text;
  } catch (error) {
    const theirs = codeOf(error) === 'EEXIST' ? await readPrivateFile(path) : undefined;
    if (theirs === undefined) throw error;
    return theirs;
  } finally {
    await rm(draft, { force: true });
  }
}

/** A file that was made is only there after a loss of power when its folder was written too. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
