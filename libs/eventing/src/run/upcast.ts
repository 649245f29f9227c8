// An event as today's contract has it: what was stored is read for ever, and never rewritten.
import type { AnyContract } from '@kams/contracts/define';
import { LogDamaged, type Recorded } from '../store/port';

/** One event that this release can not read; the history around it is what it was. */
export class Unreadable extends LogDamaged {}

/**
 * The event with the data and the version of its contract; the same object if it was stored so.
 * @throws Unreadable for a version that this release can not read: one from a later release, or one without a way up
 */
export function upcast<E extends Pick<Recorded, 'id' | 'type' | 'schema' | 'data'>>({ name, events }: AnyContract, event: E): E {
  const contract = events[event.type];
  if (!contract || event.schema === contract.version) return event;
  let { data, schema } = event;
  for (; schema < contract.version; schema++) {
    const step = contract.upcasts?.[schema] as ((data: object) => object) | undefined;
    if (!step) throw unreadable(name, event);
    data = step(data);
  }
  if (schema !== contract.version) throw unreadable(name, event);
  return { ...event, data, schema };
}

const unreadable = (name: string, { id, type, schema }: Pick<Recorded, 'id' | 'type' | 'schema'>): Unreadable =>
  new Unreadable(`${name}: event ${id} is ${type} in version ${schema}, which this release can not read: run a newer one`);

/** To read over what a later release has stored would be to lose it. @throws Unreadable */
export function known(contract: AnyContract, stored: Recorded): Recorded {
  if (contract.events[stored.type]) return stored;
  throw new Unreadable(
    `${contract.name}: event ${stored.id} is ${stored.type}, which this release does not know: run a newer one`,
  );
}
