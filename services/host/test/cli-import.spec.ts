import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answer, FakeHost } from './fake-host';
import { runKams, type Ran } from './run-kams';

const RETAIL = 'InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country';
const CRM = 'account,sector,year_established,revenue,employees,office_location,subsidiary_of';
const CONTACTS = 'contact_id,account,name,email,phone,job_title,birthday,interests,notes';
const line = (invoice: string, customer = '17850.0', country = 'France') =>
  `${invoice},85123A,LANTERN,6,2010-12-01 08:26:00,2.55,${customer},${country}`;

let host: FakeHost;
let folder: string;
beforeEach(async () => {
  host = new FakeHost();
  await host.start();
  folder = await mkdtemp(join(tmpdir(), 'kams-import-'));
});
afterEach(async () => {
  await host.stop();
  await rm(folder, { recursive: true, force: true });
});

const env = (): NodeJS.ProcessEnv => ({ KAMS_URL: host.url, KAMS_TOKEN: 'a-token', KAMS_DATA: join(folder, 'data') });

interface Row {
  readonly file: string;
  readonly line: number;
  readonly outcome: string;
  readonly id?: string;
  readonly code?: string;
  readonly reason?: string;
}

async function imported(
  kind: string,
  lines: readonly string[],
  ...more: string[]
): Promise<{ ran: Ran; rows: Row[]; sum: Record<string, unknown> }> {
  const [path, result] = [join(folder, 'f.csv'), join(folder, 'result.ndjson')];
  await writeFile(path, lines.map((it) => `${it}\n`).join(''));
  const ran = await runKams(['import', kind, path, '--json', '--result', result, ...more], env());
  const text = ran.code === 0 ? await readFile(result, 'utf8') : '';
  const rows = text
    .split('\n')
    .filter(Boolean)
    .map((it) => JSON.parse(it) as Row)
    .sort((a, b) => a.line - b.line);
  return { ran, rows, sum: ran.code === 0 ? (JSON.parse(ran.out) as Record<string, unknown>) : {} };
}
const outcomes = (rows: readonly Row[]) => rows.map((it) => it.outcome);

describe('purchases', () => {
  test('every row has its outcome, the counts sum to the rows, and the account goes before its purchases', async () => {
    const file = [RETAIL, line('1'), line('1'), line('2', ''), line('3', '12347.0'), line('C4')];
    const { rows, sum } = await imported('purchases', file);
    expect(sum).toMatchObject({ kind: 'purchases', rows: 5, created: 4, updated: 0, skipped: 0, rejected: 1 });
    expect(rows).toEqual([
      { file: 'f.csv', line: 2, outcome: 'created', id: 'id of purchase 1' },
      { file: 'f.csv', line: 3, outcome: 'created', id: 'id of purchase 1' },
      {
        file: 'f.csv',
        line: 4,
        outcome: 'rejected',
        code: 'cell-empty',
        reason: 'CustomerID is empty; a purchase needs its customer',
      },
      { file: 'f.csv', line: 5, outcome: 'created', id: 'id of purchase 3' },
      { file: 'f.csv', line: 6, outcome: 'created', id: 'id of purchase C4' },
    ]);
    expect(host.requests).toEqual(['GET /health/live', 'POST /accounts/bulk', 'POST /purchases/bulk']);
    expect(host.said.filter((it) => it.command === 'Register')).toHaveLength(2);
  });

  test('run again they are skipped, and an account that has got another name keeps it', async () => {
    const file = [RETAIL, line('1'), line('2')];
    await imported('purchases', file);
    const { sum } = await imported('purchases', [RETAIL, line('1', '17850.0', 'Spain'), line('2')]);
    expect(sum).toMatchObject({ rows: 2, created: 0, skipped: 2, rejected: 0 });
    expect(host.said.filter((it) => it.path === '/accounts/bulk')).toHaveLength(1);
  });

  test('of an account that came in another way are its own, and it stays as it is', async () => {
    const data = { externalId: { system: 'retail', type: 'customer', value: '17850' }, profile: { name: 'Acme' } };
    host.decide('/accounts/bulk', JSON.stringify({ command: 'Import', idempotencyKey: 'x', data }));
    const { sum } = await imported('purchases', [RETAIL, line('1')]);
    expect(sum).toMatchObject({ created: 1, rejected: 0 });
    expect(host.said.map((it) => it.command)).toEqual(['Import', 'Record']);
  });

  test('what the host refuses is rejected with its code and words, and others go on', async () => {
    await imported('purchases', [RETAIL, line('1')]);
    const { rows } = await imported('purchases', [RETAIL, line('1').replace('2.55', '2.56'), line('2')]);
    expect(rows[0]).toMatchObject({
      outcome: 'rejected',
      code: 'purchase-differs',
      reason: 'It is recorded with other content.',
    });
    expect(rows[1]).toMatchObject({ outcome: 'created' });
  });

  test('of an account that can not be registered are rejected and never sent', async () => {
    host.refuses.set('Customer 12347', { status: 422, code: 'invalid' });
    const { rows } = await imported('purchases', [RETAIL, line('1'), line('2', '12347.0'), line('3', '12347.0')]);
    expect(outcomes(rows)).toEqual(['created', 'rejected', 'rejected']);
    expect(rows[1]).toMatchObject({ code: 'account-rejected', reason: 'its account: No.' });
    expect(host.said.map((it) => it.data['txnId'])).toEqual([undefined, '1']);
  });

  test('go out in requests of at most 1,000 commands and 1 MB, and each account is registered once in a run', async () => {
    const bytes: number[] = [];
    const counts: number[] = [];
    host.handler = (request, _response, body) => {
      if (request.url === '/purchases/bulk') {
        bytes.push(Buffer.byteLength(body));
        counts.push(body.split('\n').length);
      }
      return false;
    };
    const wide = (i: number) => line(String(i), `${i % 300}.0`).replace('LANTERN', '客'.repeat(290));
    const { sum } = await imported('purchases', [RETAIL, ...Array.from({ length: 2_500 }, (_, i) => wide(i + 1))]);
    expect(sum).toMatchObject({ rows: 2_500, created: 2_500 });
    expect(Math.max(...bytes)).toBeLessThan(1_000_000);
    const small = Array.from({ length: 1_200 }, (_, i) => line(String(10_000 + i)));
    await imported('purchases', [RETAIL, ...small]);
    expect(Math.max(...counts)).toBe(1_000);
    expect(host.said.filter((it) => it.command === 'Register')).toHaveLength(301);
  });
});

describe('a host in trouble', () => {
  const file = [RETAIL, line('1'), line('2')];

  test('too busy or not ready, it is asked again after the time that it names', async () => {
    const trouble = [429, 503];
    const times: number[] = [];
    host.handler = (request, response) => {
      if (request.url !== '/purchases/bulk') return false;
      times.push(Date.now());
      const status = trouble.shift();
      if (status === undefined) return false;
      answer(response, status, { code: 'unavailable' }, { 'retry-after': '1' });
      return true;
    };
    const { sum } = await imported('purchases', file);
    expect(sum).toMatchObject({ created: 2 });
    expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(990);
  });

  test('gone after it has stored but before it answers, it gives what it gave the first time', async () => {
    let cut = 1;
    host.handler = (request, response, body) => {
      if (request.url !== '/purchases/bulk' || cut-- <= 0) return false;
      host.decide(request.url, body);
      response.destroy();
      return true;
    };
    const { sum, rows } = await imported('purchases', file);
    expect(outcomes(rows)).toEqual(['created', 'created']);
    expect(sum).toMatchObject({ created: 2, skipped: 0 });
    expect(host.said.filter((it) => it.command === 'Record')).toHaveLength(2);
  });

  test('with single lines that it can not take now, it gets those again alone', async () => {
    const sent: string[] = [];
    host.handler = (request, response, body) => {
      if (request.url !== '/purchases/bulk') return false;
      sent.push(body);
      if (sent.length > 1) return false;
      const answers = host.decide(request.url, body).trim().split('\n');
      answers[1] = JSON.stringify({ line: 2, status: 503, code: 'unavailable' });
      response.end(answers.join('\n') + '\n');
      return true;
    };
    const { sum } = await imported('purchases', file);
    expect(sum).toMatchObject({ created: 2, rejected: 0 });
    expect(sent[1]!.split('\n')).toHaveLength(1);
    expect(sent[1]).toContain('"txnId":"2"');
  });

  test('that is not running ends the import with what to do', async () => {
    const { url } = host;
    await host.stop();
    const path = join(folder, 'f.csv');
    await writeFile(path, `${RETAIL}\n${line('1')}\n`);
    const ran = await runKams(['import', 'purchases', path, '--json'], { KAMS_URL: url, KAMS_TOKEN: 'a-token' });
    expect(ran.code).toBe(1);
    expect(ran.err).toMatch(/^kams: No host answers at .* Start it with "npm start", or say with KAMS_URL where it is\.\n$/);
  });

  test('that fails in the middle leaves the outcomes that there are', async () => {
    host.handler = (request, response) => {
      if (request.url !== '/purchases/bulk') return false;
      answer(response, 500, { code: 'internal', detail: 'Our fault.', traceId: 't-1' });
      return true;
    };
    const { ran } = await imported('purchases', [RETAIL, line('1'), line('2', '')]);
    expect(ran).toMatchObject({ code: 1, err: 'kams: Our fault. traceId t-1\n' });
    expect(await readFile(join(folder, 'result.ndjson'), 'utf8')).toContain('"line":3,"outcome":"rejected"');
  });
});

describe('accounts', () => {
  const file = [CRM, 'Bluth,retail,1993,1,1,Italy,Acme', 'Acme,retail,1993,1,1,Italy,', 'Gone,retail,1993,1,1,Italy,Nobody'];

  test('are linked to their parents when all of them are in, and a parent that has no row rejects its child', async () => {
    const { rows, sum } = await imported('accounts', file);
    expect(sum).toMatchObject({ rows: 3, created: 2, rejected: 1 });
    expect(rows.map(({ outcome, code }) => ({ outcome, code }))).toEqual([
      { outcome: 'created', code: undefined },
      { outcome: 'created', code: undefined },
      { outcome: 'rejected', code: 'parent-unknown' },
    ]);
    // The account itself is in, and its row says so.
    expect(rows[2]!.id).toMatch(/Gone/);
    const links = host.said.filter((it) => it.command === 'Link').map((it) => it.data);
    expect(links).toEqual([{ accountId: rows[0]!.id, parentId: rows[1]!.id, linkType: 'subsidiary', validFrom: '2017-01-01' }]);
    expect(host.requests.at(-1)).toBe('POST /hierarchy/bulk');
  });

  test('run again change nothing; a new parent alone is an update', async () => {
    await imported('accounts', file.slice(0, 3));
    expect((await imported('accounts', file.slice(0, 3))).sum).toMatchObject({ created: 0, updated: 0, skipped: 2 });
    const moved = [CRM, 'Bluth,retail,1993,1,1,Italy,Other', 'Other,retail,1993,1,1,Italy,'];
    expect(outcomes((await imported('accounts', moved)).rows)).toEqual(['updated', 'created']);
  });

  test('whose link is refused are rejected with the id of the account', async () => {
    host.refuses.set('"Link"', { status: 409, code: 'hierarchy-cycle' });
    const { rows } = await imported('accounts', file.slice(0, 3));
    expect(rows[0]).toMatchObject({ outcome: 'rejected', code: 'hierarchy-cycle', id: expect.stringContaining('Bluth') });
  });

  test('said twice are sent once and skipped the second time', async () => {
    const row = 'Acme,retail,1993,1,1,Italy,';
    const { rows, sum } = await imported('accounts', [CRM, row, row, row.replace('1993', '1994')]);
    expect(outcomes(rows)).toEqual(['created', 'skipped', 'rejected']);
    expect(sum).toMatchObject({ rows: 3, created: 1, skipped: 1, rejected: 1 });
  });
});

describe('opportunities', () => {
  const DEALS = 'opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value';
  const deal = (id: string, account = 'Acme') => `${id},Moses Frase,GTX Pro,${account},Won,2016-10-20,2017-03-01,1054`;
  beforeEach(() => imported('accounts', [CRM, 'Acme,retail,1993,1,1,Italy,']));

  test('are sent as imports, and each row has its outcome; run again they are skipped', async () => {
    const file = [DEALS, deal('O-1'), deal('O-2', ''), deal('O-3', 'Nobody'), deal('O-1')];
    const { rows, sum } = await imported('opportunities', file);
    expect(sum).toMatchObject({ kind: 'opportunities', rows: 4, created: 1, updated: 0, skipped: 1, rejected: 2 });
    expect(rows.map(({ outcome, id, code }) => [outcome, id ?? code])).toEqual([
      ['created', 'id of opportunity O-1'],
      ['rejected', 'cell-empty'],
      ['rejected', 'unknown-account'],
      ['skipped', 'row-repeated'],
    ]);
    expect(host.said.at(-1)).toMatchObject({ path: '/opportunities/bulk', command: 'Import' });
    expect((await imported('opportunities', file)).sum).toMatchObject({ created: 0, skipped: 2, rejected: 2 });
    const open = [DEALS, 'O-1,Moses Frase,GTX Pro,Acme,Engaging,2016-10-20,,'];
    expect((await imported('opportunities', open)).sum).toMatchObject({ updated: 1 });
  });

  test('in a dry run are what would be sent', async () => {
    const { rows } = await imported('opportunities', [DEALS, deal('O-1', 'Nobody')], '--dry-run');
    expect(rows[0]).toMatchObject({ outcome: 'valid', command: 'Import', data: { stage: 'engaging', end: { outcome: 'won' } } });
  });
});

describe('contacts', () => {
  /** Each stands in one cell only. */
  const MARKERS = ['MarkName', 'markmail', '+12025550123', 'MarkTitle', '1985-03-31', 'MarkInterest', 'MarkNote'];
  const marked = (id: string, account = 'Acme') =>
    `${id},${account},MarkName 李,markmail@example.com,+12025550123,MarkTitle,1985-03-31,MarkInterest,MarkNote`;
  const file = [
    CONTACTS,
    marked('C-1'),
    marked('C-2'),
    marked('C-3', 'Nobody'),
    marked('C-4').replace('markmail@', 'markmail at '),
    marked('C-5').replace('1985-03-31', '1985-03-31x'),
    `${marked('C-6')},MarkNote`,
    marked('C-1').replace('MarkNote', 'MarkNote again'),
    marked('C-2'),
  ];
  beforeEach(() => imported('accounts', [CRM, 'Acme,retail,1993,1,1,Italy,']));

  async function writtenBy(ran: Ran): Promise<string> {
    return ran.out + ran.err + (await readFile(join(folder, 'result.ndjson'), 'utf8'));
  }

  test('are sent as imports; each row has an outcome with its id, or with the column or the rule that it broke', async () => {
    const { rows, sum } = await imported('contacts', file);
    expect(sum).toMatchObject({ kind: 'contacts', rows: 8, created: 2, updated: 0, skipped: 1, rejected: 5 });
    expect(rows.map(({ line, outcome, id, code, reason }) => [line, outcome, id ?? code, reason])).toEqual([
      [2, 'created', 'id of contact C-1', undefined],
      [3, 'created', 'id of contact C-2', undefined],
      [4, 'rejected', 'unknown-account', 'Who?'],
      [5, 'rejected', 'invalid', expect.stringMatching(/^email /)],
      [6, 'rejected', 'cell-malformed', 'birthday is not a date like yyyy-MM-dd'],
      [7, 'rejected', 'cell-count', expect.stringMatching(/^has 10 cells instead of 9/)],
      [8, 'rejected', 'row-contradicts', 'line 2 says something else of the same contact'],
      [9, 'skipped', 'row-repeated', 'line 3 says the same'],
    ]);
    expect(host.said.at(-1)).toMatchObject({
      path: '/contacts/bulk',
      command: 'Import',
      data: { person: { name: 'MarkName 李' } },
    });
  });

  test('run again are skipped; what changed is an update', async () => {
    await imported('contacts', file.slice(0, 3));
    expect((await imported('contacts', file.slice(0, 3))).sum).toMatchObject({ created: 0, updated: 0, skipped: 2 });
    const changed = [CONTACTS, marked('C-1').replace('MarkTitle', 'CPO'), marked('C-2')];
    expect(outcomes((await imported('contacts', changed)).rows)).toEqual(['updated', 'skipped']);
  });

  test('leave nothing personal in the results and on the terminal, in a dry run neither', async () => {
    for (const more of [[], ['--dry-run']]) {
      const { ran, rows } = await imported('contacts', file, ...more);
      expect(rows).toHaveLength(8);
      const written = await writtenBy(ran);
      for (const marker of MARKERS) expect(written).not.toContain(marker);
    }
  });

  test('in a dry run are valid or wrong in a column, nothing is asked of the host, and nothing of them is written', async () => {
    const asked = host.requests.length;
    const { rows, sum } = await imported('contacts', file.slice(0, 5), '--dry-run');
    expect(host.requests).toHaveLength(asked);
    expect(sum).toMatchObject({ dryRun: true, rows: 4, valid: 3, rejected: 1 });
    expect(rows[0]).toEqual({ file: 'f.csv', line: 2, outcome: 'valid' });
    expect(rows[3]).toEqual({
      file: 'f.csv',
      line: 5,
      outcome: 'rejected',
      code: 'invalid',
      reason: expect.stringMatching(/^email [^@]*$/),
    });
    const help = await runKams(['import', 'contacts', '--help'], env());
    expect(help.out).toMatch(/Of contacts nothing personal is written.*which rows are valid, and which columns.*are wrong/s);
  });

  test('in a file that can not be read are not shown', async () => {
    const broken: string[][] = [
      file.slice(1),
      [CONTACTS, '"MarkName'],
      [CONTACTS, `a"MarkName"`],
      [CONTACTS.replace('notes', 'MarkNote')],
    ];
    for (const lines of broken) {
      const { ran } = await imported('contacts', lines);
      expect(ran.code).toBe(1);
      expect(ran.err).toMatch(/Nothing was sent/);
      for (const marker of MARKERS) expect(ran.out + ran.err).not.toContain(marker);
    }
  });
});

describe('a dry run', () => {
  test('asks nothing of the host and writes what would be sent', async () => {
    const { rows, sum } = await imported('purchases', [RETAIL, line('1'), line('1'), line('2', '')], '--dry-run');
    expect(host.requests).toEqual([]);
    expect(sum).toMatchObject({ dryRun: true, rows: 3, valid: 2, skipped: 0, rejected: 1 });
    expect(rows[0]).toMatchObject({ line: 2, outcome: 'valid', command: 'Record', data: { txnId: '1', lines: [{}, {}] } });
    expect(rows[1]).toEqual({ file: 'f.csv', line: 3, outcome: 'valid', with: 2 });
    expect(rows[2]).toMatchObject({ outcome: 'rejected', code: 'cell-empty' });
  });

  test('finds a parent that has no row', async () => {
    const { rows } = await imported('accounts', [CRM, 'A,retail,1993,1,1,Italy,B', 'B,retail,1993,1,1,Italy,C'], '--dry-run');
    expect(rows[0]).toMatchObject({ outcome: 'valid', command: 'Import', parent: 'B' });
    expect(rows[1]).toMatchObject({ outcome: 'rejected', code: 'parent-unknown' });
  });
});

describe('files', () => {
  test('are all checked before anything of any is sent', async () => {
    const [good, bad] = [join(folder, 'good.csv'), join(folder, 'bad.csv')];
    await writeFile(good, `${RETAIL}\n${line('1')}\n`);
    await writeFile(bad, `${RETAIL}\n${line('2')}\n"open`);
    const { code, err } = await runKams(['import', 'purchases', good, bad, '--json'], env());
    expect(code).toBe(1);
    expect(err).toBe(`kams: ${bad}: line 3 opens a quote that is never closed. Nothing was sent.\n`);
    expect(host.requests).toEqual([]);
  });

  test('have their rows counted by their own lines, also behind line ends in quotes and blank lines', async () => {
    const text = line('1').replace('LANTERN', '"TWO\nLINES"');
    const { rows } = await imported('purchases', [RETAIL, text, '', line('2', ''), line('3')]);
    expect(rows.map((it) => it.line)).toEqual([2, 5, 6]);
  });

  test('of several months are one run, each row with its file', async () => {
    const paths = [join(folder, 'a.csv'), join(folder, 'b.csv')];
    for (const [i, path] of paths.entries()) await writeFile(path, `${RETAIL}\n${line(String(i))}\n`);
    const { code, out, err } = await runKams(['import', 'purchases', ...paths], env());
    expect(code).toBe(0);
    expect(out).toMatch(/^2 rows: 2 created, 0 updated, 0 skipped, 0 rejected \(.*\)\nevery row: .*\.ndjson\n$/);
    expect(err).toMatch(/^mapping retail-purchases: /);
    const [result] = await readdir(join(folder, 'data', 'imports'));
    const text = await readFile(join(folder, 'data', 'imports', result!), 'utf8');
    expect(text).toContain('{"file":"a.csv","line":2,"outcome":"created","id":"id of purchase 0"}\n{"file":"b.csv"');
    expect(host.said.filter((it) => it.command === 'Register')).toHaveLength(1);
  });

  test('are read by a mapping that was named', async () => {
    const mapping = join(folder, 'erp.json');
    await writeFile(
      mapping,
      JSON.stringify({
        name: 'erp',
        kind: 'accounts',
        about: 'Customers of the ERP',
        columns: ['no', 'name', 'since'],
        ignored: ['since'],
        dialect: { encoding: 'utf-8', delimiter: ';', lineEnds: ['lf'] },
        decimals: { point: ',' },
        externalId: { system: 'erp', type: 'customer', value: { column: 'no' } },
        profile: { name: { column: 'name' } },
      }),
    );
    const { sum } = await imported('accounts', ['name;no;since', '"Müller; Söhne";7;1'], '--mapping', mapping);
    expect(sum).toMatchObject({ created: 1 });
    expect(host.said[0]!.data).toMatchObject({ externalId: { system: 'erp', value: '7' }, profile: { name: 'Müller; Söhne' } });
  });

  test('leave a place for the result to be named when it can not be written', async () => {
    const path = join(folder, 'f.csv');
    await writeFile(path, `${RETAIL}\n${line('1')}\n`);
    const { code, err } = await runKams(['import', 'purchases', path, '--json', '--result', join(path, 'x')], env());
    expect(code).toBe(1);
    expect(err).toMatch(/can not be written \(.*\)\. Name another with --result\./);
  });
});
