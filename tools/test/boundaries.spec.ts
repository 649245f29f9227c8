// The import rules are real: what must be refused is refused.
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { copyOfProject } from './document';

/** What is forbidden is written there: others build and read the tree itself meanwhile. */
const copy = copyOfProject();
const root = copy.folder;
afterAll(() => copy.remove());
const forbidden: [file: string, line: string, rule: string][] = [
  [
    'libs/contracts/src/boundary-probe.ts',
    "import { commandHandler } from '@kams/eventing';\nexport const it = commandHandler;\n",
    '@nx/enforce-module-boundaries',
  ],
  [
    'libs/contracts/src/boundary-probe-2.ts',
    "import { Client } from 'pg';\nexport const it = Client;\n",
    '@nx/enforce-module-boundaries',
  ],
  [
    'libs/eventing/src/boundary-probe.ts',
    "import { Injectable } from '@nestjs/common';\nexport const it = Injectable;\n",
    '@nx/enforce-module-boundaries',
  ],
  [
    'libs/eventing/src/boundary-probe-2.ts',
    "import { TracerProvider } from '@opentelemetry/sdk-trace';\nexport const it = TracerProvider;\n",
    '@nx/enforce-module-boundaries',
  ],
  [
    'libs/platform/src/boundary-probe.ts',
    "import { accountsService } from '@kams/accounts';\nexport const it = accountsService;\n",
    '@nx/enforce-module-boundaries',
  ],
  [
    'libs/platform/src/boundary-probe-2.ts',
    "import { approvals } from '@kams/kernel/approvals';\nexport const it = approvals;\n",
    '@nx/enforce-module-boundaries',
  ],
  [
    'libs/kernel/src/boundary-probe.ts',
    "import { accountsService } from '@kams/accounts';\nexport const it = accountsService;\n",
    '@nx/enforce-module-boundaries',
  ],
  [
    'libs/kernel/src/domain/boundary-probe.ts',
    "import { Runtime } from '@kams/platform';\nexport const it = Runtime;\n",
    'no-restricted-imports',
  ],
  [
    'services/accounts/src/domain/boundary-probe.ts',
    "import { commandHandler } from '@kams/eventing';\nexport const it = commandHandler;\n",
    'no-restricted-imports',
  ],
  [
    'services/accounts/src/domain/boundary-probe-2.ts',
    "import { readFileSync } from 'node:fs';\nexport const it = readFileSync;\n",
    'no-restricted-imports',
  ],
  [
    'services/accounts/src/domain/boundary-probe-3.ts',
    'export const it = (): number => Date.now();\n',
    'no-restricted-properties',
  ],
  [
    'services/accounts/src/domain/boundary-probe-4.ts',
    'export const it = (): string => new Date().toISOString();\n',
    'no-restricted-syntax',
  ],
];

const env = { ...process.env, NX_DAEMON: 'false' };
const nx = (...args: string[]): string =>
  execFileSync('npx', ['nx', ...args], { cwd: root, env, encoding: 'utf8', maxBuffer: 10_000_000 });

/** The rules that a file breaks, by file. The boundaries rule reads the graph that nx has made last. */
function broken(...files: string[]): Record<string, string[]> {
  nx('show', 'projects');
  const { stdout } = spawnSync('npx', ['eslint', '--format', 'json', ...files], {
    cwd: root,
    env,
    encoding: 'utf8',
    maxBuffer: 10_000_000,
  });
  const results = JSON.parse(stdout) as { filePath: string; messages: { ruleId: string }[] }[];
  return Object.fromEntries(
    files.map((file) => [file, results.find((it) => it.filePath === join(root, file))!.messages.map((it) => it.ruleId)]),
  );
}

test('the graph knows what the imports say: a stale answer of a cached test would come from a graph that does not', () => {
  const { graph } = JSON.parse(nx('graph', '--print')) as { graph: { dependencies: Record<string, { target: string }[]> } };
  expect(graph.dependencies['accounts']!.map((it) => it.target)).toEqual(
    expect.arrayContaining(['contracts', 'eventing', 'platform', 'methods', 'kernel']),
  );
  expect(graph.dependencies['contracts']).toEqual([]);
}, 60_000);

test('an import that the rules allow is not refused', () => {
  const allowed = 'services/accounts/src/domain/purchase.ts';
  expect(broken(allowed)).toEqual({ [allowed]: [] });
}, 60_000);

test('an import across a border is refused', () => {
  for (const [file, text] of forbidden) copy.write(file, text);
  const found = broken(...forbidden.map(([file]) => file));
  for (const [file, , rule] of forbidden)
    expect({ file, rules: found[file] }).toEqual({ file, rules: expect.arrayContaining([rule]) });
}, 120_000);
