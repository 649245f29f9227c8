// From the log to a broker: what a service publishes, in the order of the log, at least once. The broker is told first and the
// checkpoint after it, so a crash in between tells it again; a reader drops what comes again by the revision of its stream.
import type { AnyContract } from '@kams/contracts/define';
import type { Publisher } from '../bus/port';
import { delay } from '../delay';
import { point } from '../point';
import { START, type EventStore, type Position } from '../store/port';
import { publisher, topicOf } from './cloud-event';
import { storeFeed } from './feeds';
import type { Term } from './lease';
import type { Checkpoint, Checkpoints } from './read-model';
import { ensureSound, inThisHistory } from './sound';

export interface Relay {
  readonly topic: string;
  /** Publishes until the signal aborts; what goes wrong in between is tried again, and told in `failure`. */
  run(signal: AbortSignal, term?: Term): Promise<void>;
  /** How far it has come, whichever process does it. */
  published(): Promise<Position>;
  failure(): Error | undefined;
}

const CURE =
  'The store was restored to before what was published last: readers of the topic know events that are not there any more. ' +
  'Bring the newer store back; or delete the topic and this checkpoint, and build again what its readers have';
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
  { store, to, checkpoints }: { readonly store: EventStore; readonly to: Publisher; readonly checkpoints: Checkpoints },
): Relay {
  const name = `relay:${service}`;
  const topic = topicOf(service);
  const feed = storeFeed(store, contracts);
  const filter = { categories: contracts.map((it) => it.name) };
  let failure: Error | undefined;

  /** Until the signal aborts, or another process has moved the checkpoint. */
  async function follow(signal: AbortSignal, term: Term | undefined, isGoing: () => void): Promise<void> {
    await to.ensureTopic(topic);
    let checkpoint = await checkpoints.load(name);
    await ensureSound({ name: `the relay of ${service}`, cure: CURE }, await inThisHistory(checkpoint, feed), feed);
    const start = checkpoint?.position ?? START;
    const { epoch, position: head } = await store.head();
    if (start >= head) isGoing();
    const published = publisher(service, contracts, epoch);

    for await (const page of store.subscribe(start, signal, filter)) {
      const events = page.events.flatMap((it) => published(it) ?? []);
      if (term && !term.holds()) return;
      if (events.length > 0) {
        await to.publish(topic, events);
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
        } catch (error) {
          if (signal.aborted) break;
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
