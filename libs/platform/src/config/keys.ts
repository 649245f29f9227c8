import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { openPrivateFile } from './private-file';
import { Secret } from './secret';

/** Random values that belong to one installation and are in no database and no backup of one. */
export interface InstallationKeys {
  /** 32 bytes. Keys the hash of a command's body that is kept beside its id. */
  readonly commandHashKey: Secret<Buffer>;
  /** 32 bytes. Keys the MAC of list cursors. */
  readonly cursorKey: Secret<Buffer>;
  /** Of the Postgres that the product starts itself; not used with KAMS_POSTGRES_URL. 43 letters of base64url. */
  readonly postgresPassword: Secret;
}

const BYTES = 32;

const stored = z.strictObject({
  version: z.literal(1),
  commandHashKey: z.base64url().length(43),
  cursorKey: z.base64url().length(43),
  postgresPassword: z.base64url().length(43),
});

const random = (): string => randomBytes(BYTES).toString('base64url');

const bytes = (text: string): Secret<Buffer> => new Secret(Buffer.from(text, 'base64url'));

/**
 * The keys in `<data>/keys/installation.json`, made on first use. They are never made a second time: a file that is damaged is
 * refused, because with other keys the database would not open and no repeated command would be known again.
 * @throws BadConfig when the file is damaged, or others may read it.
 */
export async function openKeys(data: string): Promise<InstallationKeys> {
  const keys = await openPrivateFile({
    path: join(data, 'keys', 'installation.json'),
    schema: stored,
    make: async () => ({ version: 1 as const, commandHashKey: random(), cursorKey: random(), postgresPassword: random() }),
    cure: 'bring it back from your copy of this folder',
  });
  return {
    commandHashKey: bytes(keys.commandHashKey),
    cursorKey: bytes(keys.cursorKey),
    postgresPassword: new Secret(keys.postgresPassword),
  };
}
