// One file says one thing of an account or of a person: a row that says it again is not sent, one that says another is not
// believed.
import { hash } from 'node:crypto';
import { Flaw } from './cells';

/** The one flaw that rejects nothing: the row is skipped. */
export const SAME_ROW = 'row-repeated';

export class SaidOnce {
  /** What the first row of each key said. A hash, because a file has up to a million rows. */
  readonly #first = new Map<string, { readonly line: number; readonly hash: string }>();

  constructor(private readonly what: string) {}

  /** Undefined for the first row of a key. */
  flaw(key: string, line: number, content: unknown): Flaw | undefined {
    const digest = hash('sha1', JSON.stringify(content), 'base64');
    const first = this.#first.get(key);
    if (!first) {
      this.#first.set(key, { line, hash: digest });
      return undefined;
    }
    return first.hash === digest
      ? new Flaw(SAME_ROW, `line ${first.line} says the same`)
      : new Flaw('row-contradicts', `line ${first.line} says something else of the same ${this.what}`);
  }

  clear(): void {
    this.#first.clear();
  }
}
