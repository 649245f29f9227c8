// Measures, and prints tables: `npm run bench -- append --seconds 3 --json append.json`.
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeEmbeddedPostgres, startEmbeddedPostgres } from '@kams/platform/embedded-postgres/embedded-postgres';
import { Argument, Command, InvalidArgumentError } from 'commander';
import { append } from './append/append';
import { command } from './command/command';
import { bulkImport } from './import/import';
import { kafka } from './kafka/kafka';
import { projection } from './projection/projection';
import { described, hint, load, machine, printed, type Table } from './report';
import type { Measurement } from './setting';
import { whatIf } from './what-if/what-if';

const MEASUREMENTS: Readonly<Record<string, Measurement>> = {
  append,
  command,
  projection,
  import: bulkImport,
  kafka,
  'what-if': whatIf,
};

interface Options {
  readonly seconds: number;
  readonly rounds: number;
  readonly json?: string;
}

const positive = (text: string): number => {
  const number = Number(text);
  if (!(number > 0)) throw new InvalidArgumentError('give a number above zero');
  return number;
};

async function bench(names: readonly string[], { seconds, rounds, json }: Options): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'kams-bench-'));
  const postgres = await startEmbeddedPostgres({ folder, password: 'bench' });
  const stop = () => postgres.stop().finally(() => removeEmbeddedPostgres(folder));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop().finally(() => process.exit(1)));
  try {
    const on = machine(`PostgreSQL ${postgres.version}, embedded, fsync on`);
    const started = load();
    console.log(described(on));
    console.log(`${rounds} rounds of ${seconds} s, interleaved. Load average before: ${started}${hint(on)}\n`);
    const tables: Table[] = [];
    for (const name of names.length > 0 ? names : Object.keys(MEASUREMENTS)) {
      const progress = (line: string) => process.stderr.write(`${line}\n`);
      const its = await MEASUREMENTS[name]!.measure({ postgres, ms: seconds * 1_000, rounds, progress });
      for (const table of its) console.log(`${printed(table)}\n`);
      tables.push(...its);
    }
    console.log(`load average after: ${load()}`);
    if (json)
      await writeFile(json, JSON.stringify({ machine: on, seconds, rounds, load: { before: started, after: load() }, tables }));
  } finally {
    await stop();
  }
}

const about = Object.entries(MEASUREMENTS).map(([name, it]) => `  ${name.padEnd(12)}${it.about}`);

void new Command('npm run bench --')
  .description(`Measures on this machine.\n\n${about.join('\n')}`)
  .addArgument(new Argument('[what...]', 'only these').choices(Object.keys(MEASUREMENTS)))
  .option('--seconds <n>', 'of each run', positive, 1.5)
  .option('--rounds <n>', 'of which the medians are shown', positive, 3)
  .option('--json <file>', 'writes the tables there too')
  .action(bench)
  .parseAsync();
