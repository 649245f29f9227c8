import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { byHeader, byMapping, shippedMappings } from '../src/cli/imports/choose-mapping';
import { readMapping, summaryOf, type AccountsMapping, type Mapping } from '../src/cli/imports/mapping';

const RETAIL = 'InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country';
const CRM = 'account,sector,year_established,revenue,employees,office_location,subsidiary_of';

let folder: string;
let shipped: Mapping[];
beforeAll(async () => {
  shipped = await shippedMappings();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kams-mapping-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const small = {
  name: 'erp',
  kind: 'accounts',
  about: 'Customers of the ERP',
  columns: ['no', 'name'],
  dialect: { encoding: 'utf-8', delimiter: ';', lineEnds: ['lf'] },
  decimals: { point: ',', grouping: '.' },
  externalId: { system: 'erp', type: 'customer', value: { column: 'no' } },
  profile: { name: { column: 'name' } },
};
async function read(mapping: object): Promise<Mapping> {
  const path = join(folder, 'm.json');
  await writeFile(path, JSON.stringify(mapping));
  return readMapping(path);
}

describe('a mapping file', () => {
  test('is read', async () => expect(await read(small)).toEqual(small));

  const refusals: [string, object, RegExp][] = [
    ['with a word that no mapping has', { ...small, guess: true }, /guess/],
    [
      'for another encoding',
      { ...small, dialect: { ...small.dialect, encoding: 'latin1' } },
      /dialect\.encoding: must be utf-8; convert/,
    ],
    ['that uses a column that it does not name', { ...small, columns: ['no', 'title'] }, /does not name name, which is used/],
    [
      'that leaves a column over without saying so',
      { ...small, columns: ['no', 'name', 'x'] },
      /names x, which nothing uses; put it into "ignored"/,
    ],
    ['that ignores what it uses', { ...small, ignored: ['no'] }, /names no, which is used/],
    ['that names a column twice', { ...small, columns: ['no', 'name', 'no'] }, /names no twice/],
    ['with one sign for point and groups', { ...small, decimals: { point: ',', grouping: ',' } }, /one sign for two things/],
    [
      'with a template that has no place for the cell',
      { ...small, profile: { name: { column: 'name', template: 'x' } } },
      /profile\.name/,
    ],
    ['of an unknown kind', { ...small, kind: 'visits' }, /kind/],
  ];
  test.each(refusals)('%s is refused', async (_name, mapping, reason) => {
    await expect(read(mapping)).rejects.toThrow(reason);
  });

  test('that is no JSON, or is not there, is refused', async () => {
    const path = join(folder, 'm.json');
    await writeFile(path, '{');
    await expect(readMapping(path)).rejects.toThrow(/m\.json is not JSON/);
    await expect(readMapping(join(folder, 'none.json'))).rejects.toThrow(/can not be read \(ENOENT\)/);
  });

  test('says what it does', () => {
    const [crm, people, deals, retail] = shipped.map((it) => summaryOf(it).join('\n'));
    expect(crm).toMatch(/crm-accounts.*subsidiary_of, subsidiary since 2017-01-01/s);
    expect(people).toMatch(/crm\/contact from contact_id; accounts crm\/account from account; birthdays like yyyy-MM-dd/);
    expect(deals).toMatch(/crm\/opportunity from opportunity_id.*stage from deal_stage; won or lost from deal_stage, in USD/s);
    expect(retail).toMatch(
      /GBP.*yyyy-MM-dd HH:mm:ss in Europe\/London.*a return where it starts with C.*registered where unknown/s,
    );
  });
});

describe('a mapping for contacts', () => {
  const { decimals: _, profile: _profile, ...rest } = small;
  const people = {
    ...rest,
    kind: 'contacts',
    columns: ['no', 'customer', 'name', 'mail', 'born'],
    externalId: { system: 'erp', type: 'contact', value: { column: 'no' } },
    account: { system: 'erp', type: 'customer', value: { column: 'customer' } },
    person: { name: { column: 'name' }, email: { column: 'mail' }, birthday: { column: 'born', format: 'd.M.yyyy' } },
  };
  test('is read', async () => expect(await read(people)).toEqual(people));

  const born = (format: string) => ({ ...people, person: { ...people.person, birthday: { column: 'born', format } } });
  const refusals: [string, object, RegExp][] = [
    ['with numbers, of which a contact has none', { ...people, decimals: small.decimals }, /decimals/],
    ['with a field that no person has', { ...people, person: { ...people.person, age: { column: 'born' } } }, /person.*age/],
    ['without a name', { ...people, person: { email: { column: 'mail' } } }, /person\.name/],
    ['without an account', { ...people, account: undefined }, /account/],
    [
      'whose key is personal, because keys are not sealed',
      {
        ...people,
        columns: ['customer', 'name', 'mail', 'born'],
        externalId: { ...people.externalId, value: { column: 'mail' } },
      },
      /externalId: takes mail, which says something of the person/,
    ],
    ['with a birthday without a format', { ...people, person: { ...people.person, birthday: { column: 'born' } } }, /format/],
    ['with two digits for a year', born('d.M.yy'), /birthday\.format: needs year, month and day/],
    ['without a day', born('MM/yyyy'), /birthday\.format/],
    ['with a zone, by which a day may be another one', born('yyyy-MM-dd ZZ'), /birthday\.format/],
  ];
  test.each(refusals)('%s is refused', async (_name, mapping, reason) => {
    await expect(read(mapping)).rejects.toThrow(reason);
  });
  test.each(['yyyy-MM-dd', 'dd/MM/yyyy HH:mm', "d 'of' MMMM yyyy", 'yyyy年M月d日'])('takes birthdays like %s', async (format) =>
    expect(await read(born(format))).toEqual(born(format)),
  );

  test('and a file whose first line is a person: what is in it is not shown', () => {
    const line = 'C-1,Acme,Ann Marker,ann@marker.example,+12025550123,Marker,,Marker,Marker';
    const refused = (choose: () => unknown): string => {
      try {
        choose();
      } catch (error) {
        return (error as Error).message;
      }
      return 'not refused';
    };
    const mapping = shipped.find((it) => it.kind === 'contacts')!;
    for (const said of [
      refused(() => byHeader('f.csv', line, shipped, 'contacts')),
      refused(() => byMapping('f.csv', line, mapping, 'contacts')),
    ]) {
      expect(said).toMatch(/"contact_id" is missing.*Nothing was sent/);
      expect(said).not.toMatch(/marker|Ann|Acme|\+1202/i);
    }
    const near = 'contact_id,account,name,email,phone,job-title,birthday,interests,notes';
    expect(refused(() => byHeader('f.csv', near, shipped, 'contacts'))).toMatch(
      /column 6 is not known \(did you mean job_title\?\)/,
    );
  });
});

describe('without a named mapping', () => {
  test('a shipped one is taken when the columns are its own, in any order', () => {
    const turned = RETAIL.split(',').reverse();
    const { mapping, columns } = byHeader('f.csv', turned.join(','), shipped, 'purchases');
    expect(mapping.name).toBe('retail-purchases');
    expect(columns).toEqual(turned);
    expect(byHeader('f.csv', CRM, shipped, 'accounts').mapping.name).toBe('crm-accounts');
  });

  const refusals: [string, string, RegExp][] = [
    [
      'names what is missing and the near name',
      RETAIL.replace('CustomerID', 'Customer ID'),
      /"CustomerID" is missing; .*"Customer ID" is not known \(did you mean CustomerID\?\)/,
    ],
    ['names a column that is there twice', `${RETAIL},Country`, /"Country" is there twice/],
    ['names a column more', `${RETAIL},VAT`, /"VAT" is not known/],
    ['names the sign that separates', RETAIL.replaceAll(',', ';'), /separated by commas, the file by semicolons/],
    ['shows a formula as text', '=HYPERLINK("x"),b', /"=HYPERLINK\(\\"x\\"\)"/],
    ['knows the other kind', CRM, /is a file of accounts: kams import accounts/],
  ];
  test.each(refusals)('a refusal %s', (_name, header, reason) =>
    expect(() => byHeader('f.csv', header, shipped, 'purchases')).toThrow(reason),
  );
});

describe('with a named mapping', () => {
  test('a header that does not fit is refused, with every column', async () => {
    const mapping = (await read(small)) as AccountsMapping;
    expect(byMapping('f.csv', 'name;no', mapping, 'accounts').columns).toEqual(['name', 'no']);
    expect(() => byMapping('f.csv', 'no;title', mapping, 'accounts')).toThrow(
      /"name" is missing; the column "title" is not known/,
    );
    expect(() => byMapping('f.csv', 'no,name', mapping, 'accounts')).toThrow(
      /separated by commas\? The mapping's dialect must say so/,
    );
    expect(() => byMapping('f.csv', 'no;name', mapping, 'purchases')).toThrow(/is for accounts: kams import accounts/);
  });
});
