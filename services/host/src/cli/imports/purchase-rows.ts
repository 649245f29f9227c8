// Rows with the same invoice number are the lines of one purchase. They mostly follow each other, but not always: a purchase
// stays open until none of its rows came for a while. All its rows go together: an invoice without one of its lines would have
// a wrong total.
import { accountContract, type ExternalId } from '@kams/contracts/accounts/account';
import { purchaseContract } from '@kams/contracts/accounts/purchase';
import { cellReaders, columnOf, Flaw, isFlaw, needed, type CellReaders, type Read } from './cells';
import type { Row } from './csv-file';
import type { PurchasesMapping, Source } from './mapping';
import { profileColumn, profileReader, type ProfileRead } from './profile-cells';
import { flawOf, wrongCellCount, type MetAccount, type PurchaseCommand, type RowReader, type RowSink } from './row-command';

const schema = purchaseContract.commands.Record.data;
const registration = accountContract.commands.Register.data;
/** One more than a purchase may have: the contract then says that there are too many. */
const MOST_KEPT = 2_001;

type Kind = 'sale' | 'return';
interface Line {
  sku: string;
  description?: string;
  qty: number;
  unitPrice: string;
  category?: string;
}

interface Open {
  readonly group: string;
  readonly rows: number[];
  /** Of the first row that has all its cells. */
  first: readonly string[] | undefined;
  readonly lines: Line[];
  /** By the number of the line in the file. */
  readonly flaws: Map<number, Flaw>;
  /** The count of rows at its latest one. */
  latest: number;
}

export class PurchaseRows implements RowReader {
  readonly #group: number;
  readonly #window: number;
  readonly #line: (cells: readonly string[]) => Line | Flaw;
  readonly #txnAt: Read<string>;
  readonly #whole: readonly WholeField[];
  readonly #kindColumn: number;
  readonly #prefixes: readonly (readonly [string, Kind])[];
  readonly #profile: ProfileRead | undefined;
  readonly #met = new Map<string, MetAccount | Flaw>();
  readonly #groupless: Flaw;
  readonly #open = new Map<string, Open>();
  #count = 0;

  constructor(
    private readonly mapping: PurchasesMapping,
    private readonly columns: readonly string[],
    private readonly out: RowSink<PurchaseCommand>,
  ) {
    const readers = cellReaders(columns, mapping);
    const { rowsOf, txnAt, dates, kinds, registers } = mapping;
    this.#group = columns.indexOf(rowsOf.column);
    this.#window = rowsOf.window;
    this.#line = lineReader(mapping.line, readers);
    this.#txnAt = needed(readers.instant(txnAt, dates), txnAt.column, 'a purchase needs its time');
    this.#whole = wholeFields(mapping, columns, readers);
    this.#kindColumn = columns.indexOf(kinds.column);
    this.#prefixes = Object.entries(kinds.startsWith);
    this.#groupless = new Flaw('cell-empty', `${rowsOf.column} is empty; it says which purchase the row belongs to`);
    this.#profile = registers && profileReader(registers.profile, readers);
  }

  take({ cells, line }: Row): void {
    this.#count++;
    this.#closeUntil(this.#count - this.#window - 1);
    const group = cells[this.#group];
    if (group === undefined || group === '') {
      const whole = cells.length === this.columns.length;
      return this.out.reject(line, whole ? this.#groupless : wrongCellCount(cells.length, this.columns.length));
    }
    let purchase = this.#open.get(group);
    if (!purchase) {
      purchase = { group, rows: [], first: undefined, lines: [], flaws: new Map(), latest: 0 };
      this.#open.set(group, purchase);
    }
    purchase.latest = this.#count;
    purchase.rows.push(line);
    const made = this.#lineOf(cells, purchase);
    if (isFlaw(made)) purchase.flaws.set(line, made);
    else if (purchase.lines.length < MOST_KEPT) purchase.lines.push(made);
  }

  end(): void {
    this.#closeUntil(Infinity);
  }

  /** In the order of their first rows; the oldest goes first, so one row costs one look. */
  #closeUntil(count: number): void {
    for (const purchase of this.#open.values()) {
      if (purchase.latest >= count) return;
      this.#open.delete(purchase.group);
      this.#close(purchase);
    }
  }

  #lineOf(cells: readonly string[], purchase: Open): Line | Flaw {
    if (cells.length !== this.columns.length) return wrongCellCount(cells.length, this.columns.length);
    const first = (purchase.first ??= cells);
    for (const field of this.#whole) {
      const value = field.read(cells);
      if (isFlaw(value)) return value;
      if (field.at >= 0 && cells[field.at] !== first[field.at]) return field.mixed;
    }
    const txnAt = this.#txnAt(cells);
    return isFlaw(txnAt) ? txnAt : this.#line(cells);
  }

  #close({ rows, first, lines, flaws }: Open): void {
    const made = flaws.size > 0 || !first ? undefined : this.#commandOf(rows, first, lines);
    if (made && !isFlaw(made)) return this.out.command(made);
    const [faulty = 0] = flaws.keys();
    const others = made ?? new Flaw('other-row-rejected', `line ${faulty} belongs to the same purchase and is rejected`);
    for (const line of rows) this.out.reject(line, flaws.get(line) ?? others);
  }

  #commandOf(rows: readonly number[], cells: readonly string[], lines: readonly Line[]): PurchaseCommand | Flaw {
    const { mapping } = this;
    const { customer, sourceSystem, currency: ccy, dates } = mapping;
    const [txnId, value, reverses] = this.#whole.map((it) => it.read(cells));
    const externalId = { system: customer.system, type: customer.type, value: value as string };
    const { data, error } = schema.safeParse({
      sourceSystem,
      txnId,
      account: { externalId },
      kind: this.#kindOf(cells),
      lines,
      ccy,
      txnAt: this.#txnAt(cells),
      zone: dates.zone,
      ...(reverses !== undefined && { reverses }),
    });
    if (error) return flawOf(error.issues, (path) => this.#nameOf(path, rows));
    const meets = this.#meets(cells, externalId);
    return isFlaw(meets) ? meets : { data, lines: rows, meets };
  }

  /** As its first purchase of the file shows it. */
  #meets(cells: readonly string[], externalId: ExternalId): MetAccount | Flaw | undefined {
    if (!this.#profile) return undefined;
    let met = this.#met.get(externalId.value);
    if (!met) this.#met.set(externalId.value, (met = this.#meet(this.#profile, cells, externalId)));
    return met;
  }

  #meet(read: ProfileRead, cells: readonly string[], externalId: ExternalId): MetAccount | Flaw {
    const profile = read(cells);
    if (isFlaw(profile)) return profile;
    const { source } = this.mapping.registers!;
    const { data, error } = registration.safeParse({ profile, externalIds: [externalId], ...(source && { source }) });
    return error ? flawOf(error.issues, (path) => this.#nameOf(path, [])) : { key: Object.values(externalId).join('/'), data };
  }

  #kindOf(cells: readonly string[]): Kind {
    const cell = cells[this.#kindColumn]!;
    return this.#prefixes.find(([prefix]) => cell.startsWith(prefix))?.[1] ?? this.mapping.kinds.otherwise;
  }

  #nameOf([first, second, third]: readonly PropertyKey[], rows: readonly number[]): string | undefined {
    const { line, customer, registers, txnId, reverses } = this.mapping;
    if (first === 'lines') {
      const source = line[third as keyof PurchasesMapping['line']];
      return source && `line ${rows[Number(second)]}: ${columnOf(source)}`;
    }
    if (first === 'profile') return registers && profileColumn(registers.profile, second);
    const source = first === 'account' ? customer.value : first === 'txnId' ? txnId : first === 'reverses' ? reverses : undefined;
    return source && columnOf(source);
  }
}

/** What all rows of a purchase must say alike. */
interface WholeField {
  /** The cell to compare; -1 for a constant. */
  readonly at: number;
  readonly read: Read<string>;
  readonly mixed: Flaw;
}

/** In the order that #commandOf() takes them apart. */
function wholeFields(
  { txnId, customer, reverses, kinds, rowsOf }: PurchasesMapping,
  columns: readonly string[],
  { text }: CellReaders,
): WholeField[] {
  const field = (source: Source, read: Read<string>): WholeField => ({
    at: 'column' in source ? columns.indexOf(source.column) : -1,
    read,
    mixed: new Flaw('rows-differ', `${columnOf(source)} is not the same in all rows of the purchase`),
  });
  const must = (source: Source, why: string) => field(source, needed(text(source), columnOf(source), why));
  return [
    must(txnId, 'it is the number of the purchase'),
    must(customer.value, 'a purchase needs its customer'),
    ...(reverses ? [field(reverses, text(reverses))] : []),
    ...(kinds.column === rowsOf.column ? [] : [field({ column: kinds.column }, () => undefined)]),
  ];
}

function lineReader(
  mapping: PurchasesMapping['line'],
  { text, whole, decimal }: CellReaders,
): (cells: readonly string[]) => Line | Flaw {
  const sku = needed(text(mapping.sku), columnOf(mapping.sku), 'a line needs its article');
  const qty = needed(whole(mapping.qty), columnOf(mapping.qty), 'a line needs its quantity');
  const unitPrice = needed(decimal(mapping.unitPrice), columnOf(mapping.unitPrice), 'a line needs its price');
  const description = mapping.description && text(mapping.description);
  const category = mapping.category && text(mapping.category);
  return (cells) => {
    const line = { sku: sku(cells), description: description?.(cells), qty: qty(cells), unitPrice: unitPrice(cells) };
    const flaw = [line.sku, line.description, line.qty, line.unitPrice].find(isFlaw);
    if (flaw) return flaw;
    const of = category?.(cells);
    return isFlaw(of) ? of : ({ ...line, ...(of !== undefined && { category: of }) } as Line);
  };
}
