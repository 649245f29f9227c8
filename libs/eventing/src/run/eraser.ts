// After the fact that a person is to be forgotten, the deed: destroys the keys, however often the process dies in between.
import type { AnyContract } from '@kams/contracts/define';
import { personIn, type Vault } from '../personal/vault';
import { START, type EventStore, type Position } from '../store/port';
import type { CommandHandler } from './handle';
import { persistent } from './persistent';
import { reached } from './reached';

export interface Eraser {
  run(signal: AbortSignal): Promise<void>;
  /** Why it stands still, if it does. */
  failure(): Error | undefined;
  /** Resolves when whoever was erased up to there is: true; false when that is not so within `waitMs`. */
  reached(position: Position, waitMs: number): Promise<boolean>;
}

/**
 * Reads the events that erase from the first one on at every start: to destroy a key a second time is nothing, and so an older
 * copy of the keys that somebody brought back does not bring anybody back.
 */
export function eraser(
  store: EventStore,
  contracts: readonly AnyContract[],
  vault: Vault,
  commands: Pick<CommandHandler, 'forget'>,
): Eraser {
  const erasing = contracts.filter(({ events }) => Object.values(events).some((it) => it.erases));
  const byName = new Map(erasing.map((it) => [it.name, it]));
  const place = reached();

  async function erase(signal: AbortSignal, isGoing: () => void): Promise<void> {
    if (place.position >= (await store.head()).position) isGoing(); // it answers again, though nothing new may come
    for await (const { events, position } of store.subscribe(START, signal, { categories: [...byName.keys()] })) {
      const persons = events.flatMap((it) => {
        const contract = byName.get(it.stream.slice(0, it.stream.indexOf('-')))!;
        return contract.events[it.type]?.erases ? [personIn(contract, it)] : [];
      });
      if (persons.length > 0) await vault.destroy(persons);
      for (const tenantId of new Set(persons.map((it) => it.tenantId))) commands.forget(tenantId);
      place.advance(position);
      isGoing();
    }
  }

  const erasures = persistent(erase);
  return {
    run: async (signal) => (erasing.length === 0 ? undefined : erasures.run(signal)),
    failure: erasures.failure,
    reached: async (position, waitMs) => erasing.length === 0 || place.reached(position, waitMs),
  };
}
