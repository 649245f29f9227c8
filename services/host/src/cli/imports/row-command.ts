// What rows become: a command and the lines that it was made of, or a flaw.
import type { z } from 'zod';
import type { Row } from './csv-file';
import { Flaw } from './cells';

/** An account that a purchase names: it is registered before the purchase is sent. */
export interface MetAccount {
  /** The same for the same account. */
  readonly key: string;
  readonly data: object;
}

export interface RowCommand {
  readonly data: object;
  readonly lines: readonly number[];
}

export interface PurchaseCommand extends RowCommand {
  readonly meets?: MetAccount;
}

export interface AccountCommand extends RowCommand {
  /** What the file calls the account. */
  readonly key: string;
  /** What it calls the parent. */
  readonly parent?: string;
}

/** Takes rows in the order of the file. */
export interface RowReader {
  take(row: Row): void;
  /** The file has ended: what still waited for more rows goes out. */
  end(): void;
}

export interface RowSink<C extends RowCommand> {
  command(it: C): void;
  reject(line: number, flaw: Flaw): void;
}

export const wrongCellCount = (found: number, due: number): Flaw =>
  new Flaw('cell-count', `has ${found} cells instead of ${due}; is a delimiter missing, or a cell with one not in quotes?`);

/** Of the contract's own findings: where it is, and what. `nameOf` knows the column behind a path, where there is one. */
export function flawOf(issues: readonly z.core.$ZodIssue[], nameOf: (path: readonly PropertyKey[]) => string | undefined): Flaw {
  const reasons = issues.slice(0, 3).map((it) => `${nameOf(it.path) ?? it.path.join('/')} ${it.message}`);
  return new Flaw('invalid', reasons.join('; '));
}
