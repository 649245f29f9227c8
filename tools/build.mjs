// Compiles services and libs to dist/, keeping the tree; aliases become relative paths. No bundler.
import { transformFile } from '@swc/core';
import { cp, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import swc from './swc.cjs';

const dist = join(swc.root, 'dist');

/** Every source file below `top`: TypeScript to compile, SQL and mappings to copy. Tests stay out. */
async function sources(top) {
  const found = await readdir(join(swc.root, top), { recursive: true, withFileTypes: true });
  return found
    .filter((it) => it.isFile() && /\.(ts|sql|json|html)$/.test(it.name) && it.name !== 'project.json')
    .map((it) => join(it.parentPath, it.name))
    .filter((file) => !/[\\/](test|node_modules)[\\/]/.test(file));
}

async function compile(file, into) {
  const out = join(into, relative(swc.root, file)).replace(/\.ts$/, '.js');
  await mkdir(dirname(out), { recursive: true });
  if (!file.endsWith('.ts')) return cp(file, out);
  const { code, map } = await transformFile(file, { ...swc.options, filename: file });
  await Promise.all([
    writeFile(out, `${code}\n//# sourceMappingURL=${out.split(/[\\/]/).pop()}.map`),
    writeFile(`${out}.map`, map),
  ]);
}

/** Beside what is there, and then in its place: a host that runs from dist/ keeps its files until they are all new. */
export async function build() {
  const [next, last] = [`${dist}-${process.pid}`, `${dist}-${process.pid}-old`];
  const files = (await Promise.all(['libs', 'services', 'bench'].map(sources))).flat();
  await Promise.all(files.map((file) => compile(file, next)));
  await rename(dist, last).catch(() => undefined);
  await rename(next, dist);
  await rm(last, { recursive: true, force: true });
  return files.length;
}

if (process.argv[1] === import.meta.filename) {
  const started = performance.now();
  const files = await build();
  console.log(`built ${files} files in ${Math.round(performance.now() - started)} ms`);
}
