// 为什么是这个等级: from the tier through the criteria and their weights down to the events that say so.
import type { AccountContract } from '@kams/contracts/accounts/account';
import type { ScoringModelContent } from '@kams/contracts/accounts/scoring-model';
import type { EventData } from '@kams/contracts/define';
import type { ValueRow } from './tiers';

type Scored = EventData<AccountContract, 'AccountScored'>;
type Rated = EventData<AccountContract, 'CriterionRated'>;
type Changed = EventData<AccountContract, 'AccountTierChanged'>;

/** A published version of a model, by the reference that an event has. */
export type ModelOf = (ref: { modelId: string; version: number }) => ScoringModelContent | undefined;

/** The model of an assessment; undefined for another fact. */
export const modelIdOf = ({ type, data }: ValueRow): string | undefined =>
  type === 'AccountScored' ? (data as Scored).modelRef.modelId : undefined;

/**
 * The event that brought the tier about, the assessment that it rests on, and the newest one where that is another. Pure; the
 * contributions of the criteria sum to the total exactly, because the event stores them so (F-01).
 *
 * @param rows the record of one account up to the instant that is asked for, in the order of its stream
 */
export function explained(rows: readonly ValueRow[], modelOf: ModelOf) {
  const of = (type: string) => rows.filter((it) => it.type === type);
  // What holds at an instant is what happened last; of what happened at once, what was said last.
  const last = (all: readonly ValueRow[]) =>
    all.reduce<ValueRow | undefined>((newest, it) => (newest && it.occurred_at < newest.occurred_at ? newest : it), undefined);
  const change = last(of('AccountTierChanged'));
  const scored = of('AccountScored');
  const latest = last(scored);
  const deciding = change ? scored.findLast((it) => it.revision < change.revision) : latest;
  const ratings = new Map(of('CriterionRated').map((it) => [it.event_id, it]));
  return {
    tier: change ? (change.data as Changed).to : null,
    decision: change ? decided(change) : null,
    assessment: deciding ? assessed(deciding, ratings, modelOf) : null,
    latest: latest && latest !== deciding ? assessed(latest, ratings, modelOf) : null,
  };
}

const said = ({ event_id: eventId, type, occurred_at: occurredAt, recorded_at: recordedAt, actor: by }: ValueRow) => ({
  eventId,
  type,
  occurredAt,
  recordedAt,
  by,
});

function decided(row: ValueRow) {
  const { from, to, cause, effectiveFrom, approverId = null, reason = null } = row.data as Changed;
  return { ...said(row), from, to, cause, effectiveFrom, approverId, reason };
}

function assessed(row: ValueRow, ratings: ReadonlyMap<string, ValueRow>, modelOf: ModelOf) {
  const { modelRef, criteria, accountId: _account, by: _by, ...result } = row.data as Scored;
  const model = modelOf(modelRef);
  const rungs = model?.ladder.rungs ?? [];
  return {
    ...said(row),
    model: { ...modelRef, name: model?.name ?? null },
    ...result,
    ladder: model?.ladder ?? null,
    /** From which score on the computed tier is reached. */
    reachedFrom: rungs.find((it) => it.tier === result.computedTier)?.from ?? null,
    criteria: criteria.map(({ sourceEventIds, note = null, ...it }) => ({
      ...it,
      label: model?.criteria.find(({ code }) => code === it.code)?.label ?? null,
      note,
      sources: sourceEventIds.map((eventId) => source(eventId, ratings.get(eventId))),
    })),
  };
}

function source(eventId: string, row: ValueRow | undefined) {
  const { raw = null, note = null } = (row?.data ?? {}) as Partial<Rated>;
  return row ? { ...said(row), raw, note } : { eventId };
}
