// Leaves out of an answer what its reader may not read.
import type { Fields } from './rights';

/** An object with the fields that are named, or that are below one that is named. */
export function masked(it: object, fields: Fields, above = ''): object {
  if (fields === 'all') return it;
  const left: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(it)) {
    const path = above + name;
    if (fields.has(path)) left[name] = value;
    else if (isObject(value) && [...fields].some((field) => field.startsWith(`${path}.`))) {
      left[name] = masked(value, fields, `${path}.`);
    }
  }
  return left;
}

const isObject = (it: unknown): it is object => typeof it === 'object' && it !== null && !Array.isArray(it);
