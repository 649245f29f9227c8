// The tests of promises, alone: `npm run test:faults -- [--full] [P3 P6 ...]`.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Command } from 'commander';
import { build } from './build.mjs';
import { promiseTests } from './promise-tests.mjs';
import swc from './swc.cjs';

const program = new Command('npm run test:faults --')
  .description('Tests what KAMS promises, under the faults that the promises are about.')
  .argument('[promises...]', 'P1 P6 ...; all when none is named')
  .option('--full', 'as many trials as the promises ask for, and not as many as fit into every test run')
  .parse();
const { full } = program.opts();
const wanted = program.args;
const files = promiseTests().filter(({ promises }) => wanted.length === 0 || promises.some((it) => wanted.includes(it)));
if (files.length === 0) program.error(`no test has the name of ${wanted.join(' or ')}`);

await build();
const jest = spawn(
  process.execPath,
  [
    join(swc.root, 'node_modules/jest/bin/jest.js'),
    '--runInBand',
    '--runTestsByPath',
    ...files.map((it) => it.file),
    '--testNamePattern',
    `\\b(${wanted.length > 0 ? wanted.join('|') : 'P\\d+'})\\b`,
  ],
  {
    cwd: swc.root,
    stdio: ['inherit', 'pipe', 'inherit'],
    env: { ...process.env, ...(full && { KAMS_TEST_SIZE: 'full' }) },
  },
);
// Both get a Ctrl-C; Jest ends its servers first, and this one waits for it.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => jest.kill('SIGTERM'));

const proved = [];
createInterface({ input: jest.stdout }).on('line', (line) => {
  console.log(line);
  const [, ids, outcome, counts] = /^(P\d+(?: P\d+)*) (pass|FAIL) (.*)$/.exec(line) ?? [];
  if (ids) proved.push({ ids, outcome, counts });
});
jest.on('close', (code) => {
  const width = Math.max(...proved.map((it) => it.ids.length), 0);
  const number = ({ ids }) => Number(/\d+/.exec(ids)[0]);
  console.log(`\n${full ? 'In full' : 'In the size of every test run'}:`);
  for (const { ids, outcome, counts } of proved.sort((a, b) => number(a) - number(b)))
    console.log(`${ids.padEnd(width)}  ${outcome}  ${counts}`);
  process.exitCode = code ?? 1;
});
