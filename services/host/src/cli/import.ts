// kams import: rows of CSV files become commands, and every row has an outcome.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { hostUrl, readCliConfig, tokensOf, type Identity } from './connection';
import { HostClient } from './host-client';
import { byHeader, byMapping, shippedMappings } from './imports/choose-mapping';
import { checkFile, headerOf } from './imports/file-gate';
import { importFile, type CheckedFile } from './imports/import-file';
import { readMapping, summaryOf, type Kind } from './imports/mapping';
import { Results } from './imports/results';
import type { Terminal } from './terminal';

export interface ImportOptions {
  readonly mapping?: string;
  readonly dryRun?: boolean;
  readonly result?: string;
}

export const IMPORT_HELP = `
Each file is checked as a whole before anything is sent: UTF-8, the line ends and the delimiter of its mapping, quotes, at most
1,000,000 rows and 1 GB. After that one bad row stops no other. The result file has a line for every row: its outcome (created,
updated, skipped because it is known, rejected) with the id, or the code and reason of the rejection. An import that was stopped
is run again: what is there already is skipped.

With --dry-run nothing is asked of the host: a row is "valid" when it fits the contract, and the result file has what would be
sent. Whether it would be created or skipped, only the host knows. Of contacts nothing personal is written, here and elsewhere:
the result file says which rows are valid, and which columns of the others are wrong.

Without --mapping a shipped mapping is taken when the columns of the file are exactly its own (crm-accounts,
crm-contacts, crm-opportunities, retail-purchases).
To write one, begin with a shipped one, in services/host/src/cli/mappings. A row is rejected when a cell does not fit what its
mapping declares; nothing is guessed.

The exit code is 0 when every row has its outcome, also a rejection; 1 when the import could not be done.`;

export async function importFiles(
  terminal: Terminal,
  kind: Kind,
  paths: readonly string[],
  options: ImportOptions,
  identity: Identity,
): Promise<void> {
  const { env, signal } = terminal.streams;
  const config = readCliConfig(env);
  const files = await checked(terminal, kind, paths, options.mapping);
  const total = files.reduce((rows, it) => rows + it.shape.rows, 0);

  const host = options.dryRun
    ? undefined
    : new HostClient({
        url: hostUrl(env, config),
        tokens: tokensOf(config, identity),
        signal,
        patienceMs: PATIENCE_MS,
        onWait: (why) => terminal.note(`${why} Trying again.`),
      });
  await host?.get('/health/live');

  const name = `${new Date().toISOString().replace(/[:.]/g, '-')}-${kind}.ndjson`;
  const results = new Results(options.result ?? join(config.data, 'imports', name));
  const began = performance.now();
  const bar = terminal.bar(kind, total, 'rows');
  try {
    const run = randomBytes(9).toString('base64url');
    let keys = 0;
    const met = new Map();
    for (const file of files) {
      const onProgress = () => {
        signal.throwIfAborted();
        bar.reach(results.rows);
      };
      await importFile(file, { host, results, met, onProgress, idempotencyKey: () => `${run}.${++keys}` });
    }
  } catch (error) {
    terminal.note(`${results.rows} of ${total} rows have an outcome, in ${results.path}. Run the same command again to go on.`);
    throw error;
  } finally {
    bar.end();
    results.close();
  }
  report(terminal, kind, results, (performance.now() - began) / 1000, options.dryRun ?? false);
}

/** A host that restarts is back long before. */
const PATIENCE_MS = 5 * 60_000;

/** All files, before the first row of any is sent. */
async function checked(
  terminal: Terminal,
  kind: Kind,
  paths: readonly string[],
  mappingFile: string | undefined,
): Promise<CheckedFile[]> {
  const named = mappingFile === undefined ? undefined : await readMapping(mappingFile);
  const shipped = named ? [] : await shippedMappings();
  const files: CheckedFile[] = [];
  for (const path of paths) {
    const header = await headerOf(path);
    const { mapping, columns } = named ? byMapping(path, header, named, kind) : byHeader(path, header, shipped, kind);
    if (!files.some((it) => it.mapping.name === mapping.name)) for (const line of summaryOf(mapping)) terminal.note(line);
    const group =
      mapping.kind === 'purchases' ? { ...mapping.rowsOf, column: columns.indexOf(mapping.rowsOf.column) } : undefined;
    files.push({ path, columns, mapping, shape: await checkFile(path, mapping, group) });
  }
  return files;
}

function report(
  terminal: Terminal,
  kind: Kind,
  { counts, rejections, rows, path }: Results,
  seconds: number,
  dry: boolean,
): void {
  const { created, updated, skipped, rejected, valid } = counts;
  const rounded = Math.round(seconds * 1000) / 1000;
  if (terminal.json) {
    const outcomes = dry ? { dryRun: true, valid, skipped, rejected } : { created, updated, skipped, rejected };
    const rejectedBy = Object.fromEntries([...rejections].map(([code, it]) => [code, it.rows]));
    terminal.print(JSON.stringify({ kind, rows, ...outcomes, rejectedBy, seconds: rounded, result: path }));
    return;
  }
  const outcomes = dry ? `${valid} valid, ` : `${created} created, ${updated} updated, `;
  const speed = Math.round(rows / Math.max(0.001, seconds));
  terminal.print(`${rows} rows: ${outcomes}${skipped} skipped, ${rejected} rejected (${rounded} s, ${speed} rows/s)`);
  const most = [...rejections].sort(([, a], [, b]) => b.rows - a.rows);
  for (const [code, it] of most) terminal.print(`  ${it.rows} rejected: ${code}, the first because ${it.reason}`);
  terminal.print(`${dry && kind !== 'contacts' ? 'what would be sent' : 'every row'}: ${path}`);
}
