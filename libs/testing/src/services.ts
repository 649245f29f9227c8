// Services at work in the test's own process: a real database, real HTTP, a clock that the test may set.
import { postgresStore } from '@kams/eventing/store/postgres/postgres-store';
import { postgresPersonKeys } from '@kams/eventing/personal/postgres-person-keys';
import { Vault, type Bus, type EventStore } from '@kams/eventing';
import { masterKeysIn } from '@kams/platform/config/master-keys';
import { createApp, Runtime, type RuntimeOptions, type Service } from '@kams/platform';
import { openReadDatabase } from '@kams/platform/read-model/read-database';
import { openDevelopmentIssuer } from '@kams/platform/tokens/development-issuer';
import { TokenVerifier } from '@kams/platform/tokens/verify';
import type { Route } from '@kams/platform/http/server';
import type { FastifyInstance } from 'fastify';
import { mkdtemp, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'pg';
import pino from 'pino';
import { freshDatabase } from './postgres';

export interface Asking {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly as?: { readonly subject?: string; readonly tenantId?: string };
}
export interface Answered<T = never> {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a test looks into whatever came
  readonly body: [T] extends [never] ? any : T;
}

export interface TestServices {
  readonly url: string;
  readonly databaseUrl: string;
  /** As a superuser, who sees all: the pools of the runtime may do what their roles may. */
  sql<T extends object = never>(text: string, values?: readonly unknown[]): Promise<T[]>;
  readonly runtime: Runtime;
  readonly store: EventStore;
  /** What the services have written to their log, line by line; with KAMS_TEST_LOG it goes to the terminal. */
  logged(): string;
  /** What the running router has. */
  readonly routes: readonly Route[];
  /** The folder of the installation, with its keys. */
  readonly data: string;
  ask<T = never>(path: string, options?: Asking): Promise<Answered<T>>;
  post<T = never>(path: string, body: unknown, options?: Asking): Promise<Answered<T>>;
  token(as?: Asking['as']): Promise<string>;
  stop(): Promise<void>;
}

export async function startTestServices(
  services: readonly Service[],
  options: Partial<Pick<RuntimeOptions, 'now' | 'administrators' | 'operatingTenant' | 'outlet'>> & {
    readonly poolSize?: number;
    readonly inlet?: (store: EventStore) => Bus;
  } = {},
): Promise<TestServices> {
  const database = await freshDatabase();
  const data = await mkdtemp(join(tmpdir(), 'kams-test-'));
  const superuser = new Pool({ connectionString: database.url, max: 1, options: '-c TimeZone=UTC' });
  superuser.on('error', () => undefined);
  const issuer = await openDevelopmentIssuer({ mode: 'development', data });
  const store = await postgresStore({ connection: database.url, poolSize: 4 });
  const readDatabase = await openReadDatabase({ url: database.url, poolSize: options.poolSize ?? 6 });
  const key = Buffer.alloc(32, 7);
  const personKeys = await postgresPersonKeys(database.url, await masterKeysIn(join(data, 'keys', 'master.json')));
  const shown = process.env['KAMS_TEST_LOG'];
  const lines: string[] = [];
  const log = shown ? pino({ level: shown }) : pino({ level: 'trace' }, { write: (line) => void lines.push(line) });
  const runtime = new Runtime({
    services,
    store,
    readDatabase,
    hashKey: key,
    vault: new Vault(personKeys, key),
    cursorKey: key,
    administrators: options.administrators ?? [{ tenantId: '*', subject: '*' }],
    operatingTenant: options.operatingTenant,
    inlet: options.inlet?.(store),
    outlet: options.outlet,
    readWaitMs: 2_000,
    log,
    now: options.now,
    timerEveryMs: 20,
  });
  await runtime.start();
  const app = await createApp(runtime, new TokenVerifier(issuer), 'test');
  await app.listen(0, '127.0.0.1');
  const url = (await app.getUrl()).replace('[::1]', '127.0.0.1');

  const token = (as: Asking['as'] = {}) => issuer.mint({ subject: as.subject ?? 'user-1', tenantId: as.tenantId ?? 'acme' });
  const tokens = new Map<string, Promise<string>>();

  async function ask<T = never>(path: string, { method = 'GET', body, headers = {}, as }: Asking = {}): Promise<Answered<T>> {
    const who = JSON.stringify(as ?? {});
    if (!tokens.has(who)) tokens.set(who, token(as));
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${await tokens.get(who)}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    return {
      status: answer.status,
      headers: answer.headers,
      text,
      body:
        /json$|json;/.test(answer.headers.get('content-type') ?? '') && !/x-ndjson/.test(answer.headers.get('content-type')!)
          ? JSON.parse(text)
          : undefined,
    };
  }

  return {
    url,
    databaseUrl: database.url,
    sql: async <T extends object>(text: string, values: readonly unknown[] = []) =>
      (await superuser.query<T>(text, [...values])).rows,
    runtime,
    store,
    logged: () => lines.join(''),
    routes: (app.getHttpAdapter().getInstance() as unknown as FastifyInstance).routes,
    data,
    ask,
    post: (path, body, more) => ask(path, { method: 'POST', body, ...more }),
    token,
    async stop() {
      // A connection that a test has cut before its request holds the server open for the time-out of headers.
      const late = setTimeout(() => (app.getHttpServer() as Server).closeAllConnections(), 10_000);
      await app.close();
      clearTimeout(late);
      await runtime.stop();
      await readDatabase.destroy();
      await store.close();
      await personKeys.close();
      await superuser.end();
      await database.drop();
      await rm(data, { recursive: true, force: true });
    },
  };
}
