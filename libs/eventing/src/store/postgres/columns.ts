// Events as columns.
import type { Recorded } from '../port';
import { recorded } from '../recorded';
import type { Row } from './connection';

/** RFC 3339 in UTC with microseconds: what Postgres keeps. */
export const instant = (column: string): string => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

/** What `toRecorded` takes after the position, in its order. */
export const FIELDS = `e.revision, ${instant('e.recorded_at')}, e.event_id, e.schema_version, e.stream_id, e.type, e.data, e.metadata`;

export function toRecorded(row: Row): Recorded {
  const [position, revision, recordedAt, id, schema, stream, type, data, metadata] = row as readonly string[] as EventRow;
  return recorded(
    { stream, revision: safe(revision), position: safe(position), recordedAt },
    { id, type, schema: Number(schema), data, metadata },
  );
}
type EventRow = readonly [string, string, string, string, string, string, string, string, string];

export function safe(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number)) throw new RangeError(`${text} is not a safe integer`);
  return number;
}
