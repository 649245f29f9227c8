// The page for operators goes by what the program knows: commands and their options, settings, figures, codes, what it says, and
// its own headings. Each check is told a copy that is broken as well.
import { kams } from '@kams/host/cli/main';
import { ROLES } from '@kams/eventing/store/postgres/roles';
import { problemTable } from '@kams/platform';
import { CLIENT_SETTINGS, SETTINGS, type Setting } from '@kams/platform/config/settings';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { servicesOf } from '../reference.mjs';

const root = join(__dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const page = read('docs/guide/operate.md').replace(/<!--.*?-->/g, '');
const services = servicesOf((path) => jest.requireActual(join(root, path)));

/** The page with one thing in it that is wrong; it must have had what is replaced. */
const broken = (from: string, to: string): string => {
  expect(page).toContain(from);
  return page.replace(from, to);
};

describe('commands', () => {
  const helps = new Map<string, string>();
  async function helpOf(words: readonly string[]): Promise<string> {
    const key = words.join(' ');
    if (!helps.has(key)) {
      let said = '';
      const out = { write: (text: string) => (said += text) } as unknown as NodeJS.WriteStream;
      await kams([...words, '--help'], { env: {}, stdout: out, stderr: out, signal: new AbortController().signal });
      helps.set(key, said);
    }
    return helps.get(key)!;
  }
  const commandsIn = (help: string): string[] =>
    [...(/^Commands:\n((?: .*\n?)+)/m.exec(help)?.[1] ?? '').matchAll(/^ {2}([a-z][\w-]*)/gm)].map(([, name]) => name!);

  /** What stands in code, from `kams` to its end: the words and the options. */
  const called = (text: string): string[][] =>
    [...text.matchAll(/```(?:sh|text)\n([\s\S]*?)```|`([^`\n]+)`/g)]
      .flatMap(([, block, inline]) => (block ?? inline!).split('\n'))
      .flatMap((line) => [...line.matchAll(/(?:^|npx |: |\()kams ((?:--?[a-z][\w-]*|[a-z][\w-]*)(?: +[^#|;)]+)?)/g)])
      .map(([, rest]) => rest!.trim().split(/ +/));

  async function unknown(text: string): Promise<string[]> {
    const found: string[] = [];
    for (const words of called(text)) {
      const path: string[] = [];
      for (const word of words.filter((it) => !it.startsWith('-'))) {
        const known = commandsIn(await helpOf(path));
        if (known.length === 0) break;
        if (!known.includes(word)) {
          if (/^[a-z][\w-]*$/.test(word)) found.push([...path, word].join(' '));
          break;
        }
        path.push(word);
      }
      const help = await helpOf(path);
      for (const option of words.filter((it) => it.startsWith('--')))
        if (!new RegExp(` ${option}(?![\\w-])`).test(help)) found.push([...path, option].join(' '));
    }
    return found;
  }

  test('every one that it names exists, with its options', async () => {
    expect(called(page).length).toBeGreaterThan(30);
    expect(await unknown(page)).toEqual([]);
    expect(await unknown(broken('npx kams parked retry', 'npx kams parked try'))).toEqual(['parked try']);
    expect(await unknown(broken('npx kams doctor --before-start', 'npx kams doctor --before'))).toEqual(['doctor --before']);
    expect(await unknown(broken('`kams restore`', '`kams put-back`'))).toEqual(['put-back']);
  });
});

test('every setting that it names exists', () => {
  const settings: readonly Setting[] = Object.values({ ...SETTINGS, ...CLIENT_SETTINGS });
  const known = new Set(settings.flatMap((it) => (it.secret ? [it.key, `${it.key}_FILE`] : [it.key])) as string[]);
  const unknown = (text: string) => [...text.matchAll(/\bKAMS_[A-Z0-9_]+/g)].map(([it]) => it).filter((it) => !known.has(it));
  expect(unknown(page)).toEqual([]);
  expect(unknown(broken('KAMS_POOL_SIZE', 'KAMS_POOLSIZE'))).toEqual(['KAMS_POOLSIZE']);
});

test('every figure that it names is registered', () => {
  const folder = 'libs/platform/src/run';
  const registered = readdirSync(join(root, folder)).flatMap((it) =>
    [...read(`${folder}/${it}`).matchAll(/name: '(kams_\w+)'/g)].map(([, name]) => name!),
  );
  const known = new Set<string>([...registered, ...Object.values(ROLES)]);
  const unknown = (text: string) => [...text.matchAll(/\bkams_[a-z_]+/g)].map(([it]) => it).filter((it) => !known.has(it));
  expect([...page.matchAll(/\bkams_[a-z_]+/g)].length).toBeGreaterThan(8);
  expect(unknown(page)).toEqual([]);
  expect(unknown(broken('kams_relay_lag_events', 'kams_relay_lags'))).toEqual(['kams_relay_lags']);
});

test('every code that it names exists, with that status', () => {
  const problems = problemTable(services);
  const unknown = (text: string) =>
    [...text.matchAll(/`([a-z][a-z-]+)` \((\d{3})\)|\b(\d{3}) `([a-z][a-z-]+)`/g)]
      .map(([, code, status, before, after]) => ({ code: (code ?? after)!, status: Number(status ?? before) }))
      .filter(({ code, status }) => problems.get(code)?.status !== status)
      .map(({ code, status }) => `${code} ${status}`);
  expect(unknown(page)).toEqual([]);
  expect(unknown(broken('`outcome-unknown` (503)', '`outcome-unknown` (500)'))).toEqual(['outcome-unknown 500']);
  expect(unknown(broken('`person-erased` (409)', '`person-forgotten` (409)'))).toEqual(['person-forgotten 409']);
});

describe('what it says that the program says', () => {
  /** Words of other programs: of the client of Postgres, and of the system. */
  const OTHERS = ['Connection terminated unexpectedly', 'No space left on device'];
  const source = execFileSync('git', ['ls-files', 'libs/*/src/*.ts', 'services/*/src/*.ts'], { cwd: root, encoding: 'utf8' })
    .trim()
    .split('\n')
    .map(read)
    .join('\n')
    .replace(/['`]\s*\+\s*['`]/g, '');
  const table = (text: string): string => /## It says[\s\S]*?(?=\n## )/.exec(text)![0];
  /** The parts of a message between what differs each time; those of a few letters prove nothing. */
  const parts = (message: string): string[] =>
    message
      .split(/…|<[^>]*>|\$\{[^}]*\}/)
      .map((it) => it.trim())
      .filter((it) => it.length >= 8 && it.includes(' '));
  const unsaid = (text: string): string[] =>
    [...table(text).matchAll(/^\| (`[^|]*) \|/gm)]
      .flatMap(([, cell]) => [...cell!.matchAll(/`([^`]+)`/g)].map(([, message]) => message!))
      .flatMap(parts)
      .filter((it) => !OTHERS.some((other) => other.includes(it)) && !source.includes(it));

  test('it does', () => {
    expect(unsaid(page)).toEqual([]);
    expect(unsaid(broken('an event is parked: kams parked list', 'an event was parked'))).toEqual(['an event was parked']);
  });
});

test('what it points to on the page is there', () => {
  const anchorOf = (heading: string): string =>
    heading
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .replace(/ /g, '-');
  const lost = (text: string): string[] => {
    const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, it]) => anchorOf(it!));
    return [...text.matchAll(/\]\(#([^)]+)\)/g)].map(([, it]) => it!).filter((it) => !headings.includes(it));
  };
  expect(lost(page)).toEqual([]);
  expect(new Set(lost(broken('\n## A disk is full', '\n## No room')))).toEqual(new Set(['a-disk-is-full']));
});
