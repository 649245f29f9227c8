// A year of 24 key accounts as commands, in the order in which they were given. Pure: the same seed and the same end of the year
// give the same commands with the same ids, on every machine.
import { naturalId } from '@kams/eventing/pure';
import type { Command } from '@kams/eventing';
import { byText } from '@kams/methods/order';
import { accountActs, hierarchyActs } from './accounts';
import { TENANT, type Act } from './act';
import { workdays } from './calendar';
import { contactActs } from './contacts';
import { modelActs } from './model';
import { formActs } from './forms';
import { purchasesOf } from './purchases';
import { valueActs } from './value';

export interface SampleCommand extends Command {
  /** The contract of its aggregate. */
  readonly aggregate: string;
  readonly id: string;
  readonly commandId: string;
  readonly occurredAt: string;
}

/**
 * Of its own week a command needs only what came before it on its own aggregate: all else is from the weeks before. None is
 * without effect when all before it have been carried out, so each leaves its id in the store, and a repeat is known by it.
 *
 * @param endsOn the last day of the year, `2026-03-01`
 */
export function sampleCommands(seed: number, endsOn: string): readonly SampleCommand[] {
  const days = workdays(endsOn);
  const year = purchasesOf(seed, days);
  const acts = [
    ...modelActs(days),
    ...formActs(days),
    ...accountActs(days),
    ...hierarchyActs(days),
    ...contactActs(days),
    ...year.acts,
    ...valueActs(days, year),
  ];
  return numbered(acts.toSorted((a, b) => byText(a.occurredAt, b.occurredAt)));
}

/** The id of a command says which of its kind it is on its aggregate, the third assessment of an account: the same in every run. */
function numbered(acts: readonly Act[]): SampleCommand[] {
  const counts = new Map<string, number>();
  return acts.map(({ contract, id, type, data, actor, occurredAt }) => {
    const kind = `${contract.name}-${id} ${type}`;
    const nth = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, nth);
    const commandId = naturalId(TENANT, 'sample', [contract.name, id, type, String(nth)]);
    return { aggregate: contract.name, type, id, data, tenantId: TENANT, actor, occurredAt, commandId };
  });
}
