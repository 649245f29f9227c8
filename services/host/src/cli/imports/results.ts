// What became of every row, in a file beside the work: NDJSON, a line for each row of the CSV, in the order of the answers.
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { Failure } from '../failure';
import { Flaw, isFlaw } from './cells';
import { SAME_ROW } from './said-once';

export const OUTCOMES = ['created', 'updated', 'skipped', 'rejected', 'valid'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** What was answered for a command, or why it was rejected. */
export type Settled = { readonly outcome: Exclude<Outcome, 'rejected'>; readonly id?: string } | Flaw;

const BUFFER = 65_536;

export class Results {
  readonly counts: Record<Outcome, number> = { created: 0, updated: 0, skipped: 0, rejected: 0, valid: 0 };
  /** Of the rejected, by code: how many rows, and the reason of the first. */
  readonly rejections = new Map<string, { readonly rows: number; readonly reason: string }>();
  #rows = 0;
  #text = '';
  #head = '';
  readonly #file: number;

  constructor(readonly path: string) {
    try {
      mkdirSync(dirname(path), { recursive: true });
      this.#file = openSync(path, 'w', 0o600);
    } catch (error) {
      throw new Failure(`${path} can not be written (${(error as NodeJS.ErrnoException).code}). Name another with --result.`);
    }
  }

  get rows(): number {
    return this.#rows;
  }

  /** The rows that follow are of this file. */
  of(file: string): void {
    this.#head = `{"file":${JSON.stringify(basename(file))},"line":`;
  }

  settle(lines: readonly number[], settled: Settled, more: object = {}): void {
    const flaw = isFlaw(settled);
    const outcome = !flaw ? settled.outcome : settled.code === SAME_ROW ? 'skipped' : 'rejected';
    const said = JSON.stringify({
      outcome,
      ...(flaw ? { code: settled.code, reason: settled.reason } : { id: settled.id }),
      ...more,
    });
    for (const line of lines) this.#text += `${this.#head}${line},${said.slice(1)}\n`;
    this.counts[outcome] += lines.length;
    if (flaw && outcome === 'rejected') {
      const { rows, reason } = this.rejections.get(settled.code) ?? { rows: 0, reason: settled.reason };
      this.rejections.set(settled.code, { rows: rows + lines.length, reason });
    }
    this.#rows += lines.length;
    if (this.#text.length > BUFFER) this.#flush();
  }

  /** A dry run: the first row carries what would be sent for all of them. */
  wouldSend([first = 0, ...others]: readonly number[], more: object): void {
    this.settle([first], { outcome: 'valid' }, more);
    if (others.length > 0) this.settle(others, { outcome: 'valid' }, { with: first });
  }

  close(): void {
    this.#flush();
    closeSync(this.#file);
  }

  #flush(): void {
    try {
      writeSync(this.#file, this.#text);
    } catch (error) {
      throw new Failure(`${this.path} can not be written (${(error as NodeJS.ErrnoException).code}). Make room, and run again.`);
    }
    this.#text = '';
  }
}
