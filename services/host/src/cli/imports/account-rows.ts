// A row, an account.
import { accountContract } from '@kams/contracts/accounts/account';
import { cellReaders, columnOf, isFlaw, needed, type Flaw, type Read } from './cells';
import type { AccountsMapping } from './mapping';
import { profileColumn, profileReader, type ProfileRead } from './profile-cells';
import { RowByRow } from './row-by-row';
import { flawOf, type AccountCommand, type RowSink } from './row-command';

const schema = accountContract.commands.Import.data;

export class AccountRows extends RowByRow<AccountCommand> {
  readonly #key: Read<string>;
  readonly #profile: ProfileRead;
  readonly #parent: Read<string> | undefined;

  constructor(
    private readonly mapping: AccountsMapping,
    columns: readonly string[],
    out: RowSink<AccountCommand>,
  ) {
    super(columns, out, 'account');
    const readers = cellReaders(columns, mapping);
    const { externalId, profile, parent } = mapping;
    this.#key = needed(readers.text(externalId.value), columnOf(externalId.value), 'it is the key of the account');
    this.#profile = profileReader(profile, readers);
    this.#parent = parent && readers.text(withoutLink(parent));
  }

  protected commandOf(cells: readonly string[], line: number): AccountCommand | Flaw {
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
    return this.said.flaw(key, line, [data, parent]) ?? { key, parent, data, lines: [line] };
  }

  #columnOf([first, second]: readonly PropertyKey[]): string | undefined {
    const { profile, externalId } = this.mapping;
    return first === 'profile' ? profileColumn(profile, second) : columnOf(externalId.value);
  }
}

const withoutLink = ({ linkType: _type, validFrom: _from, ...rules }: NonNullable<AccountsMapping['parent']>) => rules;
