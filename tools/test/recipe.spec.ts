// "A new command touches three files": the diffs of CONTRIBUTING.md, applied to a copy of the project, are a command.
import { blocksOf, copyOfProject } from './document';

const diffs = blocksOf('CONTRIBUTING.md').filter((it) => it.language === 'diff');
const copy = copyOfProject();
afterAll(() => copy.remove());

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
  const files = diffs.map((it) => it.file!);
  expect(new Set(files).size).toBe(3);
  diffs.forEach(copy.take);

  copy.write('tsconfig.json', JSON.stringify({ extends: './tsconfig.base.json', include: ['services/accounts'] }));
  copy.run('npx', 'tsc', '--noEmit', '-p', 'tsconfig.json');
  copy.write('services/accounts/test/recipe.e2e.spec.ts', PROMISED);
  const tested = copy.run(
    'npx',
    'jest',
    ...files.filter((it) => it.endsWith('.spec.ts')),
    'libs/contracts/test',
    'services/accounts/test/recipe.e2e.spec.ts',
  );
  expect(tested).toMatch(/ 0 failed\n$/);
}, 180_000);
