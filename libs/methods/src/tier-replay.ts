// What if: the record of an account once more, under another model. Nothing is stored, and nothing is asked of anybody.
import { scorer, type NoScore } from './scorecard';
import type { Raw } from './normalisers';
import type { ScoringModel } from './scoring-model';
import { nextTier, type Standing, type TierLadder } from './tier-ladder';

export type TieredModel = ScoringModel & { readonly ladder: TierLadder };

/** What the record of an account says of its value, in the order in which it was recorded. */
export type ValueFact =
  | { readonly is: 'rated'; readonly code: string; readonly raw: Raw; readonly eventId: string }
  | {
      readonly is: 'assessed';
      /** When, in the period's own way of writing an instant. */
      readonly at: string;
      readonly scheduled: boolean;
      readonly total: string;
      readonly below: number;
      readonly needsApproval: boolean;
    }
  /** `by` its model, a person, or because what a person decided has ended. */
  | { readonly is: 'moved'; readonly to: string | null; readonly by: 'model' | 'override' | 'override-ended' }
  | { readonly is: 'overridden' }
  | { readonly is: 'override-ended' };

export type Stood = { readonly tier: string | null; readonly total: string | null };
export type Replayed = {
  /** How it stands by the record at the end, and how it would stand. */
  readonly was: Stood;
  readonly would: Stood;
  /** A person's decision is in force, and would be as well: the tier is the same. */
  readonly isOverridden: boolean;
  /** On the way was a move of several rungs, for which a person is asked. It is taken as approved. */
  readonly needsApproval: boolean;
  /** Assessments in the period. */
  readonly assessments: number;
  /** What the last assessment that the model refused has missed. */
  readonly refused?: NoScore;
};

/**
 * Replays the assessments of a period under `model` (F-01, F-02): each with the ratings that were known when it was made, from
 * the tier and the count of low evaluations with which the account came into the period. Under the model that it had, it gives
 * what was recorded, but for moves that waited for an approval: here each is taken as approved.
 *
 * @param from the first instant of the period; the facts end with it
 * @throws MethodRefused `unsound-model`, `unsound-ladder`
 */
export function tierReplay(model: TieredModel, from: string): (facts: readonly ValueFact[]) => Replayed {
  const score = scorer(model);
  return (facts) => {
    const ratings = new Map<string, { raw: Raw; sourceEventIds: readonly string[] }>();
    /** By its own model, as if no person had moved it elsewhere for a time. */
    let held: Standing = { tier: null, below: 0 };
    let was: Stood = { tier: null, total: null };
    let would: (Standing & Stood) | undefined;
    let [isOverridden, needsApproval, assessments] = [false, false, 0];
    let refused: NoScore | undefined;

    function assess(scheduled: boolean): void {
      assessments++;
      would ??= { ...held, total: was.total };
      const result = score([...ratings].map(([code, it]) => ({ code, ...it })));
      if ('refused' in result) {
        refused = result;
        return;
      }
      const next = nextTier({ ladder: model.ladder, current: would, score: result.total, scheduled });
      needsApproval ||= next.needsApproval;
      would = { tier: next.tier, below: next.below, total: result.total };
    }

    for (const it of facts) {
      switch (it.is) {
        case 'rated':
          ratings.set(it.code, { raw: it.raw, sourceEventIds: [it.eventId] });
          break;
        case 'assessed':
          if (it.at >= from) assess(it.scheduled);
          held = { ...held, below: it.needsApproval ? held.below : it.below };
          was = { ...was, total: it.total };
          break;
        case 'moved':
          was = { ...was, tier: it.to };
          if (it.by === 'model') held = { tier: it.to, below: 0 };
          if (it.by === 'override-ended') held = { ...held, tier: it.to };
          break;
        case 'overridden':
          isOverridden = true;
          break;
        case 'override-ended':
          isOverridden = false;
          held = { ...held, tier: was.tier };
      }
    }
    return {
      was,
      would: { tier: isOverridden || !would ? was.tier : would.tier, total: would ? would.total : was.total },
      isOverridden,
      needsApproval,
      assessments,
      ...(refused && { refused }),
    };
  };
}
