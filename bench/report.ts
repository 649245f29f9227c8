// Tables of figures, and what was measured on.
import { cpus, loadavg, release, totalmem, type } from 'node:os';

/** `undefined`: can not be known here. */
export type Cell = string | number | undefined;

export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

export interface Machine {
  readonly cores: number;
  readonly cpu: string;
  readonly memoryGiB: number;
  readonly os: string;
  readonly node: string;
  readonly postgres: string;
}

export const machine = (postgres: string): Machine => ({
  cores: cpus().length,
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  os: `${type()} ${release()}`,
  node: process.version,
  postgres,
});

export const described = ({ cores, cpu, memoryGiB, os, node, postgres }: Machine): string =>
  `${cores} cores, ${cpu}, ${memoryGiB} GiB, ${os}, Node ${node}, ${postgres}`;

/** Of the last minute and the last five: what else runs here disturbs. */
export const load = (): string =>
  loadavg()
    .slice(0, 2)
    .map((it) => it.toFixed(2))
    .join(' ');

export const hint = ({ cores }: Machine): string =>
  loadavg()[0]! < cores / 2 ? '' : ': other work runs here, believe the ratios and not the figures';

/** Three digits that mean something. */
export function shown(cell: Cell): string {
  if (cell === undefined) return '-';
  if (typeof cell === 'string') return cell;
  if (!Number.isFinite(cell)) return '-';
  if (Math.abs(cell) >= 100) return Math.round(cell).toLocaleString('en');
  return cell.toFixed(Math.abs(cell) >= 10 ? 1 : 2);
}

export function printed({ title, columns, rows }: Table): string {
  const texts = [columns, ...rows.map((row) => row.map(shown))];
  const widths = columns.map((_, i) => Math.max(...texts.map((row) => row[i]!.length)));
  const lines = texts.map((row) =>
    row.map((text, i) => (i === 0 ? text.padEnd(widths[i]!) : text.padStart(widths[i]!))).join('  '),
  );
  return [title, lines[0], widths.map((it) => '-'.repeat(it)).join('  '), ...lines.slice(1)].join('\n');
}

export function median(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((it) => it !== undefined).sort((a, b) => a - b);
  if (known.length === 0) return undefined;
  const middle = known.length >> 1;
  return known.length % 2 === 1 ? known[middle] : (known[middle - 1]! + known[middle]!) / 2;
}

/** Field by field the median of some rounds. */
export function medians<T extends object>(rounds: readonly T[]): { readonly [N in keyof T]: number | undefined } {
  const names = Object.keys(rounds[0] ?? {}) as (keyof T)[];
  return Object.fromEntries(names.map((name) => [name, median(rounds.map((it) => it[name] as number | undefined))])) as {
    [N in keyof T]: number | undefined;
  };
}

/** The median of the ratios of each round: what drifts from round to round drops out. */
export const ratio = <T extends { readonly perSecond: number }>(ours: readonly T[], theirs: readonly T[]): number | undefined =>
  median(ours.map((it, i) => it.perSecond / theirs[i]!.perSecond));
