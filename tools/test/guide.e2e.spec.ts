// The guide's service is what its page says: the blocks are the files, the requests are sent, and the answers are those that came.
import { dataFolder, freePort, removeFolder } from '@kams/testing/host';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { blocksOf, copyOfProject, type Block } from './document';

const PAGE = 'docs/guide/a-service-of-your-own.md';
const blocks = blocksOf(PAGE);
const files = blocks.filter((it) => it.file !== undefined);
const copy = copyOfProject();
beforeAll(() => files.forEach(copy.take));
afterAll(() => copy.remove());

/** What somebody would have to type: the lines that are not blank, of a diff those that it adds. */
const typed = ({ language, text }: Block): number =>
  text.split('\n').filter((line) => (language === 'diff' ? /^\+(?!\+\+ )\s*\S/ : /\S/).test(line)).length;

test('all of its code is as many lines as it says, and less than 120', () => {
  const lines = files.map(typed).reduce((sum, it) => sum + it, 0);
  expect(Number(/ in (\d+) lines/.exec(readFileSync(join(__dirname, '../..', PAGE), 'utf8'))![1])).toBe(lines);
  expect(lines).toBeLessThan(120);
});

test('it touches neither the engine nor the platform', () =>
  expect(files.map((it) => it.file).filter((it) => /^libs\/(?!contracts\/src\/loans\/)/.test(it!))).toEqual([]));

test('its code keeps types and borders, its history and the reference', async () => {
  copy.write(
    'tsconfig.json',
    JSON.stringify({ extends: './tsconfig.base.json', include: ['services/loans', 'services/host/src/main.ts'] }),
  );
  const written = files.map((it) => it.file!).filter((it) => it.endsWith('.ts'));
  const linted = async () => {
    await copy.running('npx', 'nx', 'show', 'projects');
    return copy.running('npx', 'eslint', '--max-warnings', '0', ...written);
  };
  const stored = async () => {
    await copy.running('npm', 'run', 'samples');
    await copy.running('npm', 'run', 'reference');
    return copy.running('npx', 'jest', 'services/loans', 'tools/test/reference.spec.ts');
  };
  const [, , tested] = await Promise.all([copy.running('npx', 'tsc', '--noEmit', '-p', 'tsconfig.json'), linted(), stored()]);
  expect(tested).toMatch(/ 0 failed\n$/);
}, 180_000);

interface Exchange {
  readonly requests: string;
  /** What the page shows as its answers. */
  readonly printed?: Block;
}
const exchanges: readonly Exchange[] = blocks.flatMap((it, i) => {
  const next = blocks[i + 1];
  return it.language === 'sh' ? [{ requests: it.text, printed: next?.language === 'sh' ? undefined : next }] : [];
});

/** A line that came, as what it says. */
const said = (line: string): unknown => (line.startsWith('{') ? JSON.parse(line) : line);
const printedAnswers = ({ language, text }: Block): readonly unknown[] =>
  text
    .trim()
    .split(language === 'json' ? /\n\n/ : '\n')
    .map((it) => expected(said(it)));

/** `…` stands for what differs each time, or for the rest of a line; as the name of a field, for further fields. */
function expected(it: unknown): unknown {
  if (it === '…') return expect.anything();
  if (typeof it === 'string' && it.includes('…')) return expect.stringContaining(it.slice(0, it.indexOf('…')));
  if (Array.isArray(it)) return it.map(expected);
  if (typeof it !== 'object' || it === null) return it;
  const { '…': more, ...fields } = it as Record<string, unknown>;
  const all = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, expected(value)]));
  return more === undefined ? all : expect.objectContaining(all);
}

const BETWEEN = '-- next block --';
const answersTo = (script: string, env: NodeJS.ProcessEnv): Promise<string> =>
  new Promise((resolve, reject) => {
    const options = { cwd: copy.folder, env, timeout: 120_000 };
    execFile('bash', ['-euo', 'pipefail', '-c', script], options, (error, stdout, stderr) =>
      error ? reject(new Error(`${error.message}\n${stdout}\n${stderr}`)) : resolve(stdout),
    );
  });

test('the product is started with it, and answers each request as the page says', async () => {
  copy.run('node', 'tools/build.mjs');
  // The harness of the copy, which starts what was built there.
  const { startHost } = jest.requireActual<typeof import('@kams/testing/host')>(join(copy.folder, 'libs/testing/src/host'));
  const data = await dataFolder();
  const host = await startHost({ KAMS_DATA: data, KAMS_PORT: String(await freePort()) });
  try {
    const script = exchanges.map((it) => it.requests).join(`echo '${BETWEEN}'\n`);
    const came = (await answersTo(script, host.env)).split(`${BETWEEN}\n`);
    const lines = came.map((it) =>
      it
        .split('\n')
        .filter((line) => line !== '')
        .map(said),
    );
    for (const [i, { requests, printed }] of exchanges.entries()) {
      const answers = printed ? printedAnswers(printed) : lines[i];
      expect({ requests, answers: lines[i] }).toEqual({ requests, answers });
    }
    // The page can not show that two answers are the same to the letter.
    const repeated = lines[exchanges.findIndex((it) => it.requests.includes('Idempotency-Key'))]!;
    expect(repeated[1]).toEqual(repeated[0]);
  } finally {
    await host.end();
    await removeFolder(data);
  }
}, 180_000);
