// From the log to a broker: what a service publishes, in the order of the log, at least once. The broker is told first and the
// checkpoint after it, so a crash in between tells it again; a reader drops what comes again by the revision of its stream.
import type { AnyContract } from '@kams/contracts/define';
import type { Publisher } from '../bus/port';
import { point } from '../point';
import { categoryOf, LogDamaged, START, Unavailable, type EventStore, type Position } from '../store/port';
import { linkedTo, SpanKind } from '../trace';
import { publisher, topicOf } from './cloud-event';
import type { Term } from './lease';
import { persistent } from './persistent';
import { checkpointAfter, type Checkpoint, type Checkpoints } from './read-model';
import { ensureSound, isStillThere, logOf } from './sound';
import { known } from './upcast';
import { isWithin } from '../within';

export interface Relay {
  readonly topic: string;
  /** Publishes until the signal aborts; what goes wrong in between is tried again, and told in `failure`. */
  run(signal: AbortSignal, term?: Term): Promise<void>;
  /** How far it has come, whichever process does it. */
  published(): Promise<Position>;
  failure(): Error | undefined;
}

export interface RelayOptions {
  readonly store: EventStore;
  /** Of this relay alone. */
  readonly to: Publisher;
  readonly checkpoints: Checkpoints;
  /** Told when nothing comes to the topic any more, and why. */
  readonly onFailure?: (error: Error) => void;
}

export const isPublished = (contracts: readonly AnyContract[]): boolean =>
  contracts.some(({ events }) => Object.values(events).some((it) => it.public));

const NOTHING = { eventId: null, eventPosition: null, position: START };
/** A watermark follows what was published after so long a pause, or after so long without one. */
const MARK_AFTER_MS = 50;
const MARK_EVERY_MS = 250;

/**
 * One at a time, or what is published comes more often; never in another order: each of two begins where the checkpoint is, and
 * whoever is behind says only what was said.
 */
export function relay(
  service: string,
  contracts: readonly AnyContract[],
  { store, to, checkpoints, onFailure }: RelayOptions,
): Relay {
  const name = `relay:${service}`;
  const topic = topicOf(service);
  const byName = new Map(contracts.map((it) => [it.name, it]));
  const cure =
    `The store was restored to before what was published last, and readers of ${topic} know events that it has not. Bring the ` +
    `newer store back; or delete the topic and the row ${name} of the table ${service}.checkpoint, and build again what its readers have`;
  let owner: Term | undefined;
  let isTopicThere = false;
  const log = logOf(store);

  /**
   * In a store that was restored there is another epoch, or no checkpoint at all: what is on the topic must be in it.
   * @throws LogDamaged
   */
  async function ensureStart(checkpoint: Checkpoint | undefined, epoch: string): Promise<void> {
    if (checkpoint?.epoch === epoch) return ensureSound({ name: `the relay of ${service}`, cure }, checkpoint, log);
    for (const it of await to.newest(topic))
      if (!(await isStillThere(it, log)))
        throw new LogDamaged(`${topic} has event ${it.eventId} of position ${it.eventPosition}, and the store has not. ${cure}`);
  }

  /** Until the signal aborts, or another process has moved the checkpoint. */
  async function follow(signal: AbortSignal, isGoing: () => void): Promise<void> {
    // Not with each lease: on a busy machine one may be over before all is asked again, and so at each try.
    if (!isTopicThere) await unlessAborted(signal, to.ensureTopic(topic));
    isTopicThere = true;
    to.begin(topic);
    const { epoch, position: head } = await store.head();
    let checkpoint = await checkpoints.load(name);
    await unlessAborted(signal, ensureStart(checkpoint, epoch));
    // Positions of another history say nothing here: all is published again, and readers drop what they know.
    const start = checkpoint?.epoch === epoch ? checkpoint.position : START;
    if (start >= head) isGoing();
    const published = publisher(service, contracts, epoch);
    const filter = { categories: [...byName.keys()] };
    const pages = (end: AbortSignal) => store.subscribe(start, AbortSignal.any([signal, end]), filter);
    let isPublishing = false;
    let marked = { position: START, at: performance.now() };
    for await (const page of withPauses(pages, MARK_AFTER_MS)) {
      // Not before something was published: whoever has just become the owner has that to do first.
      if (!page || (isPublishing && performance.now() > marked.at + MARK_EVERY_MS)) {
        const { eventId, eventPosition, position } = checkpoint ?? NOTHING;
        if (eventId !== null && eventPosition !== null && position > marked.position)
          await unlessAborted(signal, to.mark(topic, { epoch, position, eventId, eventPosition }));
        marked = { position, at: performance.now() };
      }
      if (!page) continue;
      const events = page.events.flatMap((it) => published(known(byName.get(categoryOf(it.stream))!, it)) ?? []);
      if (owner && !owner.holds() && !(await owner.confirm())) return;
      if (events.length > 0) {
        await linkedTo(events, `publish ${topic}`, SpanKind.PRODUCER, () => unlessAborted(signal, to.publish(topic, events)));
        point('relay.after-publish');
      }
      const last = page.events.at(-1);
      const next = checkpointAfter(checkpoint, epoch, page.position, last && { eventId: last.id, position: last.position });
      const sentAt = performance.now();
      if (!(await checkpoints.save(name, checkpoint, { to: next }, owner))) return void (await owner?.confirm());
      owner?.renewed(sentAt);
      checkpoint = next;
      isPublishing = true;
      isGoing();
    }
  }

  const followed: typeof follow = (signal, isGoing) =>
    follow(signal, isGoing).catch((error: unknown) => {
      if (!signal.aborted) isTopicThere = false; // what its end has cut short says nothing of the topic
      throw error;
    });
  const publishing = persistent(followed, onFailure, 'relay');
  return {
    topic,
    run(signal, term) {
      owner = term;
      return publishing.run(signal);
    },
    published: async () => (await checkpoints.load(name))?.position ?? START,
    failure: publishing.failure,
  };
}

/** Before each thing that does not come within `ms` there is `undefined`, once. */
async function* withPauses<T>(begin: (signal: AbortSignal) => AsyncIterable<T>, ms: number): AsyncGenerator<T | undefined, void> {
  const end = new AbortController();
  const source = begin(end.signal)[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = source.next();
      if (!(await isWithin(ms, next))) yield undefined;
      const { done, value } = await next;
      if (done) return;
      yield value;
    }
  } finally {
    end.abort(); // or it would be waited for the next thing
    await source.return?.();
  }
}

/** A broker that hangs keeps nobody from ending. What is on its way to it says again what is said later. */
async function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  work.catch(ignore);
  let abort: () => void = ignore;
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(new Unavailable('the relay ends'));
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort);
  });
  return Promise.race([work, aborted]).finally(() => signal.removeEventListener('abort', abort));
}

const ignore = (): void => undefined;
