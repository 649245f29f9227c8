// Limits of computing, in ms, that mean the same on every machine.
const ROWS = JSON.stringify(Array.from({ length: 5_000 }, (_, i) => ({ id: `row-${i}`, amount: i / 8, name: 'a'.repeat(100) })));
/** What the work below took, alone, on the machine on which the figures of the tests were stated: an x86-64 of 2025. */
const STATED_MS = 5;

/** The computing time of this process since `before`, of `process.cpuUsage()`, in ms: what else runs on the machine is not in it. */
export function computedMs(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

/**
 * How many times slower this process computes now than where the figures of the tests were stated; at least 1. A figure in
 * ms is a promise of the code and not of the machine that tests it: multiply it by this.
 */
export function slowdown(): number {
  const times = Array.from({ length: 5 }, () => {
    const before = process.cpuUsage();
    const seen = new Map<string, number>();
    for (const { id, name } of JSON.parse(ROWS) as { id: string; name: string }[]) {
      let sum = 0;
      for (let at = 0; at < name.length; at++) sum = (sum * 31 + name.charCodeAt(at)) | 0;
      seen.set(id, sum);
    }
    return computedMs(before);
  });
  return Math.max(1, times.toSorted((a, b) => a - b)[2]! / STATED_MS);
}
