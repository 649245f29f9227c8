import { AccountRows } from '../src/cli/imports/account-rows';
import type { Flaw } from '../src/cli/imports/cells';
import { shippedMappings } from '../src/cli/imports/choose-mapping';
import { ContactRows } from '../src/cli/imports/contact-rows';
import type { AccountsMapping, ContactsMapping, OpportunitiesMapping, PurchasesMapping } from '../src/cli/imports/mapping';
import { OpportunityRows } from '../src/cli/imports/opportunity-rows';
import { PurchaseRows } from '../src/cli/imports/purchase-rows';
import type { AccountCommand, PurchaseCommand, RowCommand, RowReader, RowSink } from '../src/cli/imports/row-command';

let crm: AccountsMapping;
let people: ContactsMapping;
let deals: OpportunitiesMapping;
let retail: PurchasesMapping;
beforeAll(async () => {
  [crm, people, deals, retail] = (await shippedMappings()) as [
    AccountsMapping,
    ContactsMapping,
    OpportunitiesMapping,
    PurchasesMapping,
  ];
});

class Collected<C> implements RowSink<C & { data: object; lines: readonly number[] }> {
  readonly commands: C[] = [];
  readonly rejected: Record<number, string> = {};
  readonly reasons: Record<number, string> = {};

  command(it: C): void {
    this.commands.push(it);
  }

  reject(line: number, { code, reason }: Flaw): void {
    this.rejected[line] = code;
    this.reasons[line] = reason;
  }
}

function feed<C>(reader: RowReader, out: Collected<C>, rows: readonly string[]): Collected<C> {
  rows.forEach((row, i) => reader.take({ cells: row.split('|'), line: i + 2 }));
  reader.end();
  return out;
}

describe('a row of accounts', () => {
  const accounts = (...rows: string[]) => {
    const out = new Collected<AccountCommand>();
    return feed(new AccountRows(crm, crm.columns, out), out, rows);
  };

  test('becomes an import under its external id, with revenue in minor units and declared words mended', () => {
    const { commands } = accounts('Acme|technolgy|1996|1100.04|2822|Philipines|', 'Bluth|retail|1993|1|3027|Italy|Acme');
    expect(commands[0]).toEqual({
      key: 'Acme',
      parent: undefined,
      lines: [2],
      data: {
        externalId: { system: 'crm', type: 'account', value: 'Acme' },
        profile: {
          name: 'Acme',
          sector: 'technology',
          foundedYear: 1996,
          employees: 2822,
          revenue: { minor: 110_004_000_000, currency: 'USD' },
          country: 'Philippines',
        },
        source: 'crm',
      },
    });
    expect(commands[1]).toMatchObject({ key: 'Bluth', parent: 'Acme' });
  });

  test('leaves out what its cells do not say', () => {
    const [command] = accounts('Acme|||||||'.slice(0, 10)).commands;
    expect((command!.data as { profile: object }).profile).toEqual({ name: 'Acme' });
  });

  test('is rejected with the column at fault, and others go on', () => {
    const { commands, rejected, reasons } = accounts(
      '|retail|1990|1|1|Italy|',
      'A|retail|199O|1|1|Italy|',
      'B|retail|1990|1,5|1|Italy|',
      'C|retail|1990|1|1|Italy',
      'D|retail|1990|1|1|Italy||',
      `E|${'x'.repeat(81)}|1990|1|1|Italy|`,
      ' F|retail|1990|1|1|Italy|',
      'G|retail|900|1|1|Italy|',
      'H|retail|1990|1|1|Italy|',
    );
    expect(commands.map((it) => it.key)).toEqual(['H']);
    expect(rejected).toEqual({
      2: 'cell-empty',
      3: 'cell-malformed',
      4: 'cell-malformed',
      5: 'cell-count',
      6: 'cell-count',
      7: 'invalid',
      8: 'invalid',
      9: 'invalid',
    });
    expect(reasons[2]).toMatch(/^account is empty/);
    expect(reasons[7]).toMatch(/^sector is longer than 80/);
    expect(reasons[8]).toMatch(/^account has blanks at its ends/);
    expect(reasons[9]).toMatch(/^year_established /);
  });

  test('said twice is sent once; a second one that says something else is rejected', () => {
    const { commands, rejected, reasons } = accounts(
      'A|retail|1990|1|1|Italy|',
      'A|retail|1990|1|1|Italy|',
      'A|retail|1990|1|2|Italy|',
      'A|retail|1990|1|1|Italy|B',
    );
    expect(commands).toHaveLength(1);
    expect(rejected).toEqual({ 3: 'row-repeated', 4: 'row-contradicts', 5: 'row-contradicts' });
    expect(reasons[4]).toBe('line 2 says something else of the same account');
  });

  test('is read by the names of its columns, wherever they stand', () => {
    const out = new Collected<AccountCommand>();
    feed(new AccountRows(crm, [...crm.columns].reverse(), out), out, ['|Italy|1|1|1990|retail|A']);
    expect(out.commands[0]).toMatchObject({ key: 'A', data: { profile: { country: 'Italy', foundedYear: 1990 } } });
  });
});

describe('a row of opportunities', () => {
  const opportunities = (...rows: string[]) => {
    const out = new Collected<RowCommand>();
    return feed(new OpportunityRows(deals, deals.columns, out), out, rows);
  };
  const won = '1C1I7A6R|Moses Frase|GTXPro|Cancity|Won|2016-10-20|2017-03-01|1054';

  test('becomes an import of all that the file says, the end included', () => {
    expect(opportunities(won).commands).toEqual([
      {
        lines: [2],
        data: {
          externalId: { system: 'crm', type: 'opportunity', value: '1C1I7A6R' },
          account: { system: 'crm', type: 'account', value: 'Cancity' },
          productRefs: ['GTX Pro'],
          ownerId: 'Moses Frase',
          stage: 'engaging',
          openedOn: '2016-10-20',
          end: { outcome: 'won', closedOn: '2017-03-01', amount: { minor: 105_400, currency: 'USD' } },
          source: 'crm',
        },
      },
    ]);
  });

  test('that is lost says no amount and no reason, and one that is open no end', () => {
    const ends = opportunities(
      won.replace('Won', 'Lost').replace('1054', '0'),
      'A|M|GTX|C|Engaging|2016-10-20||',
      'B|M|GTX|C|Prospecting|||',
    ).commands.map(({ data }) => [(data as { stage: string }).stage, (data as { end?: object }).end]);
    expect(ends).toEqual([
      ['engaging', { outcome: 'lost', closedOn: '2017-03-01', reasonCode: 'not_stated' }],
      ['engaging', undefined],
      ['prospecting', undefined],
    ]);
  });

  test('is rejected when it has no account, when a cell does not fit, and when it says what no contract has', () => {
    const { rejected, reasons } = opportunities(
      won.replace('Cancity', ''),
      won.replace('2016-10-20', '20.10.2016'),
      won.replace('1054', '10.545'),
      won.replace('|2017-03-01|', '||'),
      won.replace('Won', 'Maybe'),
      won,
      won.replace('1054', '1055'),
    );
    expect(rejected).toEqual({
      ...{ 2: 'cell-empty', 3: 'cell-malformed', 4: 'cell-malformed', 5: 'invalid', 6: 'invalid', 8: 'row-contradicts' },
    });
    expect(reasons[2]).toBe('account is empty; an opportunity needs its account');
    expect(reasons[5]).toMatch(/^close_date /);
    expect(reasons[6]).toMatch(/^deal_stage /);
  });
});

describe('a row of contacts', () => {
  const contacts = (mapping: ContactsMapping, ...rows: string[]) => {
    const out = new Collected<RowCommand>();
    return feed(new ContactRows(mapping, mapping.columns, out), out, rows);
  };
  const row = (
    id: string,
    {
      account = 'Acme',
      name = 'Li Wei 李伟',
      email = 'li.wei@acme.example',
      phone = '+12025550123',
      title = 'Buyer',
      birthday = '1985-03-31',
      interests = 'Sailing',
      notes = 'Two children',
    } = {},
  ) => [id, account, name, email, phone, title, birthday, interests, notes].join('|');

  test('becomes an import under its external id, at the account of the other system’s key', () =>
    expect(contacts(people, row('C-1')).commands).toEqual([
      {
        lines: [2],
        data: {
          externalId: { system: 'crm', type: 'contact', value: 'C-1' },
          account: { system: 'crm', type: 'account', value: 'Acme' },
          person: {
            name: 'Li Wei 李伟',
            email: 'li.wei@acme.example',
            phone: '+12025550123',
            jobTitle: 'Buyer',
            birthday: '1985-03-31',
            interests: 'Sailing',
            notes: 'Two children',
          },
          source: 'crm',
        },
      },
    ]));

  test('leaves out what its cells do not say, but a name it must have', () => {
    const nothing = { email: '', phone: '', title: '', birthday: '', interests: '', notes: '' };
    const { commands, reasons } = contacts(people, row('C-1', nothing), row('C-2', { name: '' }));
    expect(commands).toMatchObject([{ data: { person: { name: 'Li Wei 李伟' } } }]);
    expect(Object.keys((commands[0]!.data as { person: object }).person)).toEqual(['name']);
    expect(reasons).toEqual({ 3: 'name is empty; a contact needs a name' });
  });

  test('is cleaned as its mapping says', () => {
    const { person } = people;
    const mapping: ContactsMapping = {
      ...people,
      nulls: ['n/a'],
      person: {
        ...person,
        name: { column: 'name', trim: true },
        phone: { column: 'phone', template: '+{}' },
        birthday: { column: 'birthday', format: 'd.M.yyyy', nulls: ['1.1.1900'] },
      },
    };
    const cells = { name: ' Ann ', phone: '12025550123', birthday: '31.3.1985', title: 'n/a' };
    const { commands } = contacts(mapping, row('C-1', cells), row('C-2', { ...cells, birthday: '1.1.1900' }));
    expect(commands[0]).toMatchObject({ data: { person: { name: 'Ann', phone: '+12025550123', birthday: '1985-03-31' } } });
    expect(JSON.stringify(commands[0])).not.toContain('jobTitle');
    expect(JSON.stringify(commands[1])).not.toContain('birthday');
  });

  test('is rejected with the columns at fault and never with what is in them, and others go on', () => {
    const { commands, rejected, reasons } = contacts(
      people,
      row(''),
      row('C-1', { account: '' }),
      row('C-2', { email: 'marker at example', phone: '0139 marker' }),
      row('C-3', { birthday: 'marker' }),
      row('C-4', { birthday: '0985-03-31' }),
      row('C-5', { name: 'marker '.repeat(20) }),
      row('C-6', { title: 'marker\u0007' }),
      row(' C-7'),
      `${row('C-8')}|marker`,
      row('C-9'),
    );
    expect(commands).toHaveLength(1);
    expect(rejected).toEqual({
      2: 'cell-empty',
      3: 'cell-empty',
      4: 'invalid',
      5: 'cell-malformed',
      6: 'invalid',
      7: 'invalid',
      8: 'invalid',
      9: 'invalid',
      10: 'cell-count',
    });
    expect(reasons[2]).toMatch(/^contact_id is empty/);
    expect(reasons[3]).toMatch(/^account is empty/);
    expect(reasons[4]).toMatch(/^email .*; phone is not a number in the international form/);
    expect(reasons[5]).toBe('birthday is not a date like yyyy-MM-dd');
    expect(reasons[6]).toMatch(/^birthday /);
    expect(reasons[7]).toMatch(/^name is longer than 120/);
    expect(reasons[8]).toMatch(/^job_title has characters/);
    expect(reasons[9]).toMatch(/^contact_id has blanks at its ends/);
    expect(JSON.stringify(reasons)).not.toMatch(/marker|Li Wei|acme\.example|2025550123/);
  });

  test('said twice is sent once; a second one that says something else is rejected', () => {
    const { commands, rejected, reasons } = contacts(people, row('C-1'), row('C-1'), row('C-1', { name: 'Ann' }), row('C-2'));
    expect(commands).toHaveLength(2);
    expect(rejected).toEqual({ 3: 'row-repeated', 4: 'row-contradicts' });
    expect(reasons[4]).toBe('line 2 says something else of the same contact');
  });
});

describe('rows of purchases', () => {
  const purchases = (mapping: PurchasesMapping, ...rows: string[]) => {
    const out = new Collected<PurchaseCommand>();
    return feed(new PurchaseRows(mapping, mapping.columns, out), out, rows);
  };
  const row = (
    invoice: string,
    {
      sku = '85123A',
      text = 'LANTERN',
      qty = '6',
      at = '2010-12-01 08:26:00',
      price = '2.55',
      who = '17850.0',
      country = 'France',
    } = {},
  ) => [invoice, sku, text, qty, at, price, who, country].join('|');
  const linesOf = (it: PurchaseCommand) => it.lines;

  test('with one invoice number are one purchase, with equal lines kept and the time of the first', () => {
    const { commands } = purchases(
      retail,
      row('536365'),
      row('536365'),
      row('536365', { sku: 'POST', text: ' POSTAGE  ', price: '0.0', at: '2010-12-01 08:27:00' }),
    );
    expect(commands).toEqual([
      {
        lines: [2, 3, 4],
        meets: {
          key: 'retail/customer/17850',
          data: {
            profile: { name: 'Customer 17850', country: 'France' },
            externalIds: [{ system: 'retail', type: 'customer', value: '17850' }],
            source: 'retail',
          },
        },
        data: {
          sourceSystem: 'retail',
          txnId: '536365',
          account: { externalId: { system: 'retail', type: 'customer', value: '17850' } },
          kind: 'sale',
          lines: [
            { sku: '85123A', description: 'LANTERN', qty: 6, unitPrice: '2.55' },
            { sku: '85123A', description: 'LANTERN', qty: 6, unitPrice: '2.55' },
            { sku: 'POST', description: 'POSTAGE', qty: 6, unitPrice: '0.0' },
          ],
          ccy: 'GBP',
          txnAt: '2010-12-01T08:26:00.000Z',
          zone: 'Europe/London',
        },
      },
    ]);
  });

  test('are a return where the number says so; a blank description is none', () => {
    const { commands } = purchases(retail, row('C536379', { qty: '-1', text: '  ' }));
    expect(commands[0]).toMatchObject({ data: { kind: 'return', lines: [{ qty: -1 }] } });
    expect(JSON.stringify(commands[0]!.data)).not.toContain('description');
  });

  test('belong together when others stand between them, and come out in the order of their first rows', () => {
    const { commands } = purchases(retail, row('1'), row('2'), row('1'), row('3'), row('2'));
    expect(commands.map(linesOf)).toEqual([[2, 4], [3, 6], [5]]);
  });

  test('wait for each other as far as the window goes, and no further', () => {
    const narrow = { ...retail, rowsOf: { ...retail.rowsOf, window: 1 } };
    const out = new Collected<PurchaseCommand>();
    const reader = new PurchaseRows(narrow, narrow.columns, out);
    const take = (line: number, invoice: string) => reader.take({ line, cells: row(invoice).split('|') });
    take(2, '1');
    take(3, '2');
    take(4, '1');
    expect(out.commands).toEqual([]);
    take(5, '3');
    take(6, '3');
    expect(out.commands).toEqual([]);
    take(7, '3');
    expect(out.commands.map(linesOf)).toEqual([[2, 4], [3]]);
  });

  test('without a customer are rejected, each with that reason', () => {
    const { commands, rejected, reasons } = purchases(retail, row('1', { who: '' }), row('1', { who: '' }), row('2'));
    expect(commands.map(linesOf)).toEqual([[4]]);
    expect(rejected).toEqual({ 2: 'cell-empty', 3: 'cell-empty' });
    expect(reasons[3]).toBe('CustomerID is empty; a purchase needs its customer');
  });

  test('of an invoice are all rejected for one that is wrong, because the total would be wrong without it', () => {
    const wrong: [Parameters<typeof row>[1], string][] = [
      [{ qty: '1.5' }, 'cell-malformed'],
      [{ price: '2,55' }, 'cell-malformed'],
      [{ at: '2010-02-30 08:26:00' }, 'cell-malformed'],
      [{ sku: '' }, 'cell-empty'],
      [{ who: '17851.0' }, 'rows-differ'],
      [{ who: '' }, 'cell-empty'],
    ];
    for (const [its, code] of wrong) {
      const { commands, rejected, reasons } = purchases(retail, row('1'), row('1', its), row('2'));
      expect(commands.map(linesOf)).toEqual([[4]]);
      expect(rejected).toEqual({ 2: 'other-row-rejected', 3: code });
      expect(reasons[2]).toBe('line 3 belongs to the same purchase and is rejected');
    }
  });

  test('with a cell too many or too few take their invoice with them, as far as they name one', () => {
    const { commands, rejected } = purchases(retail, row('1'), `${row('1')}|x`, '1|85123A', '', row('2'));
    expect(commands.map(linesOf)).toEqual([[6]]);
    expect(rejected).toEqual({ 2: 'other-row-rejected', 3: 'cell-count', 4: 'cell-count', 5: 'cell-count' });
  });

  test('that the contract does not take are rejected with line and column', () => {
    const { rejected, reasons } = purchases(retail, row('1'), row('1', { sku: ' A' }));
    expect(rejected).toEqual({ 2: 'invalid', 3: 'invalid' });
    expect(reasons[2]).toBe('line 3: StockCode has blanks at its ends');
  });

  test('beyond 2,000 in one invoice are rejected', () => {
    const { commands, rejected } = purchases(retail, ...Array.from({ length: 2_001 }, () => row('1')));
    expect(commands).toEqual([]);
    expect(Object.keys(rejected)).toHaveLength(2_001);
    expect(rejected[2]).toBe('invalid');
  });

  test('whose kind is in a column of its own have one kind', () => {
    const kinds = { column: 'Country', startsWith: { Re: 'return' as const }, otherwise: 'sale' as const };
    const { rejected } = purchases({ ...retail, kinds }, row('1', { country: 'Return' }), row('1', { country: 'Sale' }));
    expect(rejected).toEqual({ 2: 'other-row-rejected', 3: 'rows-differ' });
  });

  test('register nobody when the mapping does not say so', () => {
    const { registers: _, ...mapping } = retail;
    expect(purchases(mapping, row('1')).commands[0]!.meets).toBeUndefined();
  });

  test('of a customer whose profile can not be are rejected', () => {
    const { commands, reasons } = purchases(retail, row('1', { country: 'x'.repeat(81) }), row('2'));
    expect(commands).toEqual([]);
    expect(reasons[2]).toBe('Country is longer than 80 characters');
  });
});
