// docs/reference is what the program goes by: every code, command, event and setting, and nothing that is gone.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { problemTable } from '@kams/platform';
import { CLIENT_SETTINGS, SETTINGS } from '@kams/platform/config/settings';
import { reference, servicesOf, stale } from '../reference.mjs';

const root = join(__dirname, '../..');
const load = (path: string) => jest.requireActual(join(root, path));
const pages = reference(load);
const services = servicesOf(load);
const page = (name: string): string => readFileSync(join(root, 'docs/reference', name), 'utf8');

test('no page is stale: npm run reference writes them', () => expect(stale(pages)).toEqual([]));

test('a page that lacks a word, has one too many, or is not there is stale', () => {
  const [name, text] = Object.entries(pages)[0]!;
  expect(stale({ ...pages, [name]: text.replace('the', '') })).toEqual([name]);
  expect(stale({ ...pages, [name]: `${text}\nmore` })).toEqual([name]);
  expect(stale({ 'none.md': '' })).toEqual(['none.md']);
});

test('every page of the folder is one of these', () =>
  expect(readdirSync(join(root, 'docs/reference')).sort()).toEqual(Object.keys(pages).sort()));

test('every code that an answer may carry is documented, and every documented one may come', () => {
  const documented = [...page('problems.md').matchAll(/^\| `([a-z0-9-]+)`/gm)].map(([, code]) => code!);
  expect(documented.toSorted()).toEqual([...problemTable(services).keys()].toSorted());
});

test('every command and event is documented in English and Chinese', () => {
  const text = page('commands-and-events.md');
  for (const { contract } of services.flatMap((it) => it.aggregates)) {
    for (const [name, { label }] of Object.entries({ ...contract.commands, ...contract.events })) {
      expect(text).toContain(`#### ${label.en} · ${label.zh}\n`);
      expect(text).toContain(`\`${name}\` version`);
    }
  }
});

test('every setting is documented, and every documented one exists', () => {
  const documented = [...page('settings.md').matchAll(/^\| `(KAMS_\w+)`/gm)].map(([, key]) => key);
  expect(documented).toEqual(Object.values({ ...SETTINGS, ...CLIENT_SETTINGS }).map((it) => it.key));
});
