// "A new command touches three files": the diffs of CONTRIBUTING.md, applied to a copy of the project, are a command.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(__dirname, '../..');
const copy = mkdtempSync(join(tmpdir(), 'kams-recipe-'));
afterAll(() => rmSync(copy, { recursive: true, force: true }));

const run = (command: string, ...args: string[]): string =>
  execFileSync(command, args, {
    cwd: copy,
    encoding: 'utf8',
    env: { ...process.env, NX_DAEMON: 'false' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });

const diffs = [...readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8').matchAll(/^```diff\n([\s\S]*?)^```$/gm)].map(
  ([, diff]) => diff!,
);

/** What the recipe promises of the new command, asked over HTTP. */
const PROMISED = `
import { startTestServices } from '@kams/testing';
import { accountsService } from '../src/accounts.module';

test('the command is there, with all that comes with one', async () => {
  const kams = await startTestServices([accountsService]);
  try {
    const { id } = (await kams.post('/accounts', { profile: { name: 'Acme' } })).body;
    const need = { need: 'Delivery within 48 hours', importance: 5 };
    const once = () => kams.post('/accounts/' + id + '/record-need', need, { headers: { 'idempotency-key': 'k' } });
    const [first, again] = [await once(), await once()];
    expect(first.status).toBe(200);
    expect(first.headers.get('etag')).toBe('"1"');
    expect(again.text).toBe(first.text);
    const wrong = await kams.post('/accounts/' + id + '/record-need', { ...need, importance: 6 });
    expect([wrong.status, wrong.body.errors[0].pointer]).toEqual([422, '/importance']);
    const events = (await kams.ask('/events?types=kams.accounts.account.need_recorded.v1')).text;
    expect(JSON.parse(events).data).toEqual({ accountId: id, ...need });
    expect((await kams.ask('/openapi.json')).body.paths['/accounts/{id}/record-need'].post.requestBody.content['application/json'].example).toEqual(need);
    expect((await kams.ask('/asyncapi.json')).text).toContain('kams.accounts.account.need_recorded.v1');
  } finally {
    await kams.stop();
  }
});
`;

test('three files, and the command is there', () => {
  expect(diffs).toHaveLength(3);
  const files = diffs.map((diff) => /^\+\+\+ b\/(.*)$/m.exec(diff)![1]!);
  expect(new Set(files).size).toBe(3);

  for (const name of ['libs', 'services', 'tools', 'jest.config.cjs', 'package.json', 'tsconfig.base.json']) {
    cpSync(join(root, name), join(copy, name), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  for (const [i, diff] of diffs.entries()) {
    writeFileSync(join(copy, `${i}.diff`), diff);
    run('git', 'apply', `${i}.diff`);
  }

  writeFileSync(join(copy, 'tsconfig.json'), JSON.stringify({ extends: './tsconfig.base.json', include: ['services/accounts'] }));
  run('npx', 'tsc', '--noEmit', '-p', 'tsconfig.json');
  writeFileSync(join(copy, 'services/accounts/test/recipe.e2e.spec.ts'), PROMISED);
  const tested = run(
    'npx',
    'jest',
    ...files.filter((it) => it.endsWith('.spec.ts')),
    'libs/contracts/test',
    'services/accounts/test/recipe.e2e.spec.ts',
  );
  expect(tested).toMatch(/ 0 failed\n$/);
}, 180_000);
