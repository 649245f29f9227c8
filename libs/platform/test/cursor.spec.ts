import fc from 'fast-check';
import { openCursor, sealCursor, type CursorValue } from '../src/http/cursor';

const key = Buffer.alloc(32, 7);
const scope = { tenantId: 'acme', query: 'GET /accounts?tier=gold&sort=-name' };
const values: CursorValue[] = ['Müller AG', 4711, null];
const cursor = sealCursor(key, scope, values);

test('a cursor gives back the values that it was made of', () => {
  // JSON has no -0; adding 0 makes it 0.
  const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((it) => it + 0);
  const value = fc.oneof(fc.string({ unit: 'binary' }), number, fc.constant(null));
  fc.assert(
    fc.property(fc.array(value, { maxLength: 5 }), (some) =>
      expect(openCursor(key, scope, sealCursor(key, scope, some))).toEqual(some),
    ),
    { numRuns: 300 },
  );
});

test('a cursor goes into a URL as it is', () => expect(cursor).toMatch(/^[A-Za-z0-9_-]+$/));

test('a cursor does not show its tenant and its query', () => {
  const text = Buffer.from(cursor, 'base64url').toString('latin1');
  expect(text).not.toContain('acme');
  expect(text).not.toContain('gold');
});

test('a cursor with any letter changed, added or taken away is refused', () => {
  const other = fc.constantFrom(...'ABab01-_=+/ .', '');
  fc.assert(
    fc.property(fc.nat({ max: cursor.length }), other, fc.boolean(), (at, letter, replaces) => {
      const altered = cursor.slice(0, at) + letter + cursor.slice(replaces ? at + 1 : at);
      return altered === cursor || openCursor(key, scope, altered) === undefined;
    }),
    { numRuns: 2_000 },
  );
});

test('a cursor that is cut anywhere is refused', () => {
  for (let length = 0; length < cursor.length; length++) {
    expect(openCursor(key, scope, cursor.slice(0, length))).toBeUndefined();
  }
});

test.each([
  ['of another tenant', key, { ...scope, tenantId: 'other' }],
  ['of another query', key, { ...scope, query: 'GET /accounts?tier=gold&sort=name' }],
  ['made by another key', Buffer.alloc(32, 8), scope],
  ['with the border of tenant and query moved', key, { tenantId: 'acm', query: `e${scope.query}` }],
])('a cursor %s is refused', (_, otherKey, otherScope) => expect(openCursor(otherKey, otherScope, cursor)).toBeUndefined());

test('a cursor of another version is refused', () => {
  const bytes = Buffer.from(cursor, 'base64url');
  bytes[0] = 2;
  expect(openCursor(key, scope, bytes.toString('base64url'))).toBeUndefined();
});

test.each([NaN, Infinity])('%p can not be sealed, because it would come back as null', (number) =>
  expect(() => sealCursor(key, scope, [number])).toThrow(RangeError),
);

test('a cursor that would be too long to be opened can not be sealed', () =>
  expect(() => sealCursor(key, scope, ['x'.repeat(4_000)])).toThrow(RangeError));
