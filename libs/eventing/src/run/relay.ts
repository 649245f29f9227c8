// From the log to a broker: what a service publishes, in the order of the log, at least once. The broker is told first and the
// checkpoint after it, so a crash in between tells it again; a reader drops what comes again by the revision of its stream.
import type { AnyContract } from '@kams/contracts/define';
import type { Publisher } from '../bus/port';
import { delay } from '../delay';
import { point } from '../point';
import { categoryOf, LogDamaged, START, Unavailable, type EventStore, type Position, type Recorded } from '../store/port';
import { publisher, topicOf, type CloudEvent } from './cloud-event';
import type { Term } from './lease';
import type { Checkpoint, Checkpoints } from './read-model';
import { ensureSound, type Log } from './sound';
import { known } from './upcast';

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
  /** Told when nothing comes to the topic any more, once for each reason. */
  readonly onFailure?: (error: Error) => void;
}

const RETRY_MS = [100, 250, 500, 1_000, 2_000];

export const isPublished = (contracts: readonly AnyContract[]): boolean =>
  contracts.some(({ events }) => Object.values(events).some((it) => it.public));

/**
 * One at a time, or what is published comes more often; never in another order: each of two begins where the checkpoint is, and
 * whoever is behind says only what was said.
 */
export function relay(
  service: string,
  contracts: readonly AnyContract[],
  { store, to, checkpoints, onFailure = ignore }: RelayOptions,
): Relay {
  const name = `relay:${service}`;
  const topic = topicOf(service);
  const byName = new Map(contracts.map((it) => [it.name, it]));
  const cure =
    `The store was restored to before what was published last, and readers of ${topic} know events that it has not. Bring the ` +
    `newer store back; or delete the topic and the row ${name} of the table ${service}.checkpoint, and build again what its readers have`;
  const log: Log = {
    epoch: async () => (await store.head()).epoch,
    head: async () => (await store.head()).position,
    async at(position) {
      const event = await store.at(position);
      return event && { eventId: event.id };
    },
  };
  let failure: Error | undefined;

  /**
   * In a store that was restored there is another epoch, or no checkpoint at all: what is on the topic must be in it.
   * @throws LogDamaged
   */
  async function soundStart(checkpoint: Checkpoint | undefined, epoch: string): Promise<Checkpoint | undefined> {
    if (checkpoint?.epoch === epoch) {
      await ensureSound({ name: `the relay of ${service}`, cure }, checkpoint, log);
      return checkpoint;
    }
    for (const { id, globalpos } of await to.newest(topic))
      if ((await log.at(globalpos as Position))?.eventId !== id)
        throw new LogDamaged(`${topic} has event ${id} of position ${globalpos}, and the store has not. ${cure}`);
    return checkpoint;
  }

  /** Until the signal aborts, or another process has moved the checkpoint. */
  async function follow(signal: AbortSignal, term: Term | undefined, isGoing: () => void): Promise<void> {
    await unlessAborted(signal, to.ensureTopic(topic));
    const { epoch, position: head } = await store.head();
    let checkpoint = await unlessAborted(signal, soundStart(await checkpoints.load(name), epoch));
    const start = checkpoint?.position ?? START;
    if (start >= head) isGoing();
    const published = publisher(service, contracts, epoch);
    const toPublish = (stored: Recorded): readonly CloudEvent[] => {
      const contract = byName.get(categoryOf(stored.stream));
      return contract ? [published(known(contract, stored)) ?? []].flat() : [];
    };

    for await (const page of store.subscribe(start, signal, { categories: [...byName.keys()] })) {
      const events = page.events.flatMap(toPublish);
      if (term && !term.holds()) return;
      if (events.length > 0) {
        await unlessAborted(signal, to.publish(topic, events));
        point('relay.after-publish');
      }
      const last = page.events.at(-1);
      const next: Checkpoint = {
        epoch,
        position: page.position,
        eventId: last?.id ?? checkpoint?.eventId ?? null,
        eventPosition: last?.position ?? checkpoint?.eventPosition ?? null,
        generation: '',
      };
      const sentAt = performance.now();
      if (!(await checkpoints.save(name, checkpoint, { to: next }, term))) return;
      term?.renewed(sentAt);
      checkpoint = next;
      isGoing();
    }
  }

  return {
    topic,
    async run(signal, term) {
      for (let failures = 0; !signal.aborted;) {
        try {
          await follow(signal, term, () => {
            failure = undefined;
            failures = 0;
          });
          await term?.confirm();
          await delay(RETRY_MS[0]!, signal); // another one has it, or is about to
        } catch (error) {
          if (signal.aborted) break;
          if ((error as Error).message !== failure?.message) onFailure(error as Error);
          failure = error as Error;
          await delay(RETRY_MS[Math.min(failures++, RETRY_MS.length - 1)]!, signal);
        }
      }
      failure = undefined; // whoever owns it now has its own
    },
    published: async () => (await checkpoints.load(name))?.position ?? START,
    failure: () => failure,
  };
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
