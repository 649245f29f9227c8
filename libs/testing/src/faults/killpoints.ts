// What happens at a named place of a process (libs/eventing/src/point.ts), or of the function that appends in the server.
import type { Point } from '@kams/eventing/point';
import type { ClientBase } from 'pg';

/** How `preload.ts` is told, in the environment of a process: `<point> <passing> <signal>`. */
export const AT_POINT = 'KAMS_TEST_AT_POINT';

/** The process gives itself the signal at every nth passing: SIGKILL ends it at the first of them, SIGSTOP holds it at each. */
export interface AtPoint {
  readonly point: Point;
  /** n, from 1. */
  readonly passing: number;
  readonly signal: 'SIGKILL' | 'SIGSTOP';
}

export const killAt = (point: Point, passing = 1): AtPoint => ({ point, passing, signal: 'SIGKILL' });
export const stopAt = (point: Point, passing = 1): AtPoint => ({ point, passing, signal: 'SIGSTOP' });

export const written = ({ point, passing, signal }: AtPoint): string => `${point} ${passing} ${signal}`;
export function read(text: string): AtPoint {
  const [point, passing, signal] = text.split(' ') as [Point, string, AtPoint['signal']];
  return { point, passing: Number(passing), signal };
}

/**
 * The places of an append that lie in the server: between the lock and the events, and between the events and the commit, which
 * follows at once. There is no key row to be after: a command's key is in the metadata of its events.
 */
export const SERVER_POINTS = ['append.after-lock', 'append.after-events'] as const;
export type ServerPoint = (typeof SERVER_POINTS)[number];

/** The session that passes the place for every nth time ends there, with whatever it was about to commit. */
export async function endSessionsAt(client: ClientBase, point: ServerPoint, every: number): Promise<void> {
  const { rows } = await client.query<{ sql: string }>(`select pg_get_functiondef('es.append_batch'::regproc) as sql`);
  const sql = rows[0]!.sql;
  const end = `if nextval('es.passings') % ${every} = 0 then perform pg_terminate_backend(pg_backend_pid()); perform pg_sleep(1); end if;`;
  const changed =
    point === 'append.after-lock'
      ? sql.replace(/perform pg_advisory_xact_lock\(.*\);/, (lock) => `${lock} ${end}`)
      : sql.replace(/\bend\s*(\$\w*\$)\s*$/, `${end} end $1`);
  if (changed === sql) throw new Error(`es.append_batch has no place for ${point}: look at its text`);
  await client.query('create sequence if not exists es.passings; grant usage on sequence es.passings to public');
  await client.query(changed);
}
