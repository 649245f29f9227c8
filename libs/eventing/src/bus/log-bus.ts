// The bus without a broker: a topic is the stretch of the store's log that belongs to its service. Nothing is copied, so nothing
// can be lost between the two, and an offset is a position. One partition, because the log has one order.
import type { AnyContract } from '@kams/contracts/define';
import type { EventStore, Position } from '../store/port';
import { publisher, topicOf } from '../run/cloud-event';
import type { Bus, BusBatch } from './port';

const PARTITION = 0;

export function logBus(
  services: readonly { readonly name: string; readonly contracts: readonly AnyContract[]; readonly store: EventStore }[],
): Bus {
  const topics = new Map(services.map((it) => [topicOf(it.name), it]));
  const find = (topic: string) => {
    const service = topics.get(topic);
    if (!service) throw new RangeError(`there is no topic ${topic}; there are ${[...topics.keys()].join(', ') || 'none'}`);
    return service;
  };

  return {
    async *consume(topic, _group, after, signal): AsyncGenerator<BusBatch> {
      const { name, contracts, store } = find(topic);
      const { epoch } = await store.head();
      const published = publisher(name, contracts, epoch);
      const categories = contracts.map((it) => it.name);
      for await (const page of store.subscribe((after.get(PARTITION) ?? '') as Position, signal, { categories })) {
        const records = page.events.flatMap((stored) => {
          const event = published(stored);
          return event ? [{ offset: stored.position, key: stored.stream, event }] : [];
        });
        yield { topic, partition: PARTITION, records, offset: page.position };
      }
    },

    async ends(topic) {
      return new Map([[PARTITION, (await find(topic).store.head()).position]]);
    },
  };
}
