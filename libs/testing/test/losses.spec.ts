import { z } from 'zod';
import { personal } from '@kams/contracts/personal';
import { losses, type Schema } from '../src/losses';

const of = (schema: z.ZodType): Schema => z.toJSONSchema(schema, { io: 'output', unrepresentable: 'any' }) as unknown as Schema;
const change = (before: z.ZodType, now: z.ZodType) => losses(of(before), of(now));

const base = z.strictObject({ name: z.string().max(80), kind: z.enum(['a', 'b']), n: z.int().min(0).optional() });

test.each<[string, z.ZodType]>([
  ['nothing', base],
  ['a new optional field', base.extend({ more: z.string().optional() })],
  ['a further value', base.extend({ kind: z.enum(['a', 'b', 'c']) })],
  ['a wider bound', base.extend({ name: z.string().max(100), n: z.int().min(-5).optional() })],
  ['a needed field that need not be there any more', base.partial()],
  ['a further form', base.extend({ name: z.union([z.string().max(80), z.int()]) })],
])('%s loses nothing', (_, now) => expect(change(base, now)).toEqual([]));

test.each<[string, z.ZodType, string]>([
  ['a field that is gone', base.omit({ name: true }), '/name is gone'],
  ['a field with another type', base.extend({ name: z.int() }), '/name was string and is integer'],
  ['a field that is needed now', base.required(), '/n is needed now'],
  ['a new field that is needed', base.extend({ more: z.string() }), '/more is needed now'],
  ['a value that is gone', base.extend({ kind: z.enum(['a']) }), '/kind has lost values'],
  ['free text that became a list of values', base.extend({ name: z.enum(['x']) }), '/name has lost values'],
  ['a shorter text', base.extend({ name: z.string().max(40) }), '/name has a smaller maxLength'],
  ['a bound where there was none', base.extend({ n: z.int().min(0).max(5).optional() }), '/n has a smaller maximum'],
  ['a higher minimum', base.extend({ n: z.int().min(1).optional() }), '/n has a larger minimum'],
  ['a pattern', base.extend({ name: z.string().max(80).regex(/^x/) }), '/name has another pattern'],
  ['what became personal', base.extend({ name: personal(z.string().max(80)) }), '/name has another x-personal'],
])('%s is a loss', (_, now, reason) => expect(change(base, now)).toContain(reason));

test('a loss inside a list or a form is a loss', () => {
  const list = z.strictObject({ lines: z.array(base) });
  expect(change(list, z.strictObject({ lines: z.array(base.omit({ kind: true })) }))).toEqual(['/lines/*/kind is gone']);
  expect(change(z.union([base, z.string()]), base)).toEqual(['the data has lost a form']);
});
