// How long does a year of all accounts take under another scoring model, and how long may others wait meanwhile?
import { join } from 'node:path';
import { startChild } from '../child';
import { checkpoint, freshDatabase, type Measurement } from '../setting';
import type { WhatIfJobs } from './worker';

export const whatIf: Measurement = {
  about: 'a year of all accounts under another scoring model',

  async measure({ postgres, rounds, progress }) {
    const url = await freshDatabase(postgres, 'what_if');
    const module = join(__dirname, 'worker');
    progress('what-if: storing a year of 10,000 accounts');
    const teller = startChild<WhatIfJobs>(module, url, postgres.pid);
    await teller.ask('store').finally(() => teller.stop());
    await checkpoint(postgres);
    const runs: Awaited<ReturnType<WhatIfJobs['replay']>>[] = [];
    for (let round = 0; round < rounds; round++) {
      progress(`what-if: replaying, round ${round + 1} of ${rounds}`);
      const worker = startChild<WhatIfJobs>(module, url, postgres.pid);
      runs.push(await worker.ask('replay').finally(() => worker.stop()));
    }
    const { accounts, assessments, moved, took, longestTurnMs } = runs.toSorted((a, b) => a.took.seconds - b.took.seconds)[
      Math.floor(rounds / 2)
    ]!;
    return [
      {
        title: 'what if: a year under another model',
        columns: ['accounts', 'assessments', 'moved', 'seconds', 'node us each', 'postgres us each', 'longest turn ms'],
        rows: [
          [
            accounts,
            assessments,
            moved,
            took.seconds,
            ...[took.node, took.postgres].map((it) => it && (it * 1e6) / assessments),
            longestTurnMs,
          ],
        ],
      },
    ];
  },
};
