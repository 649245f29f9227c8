import type { Expected } from '../../../src/store/port';

/** What a writer asked for, and what it was told. The verdict compares it with what is in the table at the end. */
export interface Attempt {
  readonly stream: string;
  readonly expected: Expected;
  readonly ids: readonly string[];
  readonly answer: 'appended' | 'duplicate' | 'conflict' | 'rolled back' | 'unknown';
  /** Of the last event; after a conflict, of the stream. */
  readonly revision?: number;
  readonly position?: number;
  /** The first answer to the same append, when this one sent it again. */
  readonly before?: { readonly revision: number; readonly position: number };
}

export interface WriterReport {
  readonly attempts: readonly Attempt[];
  /** By message. */
  readonly errors: Readonly<Record<string, number>>;
}
