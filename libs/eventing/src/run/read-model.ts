// Where rows stand. Rows and checkpoint change in one transaction, or neither does.
import type { Position } from '../store/port';
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

/** The tables that people read, or those of a rebuild beside them. */
export type Side = 'live' | 'beside';

export interface Change {
  readonly upsert: readonly Row[];
  readonly remove: readonly Row[];
  readonly to: Omit<Checkpoint, 'generation'>;
}

/** Checkpoints of what has no rows. */
export interface Checkpoints {
  load(name: string): Promise<Checkpoint | undefined>;
  /** False: it is not at `from` any more. */
  save(name: string, from: Checkpoint | undefined, to: Change['to']): Promise<boolean>;
}

export interface ReadModel {
  /** Makes the tables that are missing. A table that is not as the code says is left alone: it needs a rebuild. */
  prepare(projection: Projection): Promise<void>;
  /** Are the live rows of this version of the projection? An older process may still run when a newer one has replaced them. */
  isCurrent(projection: Projection): Promise<boolean>;
  checkpoint(projection: Projection, side: Side): Promise<Checkpoint | undefined>;
  load(projection: Projection, side: Side, groups: readonly string[]): Promise<ReadonlyMap<string, readonly Row[]>>;
  /**
   * False: the checkpoint is not at `from` any more, another owner moved it, and nothing was written. Live rows that were
   * committed are still there after a crash: readers were told of them.
   */
  commit(projection: Projection, side: Side, from: Checkpoint | undefined, change: Change): Promise<boolean>;
  /** New, empty tables beside the live ones. */
  beginBeside(projection: Projection): Promise<void>;
  /** Puts the tables beside in the place of the live ones. False: they are gone, or behind the live ones and may not be. */
  replace(projection: Projection, options: { readonly evenIfBehind: boolean }): Promise<boolean>;
}
