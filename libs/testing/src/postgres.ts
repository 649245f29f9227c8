import { randomUUID } from 'node:crypto';
import { get } from 'node:http';
import { text } from 'node:stream/consumers';
import { Client } from 'pg';

export interface TestDatabase {
  /** For a superuser of this database. */
  readonly url: string;
  /** Removes the database; sessions that are still open are cut. */
  drop(): Promise<void>;
}

/** The run's server, started by the main process of Jest when the first test of any worker asks (0.7 s, once). */
let server: Promise<string> | undefined;

async function startedServer(): Promise<string> {
  const { KAMS_TEST_POSTGRES_URL: given, KAMS_TEST_POSTGRES_STARTER: starter } = process.env;
  if (given) return given;
  if (!starter)
    throw new Error('No test database: run under Jest with the globalSetup of jest.config.cjs, or set KAMS_TEST_POSTGRES_URL.');
  return new Promise((resolve, reject) => {
    get(starter, (answer) => {
      text(answer).then((body) => (answer.statusCode === 200 ? resolve(body) : reject(new Error(body))), reject);
    }).on('error', reject);
  });
}

async function run(url: string, sql: string): Promise<void> {
  const client = new Client(url);
  await client.connect();
  await client.query(sql).finally(() => client.end());
}

/**
 * An empty database of its own for a test or a test file, on the server of the Jest run or on that of `KAMS_TEST_POSTGRES_URL`
 * (which must name a user who may create databases). Takes about 50 ms.
 */
export async function freshDatabase(): Promise<TestDatabase> {
  const admin = await (server ??= startedServer());
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  // From template0, to which no one can be connected: a session in template1 would make it fail.
  await run(admin, `create database ${name} template template0`);
  return {
    url: Object.assign(new URL(admin), { pathname: `/${name}` }).href,
    drop: () => run(admin, `drop database if exists ${name} with (force)`),
  };
}
