// CPU time from /proc, so that a server's cost can be told beside its speed.
import { readdirSync, readFileSync } from 'node:fs';

const TICKS_A_SECOND = 100;

interface Times {
  readonly parent: number;
  readonly own: number;
  /** Of children that have ended. */
  readonly ended: number;
}

function timesOf(pid: number | string): Times | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [, parent, , , , , , , , , , user, system, endedUser, endedSystem] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number) as number[];
    return { parent: parent!, own: user! + system!, ended: endedUser! + endedSystem! };
  } catch {
    return undefined; // it has ended, or this is not Linux
  }
}

/** Seconds of CPU that a process has used; undefined where there is no /proc. Exact to 10 ms. */
export function cpuOf(pid: number): number | undefined {
  const times = timesOf(pid);
  return times && times.own / TICKS_A_SECOND;
}

/** The same of a process and its children: a Postgres server, by the pid of its postmaster. */
export function cpuOfTree(pid: number): number | undefined {
  const root = timesOf(pid);
  if (!root) return undefined;
  let ticks = root.own + root.ended;
  for (const name of readdirSync('/proc')) {
    const times = /^\d+$/.test(name) ? timesOf(name) : undefined;
    if (times?.parent === pid) ticks += times.own;
  }
  return ticks / TICKS_A_SECOND;
}

/** Seconds, and the CPU that they took. */
export interface Took {
  readonly seconds: number;
  readonly node?: number;
  readonly postgres?: number;
  readonly kafka?: number;
}

/** What `work` takes, of this process and of the servers. */
export async function took(
  { postgres, kafka }: { readonly postgres: number; readonly kafka?: number },
  work: () => Promise<unknown>,
): Promise<Took> {
  const read = () => ({
    at: performance.now(),
    node: cpuOf(process.pid),
    postgres: cpuOfTree(postgres),
    kafka: kafka === undefined ? undefined : cpuOf(kafka),
  });
  const before = read();
  await work();
  const after = read();
  const used = (a?: number, b?: number) => (a === undefined || b === undefined ? undefined : b - a);
  return {
    seconds: (after.at - before.at) / 1_000,
    node: used(before.node, after.node),
    postgres: used(before.postgres, after.postgres),
    kafka: used(before.kafka, after.kafka),
  };
}

/** Microseconds for each of `operations` between two readings. */
export const perOperation = (before: number | undefined, after: number | undefined, operations: number): number | undefined =>
  before === undefined || after === undefined ? undefined : ((after - before) * 1e6) / operations;
