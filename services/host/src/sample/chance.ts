// Chance that comes out the same for the same seed.

/**
 * Numbers in [0, 1). mulberry32 by Tommy Ettinger, public domain (gist.github.com/tommyettinger/46a874533244883189143505d203312c):
 * one 32-bit state, which is plenty for a sample and nothing for a secret.
 */
export function chance(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A chance of its own for the nth of many, so that what happens to one does not depend on the others. */
export const nthChance = (seed: number, nth: number): (() => number) => chance(seed ^ Math.imul(nth + 1, 0x9e3779b1));

export const between = (random: () => number, least: number, most: number): number => least + random() * (most - least);

/** A whole number from 1 to `most`. */
export const upTo = (random: () => number, most: number): number => 1 + Math.floor(random() * most);
