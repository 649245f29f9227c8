// Nest's own way to listen, `@EventPattern('kams.accounts.account.tier_changed.v1')`, to what services publish: on the log of one
// process or over Kafka. Inside KAMS a reaction does that, whose commands are given once; this is for applications beside it.
import { persistent, topicOf, type Bus, type BusBatch, type CloudEvent } from '@kams/eventing';
import { BaseRpcContext, Server, type CustomTransportStrategy } from '@nestjs/microservices';
import { lastValueFrom } from 'rxjs';

/** How far a listener has read each topic. To be kept beside what its handlers write. */
export interface Places {
  /** The last offset of each partition that was handled. */
  load(topic: string): Promise<ReadonlyMap<number, string>>;
  save(topic: string, partition: number, offset: string): Promise<void>;
}

export interface EventStrategyOptions {
  readonly bus: Bus;
  /** Whose consumer groups these are: `kams.<name>.listener`. */
  readonly name: string;
  readonly places: Places;
}

/** The second argument of a handler: the event with its id, its time, its stream and its revision. */
export class EventContext extends BaseRpcContext<[CloudEvent]> {
  get event(): CloudEvent {
    return this.getArgByIndex(0);
  }
}

/**
 * Hands each event to the handlers of its type, one after the other: those of a stream in its order, each at least once. What a
 * handler throws is tried again, later and later, and nothing behind it on its topic is handed over before. So a handler has to
 * stand a repeat: `event.id` and `event.sequence` tell it.
 *
 *   app.connectMicroservice({ strategy: new EventStrategy({ bus: kafkaBus({ brokers }), name: 'billing', places }) });
 */
export class EventStrategy extends Server implements CustomTransportStrategy {
  // What is thrown is tried again, and said when it is: Nest need not log each time.
  override readonly propagatesEventHandlerErrors = true;
  readonly #closing = new AbortController();
  #running: Promise<unknown> = Promise.resolve();

  constructor(private readonly it: EventStrategyOptions) {
    super();
  }

  /** @throws RangeError for a pattern that is no type of an event */
  listen(callback: (error?: unknown) => void): void {
    try {
      const topics = new Set([...this.messageHandlers.keys()].map(topicOfType));
      const { signal } = this.#closing;
      const onFailure = (topic: string) => (error: Error) => this.logger.error(`${topic}: ${error.message}`, error.stack);
      this.#running = Promise.all(
        [...topics].map((topic) =>
          persistent((until, isGoing) => this.#follow(topic, until, isGoing), onFailure(topic)).run(signal),
        ),
      );
      callback();
    } catch (error) {
      callback(error);
    }
  }

  /** Resolves when the handlers that are at work have ended, and where they came to is noted. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }

  async #follow(topic: string, signal: AbortSignal, isGoing: () => void): Promise<void> {
    const { bus, name, places } = this.it;
    for await (const batch of bus.consume(topic, `kams.${name}.listener`, await places.load(topic), signal)) {
      await this.#handle(batch, signal);
      isGoing();
    }
  }

  async #handle({ topic, partition, records, offset }: BusBatch, signal: AbortSignal): Promise<void> {
    let done: string | undefined;
    try {
      for (const { event, offset: own } of records) {
        if (signal.aborted) return;
        await this.#tell(event);
        done = own;
      }
      done = offset;
    } finally {
      // Also of a batch that was broken off: what was handled is not handled again because of what was not.
      if (done !== undefined) await this.it.places.save(topic, partition, done);
    }
  }

  async #tell(event: CloudEvent): Promise<void> {
    const handler = this.getHandlerByPattern(event.type);
    if (!handler) return;
    const answer = await handler(event.data, new EventContext([event]));
    await lastValueFrom(this.transformToObservable(answer), { defaultValue: undefined });
  }

  on(): void {}

  unwrap<T>(): T {
    return this.it.bus as T;
  }
}

/** @throws RangeError */
function topicOfType(type: string): string {
  const [, service] = /^kams\.([a-z][a-z0-9_-]*)\..+\.v\d+$/.exec(type) ?? [];
  if (service === undefined) throw new RangeError(`${type} is no type of an event: kams.<service>.<aggregate>.<event>.v<major>`);
  return topicOf(service);
}
