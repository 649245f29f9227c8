// What a schema does not take any more of what an earlier one took. Of JSON Schema as zod writes it for our contracts.

export interface Schema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly [keyword: string]: unknown;
}

/** A smaller number refuses what a larger one took, or the other way round. */
const UPPER = ['maxLength', 'maximum', 'exclusiveMaximum', 'maxItems'] as const;
const LOWER = ['minLength', 'minimum', 'exclusiveMinimum', 'minItems'] as const;
/** Another value means another set of texts, or another way to store them. */
const SAME = ['pattern', 'format', 'x-personal', 'additionalProperties', 'propertyNames'] as const;

/** One sentence for each loss; none: everything that `before` took is still what `now` takes. */
export function losses(before: Schema, now: Schema, at = ''): string[] {
  const here = at === '' ? 'the data' : at;
  if (before.anyOf ?? before.oneOf ?? now.anyOf ?? now.oneOf) {
    const olds = before.anyOf ?? before.oneOf ?? [before];
    const news = now.anyOf ?? now.oneOf ?? [now];
    return olds.some((old) => news.every((it) => losses(old, it, at).length > 0)) ? [`${here} has lost a form`] : [];
  }
  const lost: string[] = [];
  if (!typesOf(before).every((it) => typesOf(now).includes(it))) return [`${here} was ${before.type} and is ${now.type}`];
  const values = valuesOf(now);
  if (values && !(valuesOf(before)?.every((it) => values.includes(it)) ?? false)) lost.push(`${here} has lost values`);
  for (const keyword of UPPER) if (isBelow(now[keyword], before[keyword])) lost.push(`${here} has a smaller ${keyword}`);
  for (const keyword of LOWER)
    if (isBelow(negative(now[keyword]), negative(before[keyword]))) lost.push(`${here} has a larger ${keyword}`);
  for (const keyword of SAME) {
    if (JSON.stringify(before[keyword]) !== JSON.stringify(now[keyword])) lost.push(`${here} has another ${keyword}`);
  }
  const { properties: old = {} } = before;
  const { properties = {}, required = [] } = now;
  for (const [name, schema] of Object.entries(old)) {
    const path = `${at}/${name}`;
    lost.push(...(properties[name] ? losses(schema, properties[name], path) : [`${path} is gone`]));
  }
  for (const name of required) if (!before.required?.includes(name)) lost.push(`${at}/${name} is needed now`);
  if (before.items && now.items) lost.push(...losses(before.items, now.items, `${at}/*`));
  return lost;
}

const typesOf = ({ type }: Schema) => [type].flat();
const valuesOf = (it: Schema): readonly unknown[] | undefined => it.enum ?? (it.const === undefined ? undefined : [it.const]);
const negative = (it: unknown): unknown => (typeof it === 'number' ? -it : it);

/** Is the bound tighter than the one before? None at all is the widest. */
const isBelow = (now: unknown, before: unknown): boolean =>
  typeof now === 'number' && (typeof before !== 'number' || now < before);
