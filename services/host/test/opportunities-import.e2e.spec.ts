// The opportunities of a CRM against the product as it is started: every row has its outcome, and what is shown of them is what a
// direct count of the file says.
import { dataFolder, freePort, removeFolder, startHost, type TestHost } from '@kams/testing';
import { parse } from 'csv-parse/sync';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const crm = join(__dirname, '../../../../shared/datasets/crm');
const file = join(crm, 'sales_pipeline.csv');

type Name = 'opportunity_id' | 'product' | 'account' | 'deal_stage' | 'engage_date' | 'close_date' | 'close_value';
type Row = Readonly<Record<Name, string>>;

// The table is not part of the product; where it is absent the tests with the small host have to do.
const onData = existsSync(file) ? describe : describe.skip;
if (!existsSync(file)) process.stdout.write(`skipped: there is no ${file}\n`);

onData('the opportunities of the 85 companies', () => {
  let host: TestHost;
  let data: string;
  let rows: readonly Row[];
  let token: string;
  beforeAll(async () => {
    data = await dataFolder();
    host = await startHost({ KAMS_DATA: data, KAMS_PORT: String(await freePort()) });
    // The last line but one ends another way than the others.
    rows = parse<Row>((await readFile(file, 'utf8')).replaceAll('\r\n', '\n'), { columns: true });
    token = (await host.kams('token')).stdout.trim();
    await imported('accounts', join(crm, 'accounts.csv'));
  }, 60_000);
  afterAll(async () => {
    await host?.end();
    await removeFolder(data);
  });

  const result = () => join(data, 'result.ndjson');
  async function imported(kind: string, path: string, ...more: string[]): Promise<Record<string, unknown>> {
    const { code, stdout, stderr } = await host.kams('import', kind, path, '--json', '--result', result(), ...more);
    expect([code, stderr]).toEqual([0, '']);
    return JSON.parse(stdout) as Record<string, unknown>;
  }
  const outcomes = async () =>
    (await readFile(result(), 'utf8'))
      .trim()
      .split('\n')
      .map((it) => JSON.parse(it) as { line: number; outcome: string; code?: string; reason?: string });
  const headers = () => ({ authorization: `Bearer ${token}` });
  async function head(): Promise<string> {
    const answer = await fetch(`${host.url}/operations/status`, { headers: headers() });
    return ((await answer.json()) as { head: string }).head;
  }
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a test looks into whatever came
  async function get(path: string): Promise<any> {
    const after = `${path.includes('?') ? '&' : '?'}after=${await head()}`;
    const answer = await fetch(`${host.url}${path}${after}`, { headers: headers() });
    expect([path, answer.status]).toEqual([path, 200]);
    return answer.json();
  }
  const atAnAccount = () => rows.filter((it) => it.account !== '' && it.account !== 'Teste');
  const ended = (as: string) => atAnAccount().filter((it) => it.deal_stage === as);

  test('8,800 and a junk row: each goes in, or is rejected with its reason', async () => {
    const first = await imported('opportunities', file);
    expect(first).toMatchObject({
      ...{ kind: 'opportunities', rows: 8_801, created: 7_375, updated: 0, skipped: 0, rejected: 1_426 },
      rejectedBy: { 'cell-empty': 1_425, 'unknown-account': 1 },
    });
    const said = await outcomes();
    expect(new Set(said.map(({ line }) => line)).size).toBe(8_801);
    const rejected = said.filter(({ outcome }) => outcome === 'rejected');
    expect(rejected.map(({ line }) => line).toSorted((a, b) => a - b)).toEqual(
      rows.flatMap(({ account }, i) => (account === '' || account === 'Teste' ? [i + 2] : [])),
    );
    const reasons = new Map(rejected.map(({ code, reason }) => [code, reason]));
    expect(reasons.get('cell-empty')).toBe('account is empty; an opportunity needs its account');
    expect(reasons.get('unknown-account')).toMatch(/^There is no account/);

    const before = await head();
    const second = await imported('opportunities', file);
    expect(second).toMatchObject({ created: 0, updated: 0, skipped: 7_375, rejected: 1_426 });
    expect(await head()).toBe(before);
    process.stdout.write(`opportunities: 7,375 created in ${first['seconds']} s, 7,375 skipped in ${second['seconds']} s\n`);
  }, 120_000);

  test('what was won each month is what the file says', async () => {
    const months = new Map<string, { count: number; minor: number }>();
    for (const { close_date, close_value } of rows.filter((it) => it.deal_stage === 'Won')) {
      const month = months.get(close_date.slice(0, 7)) ?? { count: 0, minor: 0 };
      months.set(close_date.slice(0, 7), { count: month.count + 1, minor: month.minor + Number(close_value) * 100 });
    }
    const { items } = await get('/funnel/won');
    expect(items).toEqual(
      [...months]
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([month, { count, minor }]) => ({ month, count, amount: { minor, currency: 'USD' } })),
    );
    // The series that the forecasts of the book are tried on.
    expect(items.map((it: { amount: { minor: number } }) => it.amount.minor / 100)).toEqual([
      ...[1134672, 721932, 1025713, 1338466, 696932, 1050059, 1235264, 731980, 938943, 1131573],
    ]);
  });

  test('the funnel, the win rates and the velocity are those of the file', async () => {
    const counted = (as: string) => ended(as).length;
    const { items } = await get('/funnel');
    expect(items.map(({ stage, currency, count }: Record<string, unknown>) => [stage, currency, count])).toEqual([
      ['prospecting', null, counted('Prospecting')],
      ['engaging', null, counted('Engaging')],
    ]);
    const [won, lost] = [counted('Won'), counted('Lost')];
    expect([won, lost]).toEqual([4_238, 2_473]);
    expect((await get('/funnel/win-rates')).items).toEqual([
      { stage: 'engaging', product: null, tier: null, won, lost, probability: '0.631461' },
    ]);
    const byProduct = (await get('/funnel/win-rates?by=stage,product')).items;
    const mended = (it: Row) => it.product.replace('GTXPro', 'GTX Pro');
    const of = (as: string, product: unknown) => ended(as).filter((it) => mended(it) === product).length;
    expect(byProduct).toHaveLength(7);
    for (const { product, ...rate } of byProduct)
      expect([product, rate.won, rate.lost]).toEqual([product, of('Won', product), of('Lost', product)]);

    const days = ended('Won').map((it) => (Date.parse(it.close_date) - Date.parse(it.engage_date)) / 86_400_000);
    const cycle = days.reduce((sum, it) => sum + it, 0) / won;
    const value = ended('Won').reduce((sum, it) => sum + Number(it.close_value) * 100, 0);
    const open = counted('Prospecting') + counted('Engaging');
    const speed = await get('/funnel/velocity');
    expect(speed).toMatchObject({ currency: 'USD', open, won, lost, winRate: (won / (won + lost)).toFixed(6) });
    expect(Number(speed.cycleDays)).toBeCloseTo(cycle, 5);
    expect(speed.velocity.minor).toBe(Math.round((open * (won / (won + lost)) * (value / won)) / cycle));
  });

  test('one that was won since is an update, and its history says what it was', async () => {
    const line = rows.find((it) => it.deal_stage === 'Engaging' && it.account !== '' && it.account !== 'Teste')!;
    const path = join(data, 'later.csv');
    const columns = (await readFile(file, 'utf8')).split(/\r?\n/)[0]!;
    const later = { ...line, deal_stage: 'Won', close_date: '2018-01-02', close_value: '777' };
    await writeFile(path, `${columns}\n${Object.values(later).join(',')}\n`);
    expect(await imported('opportunities', path)).toMatchObject({ rows: 1, created: 0, updated: 1 });
    const { items } = await get('/funnel/won?from=2018-01-01');
    expect(items).toEqual([{ month: '2018-01', count: 1, amount: { minor: 77_700, currency: 'USD' } }]);
  });

  test('a dry run asks nothing of the host: the row of an account that only the host does not know is valid', async () => {
    const before = await head();
    expect(await imported('opportunities', file, '--dry-run')).toMatchObject({ dryRun: true, valid: 7_376, rejected: 1_425 });
    expect(await head()).toBe(before);
  });
});
