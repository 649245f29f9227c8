// How good a relationship is (F-14 to F-16): the quality per contact, what of it is left after a time, and the index of an account.
import { DAY_MS, instantOf, msOf, type Instant } from './dates';
import { Decimal, decimal, PLACES, written, type Numeric } from './decimal';
import { MethodRefused } from './refusal';

/** After Crosby (1990), and Morgan and Hunt (1994): each is judged from 1 to 5. */
export const DIMENSIONS = ['trust', 'commitment', 'satisfaction', 'openness', 'access'] as const;
export type Dimension = (typeof DIMENSIONS)[number];
export type Dimensions = Readonly<Record<Dimension, number>>;

/** The default; the weights sum to 1. */
export const QUALITY_WEIGHTS: Readonly<Record<Dimension, Numeric>> = {
  trust: '0.25',
  commitment: '0.20',
  satisfaction: '0.25',
  openness: '0.15',
  access: '0.15',
};
/** Judgements of one dimension that lie so far apart are a dispute. */
const DISPUTED_FROM = 2;
/** The highest tier is not judged by one person alone; every other one may be. */
export const ASSESSORS_OF_TIER: Readonly<Record<string, number>> = { S: 2 };
/** Days after which half of an assessment is left; from then on it counts no more. */
export const HALF_LIFE_DAYS = 180;

export interface Quality {
  /** Means over the assessors, 1 to 5. */
  readonly dims: Readonly<Record<Dimension, string>>;
  /** RQ, 0 to 100: 1 in all dimensions is 0, 5 is 100. */
  readonly score: string;
  /** The dimension in which the assessors differ most, and by how much. */
  readonly spread: { readonly dimension: Dimension; readonly spread: number };
  readonly isDisputed: boolean;
}

/**
 * F-14: the mean of what several assessors judge, weighted. The score comes from the exact means and is rounded half-even once.
 *
 * @throws MethodRefused `no-judgement`, `not-one-to-five`
 */
export function relationshipQuality(judgements: readonly Dimensions[], weights = QUALITY_WEIGHTS): Quality {
  if (judgements.length === 0) throw new MethodRefused('no-judgement', 'Give at least one judgement.');
  const all = (it: Dimension) => judgements.map((judged) => judged[it]);
  for (const it of DIMENSIONS)
    if (!all(it).every((points) => Number.isInteger(points) && points >= 1 && points <= 5))
      throw new MethodRefused('not-one-to-five', `Judge ${it} from 1 to 5.`);
  const count = judgements.length;
  const sums = new Map(DIMENSIONS.map((it) => [it, all(it).reduce((sum, points) => sum + points, 0)]));
  const spreads = DIMENSIONS.map((dimension) => ({
    dimension,
    spread: Math.max(...all(dimension)) - Math.min(...all(dimension)),
  }));
  const spread = spreads.reduce((widest, it) => (it.spread > widest.spread ? it : widest));
  // (mean - 1) / 4 x 100 = (sum - count) x 25 / count, divided once and last.
  const total = DIMENSIONS.reduce((sum, it) => sum.plus(decimal(weights[it]).times(sums.get(it)! - count)), new Decimal(0));
  return {
    dims: Object.fromEntries(
      DIMENSIONS.map((it) => [it, written(new Decimal(sums.get(it)!).div(count).round(PLACES))]),
    ) as Quality['dims'],
    score: written(total.times(25).div(count).round(PLACES)),
    spread,
    isDisputed: spread.spread >= DISPUTED_FROM,
  };
}

/** The instant from which an assessment counts no more. */
export const countsUntil = (assessedAt: Instant): Instant => instantOf(msOf(assessedAt) + HALF_LIFE_DAYS * DAY_MS);

/** F-16: what is left after so many days, 1 to 0. @param days 0 or more */
export const decay = (days: number, halfLifeDays: number): number => 0.5 ** (days / halfLifeDays);

export interface Mapped {
  /** Power in the buying centre, 1 to 5. */
  readonly influence: number;
  /** Of the newest assessment that counts, with its age; absent: never assessed. */
  readonly quality?: { readonly score: Numeric; readonly days: number };
  /** Whether there was an interaction in both directions in the window. */
  readonly isReached: boolean;
}

export interface RelationshipIndex {
  /** F-15, 0 to 100; a contact that was never assessed counts 0. null: nobody is mapped. */
  readonly index: string | null;
  /** The share of the influence that was reached, 0 to 1. null: nobody is mapped. */
  readonly coverage: string | null;
}

/** F-15 over the mapped contacts of an account. */
export function relationshipIndex(contacts: readonly Mapped[]): RelationshipIndex {
  const influence = contacts.reduce((sum, it) => sum + it.influence, 0);
  if (influence === 0) return { index: null, coverage: null };
  const quality = contacts.reduce(
    (sum, it) => (it.quality ? sum + it.influence * Number(it.quality.score) * decay(it.quality.days, HALF_LIFE_DAYS) : sum),
    0,
  );
  const reached = contacts.reduce((sum, it) => sum + (it.isReached ? it.influence : 0), 0);
  const rounded = (value: number) => written(new Decimal(value.toFixed(PLACES)));
  return { index: rounded(quality / influence), coverage: rounded(reached / influence) };
}

/** Above this one person carries too much of it. */
export const SINGLE_THREAD_FROM = 0.5;

/** F-15, single-thread risk: the Herfindahl index of the shares, 1/n to 1. null: there was nothing. */
export function concentration(counts: readonly number[]): string | null {
  const sum = counts.reduce((all, it) => all + it, 0);
  if (sum === 0) return null;
  return written(new Decimal(counts.reduce((all, it) => all + (it / sum) ** 2, 0).toFixed(PLACES)));
}
