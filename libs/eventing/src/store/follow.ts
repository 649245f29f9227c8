// A subscription is two things: a head that somebody moves, and a loop that reads up to it.
import { delay } from '../delay';
import { LogDamaged, Unavailable, type Position } from './port';
import { numberOf } from './recorded';

const RETRY_MS = { first: 100, most: 5_000 };

/** The last position that is known to be stored, and who waits for a later one. */
export class Head {
  private readonly waiting = new Set<() => void>();
  private waking = false;
  private failure: Error | undefined;

  constructor(private last = 0) {}

  get position(): number {
    return this.last;
  }

  advance(position: number): void {
    if (position <= this.last) return;
    this.last = position;
    this.wake();
  }

  /** From now on nobody is told anything but this. */
  fail(error: Error): void {
    this.failure ??= error;
    this.wake();
  }

  /** @throws what it failed with */
  ensureSound(): void {
    if (this.failure) throw this.failure;
  }

  /** True as soon as something is stored after `position`, false when the signal aborts. */
  async beyond(position: number, signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      this.ensureSound();
      if (this.last > position) return true;
      await new Promise<void>((done) => {
        const finish = () => {
          this.waiting.delete(finish);
          signal.removeEventListener('abort', finish);
          done();
        };
        this.waiting.add(finish);
        signal.addEventListener('abort', finish);
      });
    }
    return false;
  }

  /** Once a turn: what several answers brought in one turn is one page. */
  private wake(): void {
    if (this.waking || this.waiting.size === 0) return;
    this.waking = true;
    setImmediate(() => {
      this.waking = false;
      for (const finish of this.waiting) finish();
    });
  }
}

export interface Following<P> {
  readonly after: Position;
  readonly signal: AbortSignal;
  readonly head: Head;
  /** @throws LogDamaged when nothing was ever stored at `after` */
  ensureReached(after: Position): Promise<void>;
  read(after: Position): Promise<P>;
  onError?(error: Unavailable): void;
}

/** Reads page after page up to the head, and goes on when it moves. Waits and repeats while the store is unavailable. */
export async function* follow<P extends { readonly position: Position }>({
  after,
  signal,
  head,
  ensureReached,
  read,
  onError,
}: Following<P>): AsyncGenerator<P, void> {
  await persist(() => ensureReached(after), signal, onError);
  for (let at = after; await head.beyond(numberOf(at), signal);) {
    const page = await persist(() => read(at), signal, onError);
    if (!page || signal.aborted) return;
    if (page.position === at)
      throw new LogDamaged(`position ${head.position} was stored, but nothing is there after ${at || 'the start'}`);
    at = page.position;
    yield page;
  }
}

/** Begins anew whenever it breaks because its source is away, until the signal aborts. What it gives says that it is there again. */
export async function* resumed<T>(
  begin: () => AsyncIterable<T>,
  signal: AbortSignal,
  onError: (error: Unavailable) => void,
): AsyncGenerator<T, void> {
  for (let ms = RETRY_MS.first; !signal.aborted; ms = Math.min(2 * ms, RETRY_MS.most)) {
    try {
      for await (const it of begin()) {
        ms = RETRY_MS.first;
        yield it;
      }
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      if (signal.aborted) return;
      onError(error);
      await pause(ms, signal);
    }
  }
}

async function persist<T>(
  act: () => Promise<T>,
  signal: AbortSignal,
  onError?: (error: Unavailable) => void,
): Promise<T | undefined> {
  for (let ms = RETRY_MS.first; !signal.aborted; ms = Math.min(2 * ms, RETRY_MS.most)) {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      onError?.(error);
      await pause(ms, signal);
    }
  }
  return undefined;
}

/** With jitter: many readers must not come back in step. Returns early when the signal aborts. */
export const pause = (ms: number, signal: AbortSignal): Promise<void> => delay(ms * (0.75 + Math.random() / 2), signal);
