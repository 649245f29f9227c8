// Tables of text, one row a line and a bar between cells: data that a person can read and change.
import { parse } from 'csv-parse/sync';

type Name<Header extends string> = Header extends `${infer First}|${infer Rest}` ? Trimmed<First> | Name<Rest> : Trimmed<Header>;
type Trimmed<T extends string> = T extends ` ${infer Rest}` | `${infer Rest} ` ? Trimmed<Rest> : T;

/** `rows('key | name', '...')`: a record a line, an empty cell is ''. */
export const rows = <const Header extends string>(header: Header, table: string): readonly Record<Name<Header>, string>[] =>
  parse<Record<Name<Header>, string>>(`${header}\n${table}`, {
    columns: true,
    delimiter: '|',
    trim: true,
    quote: null,
    skip_empty_lines: true,
  });
