// Many callers, one call, one commit. Appends that arrive while a call is in flight wait together for the next one. There is
// no timer: an idle store adds no delay, and batches grow by themselves under load.
import { firstRevision, type Append } from '../append';
import { toldOf } from '../told-of';
import { Conflict, OutcomeUnknown, Unavailable, type Appended, type Position } from '../port';

/** What became of one append of a batch. `revision`: the last one of its stream now, or -1. */
export type Decided =
  | { readonly appended: true; readonly revision: number; readonly position: Position }
  | { readonly appended: false; readonly revision: number };

export interface BatchLog {
  /** One decision for each append; at most one append a stream. */
  appendBatch(batch: readonly Append[]): Promise<readonly Decided[]>;
  /** For each refused append its last position, if its events stand where it wanted them. */
  madeBefore(batch: readonly Append[]): Promise<readonly (Position | undefined)[]>;
  /** The statement was refused because of what one of its appends holds; nothing of it is stored. */
  isSpoiled(error: unknown): boolean;
}

export interface Limits {
  /** Of one call. */
  readonly appends: number;
  readonly bytes: number;
  /** In flight at a time: Postgres reads the parameters of one while the other inserts and commits. */
  readonly calls: number;
  /** Below so many appends one call takes all. Two calls against one: 1.0 times at 64 callers, 1.1-1.2 at 256, 1.4 at 1,000. */
  readonly share: number;
  /** Beyond these new appends are refused: what waits longer than its caller is work for nobody. */
  readonly waitingAppends: number;
  readonly waitingBytes: number;
}
export const LIMITS: Limits = {
  appends: 256,
  bytes: 1_000_000,
  calls: 2,
  share: 64,
  waitingAppends: 20_000,
  waitingBytes: 64_000_000,
};

interface Waiting extends Append {
  resolve(answer: Appended): void;
  reject(error: unknown): void;
}

export class GroupCommit {
  readonly counts = { calls: 0, appended: 0, duplicate: 0, conflict: 0, failed: 0, unanswered: 0 };
  private waiting: Waiting[] = [];
  private waitingBytes = 0;
  /** Streams in a call that has not returned. */
  private readonly busy = new Set<string>();
  private calls = 0;
  private flying = 0;
  private woken = false;
  private onIdle: () => void = ignore;

  constructor(
    private readonly log: BatchLog,
    private readonly limits: Limits = LIMITS,
  ) {}

  /** @throws Conflict, OutcomeUnknown, Unavailable, NotStorable */
  append(append: Append): Promise<Appended> {
    const { waitingAppends, waitingBytes } = this.limits;
    if (this.waiting.length >= waitingAppends || this.waitingBytes >= waitingBytes) {
      return Promise.reject(new Unavailable(`${this.waiting.length} appends are waiting already: slow down and try again`));
    }
    return new Promise((resolve, reject) => {
      // The spread last: on Node 20 a name that is new behind one costs 0.8 µs; at 256 callers this is 14 % more events.
      this.waiting.push({ resolve, reject, ...append });
      this.waitingBytes += append.bytes;
      this.counts.unanswered++;
      this.wake();
    });
  }

  /** Resolves when every append has its answer. */
  idle(): Promise<void> {
    return new Promise((resolve) => (this.counts.unanswered === 0 ? resolve() : (this.onIdle = resolve)));
  }

  /** What one turn of the event loop appends goes together. */
  private wake(): void {
    if (this.woken || this.calls === this.limits.calls || this.waiting.length === 0) return;
    this.woken = true;
    setImmediate(() => {
      this.woken = false;
      while (this.calls < this.limits.calls) {
        const batch = this.next();
        if (batch.length === 0) return;
        void this.fly(batch);
      }
    });
  }

  private next(): Waiting[] {
    const share = Math.max(this.limits.share, Math.ceil((this.waiting.length + this.flying) / this.limits.calls));
    const most = Math.min(this.limits.appends, share);
    const batch: Waiting[] = [];
    const later: Waiting[] = [];
    let bytes = 0;
    let full = false;
    for (const it of this.waiting) {
      full ||= batch.length === most || (batch.length > 0 && bytes + it.bytes > this.limits.bytes);
      // A second append to a stream waits for the next call: the order of a stream's callers is kept.
      if (full || this.busy.has(it.stream)) {
        later.push(it);
        continue;
      }
      batch.push(it);
      bytes += it.bytes;
      this.busy.add(it.stream);
    }
    this.waiting = later;
    this.waitingBytes -= bytes;
    return batch;
  }

  private async fly(batch: readonly Waiting[]): Promise<void> {
    this.calls++;
    this.flying += batch.length;
    await this.call(batch);
    this.calls--;
    this.flying -= batch.length;
    for (const { stream } of batch) this.busy.delete(stream);
    this.wake();
  }

  private async call(batch: readonly Waiting[]): Promise<void> {
    try {
      this.counts.calls++;
      const decided = await toldOf(batch, () => this.log.appendBatch(batch));
      const refused = batch.filter((it, i) => !this.answer(it, decided[i]!));
      if (refused.length > 0) void this.lookBack(refused, new Map(batch.map((it, i) => [it, decided[i]!.revision])));
    } catch (error) {
      if (batch.length > 1 && this.log.isSpoiled(error)) for (const it of batch) await this.call([it]);
      else this.fail(batch, error);
    }
  }

  /** False when only a look at the log can tell a repeat from a conflict. */
  private answer(it: Waiting, decided: Decided): boolean {
    const { revision } = decided;
    if (decided.appended) this.accept(it, { status: 'appended', revision, position: decided.position });
    else if (revision < lastRevision(it))
      this.refuse(it, revision); // the stream is too short to hold it
    else return false;
    return true;
  }

  /** The next batch does not wait for this; inside the call, batches with a quarter refused took 8% longer. */
  private async lookBack(batch: readonly Waiting[], revisions: ReadonlyMap<Waiting, number>): Promise<void> {
    try {
      const positions = await this.log.madeBefore(batch);
      for (const [i, it] of batch.entries()) {
        const position = positions[i];
        if (position === undefined) this.refuse(it, revisions.get(it)!);
        else this.accept(it, { status: 'duplicate', revision: lastRevision(it), position });
      }
    } catch (error) {
      // This time nothing was written; whether an earlier time did is what could not be asked.
      this.fail(batch, new OutcomeUnknown('whether the events were stored before could not be asked', { cause: error }));
    }
  }

  private accept(it: Waiting, answer: Appended): void {
    this.count(answer.status);
    it.resolve(answer);
  }

  private refuse(it: Waiting, revision: number): void {
    this.count('conflict');
    it.reject(new Conflict(it.stream, it.expected, revision < 0 ? undefined : revision));
  }

  private fail(batch: readonly Waiting[], error: unknown): void {
    for (const it of batch) {
      this.count('failed');
      it.reject(error);
    }
  }

  private count(answer: 'appended' | 'duplicate' | 'conflict' | 'failed'): void {
    this.counts[answer]++;
    if (--this.counts.unanswered === 0) this.onIdle();
  }
}

/** The revision that the last event of an append has when it is a repeat. */
const lastRevision = ({ expected, events }: Append): number => firstRevision(expected) + events.length - 1;
const ignore = () => undefined;
