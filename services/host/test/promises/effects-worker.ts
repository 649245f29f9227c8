// A process that does nothing but keep the projection of effects.ts.
import 'reflect-metadata';
import { projector, storeFeed } from '@kams/eventing';
import { postgresStore } from '@kams/eventing/store/postgres/postgres-store';
import { postgresReadModel } from '@kams/platform/read-model/postgres-read-model';
import { DataSource } from 'typeorm';
import { effects, SCHEMA } from './effects';

const [url] = process.argv.slice(2);

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
  const running = projector(effects, storeFeed(store, effects.contracts), postgresReadModel(source, SCHEMA)).run(
    new AbortController().signal,
  );
  process.send!('running');
  await running;
}
void work();
