// The schemas of the contracts, as the documents carry them.
import { z } from 'zod';

export type Json = Record<string, unknown>;

/** JSON Schema 2020-12, the dialect of OpenAPI 3.1. */
export function jsonSchema(schema: z.ZodType, io: 'input' | 'output' = 'input'): Json {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io, unrepresentable: 'any', target: 'draft-2020-12' });
  return json;
}

/** A query as OpenAPI parameters. */
export function parametersOf(query: z.ZodObject): Json[] {
  const { properties = {}, required = [] } = jsonSchema(query) as { properties?: Record<string, Json>; required?: string[] };
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query',
    required: required.includes(name) && schema['default'] === undefined,
    ...(description !== undefined && { description }),
    schema,
  }));
}
