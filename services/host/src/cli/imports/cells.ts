// From cells to values. A mapping's rules are compiled once for a file; a cell that does not fit gives a flaw, never a guess.
import { fromDecimal } from '@kams/methods/money';
import { instantAt } from '@kams/methods/dates';
import { MethodRefused } from '@kams/methods/refusal';
import Big from 'big.js';
import { DateTime } from 'luxon';
import type { CellRules, Decimals, Mapping, Source } from './mapping';

/** Why a row is rejected. */
export class Flaw {
  constructor(
    readonly code: string,
    readonly reason: string,
  ) {}
}

type Cells = readonly string[];
/** What the row says there; undefined when it says nothing. */
export type Read<T> = (cells: Cells) => T | Flaw | undefined;

export interface CellReaders {
  text(source: Source): Read<string>;
  whole(source: Source): Read<number>;
  decimal(source: Source): Read<string>;
  money(rules: CellRules & { currency: string; times?: string }): Read<{ minor: number; currency: string }>;
  instant(rules: CellRules, dates: { format: string; zone: string }): Read<string>;
  /** A day of the calendar, without a zone. */
  day(rules: CellRules, format: string): Read<string>;
}

export const isFlaw = (it: unknown): it is Flaw => it instanceof Flaw;

/** Makes a value that the row must have of one that it may have. */
export function needed<T>(read: Read<T>, column: string, forWhat: string): (cells: Cells) => T | Flaw {
  const missing = new Flaw('cell-empty', `${column} is empty; ${forWhat}`);
  return (cells) => read(cells) ?? missing;
}

export const columnOf = (it: Source): string => ('column' in it ? it.column : JSON.stringify(it.constant));

/** `columns` are those of the file, in its own order. */
export function cellReaders(
  columns: readonly string[],
  { decimals = { point: '.' }, nulls = [] }: Pick<Mapping, 'nulls'> & { readonly decimals?: Decimals },
): CellReaders {
  const number = plainNumber(decimals);

  const text = (source: Source): Read<string> => {
    if ('constant' in source) return () => source.constant;
    const { column, trim, stripTrailing, replace, template } = source;
    const at = columns.indexOf(column);
    const nothing = new Set([...nulls, ...(source.nulls ?? []), '']);
    const replaced = replace && new Map(Object.entries(replace));
    return (cells) => {
      let it = cells[at]!;
      if (trim) it = it.trim();
      if (stripTrailing !== undefined && it.endsWith(stripTrailing)) it = it.slice(0, -stripTrailing.length);
      if (nothing.has(it)) return undefined;
      if (replaced) it = replaced.get(it) ?? it;
      return template === undefined ? it : template.replaceAll('{}', () => it);
    };
  };

  /** Reads the cell as text and turns it into what it stands for; what `turn` has no answer for is a flaw. */
  const turned = <T>(source: Source, what: string, turn: (text: string) => T | undefined): Read<T> => {
    const read = text(source);
    const malformed = new Flaw('cell-malformed', `${columnOf(source)} is not ${what}`);
    return (cells) => {
      const it = read(cells);
      return typeof it === 'string' ? (turn(it) ?? malformed) : it;
    };
  };

  const aNumber = `a number written with "${decimals.point}"${decimals.grouping ? ` and groups of "${decimals.grouping}"` : ''}`;
  return {
    text,
    decimal: (source) => turned(source, aNumber, number),
    whole: (source) =>
      turned(source, 'a whole number', (it) => {
        const digits = number(it);
        return digits !== undefined && /^-?\d{1,15}$/.test(digits) ? Number(digits) : undefined;
      }),
    money: ({ currency, times = '1', ...rules }) =>
      turned(rules, `an amount of ${currency}: ${aNumber}`, (it) => {
        const digits = number(it);
        return digits === undefined ? undefined : exactMoney(digits, times, currency);
      }),
    instant: (rules, { format, zone }) => turned(rules, `a time like ${format} in ${zone}`, remembering(localTime(format, zone))),
    day: (rules, format) => {
      const read = calendar(format);
      return turned(rules, `a date like ${format}`, (it) => read(it)?.toISODate() ?? undefined);
    },
  };
}

const escaped = (sign: string): string => sign.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** `1.234,56` to `1234.56`, where that is how the mapping says numbers are written; groups have three digits, or there are none. */
function plainNumber({ point, grouping }: Decimals): (text: string) => string | undefined {
  const whole = grouping === undefined ? '\\d+' : `(?:\\d+|\\d{1,3}(?:${escaped(grouping)}\\d{3})+)`;
  const form = new RegExp(`^-?${whole}(?:${escaped(point)}\\d+)?$`);
  if (point === '.' && grouping === undefined) return (text) => (form.test(text) ? text : undefined);
  return (text) => {
    if (!form.test(text)) return undefined;
    const ungrouped = grouping === undefined ? text : text.replaceAll(grouping, '');
    return ungrouped.replace(point, '.');
  };
}

function exactMoney(digits: string, times: string, currency: string): { minor: number; currency: string } | undefined {
  try {
    return fromDecimal(new Big(digits).times(times).toFixed(), currency);
  } catch (error) {
    if (error instanceof MethodRefused) return undefined;
    throw error;
  }
}

/** By the letters of luxon, as if the clocks were those of UTC. */
function calendar(format: string): (text: string) => DateTime | undefined {
  const parser = DateTime.buildFormatParser(format, { locale: 'en-US', numberingSystem: 'latn' });
  return (text) => {
    const it = DateTime.fromFormatParser(text, parser, { zone: 'utc', locale: 'en-US', numberingSystem: 'latn' });
    return it.isValid && it.year >= 1 && it.year <= 9998 ? it : undefined;
  };
}

const DAY_MS = 86_400_000;

/**
 * luxon reads the letters, `instantAt` knows the zone: of a time that the clocks show twice it is always the earlier one. Asking
 * the zone costs 60 us (measured), so it is asked for days: within one of 24 hours a time is its start and so much more.
 */
function localTime(format: string, zone: string): (text: string) => string | undefined {
  const hasOffset = format.replace(/'[^']*'/g, '').includes('Z');
  const read = calendar(format);
  if (hasOffset) return (text) => read(text)?.toISO() ?? undefined;

  const starts = new Map<string, number | undefined>();
  const startOf = (day: DateTime): number | undefined => {
    const date = day.toISODate()!;
    if (!starts.has(date)) {
      const [start, end] = [day, day.plus({ days: 1 })].map((it) => Date.parse(instantAt(it.toISODate()!, zone)));
      starts.set(date, end! - start! === DAY_MS ? start : undefined);
    }
    return starts.get(date);
  };
  return (text) => {
    const it = read(text);
    if (!it) return undefined;
    const start = startOf(it);
    if (start === undefined) return instantAt(it.toFormat("yyyy-MM-dd'T'HH:mm:ss.SSS"), zone);
    return new Date(start + (((it.hour * 60 + it.minute) * 60 + it.second) * 1_000 + it.millisecond)).toISOString();
  };
}

/** Rows of one invoice have one time. */
function remembering<T>(turn: (text: string) => T): (text: string) => T {
  let last: { readonly text: string; readonly value: T } | undefined;
  return (text) => {
    if (last?.text !== text) last = { text, value: turn(text) };
    return last.value;
  };
}
