// Two dates: when something was so in the world (valid), and when we knew it (recorded). Each row says both, as half-open
// intervals; a question names an instant of each.
import { isDeepStrictEqual } from 'node:util';
import type { AnyContract } from '@kams/contracts/define';
import type { Occurrence, OccurrenceOf } from './occurrence';
import type { Projection, Row } from './projection';
import { table, type Table } from './table';

/** "From `from` on, `attribute` is `value`", until the next change that is known of. `null`: it is not there. */
export interface Assertion {
  readonly attribute: string;
  readonly value: unknown;
  /** An instant; absent: as far back as anyone asks. */
  readonly from?: string;
}

export const BEGINNING = '0001-01-01T00:00:00.000000Z';
/** Of what has not ended. */
export const END = '9999-12-31T23:59:59.999999Z';

interface Interval {
  readonly valid_from: string;
  readonly valid_to: string;
  readonly recorded_from: string;
  readonly recorded_to: string;
}
/** A value of one attribute. */
export interface Belief extends Interval {
  readonly attribute: string;
  readonly value: unknown;
}
/** The values of all attributes that have both intervals in common: what is said at once is one row, and mostly stays one. */
export interface HistoryRow extends Row, Interval {
  readonly tenant_id: string;
  readonly key: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

const historyTable = (name: string): Table =>
  table(
    name,
    {
      tenant_id: 'text',
      key: 'text',
      attributes: 'json',
      valid_from: 'instant',
      valid_to: 'instant',
      recorded_from: 'instant',
      recorded_to: 'instant',
    },
    {
      primaryKey: ['tenant_id', 'key', 'valid_from', 'valid_to', 'recorded_from', 'recorded_to'],
      groupBy: 'key',
      closedBy: 'recorded_to',
      indexes: ['key, recorded_to'],
    },
  );

/** The rows, an attribute at a time. */
export const beliefsOf = (rows: readonly HistoryRow[]): readonly Belief[] =>
  rows.flatMap(({ attributes, valid_from, valid_to, recorded_from, recorded_to }) =>
    Object.entries(attributes).map(([attribute, value]) => ({
      attribute,
      value,
      valid_from,
      valid_to,
      recorded_from,
      recorded_to,
    })),
  );

/** What of a row, or of one that is to come, an assertion changes: the values of one attribute. */
interface Change {
  /** The row that loses its value. */
  readonly from?: HistoryRow;
  readonly to: readonly { readonly interval: Interval; readonly value: unknown }[];
}

/** What follows of an assertion that became known at `recordedAt`: what was believed before stays, closed at that instant. */
function learn(
  rows: readonly HistoryRow[],
  { attribute, value, from = BEGINNING }: Assertion,
  recordedAt: string,
): Change | undefined {
  let covering: HistoryRow | undefined;
  let next = END;
  for (const row of rows) {
    if (row.recorded_to !== END || !(attribute in row.attributes)) continue;
    if (row.valid_from <= from && from < row.valid_to) covering = row;
    else if (row.valid_from > from && row.valid_from < next) next = row.valid_from;
  }
  // Not by their text: a database may give the fields of a value back in another order.
  const before = covering?.attributes[attribute];
  if (covering && isDeepStrictEqual(before, value)) return undefined;

  const known = { recorded_from: recordedAt, recorded_to: END };
  const to = [{ value, interval: { ...known, valid_from: from, valid_to: covering?.valid_to ?? next } }];
  if (!covering) return { to };
  const { valid_from, valid_to, recorded_from } = covering;
  if (valid_from < from) to.push({ value: before, interval: { ...known, valid_from, valid_to: from } });
  // What was learned and corrected at one and the same instant was never believed: it leaves no row.
  if (recorded_from !== recordedAt)
    to.push({ value: before, interval: { valid_from, valid_to, recorded_from, recorded_to: recordedAt } });
  return { from: covering, to };
}

const isSame = (a: Interval, b: Interval): boolean =>
  a.recorded_to === b.recorded_to &&
  a.recorded_from === b.recorded_from &&
  a.valid_from === b.valid_from &&
  a.valid_to === b.valid_to;

const inOrder = (attributes: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1)));

/**
 * The rows of a key after what is said of it at once. Those that stay as they are stay the same objects, and are looked at no
 * further: a key may have thousands.
 */
export function assert(
  rows: readonly HistoryRow[],
  key: string,
  said: readonly Assertion[],
  tenantId: string,
  recordedAt: string,
): readonly HistoryRow[] {
  let after: HistoryRow[] | undefined;
  for (const it of said) {
    const change = learn(after ?? rows, it, recordedAt);
    if (!change) continue;
    after ??= [...rows];
    const { attribute } = it;
    if (change.from) {
      const { [attribute]: _lost, ...attributes } = change.from.attributes;
      const kept = Object.keys(attributes).length > 0 ? [{ ...change.from, attributes }] : [];
      after.splice(after.indexOf(change.from), 1, ...kept);
    }
    for (const { interval, value } of change.to) {
      const at = after.findIndex((row) => isSame(row, interval));
      const attributes = inOrder({ ...after[at]?.attributes, [attribute]: value });
      if (at >= 0) after[at] = { ...after[at]!, attributes };
      else after.push({ tenant_id: tenantId, key, attributes, ...interval });
    }
  }
  return after ?? rows;
}

type Assertions<K extends AnyContract> = {
  readonly [E in OccurrenceOf<K> as E['type']]?: (event: E) => readonly Assertion[];
};

/** A history of attributes. Events become assertions; the rows follow from them. */
export const history =
  <const K extends readonly AnyContract[]>(it: {
    readonly name: string;
    readonly version?: number;
    readonly from: K;
    /** The thing whose attributes these are: the same for all assertions of the event. */
    readonly key?: (event: OccurrenceOf<K[number]>) => string;
  }) =>
  (on: Assertions<K[number]>): Projection => {
    const handlers = on as unknown as Record<string, ((event: Occurrence) => readonly Assertion[]) | undefined>;
    const key = (it.key ?? ((event: Occurrence) => event.id)) as (event: Occurrence) => string;
    return {
      name: it.name,
      version: it.version ?? 1,
      table: historyTable(it.name),
      contracts: it.from,
      guarded: false,
      groupOf: (event) => (handlers[event.type] ? key(event) : undefined),
      apply: (rows, event) =>
        assert(rows as readonly HistoryRow[], key(event), handlers[event.type]!(event), event.tenantId, event.recordedAt),
    };
  };

const isBefore = (instant: string, end: string): boolean => end === END || instant < end;
/** Was it so at `asOf`, by what was known at `knownAt`? Both are instants. */
export const holds = (it: Interval, asOf: string, knownAt: string): boolean =>
  it.valid_from <= asOf && isBefore(asOf, it.valid_to) && it.recorded_from <= knownAt && isBefore(knownAt, it.recorded_to);

const isBeforeSql = (instant: number, end: string): string => `($${instant} < ${end} or ${end} = '${END}')`;
/** The same as a condition in SQL; `$asOf` and `$knownAt` are the numbers of the parameters. */
export const holdsSql = (row: string, asOf: number, knownAt: number): string =>
  `${row}.valid_from <= $${asOf} and ${isBeforeSql(asOf, `${row}.valid_to`)} ` +
  `and ${row}.recorded_from <= $${knownAt} and ${isBeforeSql(knownAt, `${row}.recorded_to`)}`;

/** What holds from a day on, holds from this instant on. */
export const startOfDay = (day: string): string => `${day}T00:00:00.000000Z`;
