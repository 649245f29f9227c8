// Where the log of an installation is, by its settings. Everything else is in Postgres with either.
import type { EventStore } from '@kams/eventing';
import { eventStoreDbStore } from '@kams/eventing/store/eventstoredb/eventstoredb-store';
import { keepLogElsewhere } from '@kams/eventing/store/postgres/install';
import { postgresStore } from '@kams/eventing/store/postgres/postgres-store';
import type { Config } from '../config/settings';

/**
 * `url` is that of the installation's Postgres.
 * @throws StoreRefused when this Postgres has the log of another setting; Unavailable when the store is not there
 */
export async function openStore(
  { store, eventStoreDbUrl, poolSize }: Pick<Config, 'store' | 'eventStoreDbUrl' | 'poolSize'>,
  url: string,
  onError: (error: Error) => void,
): Promise<EventStore> {
  if (store === 'postgres') return postgresStore({ connection: url, poolSize, onError });
  await keepLogElsewhere(url);
  return eventStoreDbStore({ connectionString: eventStoreDbUrl!.reveal(), onError });
}
