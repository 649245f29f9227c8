// How fast is an append, beside the store that is nearest to ours and beside the limit of the server?
import { join } from 'node:path';
import { startChild, type Child } from '../child';
import type { Measured } from '../closed-loop';
import { medians, ratio, type Table } from '../report';
import { checkpoint, freshDatabase, WARM_UP_MS, type Measurement } from '../setting';
import type { ContenderJobs } from './contender';

const CALLERS = [1, 16, 64, 256];
const AT_LEAST = {
  emmett: new Map([
    [1, 1.7],
    [16, 5],
    [64, 10],
    [256, 17],
  ]),
  copy: new Map([
    [64, 0.4],
    [256, 0.55],
  ]),
};
const NAMES = ['kams', 'emmett', 'copy'] as const;
type Name = (typeof NAMES)[number];

export const append: Measurement = {
  about: 'appends of one event, beside Emmett 0.42 and COPY of 1,000 rows',

  async measure({ postgres, ms, rounds, progress }) {
    const contenders = new Map<Name, Child<ContenderJobs>>();
    const results = new Map<string, Measured[]>();
    try {
      for (const name of NAMES) {
        const url = await freshDatabase(postgres, `append_${name}`);
        contenders.set(name, startChild<ContenderJobs>(join(__dirname, name), url));
      }
      // Not counted: until it has run some seconds, nothing is compiled (20 instead of 14 µs an append).
      for (const it of contenders.values())
        await it.ask('run', { callers: 64, warmUpMs: 0, ms: 2_000, postgresPid: postgres.pid });
      for (let round = 0; round < rounds; round++) {
        for (const callers of CALLERS) {
          progress(`append: round ${round + 1} of ${rounds}, ${callers} callers`);
          for (const name of rotated(NAMES, round)) {
            await checkpoint(postgres);
            const load = { callers: name === 'copy' ? 1 : callers, warmUpMs: WARM_UP_MS, ms, postgresPid: postgres.pid };
            const measured = await contenders.get(name)!.ask('run', load);
            const key = `${name} ${callers}`;
            results.set(key, [...(results.get(key) ?? []), measured]);
          }
        }
      }
    } finally {
      for (const it of contenders.values()) await it.stop();
    }
    return tables((name, callers) => results.get(`${name} ${callers}`)!);
  },
};

/** Each round begins with another one. */
const rotated = <T>(all: readonly T[], by: number): readonly T[] => all.map((_, i) => all[(i + by) % all.length]!);

function tables(rounds: (name: Name, callers: number) => readonly Measured[]): Table[] {
  const ratios = CALLERS.map((callers) => {
    const ours = rounds('kams', callers);
    return [
      String(callers),
      ratio(ours, rounds('emmett', callers)),
      AT_LEAST.emmett.get(callers),
      ratio(ours, rounds('copy', callers)),
      AT_LEAST.copy.get(callers),
    ];
  });
  const figures = CALLERS.flatMap((callers) =>
    NAMES.map((name) => {
      const { perSecond, p50, p99, nodeUs, postgresUs } = medians(rounds(name, callers));
      const latencies = name === 'copy' ? [undefined, undefined] : [p50, p99];
      return [`${name} ${name === 'copy' ? '' : callers}`.trim(), perSecond, ...latencies, nodeUs, postgresUs];
    }),
  );
  return [
    { title: 'append: how many times', columns: ['callers', 'to Emmett', 'aim', 'to COPY', 'aim'], rows: ratios },
    {
      title: 'append: medians',
      columns: ['who, callers', 'events/s', 'p50 ms', 'p99 ms', 'node us', 'postgres us'],
      rows: figures,
    },
  ];
}
