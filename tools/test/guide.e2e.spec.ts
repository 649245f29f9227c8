// The guide's service is what its page says: the blocks are the files, the requests are sent, and the answers are those that came.
import { dataFolder, freePort, removeFolder } from '@kams/testing/host';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { copyOfProject, type Block } from './document';
import { expectAsPrinted, files, PAGE } from './guide';

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
    JSON.stringify({
      extends: './tsconfig.base.json',
      include: ['services/loans', 'services/host/src/main.ts', 'services/host/src/services.ts'],
    }),
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

test('the product is started with it, and answers each request as the page says', async () => {
  copy.run('node', 'tools/build.mjs');
  // The harness of the copy, which starts what was built there.
  const { startHost } = jest.requireActual<typeof import('@kams/testing/host')>(join(copy.folder, 'libs/testing/src/host'));
  const data = await dataFolder();
  const host = await startHost({ KAMS_DATA: data, KAMS_PORT: String(await freePort()) });
  try {
    await expectAsPrinted(copy, host.env);
  } finally {
    await host.end();
    await removeFolder(data);
  }
}, 180_000);
