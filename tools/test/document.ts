// What a document shows, tried on a copy of the project.
import { execFile, execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const root = join(__dirname, '../..');

export interface Block {
  readonly language: string;
  readonly text: string;
  /** The file that it is, which stands in bold on the line before it; or that it changes, if it is a diff. */
  readonly file?: string;
}

/** The blocks of code of a document, in their order. */
export const blocksOf = (document: string): readonly Block[] =>
  [...readFileSync(join(root, document), 'utf8').matchAll(/(?:^\*\*(\S+)\*\*\n\n)?^```(\w+)\n([\s\S]*?)^```$/gm)].map(
    ([, named, language, text]) => ({ language: language!, text: text!, file: named ?? /^\+\+\+ b\/(.*)$/m.exec(text!)?.[1] }),
  );

const COPIED = [
  'libs',
  'services',
  'bench',
  'tools',
  'docs',
  'deploy',
  'jest.config.cjs',
  'eslint.config.mjs',
  'nx.json',
  'package.json',
  'package-lock.json',
];

export interface ProjectCopy {
  readonly folder: string;
  /** Writes a file of a block, or makes the changes of a diff. */
  take(block: Block): void;
  write(file: string, text: string): void;
  /** What a program says that is run there; throws when it fails. */
  run(program: string, ...args: readonly string[]): string;
  /** The same beside others. */
  running(program: string, ...args: readonly string[]): Promise<string>;
  remove(): void;
}

/** A copy with the installed packages of the project, and without what was built of it. */
export function copyOfProject(): ProjectCopy {
  const folder = mkdtempSync(join(tmpdir(), 'kams-copy-'));
  for (const name of [...COPIED, 'tsconfig.base.json', 'tsconfig.json'])
    cpSync(join(root, name), join(folder, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const options = {
    cwd: folder,
    encoding: 'utf8' as const,
    env: { ...process.env, NX_DAEMON: 'false' },
    maxBuffer: 10_000_000,
  };

  function write(file: string, text: string): void {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
  function run(program: string, ...args: readonly string[]): string {
    return execFileSync(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  }
  return {
    folder,
    write,
    run,
    running: (program, ...args) =>
      new Promise((resolve, reject) => {
        execFile(program, args, options, (error, stdout, stderr) =>
          error ? reject(new Error(`${program} ${args.join(' ')}\n${stdout}${stderr}`)) : resolve(stdout),
        );
      }),
    take({ language, file, text }) {
      if (language !== 'diff') return write(file!, text);
      write('change.diff', text);
      run('git', 'apply', 'change.diff');
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
