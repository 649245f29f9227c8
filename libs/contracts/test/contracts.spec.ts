import type { z } from 'zod';
import { accountsContracts } from '../src/accounts';
import type { CommandContract, Contract, EventContract } from '../src/define';

const contracts: readonly Contract[] = accountsContracts;
const everything = contracts.flatMap((contract) => [
  ...Object.entries<CommandContract>(contract.commands).map(([name, it]) => ({ contract, name, it, kind: 'command' })),
  ...Object.entries<EventContract>(contract.events).map(([name, it]) => ({ contract, name, it, kind: 'event' })),
]);

test.each(everything)('the example of $contract.name $name is valid, and stays so through JSON', ({ it }) => {
  const parsed = it.data.parse(it.example);
  expect(it.data.parse(JSON.parse(JSON.stringify(parsed)))).toEqual(parsed);
});

test.each(everything)('$contract.name $name has a version, a description and its names in English and Chinese', ({ it }) => {
  expect(it.version).toBeGreaterThanOrEqual(1);
  expect(it.description).toMatch(/^\p{Lu}.*\.$/u);
  expect(it.label.en).toMatch(/\w/);
  expect(it.label.zh).toMatch(/^\p{Script=Han}+$/u);
});

test.each(everything.filter(({ kind }) => kind === 'command'))('every field of $contract.name $name has both names', ({ it }) => {
  for (const [name, schema] of Object.entries(it.data.shape as Record<string, z.ZodType>)) {
    const meta = metaOf(schema);
    expect({ name, en: meta?.title, zh: meta?.['x-title-zh'] }).toEqual({ name, en: expect.any(String), zh: expect.any(String) });
  }
});

/** An optional field carries the names of the field that it makes optional. */
function metaOf(schema: z.ZodType): Record<string, unknown> | undefined {
  const meta = schema.meta();
  if (meta?.title !== undefined) return meta;
  const inner = (schema as { def?: { innerType?: z.ZodType } }).def?.innerType;
  return inner && metaOf(inner);
}

test('an event type belongs to one contract', () => {
  const types = contracts.flatMap((it) => Object.keys(it.events));
  expect(new Set(types).size).toBe(types.length);
});

/** Belongs to no account: criteria, questions, and who may do what. */
const OF_THE_TENANT = new Set(['scoring_model', 'gift_policy', 'sales_pipeline', 'accounts_form_template', 'role_assignment']);

test('a public event says which account it is about', () => {
  for (const { contract, name, it } of everything) {
    const { public: isPublic } = it as EventContract;
    if (!isPublic || OF_THE_TENANT.has(contract.name)) continue;
    expect({ name, fields: Object.keys(it.data.shape) }).toEqual({ name, fields: expect.arrayContaining(['accountId']) });
  }
});

test('a public name is lower snake case, and no two events share one', () => {
  const names = everything.flatMap(({ it }) => (it as EventContract).public ?? []);
  for (const name of names) expect(name).toMatch(/^[a-z_]+\.[a-z_]+$/);
  expect(new Set(names).size).toBe(names.length);
});

test('a category has no hyphen: it ends at the first one of a stream', () => {
  for (const { name } of contracts) expect(name).toMatch(/^[a-z_]+$/);
});

test('every refusal says what to do, in both languages', () => {
  for (const { refusals } of contracts) {
    for (const [code, { en, zh }] of Object.entries(refusals)) {
      expect({ code, en, zh }).toEqual({
        code,
        en: expect.stringMatching(/\.$/),
        zh: expect.stringMatching(/\p{Script=Han}.*。$/u),
      });
      expect(code).toMatch(/^[a-z0-9-]+$/);
    }
  }
});

test('a code means the same wherever it is used', () => {
  const meanings = new Map<string, object>();
  for (const { refusals } of contracts) {
    for (const [code, text] of Object.entries(refusals)) {
      expect({ code, text }).toEqual({ code, text: meanings.get(code) ?? text });
      meanings.set(code, text);
    }
  }
});
