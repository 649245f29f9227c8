// kams store new-epoch: names a new history, so that readers of the old one stop instead of skipping.
import { newEpoch as newEpochInEventStoreDb } from '@kams/eventing/store/eventstoredb/eventstoredb-store';
import { newEpoch, StoreRefused } from '@kams/eventing/store/postgres/install';
import { Unavailable } from '@kams/eventing';
import { readCliConfig } from './connection';
import { withoutHost } from './database';
import { Failure } from './failure';
import type { Terminal } from './terminal';

export async function beginEpoch(terminal: Terminal): Promise<void> {
  const config = readCliConfig(terminal.streams.env);
  const inEventStoreDb = config.store === 'eventstoredb' ? config.eventStoreDbUrl!.reveal() : undefined;
  // With no Postgres of the user's own a host is asked for by its folder, in both cases: none may run.
  const epoch = await withoutHost(config, (url) =>
    inEventStoreDb === undefined ? newEpoch(url) : newEpochInEventStoreDb(inEventStoreDb),
  ).catch((error: Error) => {
    throw error instanceof StoreRefused || error instanceof Unavailable ? new Failure(error.message) : error;
  });
  if (terminal.json) return terminal.print(JSON.stringify({ epoch }));
  terminal.print(`the store begins epoch ${epoch}`);
  terminal.note('Projections of the epoch before stand still and say so; build them again: kams rebuild <projection>.');
  if (config.postgresUrl || inEventStoreDb)
    terminal.note('Start every host on this log again: a running one still answers for the old epoch.');
}
