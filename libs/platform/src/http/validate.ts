// zod's findings as RFC 9457 errors: a JSON pointer and a reason each, never the value.
import type { z } from 'zod';
import { Problem } from './problems';

const MOST_ERRORS = 20;

export interface FieldError {
  readonly pointer: string;
  readonly reason: string;
}

const escaped = (part: PropertyKey): string => String(part).slice(0, 60).replaceAll('~', '~0').replaceAll('/', '~1');
/** RFC 6901; of a name that is longer than any of ours, its beginning. */
export const pointer = (path: readonly PropertyKey[]): string => path.map((part) => `/${escaped(part)}`).join('');

function* findings(issues: readonly z.core.$ZodIssue[]): Generator<FieldError> {
  for (const issue of issues) {
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) yield { pointer: pointer([...issue.path, key]), reason: 'is not a field of this' };
    } else if (issue.code === 'invalid_union') {
      yield { pointer: pointer(issue.path), reason: 'has none of the forms that are allowed here' };
    } else {
      yield { pointer: pointer(issue.path), reason: issue.message };
    }
  }
}

/** The value as the schema has it, or a 422 that names at most twenty fields; `within` is where the value stands in the body. */
export function validate<S extends z.ZodType>(schema: S, value: unknown, within = ''): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const errors: FieldError[] = [];
  for (const finding of findings(result.error.issues)) {
    if (errors.length === MOST_ERRORS) break;
    errors.push({ ...finding, pointer: within + finding.pointer });
  }
  throw new Problem('invalid', { errors });
}
