// The issuer of development mode: a key pair in a file, so that a token can be had with nothing installed.
import { join } from 'node:path';
import { createLocalJWKSet, exportJWK, generateKeyPair, importJWK, SignJWT } from 'jose';
import { v4 as uuid } from 'uuid';
import { z } from 'zod';
import { BadConfig } from '../config/bad-config';
import { openPrivateFile } from '../config/private-file';
import type { Config } from '../config/settings';
import { identity, LONGEST_TOKEN_LIFE_MS, type VerifierOptions } from './verify';

export interface Mint {
  readonly subject: string;
  readonly tenantId: string;
  /** At most 15 minutes, which is the default. Whole seconds; a rest is cut off. */
  readonly lifetimeMs?: number;
}

/** Everything that a `TokenVerifier` needs, and the means to make a token that it takes. */
export interface DevelopmentIssuer extends Pick<VerifierOptions, 'issuer' | 'audience' | 'algorithms' | 'keys'> {
  /** @throws RangeError for what no verifier would take. */
  mint(wanted: Mint): Promise<string>;
}

const ALGORITHM = 'ES256';
const ISSUER = 'urn:kams:development';
const AUDIENCE = 'kams';

const coordinate = z.base64url().length(43);
const stored = z.strictObject({
  kid: z.uuid(),
  alg: z.literal(ALGORITHM),
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: coordinate,
  y: coordinate,
  d: coordinate,
});

/**
 * The issuer whose key is in `<data>/keys/development-issuer.json`, made on first use. The host and `kams token` open the same
 * file, so neither has to ask the other.
 * @throws BadConfig in production, and when the file is damaged or others may read it.
 */
export async function openDevelopmentIssuer({ mode, data }: Pick<Config, 'mode' | 'data'>): Promise<DevelopmentIssuer> {
  if (mode === 'production') throw new BadConfig(['KAMS_MODE: production has no development issuer; set KAMS_ISSUER']);
  const path = join(data, 'keys', 'development-issuer.json');
  const cure = 'remove it and a new key is made';
  const { d, ...publicJwk } = await openPrivateFile({ path, schema: stored, make: makeKey, cure });
  const key = await importJWK({ ...publicJwk, d }, ALGORITHM).catch(() => {
    throw new BadConfig([`${path}: is damaged; ${cure}`]);
  });

  return {
    issuer: ISSUER,
    audience: AUDIENCE,
    algorithms: [ALGORITHM],
    keys: createLocalJWKSet({ keys: [publicJwk] }),
    async mint({ subject, tenantId, lifetimeMs = LONGEST_TOKEN_LIFE_MS }) {
      if (!identity.safeParse({ sub: subject, tenant: tenantId }).success) {
        throw new RangeError('Name a subject, and a tenant of up to 40 lower case letters, digits and underscores.');
      }
      if (!(lifetimeMs >= 1_000 && lifetimeMs <= LONGEST_TOKEN_LIFE_MS)) {
        throw new RangeError('A token lives from one second to 15 minutes.');
      }
      const issuedAt = Math.floor(Date.now() / 1_000);
      return new SignJWT({ tenant: tenantId })
        .setProtectedHeader({ alg: ALGORITHM, typ: 'at+jwt', kid: publicJwk.kid })
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setSubject(subject)
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + Math.floor(lifetimeMs / 1_000))
        .sign(key);
    },
  };
}

async function makeKey(): Promise<z.output<typeof stored>> {
  const { privateKey } = await generateKeyPair(ALGORITHM, { extractable: true });
  const { kty, crv, x, y, d } = await exportJWK(privateKey);
  return stored.parse({ kid: uuid(), alg: ALGORITHM, kty, crv, x, y, d });
}
