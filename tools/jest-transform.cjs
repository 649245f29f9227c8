// Jest on Node 20 can not require() ES modules, and NestJS 12 is nothing else: what is an ES module by its nearest
// package.json is turned into CommonJS; what is CommonJS already is left alone.
const { createTransformer } = require('@swc/jest');
const { existsSync, readFileSync } = require('node:fs');
const { dirname, join } = require('node:path');

const swc = createTransformer({ swcrc: false, jsc: { target: 'es2022' }, module: { type: 'commonjs' } });
const types = new Map();

function typeOf(dir) {
  if (!types.has(dir)) {
    const file = join(dir, 'package.json');
    const own = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
    types.set(dir, own?.type ?? (own?.name || dir === dirname(dir) ? 'commonjs' : typeOf(dirname(dir))));
  }
  return types.get(dir);
}

module.exports = {
  canInstrument: false,
  getCacheKey: (...args) => swc.getCacheKey(...args),
  process: (source, file, options) =>
    file.endsWith('.mjs') || typeOf(dirname(file)) === 'module' ? swc.process(source, file, options) : { code: source },
};
