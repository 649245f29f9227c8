// The search of a tenant with 100,000 accounts, among others with 50,000.
import type { Occurrence } from '@kams/eventing';
import { searchName } from '@kams/methods/names';
import { createTable } from '@kams/platform/read-model/ddl';
import { createSearched } from '@kams/platform/read-model/tenants';
import { startTestServices, type TestServices } from '@kams/testing';
import { accountsService } from '../src/accounts.module';
import { accounts, accountTable } from '../src/projections/accounts';
import { companyNames, MISSPELT, type CompanyName } from './company-names';

const ACCOUNTS = 100_000;
const sought = [...new Set(MISSPELT.map(([, meant]) => meant))].map((name) => ({ name }));
const names: readonly CompanyName[] = [...companyNames(ACCOUNTS - sought.length), ...sought];

let kams: TestServices;
beforeAll(async () => {
  kams = await startTestServices([accountsService]);
  const others = companyNames(50_000, 2);
  const started = performance.now();
  await fill([
    ...names.map((it, i) => rowOf('acme', it, i)),
    ...others.map((it, i) => rowOf(`other-${i % 20}`, it, ACCOUNTS + i)),
  ]);
  console.log(`filled 150,000 rows in ${((performance.now() - started) / 1_000).toFixed(1)} s`);
}, 120_000);
afterAll(() => kams?.stop());

/** The row that the projection makes of a registration. */
function rowOf(tenantId: string, name: CompanyName, i: number): object {
  const id = `00000000-0000-7000-8000-${String(i).padStart(12, '0')}`;
  const at = '2026-01-01T00:00:00.000000Z';
  const event: Occurrence = {
    type: 'AccountRegistered',
    data: { accountId: id, externalIds: [], source: 'form', sector: 'manufacturing', country: 'CN', employees: i, ...name },
    eventId: id,
    schema: 1,
    category: 'account',
    id,
    revision: 0,
    position: String(i) as Occurrence['position'],
    tenantId,
    actor: 'user-1',
    occurredAt: at,
    recordedAt: at,
  };
  return accounts.apply([], event)[0]!;
}

/** Into a table as the read model makes it, its indexes made afterwards: with them there it takes five times as long. */
async function fill(rows: readonly object[]): Promise<void> {
  const [table, ...more] = createTable('accounts', accountTable.name, accountTable, 'filled');
  await kams.sql('drop table accounts.account cascade');
  await kams.sql(table!);
  for (let i = 0; i < rows.length; i += 5_000)
    await kams.sql('insert into accounts.account select * from json_populate_recordset(null::accounts.account, $1)', [
      JSON.stringify(rows.slice(i, i + 5_000)),
    ]);
  for (const it of [...more, ...createSearched('accounts', accountTable.name, accountTable)]) await kams.sql(it);
  await kams.sql('vacuum analyze accounts.account');
}

const search = async (part: string, more = ''): Promise<string[]> =>
  (await kams.ask(`/accounts?search=${encodeURIComponent(part)}${more}`)).body.items.map((it: CompanyName) => it.name);

/** `count` parts of `length` letters, of as many different names, from the second letter on. */
function parts(count: number, length: number, letters: RegExp): string[] {
  const found = new Set<string>();
  for (let i = 0; found.size < count && i < names.length; i += 37) {
    const { name, nameZh = name } = names[(i * 7) % names.length]!;
    const [run] = letters.exec(letters.source.includes('Han') ? nameZh : name) ?? [''];
    if ([...run].length > length) found.add([...run].slice(1, 1 + length).join(''));
  }
  return [...found];
}
const HAN = /\p{Script=Han}+/u;
const LATIN = /[A-Za-z]+/;

const asked: Readonly<Record<string, readonly string[]>> = {
  '1 Chinese character': parts(30, 1, HAN),
  '2 Chinese characters': parts(150, 2, HAN),
  '4 Chinese characters': parts(50, 4, HAN),
  'held by many': ['科技', '上海', '贸易', 'technologies', 'holding', 'an'],
  'held by none': ['龢園', 'qz', 'qzx', '3m'],
  '2 Latin letters': parts(50, 2, LATIN),
  '3 Latin letters': parts(50, 3, LATIN),
  '5 Latin letters': parts(50, 5, LATIN),
  misspelt: MISSPELT.map(([written]) => written),
};

test('a part of a name is found in less than 50 ms', async () => {
  const at = (times: readonly number[], q: number) => times.toSorted((a, b) => a - b)[Math.ceil(times.length * q) - 1]!;
  const all: number[] = [];
  const lines: string[] = [];
  await search('warm');
  for (const [kind, queries] of Object.entries(asked)) {
    const times: number[] = [];
    for (const part of queries) {
      const started = performance.now();
      await search(part);
      times.push(performance.now() - started);
    }
    all.push(...times);
    lines.push(`${kind}: ${queries.length} asked, p50 ${at(times, 0.5).toFixed(1)} ms, slowest ${at(times, 1).toFixed(1)} ms`);
  }
  lines.push(`all: ${all.length} asked, p50 ${at(all, 0.5).toFixed(1)} ms, p99 ${at(all, 0.99).toFixed(1)} ms`);
  console.log(lines.join('\n'));
  // Others share the machine of a test: the median is promised here, the 99th percentile is printed.
  expect(at(all, 0.5)).toBeLessThan(50);
}, 120_000);

test.each(['华为', '上海', '华', 'rd', 'ord'])('%s is looked up in an index, of the tenant and of the letters', async (part) => {
  const { queries } = kams.runtime.readDatabase;
  const rows = jest.spyOn(queries, 'rows');
  await search(part);
  const [, sql, values] = rows.mock.calls.find(([, it]) => it.includes('search like'))!;
  rows.mockRestore();
  // As the query itself is planned: in the role of queries, for its tenant.
  const plan = await queries.rows<{ 'QUERY PLAN': string }>('acme', `explain ${sql}`, values);
  const text = plan.map((it) => it['QUERY PLAN']).join('\n');
  expect(text).toMatch(
    /Bitmap Index Scan on account_filled_3 .*\n\s+Index Cond: \(\(tenant_id = 'acme'::text COLLATE "C"\) AND \(search ~~/,
  );
});

test('what a search finds is what holds the part, and nothing else', async () => {
  const comparable = names.map(({ name, nameZh }) => ({ name, parts: [name, nameZh ?? ''].map(searchName).join('\n') }));
  for (const part of [...asked['2 Chinese characters']!.slice(0, 20), ...asked['2 Latin letters']!.slice(0, 5), '科技', '华']) {
    const holding = comparable.filter((it) => it.parts.includes(searchName(part)));
    expect(await search(part, '&limit=200')).toEqual(
      holding
        .map((it) => it.name)
        .sort()
        .slice(0, 200),
    );
  }
});

test('of 50 misspelt names 45 are on the first page, and 40 among its first ten', async () => {
  const places = new Map<string, number>();
  for (const [written, meant] of MISSPELT) places.set(written, (await search(written)).indexOf(meant));
  const missed = [...places].filter(([, place]) => place === -1).map(([written]) => written);
  const late = [...places].filter(([, place]) => place >= 10).map(([written]) => written);
  console.log(`not found: ${missed.join(', ')}; not among the first ten: ${late.join(', ')}`);
  expect(MISSPELT).toHaveLength(50);
  expect(missed.length).toBeLessThanOrEqual(5);
  expect(missed.length + late.length).toBeLessThanOrEqual(10);
});

test.each(['name', '-name'])('what is near comes after all that holds the part, page by page by %s, each once', async (sort) => {
  const part = 'velber';
  const whole = (await kams.ask(`/accounts?search=${part}&sort=${sort}&limit=200`)).body.items.map((it: { id: string }) => it.id);
  const seen: string[] = [];
  let cursor = '';
  while (seen.length < 200) {
    const page = (await kams.ask(`/accounts?search=${part}&sort=${sort}&limit=7${cursor && `&cursor=${cursor}`}`)).body;
    seen.push(...page.items.map((it: { id: string }) => it.id));
    if (page.next === null) break;
    cursor = page.next;
  }
  expect(new Set(seen).size).toBe(seen.length);
  expect(seen.slice(0, 200)).toEqual(whole);
  const items = (await kams.ask(`/accounts?search=${part}&sort=${sort}&limit=200`)).body.items as CompanyName[];
  const holds = items.map((it) => it.name.toLowerCase().includes(part));
  const exact = holds.filter(Boolean).length;
  expect(exact).toBeGreaterThan(1);
  expect(exact).toBeLessThan(items.length);
  expect(holds.lastIndexOf(true)).toBe(exact - 1);
});
