// Breaks the product on purpose, one promise at a time, in a copy of the tree: the test of the promise must turn red, and for
// the reason that was given. `npm run test:sabotage -- [--only P6 ...]`
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { cp, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { changed, MUTANTS } from './mutants.mjs';
import swc from './swc.cjs';

const COPIED = ['libs', 'services', 'bench', 'tools', 'jest.config.cjs', 'package.json', 'tsconfig.base.json', 'tsconfig.json'];
const LONGEST_MS = 900_000;
/** A run that is told to end takes its servers with it. */
const ENDS_WITHIN_MS = 30_000;

const program = new Command('npm run test:sabotage --')
  .description('Breaks the product on purpose, in a copy of it: each time the test of the promise must notice.')
  .option('--only <promise or mutant...>', 'P6, or checkpoint-before-effect')
  .parse();
const { only } = program.opts();
const mutants = MUTANTS.filter(({ name, promise }) => !only || only.includes(name) || only.includes(promise));
if (mutants.length === 0) program.error(`there is no such mutant: ${only.join(', ')}`);

const copy = await mkdtemp(join(tmpdir(), 'kams-sabotage-'));
/** The program that runs in the copy now. It may have servers of its own to end, so its end is waited for. */
let running;
let isOver = false;
process.on('exit', () => rmSync(copy, { recursive: true, force: true, maxRetries: 5 }));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => {
    isOver = true;
    process.exitCode = 130;
    void running?.end();
  });

/** A program in a group of its own. */
function start(args, env) {
  const child = spawn(process.execPath, args, {
    cwd: copy,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (more) => (said += more));
  const gone = new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
  return {
    said: () => said,
    gone,
    async end() {
      process.kill(-child.pid, 'SIGTERM');
      await Promise.race([gone, sleep(ENDS_WITHIN_MS, undefined, { ref: false })]);
      if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid, 'SIGKILL');
    },
  };
}

/** What a program said, and its exit code; undefined when it took too long. */
async function run(args, env = {}) {
  running = start(args, env);
  const { said, gone, end } = running;
  const code = await Promise.race([gone, sleep(LONGEST_MS, undefined, { ref: false })]);
  if (code === undefined) await end();
  running = undefined;
  return { said: said(), code };
}

/** What came of one mutant: red, or why not. */
async function tried({ test, named, size, shows }) {
  const { code: built, said: compiled } = await run(['tools/build.mjs']);
  if (built !== 0) return `DOES NOT COMPILE: ${compiled.trim().split('\n')[0]}`;
  const args = [
    'node_modules/jest/bin/jest.js',
    '--runInBand',
    '--forceExit',
    '--runTestsByPath',
    test,
    '--testNamePattern',
    named,
  ];
  const { code, said } = await run(args, size === undefined ? {} : { KAMS_TEST_SIZE: size });
  if (code === 0) return 'SURVIVED';
  if (code === undefined) return `DID NOT END within ${LONGEST_MS / 1_000} s`;
  return shows.test(said) ? 'red' : `RED FOR ANOTHER REASON:\n${said.slice(-3_000)}\n`;
}

/** Puts a mutant into the copy, looks what its test says, and takes it out again. */
async function judged(mutant) {
  const originals = new Map();
  try {
    for (const it of mutant.changes) {
      const file = join(copy, it.file);
      const text = await readFile(file, 'utf8');
      if (!originals.has(file)) originals.set(file, text);
      await writeFile(file, changed(text, it));
    }
    return await tried(mutant);
  } catch (error) {
    return `DOES NOT APPLY: ${error.message}`;
  } finally {
    for (const [file, text] of originals) await writeFile(file, text);
  }
}

const left = new Set(['node_modules', 'dist']);
for (const name of COPIED)
  await cp(join(swc.root, name), join(copy, name), { recursive: true, filter: (it) => !left.has(basename(it)) });
await symlink(join(swc.root, 'node_modules'), join(copy, 'node_modules'));

let caught = 0;
for (const mutant of mutants) {
  if (isOver) break;
  const began = Date.now();
  const outcome = await judged(mutant);
  if (isOver) break;
  if (outcome === 'red') caught++;
  console.log(`sabotage ${mutant.promise} ${mutant.name}: ${outcome} after ${Math.round((Date.now() - began) / 1_000)} s`);
}
if (!isOver) {
  console.log(`${caught} caught, ${mutants.length - caught} survived`);
  process.exitCode = caught === mutants.length ? 0 : 1;
}
