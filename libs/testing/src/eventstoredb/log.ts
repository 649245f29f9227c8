// What a server of EventStoreDB keeps, and the rules by which it takes an append.

export type Expected = bigint | 'any' | 'none' | 'exists';

export interface Proposed {
  readonly id: string;
  readonly type: string;
  readonly contentType: string;
  readonly data: Uint8Array;
  readonly metadata: Uint8Array;
}

export interface Entry extends Proposed {
  readonly stream: string;
  readonly revision: bigint;
  /** Where it stands in the log: in bytes from its beginning, and not in a row. */
  readonly position: bigint;
  /** 100 ns since 1970. */
  readonly created: bigint;
}

export type Outcome =
  | { readonly is: 'written'; readonly last: Entry }
  | { readonly is: 'wrong version'; readonly current: bigint | undefined }
  | { readonly is: 'deleted' };

const RECORD_BYTES = 100;
const TICKS_PER_MS = 10_000n;

export class Log {
  readonly entries: Entry[] = [];
  private readonly streams = new Map<string, Entry[]>();
  private readonly tombstones = new Set<string>();
  private readonly listeners = new Set<() => void>();
  private end = 0n;

  stream(name: string): readonly Entry[] {
    return this.streams.get(name) ?? [];
  }

  isTombstone(name: string): boolean {
    return this.tombstones.has(name);
  }

  append(name: string, expected: Expected, proposed: readonly Proposed[]): Outcome {
    if (this.tombstones.has(name)) return { is: 'deleted' };
    const before = this.stream(name);
    const current = before.at(-1)?.revision;
    const made = this.madeBefore(before, expected, proposed);
    if (made) return { is: 'written', last: made };
    if (!fits(expected, current)) return { is: 'wrong version', current };
    return { is: 'written', last: this.write(name, proposed) };
  }

  /** What a listener is told has been written already. */
  listen(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** Of the first entry at a position or behind it. */
  indexAt(position: bigint): number {
    let [low, high] = [0, this.entries.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.entries[middle]!.position < position) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Its events are gone, and it can not begin again. */
  tombstone(name: string): void {
    this.streams.delete(name);
    this.tombstones.add(name);
  }

  /** The server's own idempotence: with a revision by what stands there, without one by ids that it remembers of the stream. */
  private madeBefore(before: readonly Entry[], expected: Expected, proposed: readonly Proposed[]): Entry | undefined {
    const isAnywhere = expected === 'any' || expected === 'exists';
    const first = isAnywhere
      ? before.findIndex((it) => it.id === proposed[0]?.id)
      : expected === 'none'
        ? 0
        : Number(expected) + 1;
    if (first < 0 || proposed.length === 0) return undefined;
    const there = before.slice(first, first + proposed.length);
    return proposed.every(({ id }, i) => there[i]?.id === id) ? there.at(-1) : undefined;
  }

  private write(name: string, proposed: readonly Proposed[]): Entry {
    const entries = this.streams.get(name) ?? [];
    this.streams.set(name, entries);
    const created = BigInt(Date.now()) * TICKS_PER_MS;
    for (const it of proposed) {
      const entry = { ...it, stream: name, revision: BigInt(entries.length), position: this.end, created };
      this.end += BigInt(RECORD_BYTES + name.length + it.data.length + it.metadata.length);
      entries.push(entry);
      this.entries.push(entry);
    }
    for (const listener of this.listeners) listener();
    return entries.at(-1)!;
  }
}

function fits(expected: Expected, current: bigint | undefined): boolean {
  if (expected === 'any') return true;
  if (expected === 'exists') return current !== undefined;
  return expected === 'none' ? current === undefined : current === expected;
}
