// Where a page of a list ended, as text that only we can write and only the same question of the same tenant can use.
import { createHmac, timingSafeEqual } from 'node:crypto';

/** The question that a cursor belongs to. It goes into the MAC and not into the text. */
export interface CursorScope {
  readonly tenantId: string;
  /** Route, filters and sort, spelled in one way: `GET /accounts?tier=gold&sort=-name`. */
  readonly query: string;
}

/** The sort values of the last row, in the order of the sort. */
export type CursorValue = string | number | null;

const VERSION = 1;
const MAC_BYTES = 16;
const MAX_LENGTH = 4_096;

/**
 * base64url of: version (1 byte), HMAC-SHA256 cut to 16 bytes, the values as JSON. The values can be read by whoever holds the
 * cursor, who has seen that row, but not changed.
 */
export function sealCursor(key: Buffer, scope: CursorScope, values: readonly CursorValue[]): string {
  if (values.some((it) => typeof it === 'number' && !Number.isFinite(it))) {
    throw new RangeError('A cursor holds finite numbers only: JSON knows no others.');
  }
  const payload = Buffer.from(JSON.stringify(values));
  const cursor = Buffer.concat([Buffer.of(VERSION), mac(key, scope, payload), payload]).toString('base64url');
  if (cursor.length > MAX_LENGTH) throw new RangeError(`A cursor has at most ${MAX_LENGTH} letters: sort by a shorter field.`);
  return cursor;
}

/** The values, or undefined when the cursor was altered, cut, made by another key, or belongs to another tenant or query. */
export function openCursor(key: Buffer, scope: CursorScope, cursor: string): CursorValue[] | undefined {
  if (cursor.length > MAX_LENGTH) return undefined;
  const bytes = Buffer.from(cursor, 'base64url');
  // Node reads over letters that are not base64url; a cursor has one spelling.
  if (bytes.toString('base64url') !== cursor) return undefined;
  if (bytes.length <= 1 + MAC_BYTES || bytes[0] !== VERSION) return undefined;
  const payload = bytes.subarray(1 + MAC_BYTES);
  if (!timingSafeEqual(bytes.subarray(1, 1 + MAC_BYTES), mac(key, scope, payload))) return undefined;
  return JSON.parse(payload.toString()) as CursorValue[];
}

// The parts are put together as JSON, so that no text of one part can pass for the end of another.
const mac = (key: Buffer, { tenantId, query }: CursorScope, payload: Buffer): Buffer =>
  createHmac('sha256', key)
    .update(JSON.stringify([VERSION, tenantId, query, payload.toString('base64')]))
    .digest()
    .subarray(0, MAC_BYTES);
