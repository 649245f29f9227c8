// How fast do events become rows, and how soon is a command's answer visible?
import { join } from 'node:path';
import { accountsService } from '@kams/accounts';
import { startChild } from '../child';
import type { Table } from '../report';
import { checkpoint, freshDatabase, type Measurement } from '../setting';
import type { Took } from '../cpu';
import type { WorkerJobs } from './worker';

const RATES = [20, 100, 500];

export const projection: Measurement = {
  about: 'events to rows, from zero and rebuilt; how long after the answer a row is there',

  async measure({ postgres, ms, progress }) {
    const url = await freshDatabase(postgres, 'projection');
    const module = join(__dirname, 'worker');
    progress('projection: storing a past');
    const teller = startChild<WorkerJobs>(module, url, postgres.pid);
    const counts = await teller.ask('store').finally(() => teller.stop());

    const { projections } = accountsService;
    const runs = [...projections.map((it) => ({ name: it.name, of: [it] })), { name: 'together', of: projections }];
    const rates: Table['rows'][number][] = [];
    const delays: Table['rows'][number][] = [];
    for (const { name, of } of runs) {
      progress(`projection: ${name}`);
      await checkpoint(postgres);
      const worker = startChild<WorkerJobs>(module, url, postgres.pid);
      const asked = worker.ask(
        'project',
        name,
        of.map((it) => it.name),
      );
      const { live, rebuild } = await asked.finally(() => worker.stop());
      const categories = new Set(of.flatMap((it) => it.contracts.map((contract) => contract.name)));
      const events = [...categories].reduce((sum, it) => sum + (counts[it] ?? 0), 0);
      rates.push([name, events, events / live.seconds, rebuild && events / rebuild.seconds, ...costs(live, events)]);
    }
    const worker = startChild<WorkerJobs>(module, url, postgres.pid);
    try {
      for (const perSecond of RATES) {
        progress(`projection: delay at ${perSecond} commands/s`);
        const { p50, p99 } = await worker.ask('delay', 'together', perSecond, (3 * ms) / 1_000);
        delays.push([String(perSecond), p50, p99]);
      }
    } finally {
      await worker.stop();
    }
    return [
      {
        title: `projection: a log of ${Object.values(counts).reduce((sum, it) => sum + it, 0)} events`,
        columns: ['projection', 'its events', 'from zero, events/s', 'rebuilt, events/s', 'node us', 'postgres us'],
        rows: rates,
      },
      {
        title: 'projection: from the answer to the visible row, all projections at work',
        columns: ['commands/s', 'p50 ms', 'p99 ms'],
        rows: delays,
      },
    ];
  },
};

const costs = ({ node, postgres }: Took, events: number) =>
  [node, postgres].map((it) => (it === undefined ? undefined : (it * 1e6) / events));
