import { freshDatabase } from '@kams/testing/postgres';
import { eventStoreContract } from './contract';
import { postgresStore } from '../../src/store/postgres/postgres-store';

describe('the store in Postgres', () => {
  let database: Awaited<ReturnType<typeof freshDatabase>>;
  beforeAll(async () => {
    database = await freshDatabase();
  });
  afterAll(() => database.drop());
  eventStoreContract('postgres', () => postgresStore({ connection: database.url }));
});
