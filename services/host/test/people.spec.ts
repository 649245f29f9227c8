// Made-up people: the same for the same seed, plausible, out of reach of any real person, and fit for the import.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { shippedMappings } from '../src/cli/imports/choose-mapping';
import { ContactRows } from '../src/cli/imports/contact-rows';
import type { ContactsMapping } from '../src/cli/imports/mapping';
import { CONTACT_COLUMNS, peopleOf } from '../src/sample/people';
import { runKams } from './run-kams';

const EMPLOYERS = [{ key: 'Acme, Inc.', country: 'United States' }, { key: '子虚物流', country: '中国' }, { key: 'Gekko & Co' }];
const people = [...peopleOf(EMPLOYERS, 500, 1)];

test('the same seed gives the same people, more of them begin alike, and another seed gives others', () => {
  expect([...peopleOf(EMPLOYERS, 500, 1)]).toEqual(people);
  expect([...peopleOf(EMPLOYERS, 600, 1)].slice(0, 500)).toEqual(people);
  expect([...peopleOf(EMPLOYERS, 500, 2)].map((it) => it.name)).not.toEqual(people.map((it) => it.name));
});

test('every account has people, and only those of China have none with a Latin name', () => {
  const isChinese = ({ name }: { name: string }) => /^\p{Script=Han}{2,4}$/u.test(name);
  for (const { key } of EMPLOYERS) {
    const own = people.filter((it) => it.account === key);
    const share = own.filter(isChinese).length / own.length;
    expect(own.length).toBeGreaterThan(100);
    if (key === '子虚物流') expect(share).toBe(1);
    else expect([share > 0.25, share < 0.55]).toEqual([true, true]);
  }
});

test('some are known well and some hardly: no two have one address, and nobody real has it or the number', () => {
  const filled = (column: (typeof CONTACT_COLUMNS)[number]) => people.map((it) => it[column]).filter((it) => it !== '');
  expect(filled('job_title')).toHaveLength(500);
  for (const [column, share] of [
    ['email', 0.92],
    ['phone', 0.88],
    ['birthday', 0.35],
    ['interests', 0.4],
    ['notes', 0.12],
  ] as const)
    expect(Math.abs(filled(column).length / 500 - share)).toBeLessThan(0.08);
  const addresses = filled('email');
  expect(new Set(addresses).size).toBe(addresses.length);
  for (const it of addresses) expect(it).toMatch(/^[a-z-]+\.[a-z-]+\d*@[a-z0-9-]+\.example$/);
  for (const it of filled('phone')) expect(it).toMatch(/^\+(8612\d{9}|1[2-9]\d{2}55501\d{2}|447700900\d{3})$/);
});

test('all of them fit the shipped mapping and the contract', async () => {
  const mapping = (await shippedMappings()).find((it): it is ContactsMapping => it.kind === 'contacts')!;
  expect(CONTACT_COLUMNS).toEqual(mapping.columns);
  const [commands, flaws]: [object[], object[]] = [[], []];
  const sink = { command: (it: object) => commands.push(it), reject: (_: number, flaw: object) => flaws.push(flaw) };
  const reader = new ContactRows(mapping, mapping.columns, sink);
  people.forEach((it, i) => reader.take({ cells: CONTACT_COLUMNS.map((column) => it[column]), line: i + 2 }));
  expect(flaws).toEqual([]);
  expect(commands).toHaveLength(500);
});

describe('kams sample contacts', () => {
  let folder: string;
  beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'kams-people-'))));
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const CRM = 'account,sector,year_established,revenue,employees,office_location,subsidiary_of';
  async function sample(lines: readonly string[], ...more: string[]) {
    const path = join(folder, 'accounts.csv');
    await writeFile(path, lines.map((it) => `${it}\n`).join(''));
    return runKams(['sample', 'contacts', '--accounts', path, ...more], {});
  }
  const file = [CRM, '"Acme, Inc.",retail,1993,1,1,Italy,', 'Broken,retail,199x,1,1,Italy,', 'Bluth,retail,1993,1,1,China,'];

  test('prints a file that the import takes, the same bytes each time, at the accounts that can be imported', async () => {
    const first = await sample(file, '--count', '40', '--seed', '3');
    expect(first).toMatchObject({ code: 0, err: '' });
    expect((await sample(file, '--count', '40', '--seed', '3')).out).toBe(first.out);
    expect(first.out).not.toContain('Broken');
    const path = join(folder, 'contacts.csv');
    await writeFile(path, first.out);
    const args = ['import', 'contacts', path, '--dry-run', '--json', '--result', join(folder, 'result.ndjson')];
    expect(JSON.parse((await runKams(args, {})).out)).toMatchObject({ rows: 40, valid: 40, rejected: 0 });
  });

  test('makes 500 when it is not told how many', async () =>
    expect((await sample(file)).out.trimEnd().split('\n')).toHaveLength(501));

  test('says what to do when the accounts are no such file, and is a wrong call with a count that is none', async () => {
    expect(await sample(['name,city', 'Acme,Rome'])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/"account" is missing/),
    });
    expect(await sample([CRM, file[2]!])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/no account .* --dry-run says why/),
    });
    for (const count of ['0', '1.5', '-1', '1e3', '100001']) expect((await sample(file, '--count', count)).code).toBe(2);
  });
});
