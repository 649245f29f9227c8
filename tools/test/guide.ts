// A page of the guide: its files, its requests, and the answers that it shows.
import { execFile } from 'node:child_process';
import { blocksOf, type Block, type ProjectCopy } from './document';

export const PAGE = 'docs/guide/a-service-of-your-own.md';
const blocks = blocksOf(PAGE);
export const files = blocks.filter((it) => it.file !== undefined);

interface Exchange {
  readonly requests: string;
  /** What the page shows as its answers. */
  readonly printed?: Block;
}
const exchangesOf = (blocks: readonly Block[]): readonly Exchange[] =>
  blocks.flatMap((it, i) => {
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
const answersTo = ({ folder }: Pick<ProjectCopy, 'folder'>, script: string, env: NodeJS.ProcessEnv): Promise<string> =>
  new Promise((resolve, reject) => {
    const options = { cwd: folder, env, timeout: 120_000 };
    execFile('bash', ['-euo', 'pipefail', '-c', script], options, (error, stdout, stderr) =>
      error ? reject(new Error(`${error.message}\n${stdout}\n${stderr}`)) : resolve(stdout),
    );
  });

/**
 * Sends the requests, to where the environment says, and compares each answer with the page.
 * @param granted said behind the first block, which gives people their roles
 */
export async function expectAsPrinted(
  copy: Pick<ProjectCopy, 'folder'>,
  env: NodeJS.ProcessEnv,
  granted = '',
  page = PAGE,
): Promise<void> {
  const exchanges = exchangesOf(blocksOf(page));
  const [first, ...others] = exchanges.map((it) => it.requests);
  const script = [`${first}${granted}`, ...others].join(`echo '${BETWEEN}'\n`);
  const came = (await answersTo(copy, script, env)).split(`${BETWEEN}\n`);
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
}
