// A mapping says how the columns of a file become commands. It is a JSON file, checked here, and nothing in it is guessed.
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { personFields, type PersonField } from '@kams/contracts/accounts/contact';
import { code, currency, decimal, localDate, text, zone } from '@kams/contracts/values';
import { Failure } from '../failure';

const word = z.string().min(1).max(200);

/** What a cell says, in the order of these rules: trimmed, stripped, empty if a null marker, replaced, put into the template. */
const cellRules = {
  column: word,
  trim: z.boolean().optional(),
  stripTrailing: word.optional(),
  nulls: z.array(z.string().max(200)).max(50).optional(),
  replace: z.record(z.string(), word).optional(),
  template: word.includes('{}', 'needs a {} where the cell goes').optional(),
};
const cell = z.strictObject(cellRules);
const constant = z.strictObject({ constant: word });
const source = z.union([cell, constant]);
export type CellRules = z.output<typeof cell>;
export type Source = z.output<typeof source>;

const profile = z.strictObject({
  name: source,
  legalName: source.optional(),
  nameZh: source.optional(),
  unifiedSocialCreditCode: source.optional(),
  industry: z.strictObject({ scheme: z.enum(['GB/T 4754', 'ISIC', 'NAICS']), code: source }).optional(),
  sector: source.optional(),
  country: source.optional(),
  foundedYear: source.optional(),
  employees: source.optional(),
  /** `times` turns millions into units: the cell 1.5 with times 1000000 is 1,500,000 of the currency. */
  revenue: z
    .strictObject({
      ...cellRules,
      currency: currency(),
      times: decimal().optional(),
      year: z.int().min(1900).max(2200).optional(),
    })
    .optional(),
  website: source.optional(),
});
export type ProfileMapping = z.output<typeof profile>;

const externalId = z.strictObject({ system: code(40), type: code(40), value: source });

const file = {
  name: code(60),
  about: text(300),
  /** All columns of the file, in any order; a file with others is refused. */
  columns: z.array(word).min(2).max(500),
  /** Columns that nothing is made of. */
  ignored: z.array(word).optional(),
  dialect: z.strictObject({
    encoding: z.literal('utf-8', 'must be utf-8; convert other files first, for example: iconv -f ISO-8859-1 -t UTF-8'),
    delimiter: z.enum([',', ';', '\t', '|']),
    lineEnds: z
      .array(z.enum(['lf', 'crlf']))
      .min(1)
      .max(2),
    /** Lines may end either way in one file: rows were added by hand. */
    mixedLineEnds: z.literal(true).optional(),
  }),
  /** Cells that say "nothing", in every column; empty ones always do. */
  nulls: z.array(z.string().max(200)).max(50).optional(),
};
const decimals = z.strictObject({ point: z.enum(['.', ',']), grouping: z.enum([',', '.', ' ', "'"]).optional() });
export type Decimals = z.output<typeof decimals>;

const accountsMapping = z.strictObject({
  ...file,
  decimals,
  kind: z.literal('accounts'),
  source: text(120).optional(),
  externalId,
  profile,
  /** The cell holds the external id of the parent, which must be a row of the same file. */
  parent: z
    .strictObject({ ...cellRules, linkType: z.enum(['subsidiary', 'branch', 'division']), validFrom: localDate() })
    .optional(),
});
export type AccountsMapping = z.output<typeof accountsMapping>;

/** A year of two digits would put a person who was born in '55 into a century of its own choice. */
const dayFormat = word.refine(
  (it) => /^(?!.*y{5})(?=.*yyyy)(?=.*[ML])(?=.*d)[yMLdHms\W\d_]*$/.test(it.replace(/'[^']*'/g, '')),
  'needs year, month and day like yyyy-MM-dd, with four digits of the year and without a zone',
);
const person = z.strictObject({
  ...(Object.fromEntries(Object.keys(personFields).map((it) => [it, source.optional()])) as Record<
    PersonField,
    z.ZodOptional<typeof source>
  >),
  name: source,
  birthday: z.strictObject({ ...cellRules, format: dayFormat }).optional(),
});
export type PersonMapping = z.output<typeof person>;

const contactsMapping = z.strictObject({
  ...file,
  kind: z.literal('contacts'),
  source: text(120).optional(),
  externalId,
  /** The account's key in the other system. */
  account: externalId,
  person,
});
export type ContactsMapping = z.output<typeof contactsMapping>;

const day = z.strictObject({ ...cellRules, format: dayFormat });
export type DayRules = z.output<typeof day>;
const amount = z.strictObject({ ...cellRules, currency: currency(), times: decimal().optional() });

const opportunitiesMapping = z.strictObject({
  ...file,
  decimals,
  kind: z.literal('opportunities'),
  source: text(120).optional(),
  externalId,
  /** The account's key in the other system. */
  account: externalId,
  productRef: source.optional(),
  dealName: source.optional(),
  ownerId: source.optional(),
  /** A stage of the pipeline in force; of what is decided, the one in which it stood. */
  stage: source,
  openedOn: day.optional(),
  expectedClose: day.optional(),
  amount: amount.optional(),
  /** Of what is decided: `outcome` is won or lost, and nothing for what is open. */
  end: z
    .strictObject({
      outcome: cell,
      closedOn: day,
      amount,
      reasonCode: source.optional(),
      competitorId: source.optional(),
    })
    .optional(),
});
export type OpportunitiesMapping = z.output<typeof opportunitiesMapping>;

const purchasesMapping = z.strictObject({
  ...file,
  decimals,
  kind: z.literal('purchases'),
  /** luxon's letters; without an offset in it the times are those of the zone. */
  dates: z.strictObject({ format: word, zone: zone() }),
  sourceSystem: code(40),
  currency: currency(),
  /** Rows with the same cell are the lines of one purchase; other rows may stand between them, `window` at most. */
  rowsOf: z.strictObject({ column: word, window: z.int().min(1).max(100_000) }),
  txnId: source,
  /** Of the first of its rows. */
  txnAt: cell,
  kinds: z.strictObject({
    column: word,
    startsWith: z.record(word, z.enum(['sale', 'return'])),
    otherwise: z.enum(['sale', 'return']),
  }),
  reverses: source.optional(),
  customer: externalId,
  /** Opens the file of a customer that is not known yet; one that is known stays as it is. */
  registers: z.strictObject({ profile, source: text(120).optional() }).optional(),
  line: z.strictObject({
    sku: source,
    description: source.optional(),
    qty: source,
    unitPrice: source,
    category: source.optional(),
  }),
});
export type PurchasesMapping = z.output<typeof purchasesMapping>;

const anyMapping = z.discriminatedUnion('kind', [accountsMapping, contactsMapping, opportunitiesMapping, purchasesMapping]);
export const mappingSchema = anyMapping.superRefine((mapping, context) => {
  const { columns, ignored = [] } = mapping;
  const used = new Set(columnsIn(mapping));
  const wrong = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
  columns.forEach((it, i) => columns.indexOf(it) < i && wrong('columns', `names ${it} twice`));
  for (const it of [...used, ...ignored]) if (!columns.includes(it)) wrong('columns', `does not name ${it}, which is used`);
  for (const it of ignored) if (used.has(it)) wrong('ignored', `names ${it}, which is used`);
  for (const it of columns)
    if (!used.has(it) && !ignored.includes(it)) wrong('columns', `names ${it}, which nothing uses; put it into "ignored"`);
  if ('decimals' in mapping && mapping.decimals.point === mapping.decimals.grouping) {
    wrong('decimals', 'has one sign for two things');
  }
  if (mapping.kind === 'contacts') {
    const personal = new Set(columnsIn(mapping.person));
    for (const key of ['externalId', 'account'] as const)
      for (const it of columnsIn(mapping[key]))
        if (personal.has(it)) wrong(key, `takes ${it}, which says something of the person; keys are not sealed`);
  }
});
export type Mapping = z.output<typeof mappingSchema>;
export type Kind = Mapping['kind'];

/** Every column that a mapping names outside of its lists. */
function columnsIn(it: unknown): string[] {
  if (Array.isArray(it) || typeof it !== 'object' || it === null) return [];
  return Object.entries(it).flatMap(([name, value]) => (name === 'column' ? [value as string] : columnsIn(value)));
}

/** @throws Failure that says what is wrong with it, and where */
export async function readMapping(path: string): Promise<Mapping> {
  const json = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Failure(`${path} can not be read (${error.code}). Name a mapping file.`);
  });
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new Failure(`${path} is not JSON: ${(error as Error).message}`);
  }
  const { data, error } = mappingSchema.safeParse(value);
  if (data) return data;
  const issues = error.issues.slice(0, 5).map(({ path: at, message }) => `${at.join('.') || 'it'}: ${message}`);
  throw new Failure(`${path} is no mapping. ${issues.join('; ')}`);
}

/** What a mapping does, for the one who trusts it with a file. */
export function summaryOf(mapping: Mapping): string[] {
  const { name, about, dialect } = mapping;
  const separator = dialect.delimiter === '\t' ? 'tab' : dialect.delimiter;
  const read = `${dialect.encoding}, separated by ${separator}`;
  if (mapping.kind === 'contacts') {
    const { externalId: key, account, person } = mapping;
    return [
      `mapping ${name}: ${about}`,
      `  ${read}; key ${key.system}/${key.type} from ${nameOf(key.value)}` +
        `; accounts ${account.system}/${account.type} from ${nameOf(account.value)}` +
        (person.birthday ? `; birthdays like ${person.birthday.format}` : ''),
    ];
  }
  const { decimals } = mapping;
  const common = `${read}, decimals like ${decimals.grouping ? `1${decimals.grouping}234` : '1234'}${decimals.point}5`;
  if (mapping.kind === 'accounts') {
    const { externalId: key, parent } = mapping;
    return [
      `mapping ${name}: ${about}`,
      `  ${common}; key ${key.system}/${key.type} from ${nameOf(key.value)}` +
        (parent ? `; parent from ${parent.column}, ${parent.linkType} since ${parent.validFrom}` : ''),
    ];
  }
  if (mapping.kind === 'opportunities') {
    const { externalId: key, account, stage, end } = mapping;
    return [
      `mapping ${name}: ${about}`,
      `  ${common}; key ${key.system}/${key.type} from ${nameOf(key.value)}` +
        `; accounts ${account.system}/${account.type} from ${nameOf(account.value)}`,
      `  stage from ${nameOf(stage)}${end ? `; won or lost from ${end.outcome.column}, in ${end.amount.currency}` : ''}`,
    ];
  }
  const { rowsOf, currency: ccy, dates, kinds, customer, registers } = mapping;
  const prefixes = Object.entries(kinds.startsWith).map(([prefix, kind]) => `${kind} where it starts with ${prefix}`);
  return [
    `mapping ${name}: ${about}`,
    `  ${common}; ${ccy}; dates like ${dates.format} in ${dates.zone}`,
    `  one purchase for each ${rowsOf.column}; by ${kinds.column} a ${[kinds.otherwise, ...prefixes].join(', a ')}`,
    `  customers ${customer.system}/${customer.type} from ${nameOf(customer.value)}${registers ? ', registered where unknown' : ''}`,
  ];
}

const nameOf = (it: Source): string => ('column' in it ? it.column : JSON.stringify(it.constant));
