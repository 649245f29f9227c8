// The tests of promises are those whose name begins with one: `P6 ...`.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import swc from './swc.cjs';

const NAMED = /\b(?:test|describe|promised)\(\s*['"`](P\d+(?: P\d+)*)/g;

/** The files with such tests, and what they promise. */
export function promiseTests() {
  const files = ['libs', 'services'].flatMap((top) =>
    readdirSync(join(swc.root, top), { recursive: true })
      .filter((it) => it.endsWith('.spec.ts') && !it.includes('node_modules'))
      .map((it) => join(top, it)),
  );
  return files.flatMap((file) => {
    const found = [...readFileSync(join(swc.root, file), 'utf8').matchAll(NAMED)].flatMap(([, names]) => names.split(' '));
    return found.length > 0 ? [{ file, promises: [...new Set(found)] }] : [];
  });
}
