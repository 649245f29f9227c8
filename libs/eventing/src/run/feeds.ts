// Where a projector reads: the own store, or the public events of another service.
import type { AnyContract } from '@kams/contracts/define';
import type { Bus } from '../bus/port';
import { START, type EventStore, type Position } from '../store/port';
import { subscriber, topicOf } from './cloud-event';
import { occurrenceOf, type Occurrence } from './occurrence';
import type { Feed } from './projector';

export function storeFeed(store: EventStore, contracts: readonly AnyContract[]): Feed {
  const filter = { categories: contracts.map((it) => it.name) };
  return {
    epoch: async () => (await store.head()).epoch,
    head: async () => (await store.head()).position,
    async *from(position, signal) {
      for await (const page of store.subscribe(position, signal, filter)) {
        yield { occurrences: page.events.map(occurrenceOf), position: page.position };
      }
    },
    async at(position) {
      const event = await store.at(position);
      return event && occurrenceOf(event);
    },
    async stream(category, id, from) {
      return (await store.read(`${category}-${id}`, { from })).map(occurrenceOf);
    },
  };
}

/**
 * `log` answers what the bus can not: which history its offsets belong to, and the events of one stream (a gap is healed from
 * the producer, never skipped).
 */
export function busFeed(
  bus: Bus,
  group: string,
  service: string,
  contracts: readonly AnyContract[],
  log: Pick<Feed, 'epoch' | 'at' | 'stream'>,
): Feed {
  const read = subscriber(service, contracts);
  const topic = topicOf(service);
  const isPublic = new Set(contracts.flatMap(({ events }) => Object.keys(events).filter((type) => events[type]!.public)));
  return {
    ...log,
    stream: async (category, id, from) => (await log.stream(category, id, from)).filter((it) => isPublic.has(it.type)),
    head: async () => ((await bus.ends(topic)).get(0) ?? START) as Position,
    async *from(position, signal) {
      for await (const batch of bus.consume(topic, group, new Map([[0, position]]), signal)) {
        const occurrences = batch.records.map(({ event }) => read(event)).filter((it): it is Occurrence => it !== undefined);
        yield { occurrences, position: batch.offset as Position };
      }
    },
  };
}
