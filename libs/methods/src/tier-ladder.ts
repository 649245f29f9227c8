// F-02, the tier ladder with hysteresis: an account that hovers at a threshold does not change its tier every quarter.
import { decimal, isDecimal, type Numeric } from './decimal';
import { MethodRefused, problem, type Problem } from './refusal';

/** Plain data, stored as a versioned policy; numbers may be decimal strings. */
export type TierLadder = {
  /** From the best tier down. The last rung starts at 0 and takes everything below the others. */
  readonly rungs: readonly Rung[];
  /** Points below its threshold at which a tier is not yet lost. */
  readonly hysteresis: Numeric;
  /** Consecutive scheduled evaluations below threshold - hysteresis that lose the tier. */
  readonly demoteAfter: number;
};

/** The default of F-02: S from 85, A from 70, B from 50, C; 3 points, two evaluations in a row. */
export const DEFAULT_LADDER = {
  rungs: [
    { tier: 'S', from: '85' },
    { tier: 'A', from: '70' },
    { tier: 'B', from: '50' },
    { tier: 'C', from: '0' },
  ],
  hysteresis: '3',
  demoteAfter: 2,
} satisfies TierLadder;

export type Rung = { readonly tier: string; readonly from: Numeric };

/** What an account carries from one evaluation to the next: its tier, and how often in a row it was below. */
export type Standing = { readonly tier: string | null; readonly below: number };

export type TierDecision = {
  /** The tier that follows. With `needsApproval` it is a proposal: the account keeps its standing until someone approves. */
  readonly tier: string;
  readonly cause: TierCause;
  /** To be stored with the tier. */
  readonly below: number;
  /** True for a move of more than one rung. */
  readonly needsApproval: boolean;
  /** The tier of the score alone, recorded even where hysteresis or an override wins. */
  readonly computed: string;
};

/** `placed`: had no tier, or one that this ladder does not know. `on-demand`: looked at, changes nothing. */
export type TierCause = 'placed' | 'promoted' | 'demoted' | 'unchanged' | 'within-hysteresis' | 'demotion-pending' | 'on-demand';

/**
 * Promotes when the score reaches a higher rung at one scheduled evaluation; demotes, to the tier of the score, when it is less
 * than threshold - hysteresis at `demoteAfter` scheduled evaluations in a row. An evaluation on demand neither moves nor counts,
 * so nobody is demoted by two clicks; but it places an account that has no tier. Scores are compared as decimals: 69.999 is not 70.
 *
 * @throws MethodRefused `unsound-ladder` (see `checkLadder`), `not-a-decimal`
 */
export function nextTier(evaluation: {
  readonly ladder: TierLadder;
  readonly current: Standing;
  readonly score: Numeric;
  readonly scheduled: boolean;
}): TierDecision {
  const { ladder, current, scheduled } = evaluation;
  const unsound = checkLadder(ladder)[0];
  if (unsound) throw new MethodRefused('unsound-ladder', `${unsound.message} (${unsound.pointer})`);

  const score = decimal(evaluation.score);
  const reached = ladder.rungs.findIndex(({ from }) => score.gte(from));
  const to = reached === -1 ? ladder.rungs.length - 1 : reached;
  const from = ladder.rungs.findIndex(({ tier }) => tier === current.tier);
  const [computed, held] = [ladder.rungs[to] as Rung, ladder.rungs[from]];

  const move = (cause: TierCause, rungs: number): TierDecision => ({
    tier: computed.tier,
    cause,
    below: 0,
    needsApproval: rungs > 1,
    computed: computed.tier,
  });
  if (!held) return move('placed', 0);
  const stay = (cause: TierCause, below: number): TierDecision => ({
    tier: held.tier,
    cause,
    below,
    needsApproval: false,
    computed: computed.tier,
  });

  if (!scheduled) return stay('on-demand', current.below);
  if (to === from) return stay('unchanged', 0);
  if (to < from) return move('promoted', from - to);
  if (score.gte(decimal(held.from).minus(ladder.hysteresis))) return stay('within-hysteresis', 0);
  const below = current.below + 1;
  return below < ladder.demoteAfter ? stay('demotion-pending', below) : move('demoted', to - from);
}

export type LadderProblem = Problem<
  'no-rungs' | 'tier-repeated' | 'not-downwards' | 'last-not-from-0' | 'hysteresis-negative' | 'demote-after-not-positive'
>;

/** Every reason not to publish the ladder, with JSON pointers into it; empty for a sound one. */
export const checkLadder = (ladder: TierLadder): LadderProblem[] => [...ladderProblems(ladder)];

function* ladderProblems({ rungs, hysteresis, demoteAfter }: TierLadder): Generator<LadderProblem> {
  if (rungs.length === 0) yield problem('no-rungs', '/rungs', 'Give at least one rung.');
  const tiers = new Set<string>();
  for (const [at, { tier, from }] of rungs.entries()) {
    const above = rungs[at - 1];
    if (tiers.has(tier)) yield problem('tier-repeated', `/rungs/${at}/tier`, 'Name each tier once.');
    tiers.add(tier);
    if (!isDecimal(from) || (above && isDecimal(above.from) && decimal(from).gte(above.from))) {
      yield problem('not-downwards', `/rungs/${at}/from`, 'Start each rung below the one before it.');
    }
  }
  const last = rungs.at(-1);
  if (last && !(isDecimal(last.from) && decimal(last.from).eq(0))) {
    yield problem('last-not-from-0', `/rungs/${rungs.length - 1}/from`, 'Start the last rung at 0.');
  }
  if (!(isDecimal(hysteresis) && decimal(hysteresis).gte(0))) {
    yield problem('hysteresis-negative', '/hysteresis', 'Give 0 or more points.');
  }
  if (!(Number.isSafeInteger(demoteAfter) && demoteAfter >= 1)) {
    yield problem('demote-after-not-positive', '/demoteAfter', 'Give a whole number of evaluations, at least 1.');
  }
}
