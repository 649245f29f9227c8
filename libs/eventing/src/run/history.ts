// Two dates: when something was so in the world (valid), and when we knew it (recorded). Each row says both, as half-open
// intervals; a question names an instant of each.
import { isDeepStrictEqual } from 'node:util';
import type { AnyContract } from '@kams/contracts/define';
import type { Occurrence, OccurrenceOf } from './occurrence';
import type { Projection, Row } from './projection';
import { table, type Table } from './table';

/** "From `from` on, `attribute` of `key` is `value`", until the next change that is known of. `null`: it is not there. */
export interface Assertion {
  readonly key: string;
  readonly attribute: string;
  readonly value: unknown;
  /** An instant; absent: as far back as anyone asks. */
  readonly from?: string;
}

export const BEGINNING = '0001-01-01T00:00:00.000000Z';

export interface HistoryRow extends Row {
  readonly tenant_id: string;
  readonly key: string;
  readonly attribute: string;
  readonly value: unknown;
  readonly valid_from: string;
  readonly valid_to: string | null;
  readonly recorded_from: string;
  readonly recorded_to: string | null;
}

const historyTable = (name: string): Table =>
  table(
    name,
    {
      tenant_id: 'text',
      key: 'text',
      attribute: 'text',
      value: 'json?',
      valid_from: 'instant',
      valid_to: 'instant?',
      recorded_from: 'instant',
      recorded_to: 'instant?',
    },
    { primaryKey: ['tenant_id', 'key', 'attribute', 'valid_from', 'recorded_from'], groupBy: 'key' },
  );

/** The rows after an assertion that became known at `recordedAt`. What was believed before stays, closed at that instant. */
export function assert(rows: readonly HistoryRow[], it: Assertion, tenantId: string, recordedAt: string): readonly HistoryRow[] {
  const from = it.from ?? BEGINNING;
  const believed = rows.filter((row) => row.attribute === it.attribute && row.recorded_to === null);
  const covering = believed.find((row) => row.valid_from <= from && (row.valid_to === null || from < row.valid_to));
  const next = believed.reduce<string | null>(
    (least, { valid_from }) => (valid_from > from && (least === null || valid_from < least) ? valid_from : least),
    null,
  );
  // Not by their text: a database may give the fields of a value back in another order.
  if (covering && isDeepStrictEqual(covering.value, it.value)) return rows;

  const base = { tenant_id: tenantId, key: it.key, attribute: it.attribute, recorded_from: recordedAt, recorded_to: null };
  const added: HistoryRow[] = [{ ...base, value: it.value, valid_from: from, valid_to: covering ? covering.valid_to : next }];
  if (covering && covering.valid_from < from)
    added.unshift({ ...base, value: covering.value, valid_from: covering.valid_from, valid_to: from });

  return [
    // What was learned and corrected at one and the same instant was never believed: it leaves no row.
    ...rows.flatMap((row) =>
      row !== covering ? [row] : row.recorded_from === recordedAt ? [] : [{ ...row, recorded_to: recordedAt }],
    ),
    ...added,
  ];
}

type Assertions<K extends AnyContract> = {
  readonly [E in OccurrenceOf<K> as E['type']]?: (event: E) => readonly Omit<Assertion, 'key'>[];
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
    const handlers = on as unknown as Record<string, ((event: Occurrence) => readonly Omit<Assertion, 'key'>[]) | undefined>;
    const key = (it.key ?? ((event: Occurrence) => event.id)) as (event: Occurrence) => string;
    return {
      name: it.name,
      version: it.version ?? 1,
      table: historyTable(it.name),
      contracts: it.from,
      guarded: false,
      groupOf: (event) => (handlers[event.type] ? key(event) : undefined),
      apply: (rows, event) =>
        handlers[event.type]!(event).reduce<readonly Row[]>(
          (after, assertion) =>
            assert(after as readonly HistoryRow[], { ...assertion, key: key(event) }, event.tenantId, event.recordedAt),
          rows,
        ),
    };
  };

/** Was the row so at `asOf`, by what was known at `knownAt`? Both are instants. */
export const holds = (row: HistoryRow, asOf: string, knownAt: string): boolean =>
  row.valid_from <= asOf &&
  (row.valid_to === null || asOf < row.valid_to) &&
  row.recorded_from <= knownAt &&
  (row.recorded_to === null || knownAt < row.recorded_to);

/** The same as a condition in SQL; `$asOf` and `$knownAt` are the numbers of the parameters. */
export const holdsSql = (row: string, asOf: number, knownAt: number): string =>
  `${row}.valid_from <= $${asOf} and (${row}.valid_to is null or $${asOf} < ${row}.valid_to) ` +
  `and ${row}.recorded_from <= $${knownAt} and (${row}.recorded_to is null or $${knownAt} < ${row}.recorded_to)`;

/** What holds from a day on, holds from this instant on. */
export const startOfDay = (day: string): string => `${day}T00:00:00.000000Z`;
