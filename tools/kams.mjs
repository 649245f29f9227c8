#!/usr/bin/env node
// The command line from a checkout: compiled first, where the sources are newer, without a word. An image has no sources.
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const root = join(import.meta.dirname, '..');
const main = join(root, 'dist/services/host/src/cli/main.js');
/** Names the process that compiles. One that was killed leaves it behind, and with it half a dist. */
const compiling = join(root, 'node_modules/.kams-compiling');

/** When something below was last written, made or removed. */
function newest(path) {
  const { mtimeMs } = statSync(path);
  const below = readdirSync(path, { withFileTypes: true }).filter((it) => it.name !== 'test' && it.name !== 'node_modules');
  return below.reduce((latest, it) => {
    const file = join(path, it.name);
    return Math.max(latest, it.isDirectory() ? newest(file) : statSync(file).mtimeMs);
  }, mtimeMs);
}

function isCompiled() {
  if (!existsSync(main)) return false;
  const compiledMs = statSync(main).mtimeMs;
  const settings = ['tools/build.mjs', 'tools/swc.cjs', 'tsconfig.base.json'].map((it) => statSync(join(root, it)).mtimeMs);
  return [newest(join(root, 'libs')), newest(join(root, 'services')), ...settings].every((it) => it <= compiledMs);
}

const LONGEST_MS = 60_000;

/** Whether another process is compiling now. */
function isCompiling() {
  try {
    if (Date.now() - statSync(compiling).mtimeMs > LONGEST_MS) return false;
    return process.kill(Number(readFileSync(compiling, 'utf8')), 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}

async function compile() {
  for (;;) {
    if (isCompiling()) {
      await sleep(100);
      continue;
    }
    if (!existsSync(compiling) && isCompiled()) return;
    rmSync(compiling, { force: true });
    // Of two that come here at once one finds the other's file.
    try {
      writeFileSync(compiling, String(process.pid), { flag: 'wx' });
    } catch {
      continue;
    }
    const { build } = await import('./build.mjs');
    await build();
    rmSync(compiling, { force: true });
  }
}

if (existsSync(join(root, 'libs'))) await compile();
const { kams } = createRequire(import.meta.url)(main);

const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => (stopping.signal.aborted ? process.exit(130) : stopping.abort()));
}
// The reader has gone: kams tail | head.
process.stdout.on('error', (error) => process.exit(error.code === 'EPIPE' ? 0 : 1));
const { env, stdout, stderr } = process;
process.exitCode = await kams(process.argv.slice(2), { env, stdout, stderr, signal: stopping.signal });
