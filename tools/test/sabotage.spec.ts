// That a mutant is caught takes minutes (npm run test:sabotage); that it still says what to change, and is not stale, a moment.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { changed, MUTANTS } from '../mutants.mjs';
import { promiseTests } from '../promise-tests.mjs';

const root = join(__dirname, '../..');
const text = (file: string): string => readFileSync(join(root, file), 'utf8');

test.each(MUTANTS.map((it) => [`${it.promise} ${it.name}`, it] as const))(
  'the mutant %s finds what it changes',
  (_, { changes, test: file }) => {
    expect(existsSync(join(root, file))).toBe(true);
    const after = new Map<string, string>();
    for (const it of changes) after.set(it.file, changed(after.get(it.file) ?? text(it.file), it));
    for (const [name, it] of after) expect(it).not.toBe(text(name));
  },
);

test('a change whose text is gone, or is there twice, is told and not made', () => {
  const change = { file: 'a.ts', from: 'x', to: 'y' };
  expect(changed('a x b', change)).toBe('a y b');
  for (const other of ['a b', 'x x']) expect(() => changed(other, change)).toThrow(/^a\.ts has [02] times/);
});

test('each promise that has a test has a mutant, and no two mutants have one name', () => {
  const tested = new Set(promiseTests().flatMap((it) => it.promises));
  const broken = new Set(MUTANTS.map((it) => it.promise));
  expect([...tested].filter((it) => !broken.has(it))).toEqual([]);
  expect(tested.size).toBeGreaterThanOrEqual(10);
  expect(new Set(MUTANTS.map((it) => it.name)).size).toBe(MUTANTS.length);
});
