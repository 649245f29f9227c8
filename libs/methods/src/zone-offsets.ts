// Between two changes of its clocks, the local time of a zone is UTC plus a constant.
import { LRUCache } from 'lru-cache';
import { DAY_MS, offsetMs, zoneNamed } from './dates';

/** [from, to) in milliseconds since 1970, in which the clocks of a zone are `offset` milliseconds ahead of UTC. */
export type Stretch = { readonly from: number; readonly to: number; readonly offset: number };

/** Time is cut into blocks of four months, counted from 1970, so that what was found out about one can be kept. */
export const BLOCK_DAYS = 122;
export const BLOCK_MS = BLOCK_DAYS * DAY_MS;
export const blockOf = (ms: number): number => Math.floor(ms / BLOCK_MS);

// No zone changes its clocks twice within 95 hours (Freetown 1939; all zones of tz 2025b, 1800 to 2100), so between two samples
// there is one change at most. To ask for an offset costs 5 us, a block of a zone 0.3 ms: once, then it is known.
const SAMPLE_MS = 2 * DAY_MS;
const known = new LRUCache<string, readonly Stretch[]>({ max: 5_000 });

/**
 * The stretches that cover [from, to), in order. One ends where a block does, too, so two neighbours may have the same offset.
 * @throws MethodRefused `unknown-zone`
 */
export function stretches(zone: string, from: number, to: number): readonly Stretch[] {
  const found: Stretch[] = [];
  for (let block = blockOf(from); block * BLOCK_MS < to; block++) {
    for (const it of stretchesOfBlock(zone, block)) {
      if (it.to > from && it.from < to) {
        found.push({ from: Math.max(from, it.from), to: Math.min(to, it.to), offset: it.offset });
      }
    }
  }
  return found;
}

function stretchesOfBlock(zone: string, block: number): readonly Stretch[] {
  const key = `${zone} ${block}`;
  let found = known.get(key);
  if (!found) known.set(key, (found = sampled(zone, block * BLOCK_MS)));
  return found;
}

function sampled(name: string, start: number): Stretch[] {
  const zone = zoneNamed(name);
  const found: Stretch[] = [];
  let [from, offset] = [start, offsetMs(zone, start)];
  for (let at = start; at < start + BLOCK_MS; at += SAMPLE_MS) {
    const after = offsetMs(zone, at + SAMPLE_MS);
    if (after === offset) continue;
    let [before, change] = [at, at + SAMPLE_MS];
    while (change - before > 1) {
      const middle = Math.floor((before + change) / 2);
      if (offsetMs(zone, middle) === offset) before = middle;
      else change = middle;
    }
    found.push({ from, to: change, offset });
    [from, offset] = [change, after];
  }
  if (from < start + BLOCK_MS) found.push({ from, to: start + BLOCK_MS, offset });
  return found;
}
