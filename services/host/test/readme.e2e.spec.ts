// The README's tour, run as it is printed.
import { dataFolder, freePort, removeFolder, startHost } from '@kams/testing';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '../../..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const tour = /## A tour in ten requests[\s\S]*?```sh\n([\s\S]*?)```/.exec(readme)![1]!;

test('every request of the tour is answered, and the answers are what it says', async () => {
  const data = await dataFolder();
  const host = await startHost({ KAMS_DATA: data, KAMS_PORT: String(await freePort()) });
  try {
    const said = execFileSync('bash', ['-euo', 'pipefail', '-c', tour], {
      cwd: root,
      env: host.env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const answers = said
      .split('\n')
      .filter((it) => it.startsWith('{'))
      .map((it) => JSON.parse(it));
    const ranking = answers.find((it) => it.items?.[0]?.rank);
    expect(ranking.items[0]).toMatchObject({
      name: '华东电气有限公司',
      frequency: 1,
      monetary: { minor: 12_500_000, currency: 'CNY' },
    });
    expect(answers.find((it) => it.decision)).toMatchObject({
      tier: 'A',
      decision: { from: null, to: 'A', cause: 'placed' },
      assessment: { total: '78.000000', criteria: [{ code: 'influence', sources: [{ type: 'CriterionRated', raw: '78' }] }] },
    });
    expect(answers.find((it) => it.asOf && it.profile)).toMatchObject({ profile: { employees: 3100 } });
    expect(answers.filter((it) => it.specversion === '1.0')).toHaveLength(3);
  } finally {
    await host.end();
    await removeFolder(data);
  }
}, 120_000);

test('every path that a document names exists', () => {
  const documents = execFileSync('git', ['ls-files', '*.md'], { cwd: root, encoding: 'utf8' }).trim().split('\n');
  for (const document of documents) {
    const text = readFileSync(join(root, document), 'utf8');
    const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, it]) => join(document, '..', it!));
    const named = [...text.matchAll(/`((?:libs|services|tools|docs|bench|deploy)\/[\w./-]+)`/g)].map(([, it]) => it!);
    for (const path of [...links, ...named])
      expect({ document, path, exists: existsSync(join(root, path)) }).toEqual({ document, path, exists: true });
  }
});

test('the map of folders names folders that exist, and all of them', () => {
  const map = /```\nservices\/\n([\s\S]*?)```/.exec(readme)![0];
  let top = '';
  for (const [, indent, name] of map.matchAll(/^( *)([\w-]+)\/( |$)/gm)) {
    const path = indent === '' ? (top = name!) : join(top, name!);
    expect({ path, exists: existsSync(join(root, path)) }).toEqual({ path, exists: true });
  }
  for (const top of ['services', 'libs']) {
    const folders = execFileSync('git', ['ls-files', top], { cwd: root, encoding: 'utf8' })
      .split('\n')
      .map((it) => it.split('/')[1])
      .filter(Boolean);
    for (const folder of new Set(folders)) expect(map).toContain(`${folder}/`);
  }
});
