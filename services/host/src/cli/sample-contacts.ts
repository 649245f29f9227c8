// kams sample contacts: a file of people who do not exist, to try the import with.
import { CONTACT_COLUMNS, peopleOf, type Employer } from '../sample/people';
import { Failure } from './failure';
import { AccountRows } from './imports/account-rows';
import { byMapping, shippedMappings } from './imports/choose-mapping';
import { rowsOf } from './imports/csv-file';
import { checkFile, headerOf } from './imports/file-gate';
import type { AccountsMapping } from './imports/mapping';
import type { Terminal } from './terminal';

export interface SampleContactsOptions {
  readonly accounts: string;
  readonly count: number;
  readonly seed: number;
}

/** @throws Failure when the accounts are not a file that `kams import accounts` takes without a mapping of one's own */
export async function sampleContacts(terminal: Terminal, { accounts, count, seed }: SampleContactsOptions): Promise<void> {
  const employers = await employersIn(accounts);
  terminal.print(CONTACT_COLUMNS.join(','));
  for (const person of peopleOf(employers, count, seed)) {
    terminal.print(CONTACT_COLUMNS.map((it) => cellOf(person[it])).join(','));
  }
}

async function employersIn(path: string): Promise<readonly Employer[]> {
  const crm = (await shippedMappings()).find((it): it is AccountsMapping => it.kind === 'accounts')!;
  const { columns } = byMapping(path, await headerOf(path), crm, 'accounts');
  const employers: Employer[] = [];
  const reader = new AccountRows(crm, columns, {
    command: ({ key, data }) => employers.push({ key, country: (data as { profile: { country?: string } }).profile.country }),
    reject: () => undefined,
  });
  const shape = await checkFile(path, crm);
  for await (const row of rowsOf(path, crm.dialect.delimiter, shape)) reader.take(row);
  if (employers.length === 0)
    throw new Failure(`${path} has no account that can be imported: kams import accounts --dry-run says why.`);
  return employers;
}

const cellOf = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
