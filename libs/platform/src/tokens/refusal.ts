/** Why a token was not taken. For the log and the metrics; the caller learns the code only, never what the token held. */
export type TokenProblem =
  | 'too-long'
  | 'malformed'
  | 'wrong-algorithm'
  | 'unknown-key'
  | 'bad-signature'
  | 'wrong-type'
  | 'wrong-issuer'
  | 'wrong-audience'
  | 'missing-claim'
  | 'invalid-claim'
  | 'not-yet-valid'
  | 'expired'
  | 'revoked';

export class TokenRefused extends Error {
  readonly status = 401;

  constructor(readonly reason: TokenProblem) {
    super(`The token was refused (${reason}). Ask the issuer for a new one.`);
  }
}

/** Whether the token is good can not be known now: the issuer's keys were never read, or not those of this token. */
export class IssuerUnavailable extends Error {
  readonly status = 503;

  constructor() {
    super("The issuer's keys can not be read. Try again in a moment.");
  }
}
