// Hosts that share a database and the keys of one installation: what several nodes of it are.
import { openDevelopmentIssuer } from '@kams/platform/tokens/development-issuer';
import type { AtPoint } from '@kams/testing/faults/killpoints';
import { dataFolder, freePort, removeFolder, startHost, type HostOptions, type TestHost } from '@kams/testing/host';
import { freshDatabase } from '@kams/testing/postgres';
import { Client } from 'pg';

export interface StartOptions {
  /** To reach the database by another way. */
  readonly databaseUrl?: string;
  readonly at?: AtPoint;
  readonly env?: NodeJS.ProcessEnv;
  readonly until?: HostOptions['until'];
}

export interface Installation {
  readonly databaseUrl: string;
  readonly client: Client;
  readonly tokens: Tokens;
  start(options?: StartOptions): Promise<TestHost>;
  stop(): Promise<void>;
}

/** Of an administrator; minted again before it runs out. */
export type Tokens = (subject: string, tenantId: string) => Promise<string>;

export function tokensOf(data: string): Tokens {
  const minted = new Map<string, Promise<string>>();
  return (subject, tenantId) => {
    const who = `${subject} ${tenantId}`;
    if (!minted.has(who)) {
      const mint = async () => (await openDevelopmentIssuer({ mode: 'development', data })).mint({ subject, tenantId });
      minted.set(who, mint());
      setTimeout(() => minted.delete(who), 10 * 60_000).unref();
    }
    return minted.get(who)!;
  };
}

export async function installation(): Promise<Installation> {
  const database = await freshDatabase();
  const data = await dataFolder();
  const client = new Client(database.url);
  await client.connect();
  const hosts: TestHost[] = [];
  return {
    databaseUrl: database.url,
    client,
    tokens: tokensOf(data),
    async start({ databaseUrl = database.url, at, env, until } = {}) {
      const port = String(await freePort());
      const settings = {
        KAMS_DATA: data,
        KAMS_PORT: port,
        KAMS_POSTGRES_URL: databaseUrl,
        KAMS_LOG_LEVEL: 'error',
        KAMS_ADMINISTRATORS: '*:*',
        ...env,
      };
      const host = await startHost(settings, { at, until });
      hosts.push(host);
      return host;
    },
    async stop() {
      await Promise.all(hosts.map((it) => it.end('SIGKILL')));
      await client.end();
      await database.drop();
      await removeFolder(data);
    },
  };
}

/** All of an answer that a retry must get again. */
export interface Answer {
  readonly status: number;
  readonly etag: string | null;
  readonly location: string | null;
  readonly retryAfter: string | null;
  readonly text: string;
}

export interface Sending {
  readonly key?: string;
  readonly ifMatch?: string;
  readonly subject?: string;
  readonly tenantId?: string;
}

/** Who asks unless it is said. */
export const WHO = { subject: 'user-1', tenantId: 'acme' };
const ANSWER_WITHIN_MS = 20_000;

/** Without a body it is a question. Undefined: no answer came. */
export async function ask(
  tokens: Tokens,
  url: string,
  body?: object,
  { key, ifMatch, subject = WHO.subject, tenantId = WHO.tenantId }: Sending = {},
): Promise<Answer | undefined> {
  const authorization = `Bearer ${await tokens(subject, tenantId)}`;
  try {
    const answer = await fetch(url, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        authorization,
        ...(body && { 'content-type': 'application/json' }),
        ...(key !== undefined && { 'idempotency-key': key }),
        ...(ifMatch !== undefined && { 'if-match': ifMatch }),
      },
      body: body && JSON.stringify(body),
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    const { status, headers } = answer;
    return {
      status,
      etag: headers.get('etag'),
      location: headers.get('location'),
      retryAfter: headers.get('retry-after'),
      text: await answer.text(),
    };
  } catch {
    return undefined;
  }
}
