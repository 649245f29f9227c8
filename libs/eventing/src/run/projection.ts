// Events -> rows of one read model. Nothing in a row comes from a clock, from chance or from a database default, so that a
// projection built again is equal to the byte.
import type { AnyContract } from '@kams/contracts/define';
import type { Occurrence, OccurrenceOf } from './occurrence';
import type { RowOf, Table } from './table';

export type Row = Readonly<Record<string, unknown>>;

export interface Projection {
  /** Lower snake case; the name of its checkpoint. */
  readonly name: string;
  /** Raise it when the meaning of rows changes though the table does not: the projection is then built again. */
  readonly version: number;
  readonly table: Table;
  /** Whose events it reads. */
  readonly contracts: readonly AnyContract[];
  /** The service whose public events these are; absent: the own store. */
  readonly over?: string;
  /**
   * Its rows belong to one stream each and carry that stream's revision, which tells a doubled event from a lost one. Rows that
   * several streams feed have no such column.
   */
  readonly guarded: boolean;
  /** The group of rows that an event changes; undefined: none. */
  groupOf(event: Occurrence): string | undefined;
  /**
   * The rows of the group, which come in no order, after the event; where the table says `closedBy`, those of them that the event
   * may change. Pure; the same rows (by identity) where nothing changes.
   */
  apply(rows: readonly Row[], event: Occurrence): readonly Row[];
}

type EventHandlers<K extends AnyContract, R> = {
  readonly [E in OccurrenceOf<K> as E['type']]?: (row: R | undefined, event: E) => R | undefined;
};

/** One row a stream, or a row for whatever `key` names. A handler gives the row after the event; undefined removes it. */
export const projection =
  <const K extends readonly AnyContract[], T extends Table>(it: {
    readonly name: string;
    readonly version?: number;
    readonly from: K;
    readonly over?: string;
    readonly table: T;
    readonly key?: (event: OccurrenceOf<K[number]>) => string | undefined;
  }) =>
  (on: EventHandlers<K[number], RowOf<T>>): Projection => {
    const handlers = on as unknown as Record<string, ((row: Row | undefined, event: Occurrence) => Row | undefined) | undefined>;
    const { key } = it as { key?: (event: Occurrence) => string | undefined };
    const guarded = key === undefined;
    if (guarded && !('revision' in it.table.columns))
      throw new RangeError(`${it.name}: a row of a stream needs the column "revision"`);
    return {
      name: it.name,
      version: it.version ?? 1,
      table: it.table,
      contracts: it.from,
      over: it.over,
      guarded,
      groupOf: key ?? ((event) => event.id),
      apply(rows, event) {
        const [row] = rows;
        const handler = handlers[event.type];
        const after = handler ? handler(row, event) : row;
        if (after === undefined) return row === undefined ? rows : [];
        return [guarded ? { ...after, revision: event.revision } : after];
      },
    };
  };
