// Chance that can be repeated. In a run of several processes the seed fixes the plan, and not what the system schedules when.

export const SEED = Number(process.env['KAMS_TEST_SEED'] ?? 20_261_125);

export interface Chance {
  /** From 0 up to 1. */
  next(): number;
  /** A whole number from 0 to `most`. */
  upTo(most: number): number;
  between(least: number, most: number): number;
  of<T>(from: readonly T[]): T;
  /** The same things in another order. */
  shuffled<T>(from: readonly T[]): T[];
}

/** Mulberry32: the same numbers from the same seed, everywhere. */
export function chance(seed: number): Chance {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const upTo = (most: number): number => Math.floor(next() * (most + 1));
  return {
    next,
    upTo,
    between: (least, most) => least + upTo(most - least),
    of: (from) => from[upTo(from.length - 1)]!,
    shuffled(from) {
      const all = [...from];
      for (let i = all.length - 1; i > 0; i--) {
        const other = upTo(i);
        [all[i], all[other]] = [all[other]!, all[i]!];
      }
      return all;
    },
  };
}
