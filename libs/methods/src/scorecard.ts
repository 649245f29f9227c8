// F-01, the weighted scorecard: one number for an account, an opportunity or a partner, and where each part of it came from.
import { Decimal, decimal, PLACES, written } from './decimal';
import { share } from './exact-shares';
import { normalise, type Normalised, type Population, type PopulationRef, type Raw } from './normalisers';
import { MethodRefused } from './refusal';
import { checkModel, type Criterion, type ScoringModel } from './scoring-model';

export { population, type Population, type PopulationRef, type Raw } from './normalisers';
export { checkModel, type Band, type Criterion, type MissingPolicy, type ModelProblem } from './scoring-model';
export type { Normaliser, ScoringModel } from './scoring-model';

/** What is known about one criterion, and by which events. A relative normaliser needs the population as well. */
export type Measurement = {
  readonly code: string;
  readonly raw: Raw;
  readonly sourceEventIds: readonly string[];
  readonly population?: Population;
};

/** Numbers are decimal strings with at least six places. */
export type Score = {
  readonly total: string;
  /** Share of the weight that was scored. */
  readonly coverage: string;
  /** Every criterion of the model, in its order; the contributions sum to the total exactly. */
  readonly criteria: readonly ScoredCriterion[];
};

export type ScoredCriterion = {
  readonly code: string;
  readonly raw: Raw;
  /** null for a criterion that was left out: it has no score, and so no 0. */
  readonly normalised: string | null;
  readonly weight: string;
  readonly contribution: string;
  readonly sourceEventIds: readonly string[];
  readonly note?: string;
  readonly population?: PopulationRef;
};

/** "Not enough" is an answer. `missing` are the codes to measure next. */
export type NoScore =
  | {
      readonly refused: 'coverage-too-low';
      readonly coverage: string;
      readonly minCoverage: string;
      readonly missing: readonly string[];
    }
  | { readonly refused: 'criterion-missing'; readonly missing: readonly string[] };

/** Scores by a model that was found sound once; see `score`. @throws MethodRefused `unsound-model` */
export function scorer(model: ScoringModel): (measurements: readonly Measurement[]) => Score | NoScore {
  const unsound = checkModel(model)[0];
  if (unsound) throw new MethodRefused('unsound-model', `${unsound.message} (${unsound.pointer})`);
  return (measurements) => scored(model, measurements);
}

/**
 * `S = sum(w x s) / sum(w)` over the scored criteria, computed from the recorded values, so that anyone can compute it again
 * from the result alone. S is rounded half-even to six places once; the contributions are exact shares of that total (largest
 * remainder, ties by code), because rounding each would turn three thirds of 70.000000 into 69.999999, and an A into a B.
 *
 * Measurements of codes that the model does not have are ignored; a code without a measurement has no value.
 *
 * @throws MethodRefused `unsound-model` (see `checkModel`), `duplicate-id` for a code measured twice
 */
export const score = (model: ScoringModel, measurements: readonly Measurement[]): Score | NoScore => scorer(model)(measurements);

function scored(model: ScoringModel, measurements: readonly Measurement[]): Score | NoScore {
  const measured = new Map(measurements.map((it) => [it.code, it]));
  if (measured.size < measurements.length) throw new MethodRefused('duplicate-id', 'Give one measurement for each code.');

  const lines = model.criteria.map((criterion) => line(criterion, measured.get(criterion.code)));
  const blocked = lines.filter(({ criterion, score }) => criterion.missing === 'block' && !score);
  if (blocked.length > 0) return { refused: 'criterion-missing', missing: blocked.map(({ criterion }) => criterion.code) };

  const counted = lines.flatMap(({ criterion, score }) =>
    score ? [{ code: criterion.code, weight: decimal(criterion.weight), score }] : [],
  );
  const weight = sum(counted.map((it) => it.weight));
  // Of the weights as they are, which may miss 1 by 1e-9: a complete scorecard covers 1.
  const coverage = weight.div(sum(model.criteria.map((it) => decimal(it.weight))));
  if (counted.length === 0 || coverage.lt(model.minCoverage)) {
    const missing = lines.filter(({ score }) => !score).map(({ criterion }) => criterion.code);
    return {
      refused: 'coverage-too-low',
      coverage: written(coverage.round(PLACES)),
      minCoverage: written(decimal(model.minCoverage)),
      missing,
    };
  }

  const weighted = counted.map((it) => ({ id: it.code, weight: it.weight.times(it.score) }));
  const total = sum(weighted.map((it) => it.weight))
    .div(weight)
    .round(PLACES);
  const contributions = contributionsTo(total, weighted);
  return {
    total: written(total),
    coverage: written(coverage.round(PLACES)),
    criteria: lines.map(({ criterion, score, ...lineage }) => ({
      code: criterion.code,
      normalised: score ? written(score) : null,
      weight: written(decimal(criterion.weight)),
      contribution: contributions.get(criterion.code) ?? written(new Decimal(0)),
      ...lineage,
    })),
  };
}

function line(criterion: Criterion, measurement?: Measurement) {
  const { raw = null, sourceEventIds = [], population } = measurement ?? {};
  const result = settle(criterion, normalise(criterion.normaliser, raw, population));
  const from = population && { population: { id: population.id, asOf: population.asOf, size: population.size } };
  return { criterion, raw, sourceEventIds, ...result, ...from };
}

function settle(criterion: Criterion, result: Normalised): { score?: Decimal; note?: string } {
  if ('score' in result) return result;
  switch (criterion.missing) {
    case 'zero':
      return { score: new Decimal(0), note: `${result.missing}: scored 0` };
    case 'default':
      return { score: decimal(criterion.default ?? 0), note: `${result.missing}: scored ${criterion.default}, the default` };
    default:
      return { note: `${result.missing}: left out` };
  }
}

function contributionsTo(total: Decimal, weighted: readonly { id: string; weight: Decimal }[]): ReadonlyMap<string, string> {
  if (total.eq(0)) return new Map();
  const unit = 10 ** PLACES;
  const shares = share(total.times(unit).toNumber(), weighted);
  return new Map(shares.map(({ id, minor }) => [id, written(new Decimal(minor).div(unit))]));
}

const sum = (values: readonly Decimal[]): Decimal => values.reduce((all, value) => all.plus(value), new Decimal(0));
