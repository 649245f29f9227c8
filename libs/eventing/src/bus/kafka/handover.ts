// From who brings by himself to who asks: one after the other, and who brings waits until what he brought is done with.
import { Bell } from '../../bell';

interface Given<T> {
  readonly item: T;
  done(): void;
}

export class Handover<T> {
  private readonly waiting: Given<T>[] = [];
  private taken: Given<T> | undefined;
  private failure: Error | undefined;
  private isClosed = false;
  private readonly bell = new Bell();

  /** Resolves when the next thing is asked for, or nothing more will be. */
  give(item: T): Promise<void> {
    if (this.isClosed) return Promise.resolve();
    return new Promise((done) => {
      this.waiting.push({ item, done });
      this.bell.ring();
    });
  }

  /** What `take` throws from now on. */
  fail(error: Error): void {
    this.failure ??= error;
    this.bell.ring();
  }

  /** Says that what was taken is done with, and waits for the next; undefined when the signal aborts. @throws what failed */
  async take(signal: AbortSignal): Promise<T | undefined> {
    this.taken?.done();
    this.taken = undefined;
    while (!signal.aborted) {
      if (this.failure) throw this.failure;
      this.taken = this.waiting.shift();
      if (this.taken) return this.taken.item;
      await this.bell.rung(signal);
    }
    return undefined;
  }

  /** Nobody asks any more: who brings does not have to wait. */
  close(): void {
    this.isClosed = true;
    this.taken?.done();
    for (const { done } of this.waiting.splice(0)) done();
  }
}
