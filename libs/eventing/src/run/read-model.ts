// Where rows stand. Rows and checkpoint change in one transaction, or neither does.
import type { Position } from '../store/port';
import type { Proof } from './lease';
import type { Held, HeldState, HoldingBack } from './parking';
import type { Projection, Row } from './projection';

/** How far a projection has come, and in which history. */
export interface Checkpoint {
  readonly epoch: string;
  readonly position: Position;
  /** The last event that it handled: at the same position there must be the same event. */
  readonly eventId: string | null;
  readonly eventPosition: Position | null;
  /** Changes when the rows are replaced by those of a rebuild. */
  readonly generation: string;
}

/** After a page, of which `last` is the last event; without one it is that of the page before. */
export const checkpointAfter = (
  before: Checkpoint | undefined,
  epoch: string,
  position: Position,
  last: { readonly eventId: string; readonly position: Position } | undefined,
): Checkpoint => ({
  epoch,
  position,
  eventId: last?.eventId ?? before?.eventId ?? null,
  eventPosition: last?.position ?? before?.eventPosition ?? null,
  generation: before?.generation ?? '',
});

/** The tables that people read, or those of a rebuild beside them. */
export type Side = 'live' | 'beside';

export interface Change {
  readonly upsert: readonly Row[];
  readonly remove: readonly Row[];
  readonly to: Omit<Checkpoint, 'generation'>;
  readonly holding?: HoldingBack;
  /** These rows were found writable a moment ago: if it takes long it is the moment. */
  readonly proven?: boolean;
}

/** The database refuses these rows, whenever it is asked: they break a constraint, or what is to be done with them does not end. */
export class RowsRefused extends Error {}

/** Checkpoints of what has no rows. */
export interface Checkpoints {
  load(name: string): Promise<Checkpoint | undefined>;
  /** False: it is not at `from` any more, or the proof does not hold. */
  save(name: string, from: Checkpoint | undefined, change: Pick<Change, 'to' | 'holding'>, proof?: Proof): Promise<boolean>;
  held(name: string, key?: string): Promise<HeldState>;
  tried(name: string, it: Held, error: string, parked: boolean, proof?: Proof): Promise<void>;
  /** What waited is through, but for `left`. False: others have come meanwhile, or the proof does not hold. */
  settle(name: string, it: Held, left: Held | undefined, proof?: Proof): Promise<boolean>;
}

export interface ReadModel {
  /** Makes the tables that are missing. A table that is not as the code says is left alone: it needs a rebuild. */
  prepare(projection: Projection): Promise<void>;
  /** Are the live rows of this version of the projection? An older process may still run when a newer one has replaced them. */
  isCurrent(projection: Projection): Promise<boolean>;
  checkpoint(projection: Projection, side: Side): Promise<Checkpoint | undefined>;
  /** The rows that an event which was recorded at `since` or later may change. */
  load(
    projection: Projection,
    side: Side,
    groups: readonly string[],
    since: string,
  ): Promise<ReadonlyMap<string, readonly Row[]>>;
  /**
   * False: the checkpoint is not at `from` any more, or the proof does not hold: another owner moved it, and nothing was written.
   * Live rows that were committed are still there after a crash: readers were told of them.
   * @throws RowsRefused
   */
  commit(projection: Projection, side: Side, from: Checkpoint | undefined, change: Change, proof?: Proof): Promise<boolean>;
  /** Which groups of rows the database refuses, and why. Writes nothing. */
  refused(
    projection: Projection,
    side: Side,
    groups: ReadonlyMap<string, Pick<Change, 'upsert' | 'remove'>>,
  ): Promise<ReadonlyMap<string, RowsRefused>>;
  /** What is held back, all or one. */
  held(projection: Projection, side: Side, key?: string): Promise<HeldState>;
  /** Of the live side. */
  tried(projection: Projection, it: Held, error: string, parked: boolean, proof?: Proof): Promise<void>;
  /**
   * Live rows of what was held back, which is through, but for `left`. False: others have come meanwhile, the rows were replaced,
   * or the proof does not hold.
   * @throws RowsRefused
   */
  settle(
    projection: Projection,
    generation: string,
    it: Held,
    change: Pick<Change, 'upsert' | 'remove'> & { readonly left: Held | undefined },
    proof?: Proof,
  ): Promise<boolean>;
  /** New, empty tables beside the live ones. */
  beginBeside(projection: Projection): Promise<void>;
  /** Puts the tables beside in the place of the live ones. False: they are gone, or behind the live ones and may not be. */
  replace(projection: Projection, options: { readonly evenIfBehind: boolean }): Promise<boolean>;
}
