// A row, a person at an account. A flaw names columns, never what is in them: results are written in the clear.
import { contactContract, type PersonField } from '@kams/contracts/accounts/contact';
import { cellReaders, columnOf, isFlaw, needed, type CellReaders, type Flaw, type Read } from './cells';
import type { ContactsMapping, PersonMapping } from './mapping';
import { RowByRow } from './row-by-row';
import { flawOf, type RowCommand, type RowSink } from './row-command';

const schema = contactContract.commands.Import.data;

export class ContactRows extends RowByRow<RowCommand> {
  readonly #key: Read<string>;
  readonly #account: Read<string>;
  readonly #person: (cells: readonly string[]) => Record<string, string> | Flaw;

  constructor(
    private readonly mapping: ContactsMapping,
    columns: readonly string[],
    out: RowSink<RowCommand>,
  ) {
    super(columns, out, 'contact');
    const readers = cellReaders(columns, mapping);
    const { externalId, account, person } = mapping;
    this.#key = needed(readers.text(externalId.value), columnOf(externalId.value), 'it is the key of the contact');
    this.#account = needed(readers.text(account.value), columnOf(account.value), 'a contact needs its account');
    this.#person = personReader(person, readers);
  }

  protected commandOf(cells: readonly string[], line: number): RowCommand | Flaw {
    const [key, accountKey, person] = [this.#key(cells), this.#account(cells), this.#person(cells)];
    const flaw = [key, accountKey, person].find(isFlaw);
    if (flaw) return flaw;

    const { externalId, account, source } = this.mapping;
    const { data, error } = schema.safeParse({
      externalId: { ...externalId, value: key },
      account: { ...account, value: accountKey },
      person,
      ...(source && { source }),
    });
    if (error) return flawOf(error.issues, (path) => this.#columnOf(path));
    return this.said.flaw(data.externalId.value, line, data) ?? { data, lines: [line] };
  }

  #columnOf([first, second]: readonly PropertyKey[]): string | undefined {
    const { person, externalId, account } = this.mapping;
    const source = first === 'person' ? person[second as PersonField] : first === 'account' ? account.value : externalId.value;
    return source && columnOf(source);
  }
}

function personReader(
  { name, birthday, ...texts }: PersonMapping,
  { text, day }: CellReaders,
): (cells: readonly string[]) => Record<string, string> | Flaw {
  const fields: [string, Read<string>][] = [['name', needed(text(name), columnOf(name), 'a contact needs a name')]];
  for (const [field, source] of Object.entries(texts)) if (source) fields.push([field, text(source)]);
  if (birthday) {
    const { format, ...rules } = birthday;
    fields.push(['birthday', day(rules, format)]);
  }
  return (cells) => {
    const person: Record<string, string> = {};
    for (const [field, read] of fields) {
      const value = read(cells);
      if (isFlaw(value)) return value;
      if (value !== undefined) person[field] = value;
    }
    return person;
  };
}
