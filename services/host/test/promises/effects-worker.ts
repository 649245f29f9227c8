// A process that does nothing but keep the projection of effects.ts.
import 'reflect-metadata';
import { leases, projector, storeFeed } from '@kams/eventing';
import { postgresLeases } from '@kams/platform/read-model/leases';
import { postgresReadModel } from '@kams/platform/read-model/postgres-read-model';
import { effects, opened, SCHEMA } from './effects';

const [url, how] = process.argv.slice(2);
const LEASE_MS = 500;

async function work(): Promise<void> {
  const { store, source } = await opened(url!);
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
