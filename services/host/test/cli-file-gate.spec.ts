import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileGate, headerOf, MOST_ROWS, type FileShape } from '../src/cli/imports/file-gate';
import type { Mapping } from '../src/cli/imports/mapping';

type Dialect = Mapping['dialect'];
const dialect: Dialect = { encoding: 'utf-8', delimiter: ',', lineEnds: ['lf', 'crlf'] };

/** What the gate says of a file; the shape, or the refusal. `size` is how many bytes it gets at once. */
function gate(
  content: string | Buffer,
  size = 1_000_000,
  its: Partial<Dialect> = {},
  group?: { column: number; window: number },
) {
  const bytes = Buffer.from(content as string);
  const it = new FileGate('f.csv', { ...dialect, ...its }, group);
  try {
    for (let at = 0; at < bytes.length; at += size) it.take(bytes.subarray(at, at + size));
    return it.end();
  } catch (error) {
    return (error as Error).message;
  }
}

const refusals: [string, string | Buffer, RegExp][] = [
  ['only a header', 'a,b\n', /no rows/],
  ['LF after CRLF', 'a,b\r\n1,2\n3,4\r\n', /line 2 ends with LF, the lines before with CRLF/],
  ['CRLF after LF', 'a,b\n1,2\r\n', /line 2 ends with CRLF/],
  ['CR alone', 'a,b\r1,2\r', /line 1 ends with CR alone/],
  ['CR in the middle of a line', 'a,b\n1,2\r3,4\n', /line 2 ends with CR alone/],
  ['an open quote', 'a,b\n1,2\n"x,2\n3,4\n', /line 3 opens a quote that is never closed/],
  ['a quote inside a cell', 'a,b\n1,x"y\n', /line 2 has a quote inside a cell/],
  ['text behind a closing quote', 'a,b\n"x"y,2\n', /line 2 has something behind the closing quote/],
  ['a NUL', 'a,b\n1,2\n3,\0\n', /line 3 holds a NUL byte/],
  ['a NUL in quotes', 'a,b\n"\0",2\n', /line 2 holds a NUL byte/],
  ['Latin-1', Buffer.from('a,b\n1,2\nM\xfcller,3\n', 'latin1'), /line 3 is not UTF-8 \(Latin-1\?\)/],
  ['a letter that is cut at the end', Buffer.from([0x61, 0x2c, 0x62, 0x0a, 0x31, 0x2c, 0xe4, 0xb8]), /not UTF-8/],
  ['a row of more than 1 MB', `a,b\n1,2\n3,${'x'.repeat(1_100_000)}\n`, /line 3 begins a row of more than 1 MB/],
  ['a quote that swallows the file', `a,b\n1,"2\n${'3,4\n'.repeat(300_000)}`, /quote of line 2 never closed/],
];

describe('a file is refused, wherever its bytes are cut', () => {
  test.each(refusals)('%s', (_name, content, reason) => {
    for (const size of content.length > 10_000 ? [65_536] : [1, 2, 3, 1_000]) expect(gate(content, size)).toMatch(reason);
  });

  test('for more than a million rows', () => {
    const it = new FileGate('f.csv', dialect);
    const rows = Buffer.from('1,2\n'.repeat(100_000));
    it.take(Buffer.from('a,b\n'));
    for (let i = 0; i < MOST_ROWS; i += 100_000) it.take(rows);
    expect(() => it.take(Buffer.from('1,2\n'))).toThrow(/more than 1,000,000 rows/);
  });

  test('for line ends that its mapping does not allow', () =>
    expect(gate('a,b\r\n1,2\r\n', 1_000, { lineEnds: ['lf'] })).toMatch(/line 1 ends with CRLF; the mapping says LF/));

  test('for rows of one purchase that stand further apart than the mapping allows', () => {
    const apart = 'n,x\n7,a\n8,b\n9,c\n7,d\n';
    for (const size of [1, 1_000]) {
      expect(gate(apart, size, {}, { column: 0, window: 1 })).toMatch(/line 5 goes on with "7", 3 rows after/);
      expect(gate(apart, size, {}, { column: 0, window: 2 })).toMatchObject({ rows: 4 });
      expect(gate('x,n\r\na,"7"\r\nb,8\r\nc,9\r\nd,7\r\n', size, {}, { column: 1, window: 1 })).toMatch(
        /line 5 goes on with "7"/,
      );
    }
  });
});

describe('a file passes', () => {
  const passes: [string, string | Buffer, Partial<FileShape>][] = [
    ['with CRLF', 'a,b\r\n1,2\r\n3,4\r\n', { lineEnd: 'crlf', rows: 2, multiline: false }],
    ['without a line end at its end', 'a,b\n1,2\n3,4', { rows: 2 }],
    ['with quotes, doubled quotes and line ends in quotes', 'a,b\n"x, ""y""","1\n2"\n,\n', { rows: 2, multiline: true }],
    ['with blank lines, which are no rows', 'a,b\n\n1,2\n\n', { rows: 1 }],
    ['with a byte order mark', '\ufeffa,b\n1,2\n', { rows: 1 }],
    ['in Chinese', 'a,b\n大客户,客户管理\n', { rows: 1 }],
  ];
  test.each(passes)('%s', (_name, content, shape) => {
    // A file is read in pieces of 256 KB: a byte order mark is never cut.
    for (const size of [3, 7, 1_000]) expect(gate(content, size)).toMatchObject(shape);
  });

  test('with lines that end either way, if its mapping says so', () => {
    for (const size of [1, 1_000])
      expect(gate('a,b\r\n1,2\n3,4\r\n', size, { mixedLineEnds: true })).toMatchObject({ lineEnd: 'mixed', rows: 2 });
    expect(gate('a,b\n1,2\n', 1_000, { mixedLineEnds: true })).toMatchObject({ lineEnd: 'lf' });
  });
});

describe('before a byte of it is read as text', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kams-gate-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const heads: [string, string | Buffer, RegExp][] = [
    ['an empty file', '', /is empty/],
    ['a zip', Buffer.from('PK\x03\x04rest'), /zip archive \(an Excel workbook\?\)/],
    ['gzip', Buffer.from([0x1f, 0x8b, 8, 0]), /compressed by gzip/],
    ['UTF-16 with its mark', Buffer.from('\ufeffa,b\n1,2\n', 'utf16le'), /is UTF-16/],
    ['UTF-16 without its mark', Buffer.from('a,b\n1,2\n', 'utf16le'), /is UTF-16/],
    ['a binary file', Buffer.from('ab\0\0cdef'), /NUL bytes/],
    ['a blank first line', '\na,b\n', /first line must be the header/],
    ['a header in Latin-1', Buffer.from('a,Stra\xdfe\n1,2\n', 'latin1'), /line 1 is not UTF-8/],
    ['a header without an end', 'x'.repeat(70_000), /header of more than 64 KB/],
  ];
  test.each(heads)('%s is refused', async (_name, content, reason) => {
    const path = join(folder, 'f.csv');
    await writeFile(path, content);
    await expect(headerOf(path)).rejects.toThrow(reason);
  });

  test('a file of 1 GB is refused without reading it', async () => {
    const path = join(folder, 'f.csv');
    await writeFile(path, 'a,b\n1,2\n');
    await truncate(path, 1_000_000_000);
    await expect(headerOf(path)).rejects.toThrow(/1 GB or more; split it/);
  });

  test('a folder and a file that is not there are refused', async () => {
    await expect(headerOf(folder)).rejects.toThrow(/is not a file/);
    await expect(headerOf(join(folder, 'none.csv'))).rejects.toThrow(/can not be read \(ENOENT\)/);
  });

  test('the header comes without its mark and its line end', async () => {
    const path = join(folder, 'f.csv');
    await writeFile(path, '\ufeff"a\nb",c\r\n1,2\r\n');
    expect(await headerOf(path)).toBe('"a\nb",c');
  });
});
