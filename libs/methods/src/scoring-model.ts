// The scoring model of a weighted scorecard (F-01): plain data, stored as a versioned policy, and what makes it sound.
import { Decimal, decimal, isDecimal, type Numeric } from './decimal';
import { problem, type Problem } from './refusal';

/** Every number may be a decimal string. Every score is 0 to 100, higher is better. */
export type ScoringModel = {
  /** Share of the weight, 0 to 1, that must be scored; below it there is no score. */
  readonly minCoverage: Numeric;
  readonly criteria: readonly Criterion[];
};

export type Criterion = {
  readonly code: string;
  /** Above 0; the weights of a model sum to 1. */
  readonly weight: Numeric;
  readonly normaliser: Normaliser;
  readonly missing: MissingPolicy;
  /** The score of a missing value, where `missing` is `default`. */
  readonly default?: Numeric;
};

/**
 * What a missing value does. `exclude` leaves the criterion out and lowers the coverage; `block` gives no score at all.
 * `zero` and `default` score it, and so count as covered: the model's author has said what absence means.
 */
export type MissingPolicy = 'exclude' | 'zero' | 'default' | 'block';

/** From a raw value to a score. `reverse` is for measures of which less is better, such as cost to serve. */
export type Normaliser =
  | { readonly kind: 'bands'; readonly bands: readonly Band[] }
  /** lo scores 0, hi scores 100. Outside, a value is clamped; without `clamp` it is off the scale and counts as missing. */
  | { readonly kind: 'linear'; readonly lo: Numeric; readonly hi: Numeric; readonly clamp: boolean; readonly reverse?: boolean }
  /** 100 x (those below + half of those equal) / all, the "mean" definition of a percentile rank. */
  | { readonly kind: 'percentileRank'; readonly reverse?: boolean }
  /** The best of the population scores 100, a value of 0 scores 0. */
  | { readonly kind: 'relativeToMax'; readonly reverse?: boolean }
  /** `fullAt` times the mean scores 100, a value of 0 scores 0: with `fullAt` 2 the mean itself scores 50. */
  | { readonly kind: 'relativeToMean'; readonly fullAt: Numeric; readonly reverse?: boolean }
  | { readonly kind: 'enumMap'; readonly scores: Readonly<Record<string, Numeric>> }
  | { readonly kind: 'boolean'; readonly whenTrue: Numeric; readonly whenFalse: Numeric };

/** Half-open [from, to); null is an open end. */
export type Band = { readonly from: Numeric | null; readonly to: Numeric | null; readonly score: Numeric };

export type ModelProblem = Problem<
  | 'min-coverage-not-a-ratio'
  | 'no-criteria'
  | 'code-missing'
  | 'code-repeated'
  | 'weight-not-positive'
  | 'weights-do-not-sum-to-1'
  | 'missing-policy-unknown'
  | 'default-missing'
  | 'score-not-0-to-100'
  | 'normaliser-unknown'
  | 'nothing-to-map'
  | 'lo-not-below-hi'
  | 'from-not-below-to'
  | 'bands-overlap'
  | 'bands-leave-a-hole'
  | 'full-at-not-positive'
>;

/** Every reason not to publish the model, with JSON pointers into it; empty for a sound one. Weights may miss 1 by 1e-9 (F-01). */
export const checkModel = (model: ScoringModel): ModelProblem[] => [...modelProblems(model)];

function* modelProblems({ minCoverage, criteria }: ScoringModel): Generator<ModelProblem> {
  if (!isWithin(minCoverage, 0, 1)) {
    yield problem('min-coverage-not-a-ratio', '/minCoverage', 'Give a share between 0 and 1, such as 0.7.');
  }
  if (criteria.length === 0) yield problem('no-criteria', '/criteria', 'Give at least one criterion.');

  const codes = new Set<string>();
  for (const [at, criterion] of criteria.entries()) {
    const pointer = `/criteria/${at}`;
    if (criterion.code.trim() === '') yield problem('code-missing', `${pointer}/code`, 'Give the criterion a code.');
    if (codes.has(criterion.code)) {
      yield problem('code-repeated', `${pointer}/code`, 'Give each criterion a code of its own.');
    }
    codes.add(criterion.code);
    yield* criterionProblems(criterion, pointer);
  }

  const weights = criteria.map(({ weight }) => weight);
  if (weights.length > 0 && weights.every(isDecimal)) {
    const sum = weights.reduce((all, weight) => all.plus(weight), new Decimal(0));
    if (sum.minus(1).abs().gt(1e-9)) {
      yield problem('weights-do-not-sum-to-1', '/criteria', `Make the weights sum to 1; they sum to ${sum.toFixed()}.`);
    }
  }
}

function* criterionProblems(criterion: Criterion, pointer: string): Generator<ModelProblem> {
  if (!isAbove0(criterion.weight)) {
    yield problem('weight-not-positive', `${pointer}/weight`, 'Give a weight above 0, or remove the criterion.');
  }
  if (!['exclude', 'zero', 'default', 'block'].includes(criterion.missing)) {
    yield problem('missing-policy-unknown', `${pointer}/missing`, 'Use exclude, zero, default or block.');
  }
  if (criterion.missing === 'default' && criterion.default === undefined) {
    yield problem('default-missing', `${pointer}/default`, 'Give the score of a missing value.');
  }
  if (criterion.default !== undefined) yield* scoreProblems(criterion.default, `${pointer}/default`);
  yield* normaliserProblems(criterion.normaliser, `${pointer}/normaliser`);
}

function* normaliserProblems(normaliser: Normaliser, pointer: string): Generator<ModelProblem> {
  switch (normaliser.kind) {
    case 'bands':
      return yield* bandProblems(normaliser.bands, `${pointer}/bands`);
    case 'linear':
      if (isBelow(normaliser.lo, normaliser.hi)) return;
      return yield problem('lo-not-below-hi', pointer, 'Make lo less than hi; use reverse where less is better.');
    case 'relativeToMean':
      if (isAbove0(normaliser.fullAt)) return;
      return yield problem('full-at-not-positive', `${pointer}/fullAt`, 'Give the multiple of the mean that scores 100.');
    case 'enumMap': {
      const scores = Object.entries(normaliser.scores);
      if (scores.length === 0) yield problem('nothing-to-map', `${pointer}/scores`, 'Give each value its score.');
      for (const [value, score] of scores) {
        yield* scoreProblems(score, `${pointer}/scores/${value.replaceAll('~', '~0').replaceAll('/', '~1')}`);
      }
      return;
    }
    case 'boolean':
      yield* scoreProblems(normaliser.whenTrue, `${pointer}/whenTrue`);
      return yield* scoreProblems(normaliser.whenFalse, `${pointer}/whenFalse`);
    case 'percentileRank':
    case 'relativeToMax':
      return;
    default:
      yield problem('normaliser-unknown', `${pointer}/kind`, 'Use a normaliser of this version.');
  }
}

function* bandProblems(bands: readonly Band[], pointer: string): Generator<ModelProblem> {
  if (bands.length === 0) yield problem('nothing-to-map', pointer, 'Give at least one band.');
  for (const [at, { from, to, score }] of bands.entries()) {
    yield* scoreProblems(score, `${pointer}/${at}/score`);
    if (!isBelow(from ?? LOWEST, to ?? HIGHEST)) {
      yield problem('from-not-below-to', `${pointer}/${at}`, 'Make from less than to; null is an open end.');
    }
  }
  const upwards = bands
    .map(({ from, to }, at) => ({ from: from ?? LOWEST, to: to ?? HIGHEST, pointer: `${pointer}/${at}` }))
    .filter(({ from, to }) => isBelow(from, to))
    .toSorted((a, b) => decimal(a.from).cmp(b.from));
  for (const [at, band] of upwards.entries()) {
    const gap = decimal(band.from).cmp(upwards[at - 1]?.to ?? band.from);
    if (gap === 0) continue;
    const code = gap < 0 ? 'bands-overlap' : 'bands-leave-a-hole';
    yield problem(code, band.pointer, 'Start the band where the one below it ends.');
  }
}

function* scoreProblems(score: Numeric, pointer: string): Generator<ModelProblem> {
  if (!isWithin(score, 0, 100)) yield problem('score-not-0-to-100', pointer, 'Give a score between 0 and 100.');
}

// Beyond every decimal of this library.
const [LOWEST, HIGHEST] = [`-${'9'.repeat(30)}`, '9'.repeat(30)];

const isAbove0 = (value: Numeric): boolean => isDecimal(value) && decimal(value).gt(0);
const isBelow = (lo: Numeric, hi: Numeric): boolean => isDecimal(lo) && isDecimal(hi) && decimal(lo).lt(hi);
const isWithin = (value: Numeric, lo: number, hi: number): boolean =>
  isDecimal(value) && decimal(value).gte(lo) && decimal(value).lte(hi);
