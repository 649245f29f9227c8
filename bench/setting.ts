// What every measurement is given.
import type { EmbeddedPostgres } from '@kams/platform/embedded-postgres/embedded-postgres';
import { Client } from 'pg';
import type { Table } from './report';

export interface Setting {
  readonly postgres: EmbeddedPostgres;
  /** How long one run of one contender is measured. */
  readonly ms: number;
  readonly rounds: number;
  /** A line about how far it is. */
  progress(line: string): void;
}

export interface Measurement {
  readonly about: string;
  measure(setting: Setting): Promise<readonly Table[]>;
}

export const WARM_UP_MS = 700;

async function withClient<T>({ url }: EmbeddedPostgres, use: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client(url);
  await client.connect();
  return use(client).finally(() => client.end());
}

/** An empty database; its URL. */
export async function freshDatabase(postgres: EmbeddedPostgres, name: string): Promise<string> {
  await withClient(postgres, async (client) => {
    await client.query(`drop database if exists ${name} with (force)`);
    await client.query(`create database ${name}`);
  });
  return Object.assign(new URL(postgres.url), { pathname: `/${name}` }).href;
}

/** Every run begins behind a checkpoint: none pays for what the run before it wrote. */
export const checkpoint = (postgres: EmbeddedPostgres): Promise<void> =>
  withClient(postgres, async (client) => void (await client.query('checkpoint')));
