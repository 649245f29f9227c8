// Where a projector reads: the own store, or the public events of another service.
import type { AnyContract } from '@kams/contracts/define';
import type { Bus } from '../bus/port';
import { SealBroken } from '../personal/seal';
import { isFound, type Vault } from '../personal/vault';
import { categoryOf, START, type EventStore, type Position, type Recorded } from '../store/port';
import { subscriber, topicOf, type CloudEvent } from './cloud-event';
import { occurrenceOf, type Occurrence } from './occurrence';
import type { Feed } from './projector';
import { known, upcast } from './upcast';

/**
 * Stored events as their readers see them: in today's version, sealed, and with the words by which persons are found. One that
 * can not be read says so, and keeps no other from being read.
 */
export function occurrencesOf(
  contracts: readonly AnyContract[],
  vault?: Vault,
): (events: readonly Recorded[]) => Promise<readonly Occurrence[]> {
  const byName = new Map(contracts.map((it) => [it.name, it]));
  const indexed = new Set(contracts.filter(isFound).map((it) => it.name));

  const plain = (stored: Recorded): Occurrence => {
    const contract = byName.get(categoryOf(stored.stream));
    try {
      return occurrenceOf(contract ? upcast(contract, known(contract, stored)) : stored);
    } catch (error) {
      return { ...occurrenceOf(stored), unreadable: error as Error };
    }
  };
  const withIndex = async (stored: Recorded): Promise<Occurrence> => {
    const category = categoryOf(stored.stream);
    const it = plain(stored);
    if (!indexed.has(category) || it.unreadable) return it;
    if (!vault) throw new RangeError(`${category} has personal fields, and there is no vault to open them`);
    try {
      return { ...it, index: await vault.indexOf(byName.get(category)!, stored) };
    } catch (error) {
      if (!(error instanceof SealBroken)) throw error;
      return { ...it, unreadable: error };
    }
  };
  return async (events) => (indexed.size === 0 ? events.map(plain) : Promise.all(events.map(withIndex)));
}

export function storeFeed(store: EventStore, contracts: readonly AnyContract[], vault?: Vault): Feed {
  const filter = { categories: contracts.map((it) => it.name) };
  const read = occurrencesOf(contracts, vault);
  return {
    epoch: async () => (await store.head()).epoch,
    head: async () => (await store.head()).position,
    async *from(position, signal) {
      for await (const page of store.subscribe(position, signal, filter)) {
        yield { occurrences: await read(page.events), position: page.position };
      }
    },
    async at(position) {
      const event = await store.at(position);
      return event && (await read([event]))[0];
    },
    async stream(category, id, from) {
      return read(await store.read(`${category}-${id}`, { from }));
    },
  };
}

/** Events of another service as its readers here see them: in today's version; those of other contracts are left out. */
export function saidBy(service: string, contracts: readonly AnyContract[]): (events: readonly CloudEvent[]) => Occurrence[] {
  const read = subscriber(service, contracts);
  const byName = new Map(contracts.map((it) => [it.name, it]));
  return (events) =>
    events.flatMap((event) => {
      const it = read(event);
      return it ? [today(byName.get(it.category)!, it)] : [];
    });
}

/** What was published in another version, in today's. */
function today(contract: AnyContract, it: Occurrence): Occurrence {
  try {
    const { data, schema } = upcast(contract, { ...it, id: it.eventId });
    return { ...it, data, schema };
  } catch (error) {
    return { ...it, unreadable: error as Error };
  }
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
  const read = saidBy(service, contracts);
  const topic = topicOf(service);
  const isPublic = new Set(contracts.flatMap(({ events }) => Object.keys(events).filter((type) => events[type]!.public)));
  return {
    ...log,
    stream: async (category, id, from) => (await log.stream(category, id, from)).filter((it) => isPublic.has(it.type)),
    head: async () => ((await bus.ends(topic)).get(0) ?? START) as Position,
    async *from(position, signal) {
      for await (const batch of bus.consume(topic, group, new Map([[0, position]]), signal)) {
        yield { occurrences: read(batch.records.map(({ event }) => event)), position: batch.offset as Position };
      }
    },
  };
}
