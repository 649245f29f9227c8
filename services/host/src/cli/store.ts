// kams store new-epoch: names a new history, so that readers of the old one stop instead of skipping.
import { newEpoch } from '@kams/eventing/store/postgres/install';
import { readCliConfig } from './connection';
import { withoutHost } from './database';
import type { Terminal } from './terminal';

export async function beginEpoch(terminal: Terminal): Promise<void> {
  const config = readCliConfig(terminal.streams.env);
  const epoch = await withoutHost(config, newEpoch);
  if (terminal.json) return terminal.print(JSON.stringify({ epoch }));
  terminal.print(`the store begins epoch ${epoch}`);
  terminal.note('Projections of the epoch before stand still and say so; build them again: kams rebuild <projection>.');
  if (config.postgresUrl)
    terminal.note('Start every host on this database again: a running one still answers for the old epoch.');
}
