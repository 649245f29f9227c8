// 如果换一个模型: a period of all accounts once more under another model, and who would stand elsewhere. Leaves no trace.
import type { AccountContract } from '@kams/contracts/accounts/account';
import type { ScoringModelContent } from '@kams/contracts/accounts/scoring-model';
import type { EventData } from '@kams/contracts/define';
import { tierReplay, type Replayed, type ValueFact } from '@kams/methods/tier-replay';
import type { Reader } from '@kams/platform';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { valueRecords } from './tiers';

type Scored = EventData<AccountContract, 'AccountScored'>;
type FactRow = Awaited<ReturnType<typeof valueRecords>>[number];

/** Read at once, and parsed at once: others wait for that. */
const ACCOUNTS_AT_ONCE = 50;
/** As long as other requests may wait for this one. */
const TURN_MS = 10;

export interface Mover extends Pick<Replayed, 'was' | 'would' | 'needsApproval'> {
  readonly accountId: string;
}

export interface WhatIf {
  /** Those with an assessment in the period. */
  readonly accounts: number;
  readonly assessments: number;
  readonly moved: number;
  /** The model would not have given them a score at their last assessment. */
  readonly refused: number;
  readonly overridden: number;
  readonly tiers: { readonly was: Readonly<Record<string, number>>; readonly would: Readonly<Record<string, number>> };
  /** In the order of their ids, as many as were asked for. */
  readonly movers: readonly Mover[];
}

/** @param from the first instant of the period, `before` the first one behind it: with microseconds, in UTC */
export async function whatIf(
  reader: Reader,
  { model, from, before, limit }: { model: ScoringModelContent; from: string; before: string; limit: number },
): Promise<WhatIf> {
  const replay = tierReplay(model, from);
  const movers: Mover[] = [];
  const tiers = { was: {} as Record<string, number>, would: {} as Record<string, number> };
  let [accounts, assessments, moved, refused, overridden] = [0, 0, 0, 0, 0];
  let turnEnds = performance.now() + TURN_MS;
  for await (const [accountId, facts] of histories(reader, before)) {
    const it = replay(facts);
    if (it.assessments === 0) continue;
    accounts++;
    assessments += it.assessments;
    count(tiers.was, it.was.tier);
    count(tiers.would, it.would.tier);
    if (it.refused) refused++;
    if (it.isOverridden) overridden++;
    if (it.was.tier !== it.would.tier && ++moved <= limit)
      movers.push({ accountId, was: it.was, would: it.would, needsApproval: it.needsApproval });
    if (performance.now() < turnEnds) continue;
    await nextTurn();
    turnEnds = performance.now() + TURN_MS;
  }
  return { accounts, assessments, moved, refused, overridden, tiers, movers };
}

function count(tiers: Record<string, number>, tier: string | null): void {
  const name = tier ?? '-';
  tiers[name] = (tiers[name] ?? 0) + 1;
}

/** Account by account. */
async function* histories(reader: Reader, before: string): AsyncGenerator<readonly [string, readonly ValueFact[]]> {
  for (let after = '00000000-0000-0000-0000-000000000000'; ;) {
    const rows = await valueRecords(reader, { before, after, accounts: ACCOUNTS_AT_ONCE });
    if (rows.length === 0) return;
    for (let start = 0; start < rows.length;) {
      const { account_id: id } = rows[start]!;
      let end = start;
      while (rows[end]?.account_id === id) end++;
      yield [id, rows.slice(start, end).map(factOf)];
      start = end;
    }
    after = rows.at(-1)!.account_id;
  }
}

function factOf({ type, event_id: eventId, occurred_at: at, data }: FactRow): ValueFact {
  switch (type) {
    case 'CriterionRated': {
      const { code, raw } = data as EventData<AccountContract, 'CriterionRated'>;
      return { is: 'rated', code, raw, eventId };
    }
    case 'AccountScored': {
      const { cause, total, below, needsApproval } = data as Scored;
      return { is: 'assessed', at, scheduled: cause !== 'on-demand', total, below, needsApproval };
    }
    case 'AccountTierChanged': {
      const { to, cause } = data as EventData<AccountContract, 'AccountTierChanged'>;
      return { is: 'moved', to, by: cause === 'override' ? cause : cause === 'override_expired' ? 'override-ended' : 'model' };
    }
    default:
      return { is: type === 'TierOverrideApproved' ? 'overridden' : 'override-ended' };
  }
}
