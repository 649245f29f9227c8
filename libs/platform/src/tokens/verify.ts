// Who sends this request. The only place where a token becomes a principal; the guard asks here and nowhere else.
import { hash } from 'node:crypto';
import { hasForbiddenText, TENANT_ID } from '@kams/contracts/values';
import { errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import type { TokenAlgorithm } from '../config/settings';
import { parseStrict, UnacceptableJson } from '../http/json-scan';
import { IssuerUnavailable, TokenRefused, type TokenProblem } from './refusal';

export interface Principal {
  readonly subject: string;
  readonly tenantId: string;
  /** When the token ends, at most 15 minutes after it was issued. Milliseconds since 1970. */
  readonly expiresAt: number;
}

export interface VerifierOptions {
  readonly issuer: string;
  readonly audience: string;
  readonly algorithms: readonly TokenAlgorithm[];
  /** `issuerKeys(url)`, or those of the development issuer. */
  readonly keys: JWTVerifyGetKey;
  /** Asked at every use of a token, also of one that was verified before. */
  isRevoked?(principal: Principal): boolean;
  /** Milliseconds since 1970. */
  now?(): number;
}

/** Letters of the token as it is sent. */
export const LONGEST_TOKEN = 8_192;
export const LONGEST_TOKEN_LIFE_MS = 15 * 60_000;
const CLOCK_TOLERANCE_MS = 5_000;
const REMEMBERED_TOKENS = 10_000;

const name = (longest: number) =>
  z
    .string()
    .min(1)
    .max(longest)
    .refine((it) => !hasForbiddenText(it));

/** What we read of a token beside its dates. What its subject may do is no matter of the token: see rights-book.ts. */
export const identity = z.object({
  sub: name(255),
  tenant: z.string().regex(TENANT_ID),
});

/**
 * Takes access tokens of RFC 9068 (`typ: at+jwt`) of one issuer, for one audience, with the algorithms that we name; what the
 * token itself says about keys (`jku`, `jwk`, `x5u`) has no effect.
 *
 * Verifying costs more than the rest of a request (ES256: about 0.2 ms), so a verified token is kept by its hash until it ends:
 * then a check costs 0.8 µs with 400 letters and 1.4 µs with 1,400. A key that the issuer takes back is therefore believed for
 * 15 minutes at most.
 */
export class TokenVerifier {
  readonly #options: VerifierOptions;
  readonly #verified = new LRUCache<string, Principal>({ max: REMEMBERED_TOKENS });

  constructor(options: VerifierOptions) {
    this.#options = options;
  }

  /** The principal of a token that was verified before and is still good; else undefined, and `verify` says why. */
  verified(token: string): Principal | undefined {
    if (token.length > LONGEST_TOKEN) return undefined;
    const principal = this.#verified.get(fingerprint(token));
    if (!principal || this.#now() >= principal.expiresAt + CLOCK_TOLERANCE_MS) return undefined;
    return this.#options.isRevoked?.(principal) ? undefined : principal;
  }

  /**
   * @throws TokenRefused when the token is not good.
   * @throws IssuerUnavailable when that can not be known.
   */
  async verify(token: string): Promise<Principal> {
    const known = this.verified(token);
    if (known) return known;
    if (token.length > LONGEST_TOKEN) throw new TokenRefused('too-long');
    refuseAmbiguity(token);
    const principal = principalOf(await this.#payload(token));
    if (this.#options.isRevoked?.(principal)) throw new TokenRefused('revoked');
    this.#verified.set(fingerprint(token), principal);
    return principal;
  }

  async #payload(token: string): Promise<JWTPayload> {
    const { issuer, audience, algorithms, keys } = this.#options;
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer,
        audience,
        algorithms: [...algorithms],
        typ: 'at+jwt',
        requiredClaims: ['exp', 'iat', 'sub', 'aud', 'iss', 'tenant'],
        maxTokenAge: LONGEST_TOKEN_LIFE_MS / 1_000,
        clockTolerance: CLOCK_TOLERANCE_MS / 1_000,
        currentDate: new Date(this.#now()),
      });
      return payload;
    } catch (error) {
      if (error instanceof IssuerUnavailable) throw error;
      throw new TokenRefused(problemOf(error));
    }
  }

  #now(): number {
    return this.#options.now?.() ?? Date.now();
  }
}

/** A token is not kept itself, so that no dump of the memory holds one that works. */
const fingerprint = (token: string): string => hash('sha256', token, 'base64');

/** A claim that is there twice is read as one thing here and as another elsewhere; JSON.parse, and so jose, takes the last. */
function refuseAmbiguity(token: string): void {
  const parts = token.split('.');
  if (parts.length !== 3) throw new TokenRefused('malformed');
  for (const part of parts.slice(0, 2)) {
    try {
      parseStrict(Buffer.from(part, 'base64url'));
    } catch (error) {
      // A large number in a claim that we do not read (422) is the issuer's own business.
      if (error instanceof UnacceptableJson && error.status === 400) throw new TokenRefused('malformed');
    }
  }
}

function principalOf(payload: JWTPayload): Principal {
  const claims = identity.safeParse(payload);
  const { exp, iat } = payload;
  if (!claims.success || exp === undefined || iat === undefined) throw new TokenRefused('invalid-claim');
  const { sub, tenant } = claims.data;
  return Object.freeze({
    subject: sub,
    tenantId: tenant,
    expiresAt: Math.min(exp * 1_000, iat * 1_000 + LONGEST_TOKEN_LIFE_MS),
  });
}

const CLAIM_PROBLEMS: Readonly<Record<string, TokenProblem>> = {
  typ: 'wrong-type',
  iss: 'wrong-issuer',
  aud: 'wrong-audience',
  nbf: 'not-yet-valid',
  iat: 'not-yet-valid',
};

/** jose's errors carry the payload; only a word of ours goes on. */
function problemOf(error: unknown): TokenProblem {
  if (error instanceof errors.JWTExpired) return 'expired';
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.reason === 'missing') return 'missing-claim';
    return error.reason === 'check_failed' ? (CLAIM_PROBLEMS[error.claim] ?? 'invalid-claim') : 'invalid-claim';
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return 'wrong-algorithm';
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) return 'unknown-key';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'bad-signature';
  return 'malformed';
}
