// F-27, the sales funnel (销售漏斗): what open opportunities are worth, how likely a stage ends in a win, how old and how fast they are.
import { DAY_MS, type LocalDate } from './dates';
import { Decimal, decimal, isDecimal, PLACES, type Numeric } from './decimal';
import { money, type Money } from './money';
import { problem, type Problem } from './refusal';

/** Plain data, stored as a versioned policy; from the first stage to the last one before the decision. */
export type Pipeline = { readonly stages: readonly Stage[] };

export type Stage = {
  readonly code: string;
  readonly label: { readonly en: string; readonly zh: string };
  /** How likely an opportunity in this stage is won, from 0 to 1. */
  readonly probability: Numeric;
};

/** In force until a tenant publishes one of its own: our choice (default), as version 0. */
export const DEFAULT_PIPELINE = {
  stages: [
    { code: 'prospecting', label: { en: 'Prospecting', zh: '商机挖掘' }, probability: '0.1' },
    { code: 'engaging', label: { en: 'Engaging', zh: '需求确认' }, probability: '0.25' },
    { code: 'proposal', label: { en: 'Proposal', zh: '方案报价' }, probability: '0.5' },
    { code: 'negotiation', label: { en: 'Negotiation', zh: '商务谈判' }, probability: '0.75' },
  ],
} as const satisfies Pipeline;

/** How an opportunity ends is no stage of a pipeline. */
export const ENDS = ['won', 'lost'] as const;

export type PipelineProblem = Problem<'no-stages' | 'stage-repeated' | 'stage-reserved' | 'not-a-probability' | 'not-upwards'>;

/** Every reason not to publish the pipeline, with JSON pointers into it; empty for a sound one. */
export const checkPipeline = (pipeline: Pipeline): PipelineProblem[] => [...pipelineProblems(pipeline)];

function* pipelineProblems({ stages }: Pipeline): Generator<PipelineProblem> {
  if (stages.length === 0) yield problem('no-stages', '/stages', 'Give at least one stage.');
  const codes = new Set<string>();
  for (const [at, { code, probability }] of stages.entries()) {
    const before = stages[at - 1]?.probability;
    if (codes.has(code)) yield problem('stage-repeated', `/stages/${at}/code`, 'Name each stage once.');
    codes.add(code);
    if ((ENDS as readonly string[]).includes(code))
      yield problem('stage-reserved', `/stages/${at}/code`, 'Leave won and lost out: they are how an opportunity ends.');
    if (!isProbability(probability))
      yield problem('not-a-probability', `/stages/${at}/probability`, 'Give a probability from 0 to 1.');
    else if (before !== undefined && isProbability(before) && decimal(probability).lt(before))
      yield problem('not-upwards', `/stages/${at}/probability`, 'Give a later stage no lower probability than the one before.');
  }
}

const isProbability = (it: Numeric): boolean => isDecimal(it) && decimal(it).gte(0) && decimal(it).lte(1);

/** Open opportunities of one stage, probability, currency and day of entry, added up. */
export type FunnelGroup = {
  readonly stage: string;
  readonly probability: Numeric;
  /** Null: what they are worth is not known, and `minor` is 0. */
  readonly currency: string | null;
  /** The sum of their amounts in minor units, in digits. */
  readonly minor: string;
  readonly count: number;
  /** The day on which they came to the stage; null: not known. */
  readonly since: LocalDate | null;
};

export type FunnelStage = {
  readonly stage: string;
  readonly currency: string | null;
  readonly count: number;
  readonly amount: Money | null;
  /** The sum of amount x probability, rounded half-even once, at the end. */
  readonly weighted: Money | null;
  /** Days since they came to the stage, of those of which that is known. */
  readonly ageing: { readonly known: number; readonly meanDays: string | null; readonly longestDays: number | null };
};

/**
 * The funnel as of a day: a line a stage and currency, in the order in which stages and currencies come. Different currencies are
 * never added.
 *
 * @throws MethodRefused `not-a-decimal`, `unknown-currency`, `not-whole-minor-units` for a sum beyond 2^53 - 1
 */
export function funnel(groups: readonly FunnelGroup[], on: LocalDate): FunnelStage[] {
  const lines = new Map<string, FunnelGroup[]>();
  for (const group of groups) {
    const key = JSON.stringify([group.stage, group.currency]);
    const line = lines.get(key);
    if (line) line.push(group);
    else lines.set(key, [group]);
  }
  return [...lines.values()].map((line) => {
    const { stage, currency } = line[0]!;
    const aged = line.flatMap(({ since, count }) => (since === null ? [] : [{ days: daysTo(on, since), count }]));
    const known = aged.reduce((all, { count }) => all + count, 0);
    return {
      stage,
      currency,
      count: line.reduce((all, { count }) => all + count, 0),
      amount: currency === null ? null : amountOf(total(line.map(({ minor }) => decimal(minor))), currency),
      weighted:
        currency === null
          ? null
          : amountOf(total(line.map(({ minor, probability }) => decimal(minor).times(decimal(probability)))), currency),
      ageing: {
        known,
        meanDays: known === 0 ? null : written(total(aged.map(({ days, count }) => new Decimal(days).times(count))).div(known)),
        longestDays: known === 0 ? null : aged.reduce((most, { days }) => Math.max(most, days), -Infinity),
      },
    };
  });
}

/** One of each, seen before anything was: Laplace's rule of succession. Without a history the answer is 1/2. */
export const LAPLACE = { won: 1, lost: 1 } as const;

/**
 * P(win) from history: (won + prior.won) / (won + lost + prior.won + prior.lost), six places. Three won of three are 0.8 and not
 * certain.
 */
export const winProbability = ({ won, lost }: Ended, prior: Ended = LAPLACE): string =>
  written(new Decimal(won + prior.won).div(won + lost + prior.won + prior.lost));

/** How many ended which way. */
export type Ended = { readonly won: number; readonly lost: number };

export type VelocityInput = Ended & {
  /** Opportunities that are open. */
  readonly open: number;
  /** What those won were worth together, in minor units, in digits. */
  readonly wonMinor: string;
  /** Days from opening to winning, added up, of those of which both are known. */
  readonly cycleDays: number;
  readonly cycles: number;
};

export type Velocity = {
  /** won / (won + lost), six places; without a prior, for it is a figure and no guess. */
  readonly winRate: string | null;
  readonly averageValue: Money | null;
  readonly cycleDays: string | null;
  /** Money a day. */
  readonly velocity: Money | null;
};

/**
 * Velocity = open x win rate x average value / cycle, computed as one fraction and rounded half-even once; null where the history
 * does not say it: nothing won, no cycle known, or all won on the day on which they were opened.
 *
 * @throws MethodRefused `unknown-currency`, `not-a-decimal`
 */
export function velocity({ open, won, lost, wonMinor, cycleDays, cycles }: VelocityInput, currency: string): Velocity {
  const value = decimal(wonMinor);
  const isTimed = won > 0 && cycles > 0 && cycleDays > 0;
  return {
    winRate: won + lost === 0 ? null : written(new Decimal(won).div(won + lost)),
    averageValue: won === 0 ? null : amountOf(value.div(won), currency),
    cycleDays: cycles === 0 ? null : written(new Decimal(cycleDays).div(cycles)),
    velocity: isTimed
      ? amountOf(
          value
            .times(open)
            .times(cycles)
            .div(new Decimal(won + lost).times(cycleDays)),
          currency,
        )
      : null,
  };
}

/** A day that has begun elsewhere, and not yet here, is today's. */
const daysTo = (on: LocalDate, since: LocalDate): number => Math.max(0, (Date.parse(on) - Date.parse(since)) / DAY_MS);
const total = (all: readonly Decimal[]): Decimal => all.reduce((sum, it) => sum.plus(it), new Decimal(0));
const amountOf = (minor: Decimal, currency: string): Money => money(Number(minor.toFixed(0)), currency);
const written = (it: Decimal): string => it.toFixed(PLACES);
