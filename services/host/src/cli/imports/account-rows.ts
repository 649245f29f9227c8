// A row, an account.
import { accountContract } from '@kams/contracts/accounts/account';
import { hash } from 'node:crypto';
import { cellReaders, columnOf, Flaw, isFlaw, needed, type Read } from './cells';
import type { Row } from './csv-file';
import type { AccountsMapping } from './mapping';
import { profileColumn, profileReader, type ProfileRead } from './profile-cells';
import { flawOf, wrongCellCount, type AccountCommand, type RowReader, type RowSink } from './row-command';

const schema = accountContract.commands.Import.data;

export class AccountRows implements RowReader {
  readonly #key: Read<string>;
  readonly #profile: ProfileRead;
  readonly #parent: Read<string> | undefined;
  /** What each account's first row said. A hash, because a file has up to a million rows. */
  readonly #said = new Map<string, { readonly line: number; readonly hash: string }>();

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
    return this.#repeats(key, line, JSON.stringify([data, parent])) ?? { key, parent, data, lines: [line] };
  }

  /** One file says one thing of an account: a row that says it again is not sent, one that says another is not believed. */
  #repeats(key: string, line: number, content: string): Flaw | undefined {
    const digest = hash('sha1', content, 'base64');
    const first = this.#said.get(key);
    if (!first) {
      this.#said.set(key, { line, hash: digest });
      return undefined;
    }
    return first.hash === digest
      ? new Flaw(SAME_ROW, `line ${first.line} says the same`)
      : new Flaw('row-contradicts', `line ${first.line} says something else of the same account`);
  }

  #columnOf([first, second]: readonly PropertyKey[]): string | undefined {
    const { profile, externalId } = this.mapping;
    return first === 'profile' ? profileColumn(profile, second) : columnOf(externalId.value);
  }
}

/** The one flaw that rejects nothing: the row is skipped. */
export const SAME_ROW = 'row-repeated';

const withoutLink = ({ linkType: _type, validFrom: _from, ...rules }: NonNullable<AccountsMapping['parent']>) => rules;
