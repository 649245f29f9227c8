// Which mapping reads a file: the one that was named, or a shipped one whose columns are exactly those of the file.
import { closest, distance } from 'fastest-levenshtein';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../failure';
import { headerCells } from './csv-file';
import { printable } from './file-gate';
import { readMapping, type Kind, type Mapping } from './mapping';

const SHIPPED = join(__dirname, '..', 'mappings');

export async function shippedMappings(): Promise<Mapping[]> {
  const names = (await readdir(SHIPPED)).filter((it) => it.endsWith('.json')).sort();
  return Promise.all(names.map((it) => readMapping(join(SHIPPED, it))));
}

export interface Chosen {
  readonly mapping: Mapping;
  /** In the order of the file. */
  readonly columns: readonly string[];
}

/** @throws Failure naming each column that is missing, doubled or unknown */
export function byMapping(path: string, header: string, mapping: Mapping, kind: Kind): Chosen {
  if (mapping.kind !== kind) throw new Failure(`The mapping ${mapping.name} is for ${mapping.kind}: kams import ${mapping.kind}`);
  const { columns, wrong } = fit(header, mapping);
  if (wrong.length === 0) return { mapping, columns };
  const other = otherDelimiter(header, mapping);
  throw new Failure(
    `${path}: its header does not fit the mapping ${mapping.name}: ${wrong.join('; ')}.` +
      (other ? ` Is it separated by ${other}? The mapping's dialect must say so.` : '') +
      ' Nothing was sent.',
  );
}

/** @throws Failure naming the header that was found, and how the nearest shipped mapping differs */
export function byHeader(path: string, header: string, shipped: readonly Mapping[], kind: Kind): Chosen {
  const fitting = shipped.map((mapping) => fit(header, mapping)).sort((a, b) => a.wrong.length - b.wrong.length);
  const nearest = fitting.find((it) => it.mapping.kind === kind);
  if (nearest?.wrong.length === 0) return nearest;
  const [best] = fitting;
  if (best?.wrong.length === 0) {
    throw new Failure(`${path} is a file of ${best.mapping.kind}: kams import ${best.mapping.kind}. Nothing was sent.`);
  }
  const found = (nearest?.columns ?? [header]).map(printable).join(', ').slice(0, 600);
  throw new Failure(
    `${path}: no shipped mapping for ${kind} has its header${kind === 'contacts' ? '' : `: ${found}`}. ${nearest ? differenceTo(nearest, header) : ''}` +
      `Name a mapping that reads it with --mapping (kams import --help). Nothing was sent.`,
  );
}

function fit(header: string, mapping: Mapping): Chosen & { readonly wrong: readonly string[] } {
  const columns = headerCells(header, mapping.dialect.delimiter);
  return { mapping, columns, wrong: differences(columns, mapping) };
}

function differenceTo({ mapping, wrong }: ReturnType<typeof fit>, header: string): string {
  const other = otherDelimiter(header, mapping);
  const how = other
    ? `it is separated by ${NAMES[mapping.dialect.delimiter]}, the file by ${other}`
    : wrong.slice(0, 10).join('; ');
  return `The nearest is ${mapping.name}: ${how}. `;
}

/** A file of contacts that has no header has a person in its first line: there a column that is not known is not shown. */
function differences(found: readonly string[], { columns, kind }: Mapping): string[] {
  const nameOf = (it: string): string =>
    kind === 'contacts' && !columns.includes(it) ? `column ${found.indexOf(it) + 1}` : `the column ${printable(it)}`;
  const missing = columns.filter((it) => !found.includes(it));
  const doubled = found.filter((it, i) => found.indexOf(it) === i && found.includes(it, i + 1));
  const unknown = found.filter((it) => !columns.includes(it));
  return [
    ...missing.map((it) => `the column ${printable(it)} is missing`),
    ...doubled.map((it) => `${nameOf(it)} is there twice`),
    ...unknown.map((it) => `${nameOf(it)} is not known${near(it, missing)}`),
  ];
}

function near(unknown: string, missing: readonly string[]): string {
  if (missing.length === 0 || unknown.length > 200) return '';
  const it = closest(unknown, missing);
  return distance(unknown, it) <= 3 ? ` (did you mean ${it}?)` : '';
}

const NAMES: Readonly<Record<string, string>> = { ',': 'commas', ';': 'semicolons', '\t': 'tabs', '|': 'bars' };

/** Another sign that would make the header fit. */
function otherDelimiter(header: string, mapping: Mapping): string | undefined {
  const sign = Object.keys(NAMES).find((it) => differences(headerCells(header, it), mapping).length === 0);
  return sign && NAMES[sign];
}
