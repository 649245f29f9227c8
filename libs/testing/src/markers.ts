// Looks for texts that must not be anywhere in the files of a folder.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** What a text looks like in the encodings in which bytes of it may lie about. */
export const encoded = (text: string): Buffer[] => [
  Buffer.from(text, 'utf8'),
  Buffer.from(text, 'utf16le'),
  Buffer.from(encodeURIComponent(text)),
  // Of base64 the middle, which is the same wherever the text begins in a group of three, for each of the three beginnings.
  ...[0, 1, 2].map((shift) =>
    Buffer.from(
      Buffer.from(' '.repeat(shift) + text)
        .toString('base64')
        .slice(4, -4),
    ),
  ),
  Buffer.from(Buffer.from(text).toString('hex')),
];

/** Files below a folder that hold one of these texts in any encoding. */
export async function hits(folder: string, markers: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const marker of markers) {
    for (const bytes of encoded(marker)) {
      const pattern = [...bytes].map((it) => `\\x${it.toString(16).padStart(2, '0')}`).join('');
      // The server may take a file of its caches away in between; whoever looks for it then finds nothing either.
      const { stdout } = await promisify(execFile)('grep', ['-rlaP', pattern, folder]).catch(
        (error: { code?: number; stdout: string; stderr: string }) =>
          error.code === 1 || /^(grep: .*: No such file or directory\n)+$/.test(error.stderr) ? error : Promise.reject(error),
      );
      found.push(
        ...stdout
          .split('\n')
          .filter(Boolean)
          .map((file) => `${marker}: ${file}`),
      );
    }
  }
  return found;
}
