// What the engine tells of its work, counted. Every label is a word of the code or of a contract: nobody from outside can add one.
import { tell } from '@kams/eventing';
import { Counter, Histogram, type Registry } from 'prom-client';
import type { Service } from '../service';

/** Until what it returns is called. */
export function measureEngine(services: readonly Service[], register: Registry): () => void {
  const registers = [register];
  const counts = countsOf(services);
  new Counter({
    name: 'kams_commands_total',
    help: 'Commands by what became of them; command is contract.Command, or contract.none for a line that named none that there is',
    labelNames: ['service', 'command', 'outcome'],
    registers,
    collect() {
      this.reset();
      for (const { service, command, became } of [...counts.values()].flatMap((it) => [...it.values()]))
        for (const [outcome, n] of became) this.inc({ service, command, outcome }, n);
    },
  });
  const batches = new Histogram({
    name: 'kams_append_batch_events',
    help: 'Events that one call was to append to the store',
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024],
    registers,
  });
  const seconds = new Histogram({
    name: 'kams_append_seconds',
    help: 'Duration of a call that appends: in Postgres, of its transaction and the way there',
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  const conflicts = new Counter({
    name: 'kams_conflicts_total',
    help: 'Appends that others were faster than; the command is decided again, up to four times',
    registers,
  });
  const retries = new Counter({
    name: 'kams_retries_total',
    help: 'Tries after the first: of an append without an answer, of a command after a conflict, and of what stood still',
    labelNames: ['what'],
    registers,
  });
  const stops = [
    tell.commands.listen(({ contract, command, outcome }) => {
      // Others are of the engine's own: the keys that a command claims, the refusal of a reaction.
      const became = counts.get(contract)?.get(command)?.became;
      became?.set(outcome, (became.get(outcome) ?? 0) + 1);
    }),
    tell.appends.listen((it) => {
      batches.observe(it.events);
      seconds.observe(it.seconds);
    }),
    tell.conflicts.listen(() => conflicts.inc()),
    tell.retries.listen((what) => retries.inc({ what })),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

interface Count {
  readonly service: string;
  readonly command: string;
  readonly became: Map<tell.CommandOutcome, number>;
}

/** By contract and command. A counter of the library makes a text of its labels at each command, which took 2 to 5 µs. */
const countsOf = (services: readonly Service[]): ReadonlyMap<string, ReadonlyMap<string | undefined, Count>> =>
  new Map(
    services.flatMap(({ name: service, aggregates }) =>
      aggregates.map(({ contract: { name, commands } }) => {
        const all = [...Object.keys(commands), undefined];
        return [
          name,
          new Map(all.map((it) => [it, { service, command: `${name}.${it ?? 'none'}`, became: new Map() }])),
        ] as const;
      }),
    ),
  );
