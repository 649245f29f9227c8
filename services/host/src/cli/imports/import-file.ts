// One file that passed the gate, from its first row to its last answer.
import type { HostClient } from '../host-client';
import { AccountRows } from './account-rows';
import { Flaw, isFlaw } from './cells';
import { ContactRows } from './contact-rows';
import { rowsOf } from './csv-file';
import type { FileShape } from './file-gate';
import type { AccountsMapping, ContactsMapping, Mapping, OpportunitiesMapping } from './mapping';
import { OpportunityRows } from './opportunity-rows';
import { dryOutbox, hostOutbox, type MetAccounts, type Outbox, type Settle } from './outbox';
import { PurchaseRows } from './purchase-rows';
import type { Results, Settled } from './results';
import type { AccountCommand, RowCommand, RowReader, RowSink } from './row-command';

export interface CheckedFile {
  readonly path: string;
  /** In the order of the file. */
  readonly columns: readonly string[];
  readonly mapping: Mapping;
  readonly shape: FileShape;
}

export interface ImportRun {
  /** Absent in a dry run. */
  readonly host?: HostClient;
  readonly results: Results;
  readonly idempotencyKey: () => string;
  readonly met: MetAccounts;
  readonly onProgress: () => void;
}

export async function importFile(file: CheckedFile, run: ImportRun): Promise<void> {
  run.results.of(file.path);
  if (file.mapping.kind === 'accounts') return importAccounts(file, file.mapping, run);
  if (file.mapping.kind === 'contacts') return importContacts(file, file.mapping, run);
  if (file.mapping.kind === 'opportunities') return importOpportunities(file, file.mapping, run);
  const { results } = run;
  const outbox = outboxTo('/purchases/bulk', 'Record', run, (it, settled) => write(run, 'Record', it, settled));
  const sink = { command: outbox.add, reject: (line: number, flaw: Flaw) => results.settle([line], flaw) };
  await pass(file, new PurchaseRows(file.mapping, file.columns, sink), outbox, run);
}

/** A dry run as well writes outcomes only: what would be sent says something of persons, and the result file is in the clear. */
async function importContacts(file: CheckedFile, mapping: ContactsMapping, run: ImportRun): Promise<void> {
  const { results } = run;
  const outbox = outboxTo('/contacts/bulk', 'Import', run, ({ lines }, settled) => results.settle(lines, settled));
  const sink: RowSink<RowCommand> = { command: outbox.add, reject: (line, flaw) => results.settle([line], flaw) };
  await pass(file, new ContactRows(mapping, file.columns, sink), outbox, run);
}

async function importOpportunities(file: CheckedFile, mapping: OpportunitiesMapping, run: ImportRun): Promise<void> {
  const outbox = outboxTo<RowCommand>('/opportunities/bulk', 'Import', run, (it, settled) => write(run, 'Import', it, settled));
  const sink: RowSink<RowCommand> = { command: outbox.add, reject: (line, flaw) => run.results.settle([line], flaw) };
  await pass(file, new OpportunityRows(mapping, file.columns, sink), outbox, run);
}

/** Parents are accounts of the same file, so the links follow when all of them have their answer. */
async function importAccounts(file: CheckedFile, mapping: AccountsMapping, run: ImportRun): Promise<void> {
  const ids = new Map<string, string>();
  const children: { readonly account: AccountCommand; readonly settled: Exclude<Settled, Flaw> }[] = [];
  const settle = (account: AccountCommand, settled: Settled) => {
    if (mapping.parent && !isFlaw(settled)) ids.set(account.key, settled.id ?? '');
    if (isFlaw(settled) || account.parent === undefined) write(run, 'Import', account, settled);
    else children.push({ account, settled });
  };
  const outbox = outboxTo('/accounts/bulk', 'Import', run, settle);
  const sink: RowSink<AccountCommand> = { command: outbox.add, reject: (line, flaw) => run.results.settle([line], flaw) };
  await pass(file, new AccountRows(mapping, file.columns, sink), outbox, run);
  if (children.length > 0) await link(children, ids, mapping.parent!, run);
}

type Child = { readonly account: AccountCommand; readonly settled: Exclude<Settled, Flaw> };

async function link(
  children: readonly Child[],
  ids: ReadonlyMap<string, string>,
  { column, linkType, validFrom }: NonNullable<AccountsMapping['parent']>,
  run: ImportRun,
): Promise<void> {
  const unknown = new Flaw(
    'parent-unknown',
    `${column} names an account that has no row of its own in this file, or a rejected one`,
  );
  const outbox = outboxTo<RowCommand & Child>('/hierarchy/bulk', 'Link', run, ({ account, settled }, linked) => {
    const moved = !isFlaw(linked) && linked.outcome !== 'skipped' && settled.outcome === 'skipped';
    const both = isFlaw(linked) ? linked : moved ? { ...settled, outcome: 'updated' as const } : settled;
    write(run, 'Import', account, both, { ...(isFlaw(linked) && { id: settled.id }) });
  });
  for (const { account, settled } of children) {
    const parentId = ids.get(account.parent!);
    if (parentId === undefined) write(run, 'Import', account, unknown, { id: settled.id });
    else outbox.add({ account, settled, lines: account.lines, data: { accountId: settled.id, parentId, linkType, validFrom } });
    await outbox.room();
  }
  await outbox.drain();
}

async function pass(file: CheckedFile, reader: RowReader, outbox: Outbox<never>, { onProgress }: ImportRun): Promise<void> {
  let rows = 0;
  for await (const row of rowsOf(file.path, file.mapping.dialect.delimiter, file.shape)) {
    reader.take(row);
    if (++rows % PAUSE_ROWS === 0) {
      await outbox.room();
      onProgress();
    }
  }
  reader.end();
  await outbox.drain();
  onProgress();
}

/** So often it is looked whether requests wait; a request has about 10,000 rows of the invoice file. */
const PAUSE_ROWS = 256;

const outboxTo = <C extends RowCommand>(
  path: string,
  type: string,
  { host, idempotencyKey, met }: ImportRun,
  settle: Settle<C>,
): Outbox<C> => (host ? hostOutbox<C>({ host, path, type, settle, idempotencyKey, met }) : dryOutbox(settle));

function write(run: ImportRun, type: string, command: RowCommand, settled: Settled, more: object = {}): void {
  if (isFlaw(settled) || settled.outcome !== 'valid') return run.results.settle(command.lines, settled, more);
  const { parent } = command as Partial<AccountCommand>;
  run.results.wouldSend(command.lines, { command: type, data: command.data, ...(parent !== undefined && { parent }) });
}
