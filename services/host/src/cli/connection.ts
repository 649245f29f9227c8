// Which host the command line talks to, and as whom.
import { readConfig } from '@kams/platform/config/read-config';
import { CLIENT_SETTINGS, SETTINGS, type Config, type Values } from '@kams/platform/config/settings';
import { openDevelopmentIssuer } from '@kams/platform/tokens/development-issuer';
import { Failure } from './failure';

/** Who the command line is in development, where it makes its tokens itself: an administrator, by KAMS_ADMINISTRATORS. */
export const DEVELOPER = { subject: 'developer', tenantId: 'demo' } as const;

export const CLI_SETTINGS = { ...SETTINGS, ...CLIENT_SETTINGS };
export type CliConfig = Values<typeof CLI_SETTINGS>;

/** @throws BadConfig */
export const readCliConfig = (env: NodeJS.ProcessEnv): CliConfig => readConfig(env, CLI_SETTINGS);

/** KAMS_URL, or the host of this machine on KAMS_PORT. */
export const hostUrl = (env: NodeJS.ProcessEnv, config: CliConfig): string =>
  (env[CLIENT_SETTINGS.url.key] === undefined ? `http://127.0.0.1:${config.port}` : config.url).replace(/\/+$/, '');

export interface Tokens {
  /** A token that is good for a minute at least, where that is ours to say. */
  current(): Promise<string>;
  /** The host refused the one before. False when there is no other to be had. */
  renew(): boolean;
  /** What to do about a token that is refused. */
  readonly cure: string;
}

export interface Identity {
  readonly subject: string;
  readonly tenantId: string;
}

/** KAMS_TOKEN; without it, in development, tokens of the issuer in KAMS_DATA, a new one before the last one ends. */
export function tokensOf(config: CliConfig, identity: Identity): Tokens {
  const { token } = config;
  if (token) {
    const cure = 'Put a new token of its issuer into KAMS_TOKEN.';
    return { current: async () => token.reveal(), renew: () => false, cure };
  }
  if (config.mode === 'production' || config.issuer !== undefined) {
    throw new Failure('Set KAMS_TOKEN: this installation takes the tokens of its own issuer only.');
  }
  return developmentTokens(config, identity);
}

const LIFE_MS = 15 * 60_000;
const RENEWED_BEFORE_END_MS = 2 * 60_000;

function developmentTokens(config: Pick<Config, 'mode' | 'data'>, identity: Identity): Tokens {
  let made: { readonly token: Promise<string>; readonly until: number } | undefined;
  return {
    current() {
      if (!made || Date.now() > made.until) {
        made = { token: mint(config, identity, LIFE_MS), until: Date.now() + LIFE_MS - RENEWED_BEFORE_END_MS };
      }
      return made.token;
    },
    renew() {
      made = undefined;
      return true;
    },
    cure: `Does the host run with another KAMS_DATA than ${config.data}? Set KAMS_DATA as it is there, or KAMS_TOKEN.`,
  };
}

export async function mint(config: Pick<Config, 'mode' | 'data'>, identity: Identity, lifetimeMs: number): Promise<string> {
  const issuer = await openDevelopmentIssuer(config);
  return issuer.mint({ ...identity, lifetimeMs }).catch((error: unknown) => {
    throw error instanceof RangeError ? new Failure(error.message, 2) : error;
  });
}
