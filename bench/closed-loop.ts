// Callers that each wait for an answer before they ask again: what the system gives at most.
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuOf, cpuOfTree, perOperation } from './cpu';

export interface Measured {
  readonly perSecond: number;
  /** Of an answer, in ms. */
  readonly p50: number;
  readonly p99: number;
  /** CPU of one operation, in µs. */
  readonly nodeUs?: number;
  readonly postgresUs?: number;
}

export interface ClosedLoop {
  readonly callers: number;
  readonly warmUpMs: number;
  readonly ms: number;
  /** Of the postmaster. */
  readonly postgresPid: number;
}

/** `caller` makes a caller; each of its calls does the next thing and says how many operations that was. */
export async function closedLoop(
  { callers, warmUpMs, ms, postgresPid }: ClosedLoop,
  caller: () => () => Promise<number>,
): Promise<Measured> {
  const latencies: number[] = [];
  let operations = 0;
  let recording = false;
  let stopped = false;
  const calling = Array.from({ length: callers }, async () => {
    const act = caller();
    while (!stopped) {
      const asked = performance.now();
      const done = await act();
      if (!recording) continue;
      latencies.push(performance.now() - asked);
      operations += done;
    }
  });
  const failed = Promise.race(calling.map((it) => it.then(() => new Promise<never>(() => undefined))));

  await Promise.race([sleep(warmUpMs), failed]);
  const before = { at: performance.now(), node: cpuOf(process.pid), postgres: cpuOfTree(postgresPid) };
  recording = true;
  await Promise.race([sleep(ms), failed]);
  recording = false;
  const seconds = (performance.now() - before.at) / 1_000;
  const measured = {
    perSecond: operations / seconds,
    ...percentiles(latencies),
    nodeUs: perOperation(before.node, cpuOf(process.pid), operations),
    postgresUs: perOperation(before.postgres, cpuOfTree(postgresPid), operations),
  };
  stopped = true;
  await Promise.all(calling);
  return measured;
}

export function percentiles(latencies: readonly number[]): Pick<Measured, 'p50' | 'p99'> {
  const sorted = Float64Array.from(latencies).sort();
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99) };
}

/** Asks `perSecond` times a second, whoever still waits; the first second is not counted. Resolves when all have what `one` says. */
export async function atRate(
  perSecond: number,
  seconds: number,
  one: (n: number) => Promise<number>,
): Promise<{ p50: number; p99: number }> {
  const values: number[] = [];
  const asked: Promise<void>[] = [];
  const began = performance.now();
  for (let n = 0; performance.now() - began < (seconds + 1) * 1_000;) {
    const isCounted = performance.now() - began > 1_000;
    const ask = async (i: number) => {
      const value = await one(i);
      if (isCounted) values.push(value);
    };
    while (n < ((performance.now() - began) * perSecond) / 1_000) asked.push(ask(n++));
    await sleep(1);
  }
  await Promise.all(asked);
  return percentiles(values);
}
