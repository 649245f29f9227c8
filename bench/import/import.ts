// How fast do purchases of twenty lines come in by the bulk route, with all projections at work?
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startChild } from '../child';
import { medians } from '../report';
import type { ServerJobs } from '../server';
import { checkpoint, freshDatabase, type Measurement } from '../setting';
import type { SenderJobs } from './sender';

const LINES = 20;
const PURCHASES = 4_000;
const AT_ONCE = [1, 4];

type Sent = Awaited<ReturnType<SenderJobs['send']>> & { readonly shownPerSecond: number };

export const bulkImport: Measurement = {
  about: `purchases of ${LINES} lines by the bulk route`,

  async measure({ postgres, rounds, progress }) {
    const folder = await mkdtemp(join(tmpdir(), 'kams-bench-import-'));
    const databaseUrl = await freshDatabase(postgres, 'import');
    const server = startChild<ServerJobs>(join(__dirname, '../server'), { databaseUrl, folder, projections: true });
    const sender = startChild<SenderJobs>(join(__dirname, 'sender'));
    const results = new Map<number, Sent[]>(AT_ONCE.map((it) => [it, []]));
    try {
      const accounts = await server.ask('accounts', 1_000);
      const pids = { serverPid: server.pid, postgresPid: postgres.pid };
      const one = async (atOnce: number): Promise<Sent> => {
        await checkpoint(postgres);
        const began = performance.now();
        const sending = { ...(await server.ask('address')), accounts, purchases: PURCHASES, lines: LINES, atOnce, ...pids };
        const sent = await sender.ask('send', sending);
        await server.ask('settle');
        return { shownPerSecond: (PURCHASES * LINES * 1_000) / (performance.now() - began), ...sent };
      };
      await one(1); // the first thousand lines are compiled while they run
      for (let round = 0; round < rounds; round++) {
        progress(`import: round ${round + 1} of ${rounds}`);
        for (const atOnce of AT_ONCE) results.get(atOnce)!.push(await one(atOnce));
      }
    } finally {
      await sender.stop();
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    }
    return [
      {
        title: `import: purchases of ${LINES} lines`,
        columns: ['requests at once', 'lines/s', 'purchases/s', 'lines/s until shown', 'node us a line', 'postgres us a line'],
        rows: [...results].map(([atOnce, sent]) => {
          const { perSecond = Number.NaN, shownPerSecond, nodeUs, postgresUs } = medians(sent);
          return [String(atOnce), perSecond, perSecond / LINES, shownPerSecond, nodeUs, postgresUs];
        }),
      },
    ];
  },
};
