// The gate before a file is imported: one pass over the bytes finds what would make rows wrong in silence, or the memory full,
// before anything is sent. A file that passes is parsed by csv-parse without surprises.
import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { Failure } from '../failure';
import type { Mapping } from './mapping';

export const MOST_ROWS = 1_000_000;
export const MOST_BYTES = 1_000_000_000;
/** One row. An open quote would otherwise make the rest of the file one cell. */
export const MOST_ROW_BYTES = 1_000_000;
const HEAD_BYTES = 65_536;

export type LineEnd = 'lf' | 'crlf';

export interface FileShape {
  readonly lineEnd: LineEnd | 'mixed';
  /** Without the header and blank lines. */
  readonly rows: number;
  /** A cell holds a line end, so a row may be several lines. */
  readonly multiline: boolean;
}

/**
 * The header as it stands in the file.
 * @throws Failure for a file that is none, is too large, or is no text in UTF-8
 */
export async function headerOf(path: string): Promise<string> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => refuse(path, `can not be read (${error.code})`));
  if (!found.isFile()) refuse(path, 'is not a file; name CSV files');
  if (found.size === 0) refuse(path, 'is empty; it needs a header and rows');
  if (found.size >= MOST_BYTES) refuse(path, 'has 1 GB or more; split it');
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    const head = buffer.subarray(0, bytesRead);
    refuseOtherFormats(path, head);
    const start = head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf ? 3 : 0;
    const end = endOfHeader(head, start);
    if (end === bytesRead && bytesRead === HEAD_BYTES) refuse(path, 'has a header of more than 64 KB; is it a CSV file?');
    const header = head.subarray(start, end);
    if (header.length === 0) refuse(path, 'begins with a blank line; the first line must be the header');
    if (!isUtf8(header)) refuse(path, `line 1 ${NOT_UTF8}`);
    return header.toString();
  } finally {
    await file.close();
  }
}

const NOT_UTF8 = 'is not UTF-8 (Latin-1?); convert the file: iconv -f ISO-8859-1 -t UTF-8';
const UTF_16 = 'is UTF-16; convert it: iconv -f UTF-16 -t UTF-8';

function refuseOtherFormats(path: string, head: Buffer): void {
  const starts = (...bytes: number[]) => bytes.every((byte, i) => head[i] === byte);
  if (starts(0x50, 0x4b, 0x03, 0x04)) refuse(path, 'is a zip archive (an Excel workbook?); export it as CSV in UTF-8');
  if (starts(0xd0, 0xcf, 0x11, 0xe0)) refuse(path, 'is an old Excel workbook; export it as CSV in UTF-8');
  if (starts(0x1f, 0x8b)) refuse(path, 'is compressed by gzip; unpack it first');
  if (starts(0xff, 0xfe) || starts(0xfe, 0xff)) refuse(path, UTF_16);
  if (head.length >= 4 && (head[0] === 0) !== (head[1] === 0) && (head[2] === 0) === (head[0] === 0)) refuse(path, UTF_16);
  if (head.includes(0)) refuse(path, 'holds NUL bytes; it is no text, export it as CSV in UTF-8');
}

function endOfHeader(head: Buffer, start: number): number {
  let quoted = false;
  for (let at = start; at < head.length; at++) {
    const byte = head[at];
    if (byte === QUOTE) quoted = !quoted;
    else if (!quoted && (byte === LF || byte === CR)) return at;
  }
  return head.length;
}

/**
 * Checks the whole file against the dialect of its mapping. `group` is the column whose cells gather rows, as a number.
 * @throws Failure naming the line
 */
export async function checkFile(
  path: string,
  { dialect }: Mapping,
  group?: { column: number; window: number },
): Promise<FileShape> {
  const gate = new FileGate(path, dialect, group);
  for await (const chunk of createReadStream(path, { highWaterMark: 262_144 })) gate.take(chunk as Buffer);
  return gate.end();
}

const LF = 0x0a;
const CR = 0x0d;
const QUOTE = 0x22;

// Where in a cell the gate stands.
const CELL_START = 0;
const PLAIN = 1;
const QUOTED = 2;
/** Behind a quote that closes the cell, unless another one follows. */
const AFTER_QUOTE = 3;

/** 27 MB with 320,705 rows take 0.2 s. */
export class FileGate {
  #at: number = CELL_START;
  #line = 1;
  #quoteLine = 0;
  #column = 0;
  #records = 0;
  #multiline = false;
  #lineEnd: LineEnd | 'mixed' | undefined;
  #afterCr = false;
  #offset = 0;
  #recordStart = 0;
  #recordLine = 1;
  #tail: Buffer = Buffer.alloc(0);
  #key: Buffer[] = [];
  #keyStart = -1;
  #previous = '';
  #previousRow = 0;
  readonly #lastRow = new Map<string, number>();
  readonly #special = new Uint8Array(256);
  readonly #delimiter: number;

  constructor(
    private readonly path: string,
    private readonly dialect: Mapping['dialect'],
    private readonly group?: { readonly column: number; readonly window: number },
  ) {
    this.#delimiter = dialect.delimiter.charCodeAt(0);
    for (const byte of [this.#delimiter, LF, CR, QUOTE, 0]) this.#special[byte] = 1;
  }

  take(chunk: Buffer): void {
    if (this.#offset === 0 && chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf) {
      chunk = chunk.subarray(3);
    }
    this.#checkUtf8(chunk);
    this.#keyStart = this.#isInKey() ? 0 : -1;
    for (let i = 0; i < chunk.length; i++) {
      if (this.#at === QUOTED) {
        while (i < chunk.length && !this.#special[chunk[i]!]) i++;
        if (i === chunk.length) break;
        this.#inQuotes(chunk[i]!);
        continue;
      }
      if (this.#special[chunk[i]!]) this.#outsideQuotes(chunk, i);
      else {
        if (this.#afterCr) this.#refuseLineEnd('CR alone');
        if (this.#at === AFTER_QUOTE)
          this.#refuse('has something behind the closing quote of a cell; double a quote inside a cell');
        this.#at = PLAIN;
        while (i + 1 < chunk.length && !this.#special[chunk[i + 1]!]) i++;
      }
    }
    if (this.#keyStart >= 0) this.#key.push(chunk.subarray(this.#keyStart));
    this.#offset += chunk.length;
    if (this.#offset - this.#recordStart > MOST_ROW_BYTES) this.#refuseLongRow();
  }

  end(): FileShape {
    if (this.#tail.length > 0) this.#refuse(NOT_UTF8);
    if (this.#at === QUOTED) this.#refuse('opens a quote that is never closed', this.#quoteLine);
    if (this.#afterCr) this.#refuseLineEnd('CR alone');
    if (this.#at !== CELL_START || this.#column > 0) {
      this.#endCell(Buffer.alloc(0), 0);
      this.#endRecord(this.#offset);
    }
    if (this.#records < 2) refuse(this.path, 'has a header and no rows');
    return { lineEnd: this.#lineEnd ?? 'lf', rows: this.#records - 1, multiline: this.#multiline };
  }

  #inQuotes(byte: number): void {
    if (byte === QUOTE) this.#at = AFTER_QUOTE;
    else if (byte === 0) this.#refuse('holds a NUL byte; it is no text');
    else if (byte === LF) {
      this.#line++;
      this.#multiline = true;
    }
  }

  #outsideQuotes(chunk: Buffer, i: number): void {
    const byte = chunk[i]!;
    if (byte === LF) {
      const lineEnd = this.#afterCr ? 'crlf' : 'lf';
      this.#afterCr = false;
      this.#endCell(chunk, lineEnd === 'crlf' ? i - 1 : i);
      this.#checkLineEnd(lineEnd);
      this.#endRecord(this.#offset + i - (lineEnd === 'crlf' ? 1 : 0));
      this.#line++;
      this.#recordLine = this.#line;
      this.#recordStart = this.#offset + i + 1;
      this.#startCell(i + 1);
      return;
    }
    if (this.#afterCr) this.#refuseLineEnd('CR alone');
    if (byte === this.#delimiter) {
      this.#endCell(chunk, i);
      this.#column++;
      this.#startCell(i + 1);
    } else if (byte === CR) this.#afterCr = true;
    else if (byte === 0) this.#refuse('holds a NUL byte; it is no text');
    else if (this.#at === AFTER_QUOTE) this.#at = QUOTED;
    else if (this.#at === PLAIN) this.#refuse('has a quote inside a cell; put the cell into quotes and double the quote');
    else {
      this.#at = QUOTED;
      this.#quoteLine = this.#line;
    }
  }

  #isInKey(): boolean {
    return this.group !== undefined && this.#column === this.group.column && this.#records > 0;
  }

  #startCell(from: number): void {
    this.#at = CELL_START;
    this.#keyStart = this.#isInKey() ? from : -1;
  }

  #endCell(chunk: Buffer, to: number): void {
    if (!this.#isInKey()) return;
    if (this.#keyStart >= 0) this.#key.push(chunk.subarray(this.#keyStart, Math.max(to, this.#keyStart)));
    this.#keyStart = -1;
    const cell = (this.#key.length === 1 ? this.#key[0]! : Buffer.concat(this.#key)).toString('latin1').replace(/\r$/, '');
    this.#key = [];
    this.#meet(cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell);
  }

  /** Rows of one purchase that stand too far apart would be two purchases, and the second would be refused. */
  #meet(key: string): void {
    const row = this.#records;
    if (key !== this.#previous) {
      const last = this.#lastRow.get(key);
      const { window } = this.group!;
      if (last !== undefined && row - last - 1 > window && key !== '') {
        this.#refuse(
          `goes on with ${printable(key)}, ${row - last} rows after its last row; the mapping allows ${window}: ` +
            'sort the file, or widen the window of "rowsOf"',
        );
      }
      this.#lastRow.set(this.#previous, this.#previousRow);
      this.#previous = key;
    }
    this.#previousRow = row;
  }

  #endRecord(end: number): void {
    if (end - this.#recordStart > MOST_ROW_BYTES) this.#refuseLongRow();
    const blank = this.#column === 0 && this.#at === CELL_START;
    this.#column = 0;
    this.#at = CELL_START;
    if (blank) return;
    if (++this.#records > MOST_ROWS + 1) refuse(this.path, 'has more than 1,000,000 rows; split it');
  }

  #checkLineEnd(lineEnd: LineEnd): void {
    if (this.#lineEnd === lineEnd || this.#lineEnd === 'mixed') return;
    if (this.#lineEnd !== undefined && !this.dialect.mixedLineEnds)
      this.#refuse(`ends with ${lineEnd.toUpperCase()}, the lines before with ${this.#lineEnd.toUpperCase()}`);
    if (!this.dialect.lineEnds.includes(lineEnd)) this.#refuseLineEnd(lineEnd.toUpperCase());
    this.#lineEnd = this.#lineEnd === undefined ? lineEnd : 'mixed';
  }

  #refuseLineEnd(found: string): never {
    return this.#refuse(
      `ends with ${found}; the mapping says ${this.dialect.lineEnds.map((it) => it.toUpperCase()).join(' or ')}`,
    );
  }

  #refuseLongRow(): never {
    const open = this.#at === QUOTED ? `; is the quote of line ${this.#quoteLine} never closed?` : '';
    return this.#refuse(`begins a row of more than 1 MB${open}`, this.#recordLine);
  }

  #refuse(why: string, line = this.#line): never {
    return refuse(this.path, `line ${line} ${why}`);
  }

  /** A letter may lie across two chunks: its first bytes wait for the rest. */
  #checkUtf8(chunk: Buffer): void {
    const bytes = this.#tail.length > 0 ? Buffer.concat([this.#tail, chunk]) : chunk;
    const end = bytes.length - unfinished(bytes);
    const whole = bytes.subarray(0, end);
    if (!isUtf8(whole)) this.#refuse(NOT_UTF8, this.#line + newlines(whole.subarray(0, firstBad(whole))));
    this.#tail = Buffer.from(bytes.subarray(end));
  }
}

/** How many bytes at the end begin a letter whose rest is not there. */
function unfinished(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!;
    if (byte >= 0xc0) return back < (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) ? back : 0;
    if (byte < 0x80) return 0;
  }
  return 0;
}

function firstBad(bytes: Buffer): number {
  const readable = Buffer.from(bytes.toString('utf8'));
  let at = 0;
  while (bytes[at] === readable[at]) at++;
  return at;
}

function newlines(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) count++;
  return count;
}

/** What a file says is shown only as far as a terminal takes no orders from it. */
export const printable = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);

function refuse(path: string, why: string): never {
  throw new Failure(`${path}: ${why}. Nothing was sent.`);
}
