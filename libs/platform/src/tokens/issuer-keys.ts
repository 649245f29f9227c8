import { createRemoteJWKSet, errors, type JWTVerifyGetKey } from 'jose';
import { IssuerUnavailable } from './refusal';

export interface IssuerKeysOptions {
  /** Between two requests to an issuer whose keys are known. An unknown `kid` costs one request in this time, however often it comes. */
  readonly coolDownMs?: number;
  /** Between two requests to an issuer whose keys were never read. */
  readonly retryMs?: number;
  /** Older keys are read again, while the known ones serve on. */
  readonly refreshMs?: number;
  readonly timeoutMs?: number;
}

/**
 * The public keys of an OIDC issuer. Keys that were read once serve for as long as the issuer is down.
 * @throws IssuerUnavailable from the look-up, when the keys were never read or when an unknown `kid` could not be looked for.
 */
export function issuerKeys(url: string, options: IssuerKeysOptions = {}): JWTVerifyGetKey {
  const { coolDownMs = 30_000, retryMs = 1_000, refreshMs = 600_000, timeoutMs = 3_000 } = options;
  // jose would drop keys by age and ask at every unknown `kid` while the issuer is down, so it is told to do neither.
  const keys = createRemoteJWKSet(new URL(url), {
    cacheMaxAge: Infinity,
    cooldownDuration: Infinity,
    timeoutDuration: timeoutMs,
  });
  let readAt = -Infinity;
  let isDown = false;
  let areKnown = false;
  let reading: Promise<void> | undefined;

  const read = (): Promise<void> =>
    (reading ??= keys
      .reload()
      .then(
        () => {
          isDown = false;
          areKnown = true;
        },
        () => {
          isDown = true;
        },
      )
      .finally(() => {
        readAt = performance.now();
        reading = undefined;
      }));
  const readUnlessWithin = async (pauseMs: number): Promise<void> => {
    if (performance.now() - readAt >= pauseMs) await read();
  };

  return async (header, token) => {
    if (areKnown) void readUnlessWithin(refreshMs);
    else await readUnlessWithin(retryMs);
    if (!areKnown) throw new IssuerUnavailable();
    try {
      return await keys(header, token);
    } catch (error) {
      if (error instanceof errors.JWKSMultipleMatchingKeys) throw error;
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw new IssuerUnavailable();
      await readUnlessWithin(coolDownMs);
      if (isDown) throw new IssuerUnavailable();
      return keys(header, token);
    }
  };
}
