// A process that does nothing but keep the projection of effects.ts.
import 'reflect-metadata';
import { leases, projector, storeFeed } from '@kams/eventing';
import { postgresStore } from '@kams/eventing/store/postgres/postgres-store';
import { postgresLeases } from '@kams/platform/read-model/leases';
import { postgresReadModel } from '@kams/platform/read-model/postgres-read-model';
import { DataSource } from 'typeorm';
import { effects, SCHEMA } from './effects';

const [url, how] = process.argv.slice(2);
const LEASE_MS = 500;

async function work(): Promise<void> {
  const store = await postgresStore({ connection: url!, poolSize: 2, install: false });
  const source = new DataSource({
    type: 'postgres',
    url,
    poolSize: 2,
    poolErrorHandler: () => undefined,
    extra: { options: '-c synchronous_commit=off -c TimeZone=UTC' },
  });
  await source.initialize();
  const { run } = projector(effects, storeFeed(store, effects.contracts), postgresReadModel(source, SCHEMA));
  const { signal } = new AbortController();
  const owned = leases(postgresLeases(source, SCHEMA), { owner: String(process.pid), leaseMs: LEASE_MS });
  const running =
    how === 'owning'
      ? Promise.all([owned.run(signal), owned.own(effects.name, signal, (term) => run(term.signal, term))])
      : run(signal);
  process.send!('running');
  await running;
}
void work();
