// What to look at in the sample: requests that can be pasted into a shell.
import { accountContract } from '@kams/contracts/accounts/account';
import type { Runtime } from '@kams/platform';
import { ACCOUNTS, CORRECTIONS, SOLD } from './accounts';
import { accountId, formId, MODEL_ID } from './act';
import { daysAfter } from './calendar';
import { CORRECTED } from './forms';
import { CANCELLED } from './purchases';
import { APPROVED, DEMOTED } from './value';

/** What it shows, and its address. */
export type Stop = readonly [what: string, path: string];

const nameOf = (key: string): string => ACCOUNTS.find((it) => it.key === key)!.name;
const page = (key: string, more = ''): string => `/accounts/${accountId(key)}${more}`;

/** @param days of the year that was loaded */
export async function tourOf(days: readonly string[], runtime: Runtime): Promise<readonly Stop[]> {
  const late = CORRECTIONS[0]!;
  const dayInQuestion = daysAfter(days[late.workday]!, -30);
  const before = await beforeCorrection(late.key, runtime);
  return [
    ['who bought most, net of returns', '/rankings/value?limit=5'],
    [
      `the same, before ${nameOf(CANCELLED.key)} called its one large order off`,
      `/rankings/value?limit=5&asOf=${days[CANCELLED.workday]}`,
    ],
    [`why ${nameOf('balnibarbi')} is tier S: criteria, contributions, events`, page('balnibarbi')],
    [`${nameOf(APPROVED.key)}: C, then A after a merger, approved by another person`, page(APPROVED.key)],
    [`${nameOf(DEMOTED.key)}: A, then B after two quarters, then a key account no longer`, page(DEMOTED.key, '/history')],
    [`${nameOf(late.key)} on a day, by what is known now`, page(late.key, `/as-of?asOf=${dayInQuestion}`)],
    ['the same day, as it was known before a late report', page(late.key, `/as-of?asOf=${dayInQuestion}&knownAt=${before}`)],
    [`${nameOf(SOLD.child)} in its first group`, page(SOLD.child, `/hierarchy?asOf=${days[SOLD.workday - 1]}`)],
    ['and from the day of its sale on', page(SOLD.child, `/hierarchy?asOf=${days[SOLD.workday]}`)],
    [`who decides at ${nameOf('zixu')}, and where they stand`, `/contacts?accountId=${accountId('zixu')}`],
    ['a company by a part of its name, without its legal form', `/accounts?search=${encodeURIComponent('子虚动力')}`],
    ['the value model, both versions', `/scoring-models/${MODEL_ID}`],
    [`a visit report of ${nameOf(CORRECTED)}, and its correction`, `/accounts-forms/${formId(CORRECTED)}`],
  ];
}

/** The lines of a tour, to be pasted into a shell. */
export const shellLines = (url: string, data: string, stops: readonly Stop[]): readonly string[] => [
  `export KAMS_DATA=${data} KAMS=${url} && export AUTH="Authorization: Bearer $(npx kams token)"`,
  'look() { curl -sSH "$AUTH" "$KAMS$1"; echo; }',
  ...stops.flatMap(([what, path]) => [`# ${what}`, `look '${path}'`]),
];

/** An instant at which the store held the account, and the first correction of it not yet. */
async function beforeCorrection(key: string, { store }: Runtime): Promise<string | undefined> {
  const events = await store.read(`${accountContract.name}-${accountId(key)}`);
  const correction = events.findIndex((it) => it.type === 'AccountProfileUpdated');
  return events[correction - 1]?.recordedAt;
}
