// One owner for each thing that works, among the processes of a service: by a lease in the database, with a number that grows
// with each owner. A process may be held for as long as its machine likes and then go on as if nothing had been: so it is not
// what a process believes that counts, but the number in the transaction of what it writes.
import { delay } from '../delay';
import { point } from '../point';
import { isWithin } from '../within';

/** What a writer shows in its own transaction: that it still owns what it writes. */
export interface Proof {
  readonly name: string;
  /** Names the process, and only it. */
  readonly owner: string;
  /** Larger with each owner of this name. */
  readonly fencing: number;
  readonly leaseMs: number;
}

/** The time in which this process owns something. */
export interface Term extends Proof {
  /** Aborts when it is over. */
  readonly signal: AbortSignal;
  /** By this process's own monotonic clock, which ends before the lease does. */
  holds(): boolean;
  /** A write that showed the proof has renewed the lease; it was sent at this `performance.now()`. */
  renewed(sentAt: number): void;
  /** Asks the database whether it is still so. */
  confirm(): Promise<boolean>;
}

/** Where the leases stand. Their ends are judged by the clock of the database alone. */
export interface LeaseRows {
  /** Takes those of `names` that are free or over, or with `evenIfHeld` all of them: name -> fencing number. */
  take(names: readonly string[], owner: string, leaseMs: number, evenIfHeld: boolean): Promise<ReadonlyMap<string, number>>;
  /** Of these the names that are still held: renewed (true), or not because a write is just about to (false). */
  renew(proofs: readonly Proof[]): Promise<ReadonlyMap<string, boolean>>;
  /** The next one may take it at once. */
  giveBack(proof: Proof): Promise<void>;
}

export interface Leases {
  readonly owner: string;
  /** Works whenever this process comes to own the name, until the signal aborts. `work` ends when its term does. */
  own(name: string, signal: AbortSignal, work: (term: Term) => Promise<void>): Promise<void>;
  /** Takes and renews, until the signal aborts and nothing is owned any more. */
  run(signal: AbortSignal): Promise<void>;
}

/** How soon what was given back is taken by another. */
const LOOK_MS = 250;
/** A write that is about to renew it is waited for. */
const LATE_MS = 20;

interface Owned extends Term {
  left(): number;
  end(): void;
}

/** `alone`: nobody else can be alive, so what is still held is held by the dead. If that is wrong, the other one is fenced. */
export function leases(
  rows: LeaseRows,
  { owner, leaseMs, alone = false }: { readonly owner: string; readonly leaseMs: number; readonly alone?: boolean },
): Leases {
  const wanted = new Map<string, (term: Owned | undefined) => void>();
  const owned = new Set<Owned>();
  const everOwned = new Set<string>();
  let wake: () => void = ignore;

  function begin(name: string, fencing: number, sentAt: number): Owned {
    const over = new AbortController();
    let until = sentAt + leaseMs;
    let timer: NodeJS.Timeout;
    const it: Owned = {
      name,
      owner,
      fencing,
      leaseMs,
      signal: over.signal,
      left: () => until - performance.now(),
      holds: () => !over.signal.aborted && it.left() > 0,
      renewed: (at) => void (until = Math.max(until, at + leaseMs)),
      async confirm() {
        if (!over.signal.aborted) await renew([it]);
        return it.holds();
      },
      end() {
        clearTimeout(timer);
        owned.delete(it);
        over.abort();
      },
    };
    const watch = () => {
      if (it.holds()) timer = setTimeout(watch, it.left());
      else void late().then(() => (it.holds() ? watch() : it.end()));
    };
    /**
     * It was renewed too late, or the process was held: nothing is done until the database says whether it is its own still. Where
     * nobody has taken it meanwhile it is, by its number; to begin again all that is under way would take longer than a short lease.
     */
    async function late(): Promise<void> {
      const end = performance.now() + leaseMs;
      while (!over.signal.aborted && !it.holds() && performance.now() < end) {
        const asked = renew([it]).then(
          () => delay(LATE_MS),
          () => it.end(),
        );
        await isWithin(end - performance.now(), asked);
      }
    }
    owned.add(it);
    everOwned.add(name);
    watch();
    return it;
  }

  async function renew(terms: readonly Owned[]): Promise<void> {
    const sentAt = performance.now();
    const held = await rows.renew(terms);
    for (const it of terms) {
      if (held.get(it.name) === true) it.renewed(sentAt);
      if (!held.has(it.name)) it.end();
    }
  }

  async function take(names: readonly string[], evenIfHeld: boolean): Promise<void> {
    if (names.length === 0) return;
    point('projector.before-lease');
    const sentAt = performance.now();
    for (const [name, fencing] of await rows.take(names, owner, leaseMs, evenIfHeld)) {
      const it = begin(name, fencing, sentAt);
      point('projector.after-lease');
      const tell = wanted.get(name);
      if (tell) tell(it);
      else await giveBack(it);
    }
  }

  async function giveBack(it: Owned): Promise<void> {
    const isHeld = it.holds();
    it.end();
    if (isHeld) await rows.giveBack(it).catch(ignore); // it ends by itself
  }

  return {
    owner,

    async own(name, signal, work) {
      while (!signal.aborted) {
        const it = await new Promise<Owned | undefined>((resolve) => {
          wanted.set(name, resolve);
          wake();
        });
        wanted.delete(name);
        if (!it) return;
        await work(it).finally(() => giveBack(it));
      }
    },

    async run(signal) {
      signal.addEventListener('abort', () => wake(), { once: true });
      const isNew = (name: string) => alone && !everOwned.has(name);
      while (!signal.aborted || owned.size > 0) {
        if (signal.aborted) for (const tell of wanted.values()) tell(undefined);
        const due = [...owned].filter((it) => it.left() < (leaseMs * 2) / 3);
        // While the database is away, what is owned ends by the clock here, and what is wanted is asked for again.
        if (due.length > 0) await renew(due).catch(ignore);
        if (!signal.aborted) {
          const names = [...wanted.keys()];
          await take(names.filter(isNew), true).catch(ignore);
          await take(
            names.filter((name) => !isNew(name) && wanted.has(name)),
            false,
          ).catch(ignore);
        }
        const next = new AbortController();
        wake = () => next.abort();
        await delay(Math.min(LOOK_MS, leaseMs / 5), next.signal);
      }
      for (const tell of wanted.values()) tell(undefined);
    },
  };
}

function ignore(): void {
  // What is lost here comes back by itself.
}
