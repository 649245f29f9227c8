// The master key that wraps the keys of persons: a file beside the installation's other keys, never in a database.
import type { MasterKeys } from '@kams/eventing/personal/postgres-person-keys';
import { randomBytes } from 'node:crypto';
import { open, rename } from 'node:fs/promises';
import { z } from 'zod';
import { BadConfig } from './bad-config';
import { openPrivateFile } from './private-file';

const stored = z.strictObject({ version: z.literal(1), keys: z.record(z.string().regex(/^\d+$/), z.base64url().length(43)) });
type Stored = z.output<typeof stored>;

/**
 * The versions in `path`. Several processes may use one file; only who holds the lock of the database changes it.
 * @throws BadConfig when the file is damaged, or others may read it
 */
export async function masterKeysIn(path: string): Promise<MasterKeys> {
  const read = (): Promise<Stored> =>
    openPrivateFile({
      path,
      schema: stored,
      make: async () => ({ version: 1 as const, keys: {} }),
      cure: 'bring it back from your copy of this folder: without it nothing that is personal can be read',
    });
  const bytes = (text: string) => Buffer.from(text, 'base64url');
  let { keys } = await read();

  async function write(next: Stored['keys']): Promise<void> {
    const draft = `${path}.next`;
    const file = await open(draft, 'w', 0o600);
    try {
      await file.writeFile(`${JSON.stringify({ version: 1, keys: next }, undefined, 2)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    const old = await open(path, 'r+');
    try {
      await rename(draft, path);
      keys = next;
      // The name is the new file's now. What the old one held is written over where it stands.
      const { size } = await old.stat();
      await old.write(randomBytes(size), 0, size, 0);
      await old.sync();
    } finally {
      await old.close();
    }
  }

  return {
    async get(version) {
      let key = keys[version];
      if (key === undefined) ({ keys } = await read());
      key ??= keys[version];
      if (key === undefined) {
        throw new BadConfig([
          `${path}: has no version ${version} of the master key, which the database asks for; bring back the file that belongs to this database`,
        ]);
      }
      return bytes(key);
    },
    async versions() {
      ({ keys } = await read());
      return Object.keys(keys).map(Number);
    },
    async add(version) {
      ({ keys } = await read());
      const key = keys[version] ?? randomBytes(32).toString('base64url');
      await write({ ...keys, [version]: key });
      return bytes(key);
    },
    async keepOnly(version) {
      ({ keys } = await read());
      const key = keys[version];
      if (key === undefined) throw new BadConfig([`${path}: has no version ${version} of the master key`]);
      await write({ [version]: key });
    },
  };
}
