// A row, an account.
import { accountContract } from '@kams/contracts/accounts/account';
import { cellReaders, columnOf, isFlaw, needed, type Flaw, type Read } from './cells';
import type { Row } from './csv-file';
import type { AccountsMapping } from './mapping';
import { profileColumn, profileReader, type ProfileRead } from './profile-cells';
import { flawOf, wrongCellCount, type AccountCommand, type RowReader, type RowSink } from './row-command';
import { SaidOnce } from './said-once';

const schema = accountContract.commands.Import.data;

export class AccountRows implements RowReader {
  readonly #key: Read<string>;
  readonly #profile: ProfileRead;
  readonly #parent: Read<string> | undefined;
  readonly #said = new SaidOnce('account');

  constructor(
    private readonly mapping: AccountsMapping,
    private readonly columns: readonly string[],
    private readonly out: RowSink<AccountCommand>,
  ) {
    const readers = cellReaders(columns, mapping);
    const { externalId, profile, parent } = mapping;
    this.#key = needed(readers.text(externalId.value), columnOf(externalId.value), 'it is the key of the account');
    this.#profile = profileReader(profile, readers);
    this.#parent = parent && readers.text(withoutLink(parent));
  }

  take({ cells, line }: Row): void {
    const made = this.#commandOf(cells, line);
    if (isFlaw(made)) this.out.reject(line, made);
    else this.out.command(made);
  }

  end(): void {
    this.#said.clear();
  }

  #commandOf(cells: readonly string[], line: number): AccountCommand | Flaw {
    if (cells.length !== this.columns.length) return wrongCellCount(cells.length, this.columns.length);
    const key = this.#key(cells) as string | Flaw;
    if (isFlaw(key)) return key;
    const profile = this.#profile(cells);
    if (isFlaw(profile)) return profile;
    const parent = this.#parent?.(cells);
    if (isFlaw(parent)) return parent;

    const { externalId, source } = this.mapping;
    const { system, type } = externalId;
    const { data, error } = schema.safeParse({ externalId: { system, type, value: key }, profile, ...(source && { source }) });
    if (error) return flawOf(error.issues, (path) => this.#columnOf(path));
    return this.#said.flaw(key, line, [data, parent]) ?? { key, parent, data, lines: [line] };
  }

  #columnOf([first, second]: readonly PropertyKey[]): string | undefined {
    const { profile, externalId } = this.mapping;
    return first === 'profile' ? profileColumn(profile, second) : columnOf(externalId.value);
  }
}

const withoutLink = ({ linkType: _type, validFrom: _from, ...rules }: NonNullable<AccountsMapping['parent']>) => rules;
