import { faultProxy, type FaultProxy } from '@kams/testing/faults/faultproxy';
import { freshDatabase } from '@kams/testing/postgres';
import { Client } from 'pg';
import { postgresStore, type PostgresStore, type PostgresStoreOptions } from '../../src/store/postgres/postgres-store';

export const WITHOUT_TAIL = { tail: { events: 1, bytes: 0 } };

/** A database to work on. What a test opens here is closed after it, the last one first, whether it failed or not. */
export function postgresLab(one: 'for each test' | 'for all tests') {
  let url = '';
  let client: Client;
  const ofTests: (() => Promise<unknown>)[] = [];
  const ofAll: (() => Promise<unknown>)[] = [];

  async function begin(open: (() => Promise<unknown>)[]): Promise<void> {
    const database = await freshDatabase();
    open.push(database.drop);
    url = database.url;
    client = new Client(url);
    client.on('error', () => undefined);
    open.push(() => client.end());
    await client.connect();
  }
  async function end(open: (() => Promise<unknown>)[]): Promise<void> {
    for (const close of open.splice(0).reverse()) await close();
  }
  if (one === 'for all tests') beforeAll(() => begin(ofAll));
  else beforeEach(() => begin(ofTests));
  afterEach(async () => {
    await client.query('rollback').catch(() => undefined);
    await end(ofTests);
  });
  afterAll(() => end(ofAll));

  return {
    url: () => url,
    client: () => client,

    async opened(options: Partial<PostgresStoreOptions> = {}): Promise<PostgresStore> {
      const store = await postgresStore({ connection: url, ...options });
      ofTests.push(() => store.close());
      return store;
    },

    async proxied(): Promise<FaultProxy & { readonly url: string }> {
      const proxy = await faultProxy(url);
      ofTests.push(() => proxy.close());
      return { ...proxy, url: proxy.through(url) };
    },

    async missing(): Promise<number> {
      const { rows } = await client.query<{ n: string }>('select es.missing()::text as n');
      return Number(rows[0]!.n);
    },

    /** Cuts every connection but the lab's own. */
    async cutAll(): Promise<void> {
      await client.query(
        'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
      );
    },
  };
}
