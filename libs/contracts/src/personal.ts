// What says something of a person: marked where it is declared, and by nothing else. The engine seals it in the store under a
// key of that person's own, and whoever destroys the key has erased the person from every copy.
import { z } from 'zod';
import type { EventContract } from './define';

/** How a field may be looked up though it is sealed: as a whole (an e-mail address), or by a part of it (a name). */
export type FoundBy = 'whole' | 'part';

export interface PersonalField {
  /** From the top of the data; `*` stands for every item of a list, or for every value of a record. */
  readonly path: readonly string[];
  readonly foundBy?: FoundBy;
}

/** What a personal field reads as once the person is erased. */
export const ERASED = '[erased]';

const MARK = 'x-personal';

/** A text that says something of a person: `personal(text(80))`, `personal(email(), 'whole')` to look it up. */
export const personal = <S extends z.ZodType<string>>(schema: S, foundBy?: FoundBy): S =>
  schema.meta({ [MARK]: foundBy ?? true });

interface Described {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Described>>;
  readonly items?: Described;
  readonly additionalProperties?: Described | boolean;
  readonly anyOf?: readonly Described[];
  readonly [MARK]?: FoundBy | true;
}

function* marked(it: Described, path: readonly string[]): Generator<PersonalField> {
  const mark = it[MARK];
  if (mark !== undefined) yield { path, ...(mark !== true && { foundBy: mark }) };
  for (const [name, inner] of Object.entries(it.properties ?? {})) yield* marked(inner, [...path, name]);
  if (it.items) yield* marked(it.items, [...path, '*']);
  if (typeof it.additionalProperties === 'object') yield* marked(it.additionalProperties, [...path, '*']);
  for (const inner of it.anyOf ?? []) yield* marked(inner, path);
}

const known = new WeakMap<z.ZodType, readonly PersonalField[]>();

/** The fields that a schema marks as personal; looked for once a schema. */
export function personalFields(schema: z.ZodType): readonly PersonalField[] {
  let fields = known.get(schema);
  if (!fields) {
    const json = z.toJSONSchema(schema, { io: 'output', unrepresentable: 'any' }) as Described;
    known.set(schema, (fields = [...marked(json, [])]));
  }
  return fields;
}

/** Whom the personal fields of an event are about: where it does not say, the thing that it happened to is a person. */
export const personOf = ({ person }: EventContract, data: object, id: string): string => person?.(data as never) ?? id;

/** A JSON schema without what is personal: what leaves the service. */
export function withoutPersonal<T extends object>(json: T): T {
  const { properties, required, items, anyOf } = json as Described & { required?: readonly string[] };
  const kept = Object.entries(properties ?? {}).filter(([, it]) => it[MARK] === undefined);
  return {
    ...json,
    ...(properties && { properties: Object.fromEntries(kept.map(([name, it]) => [name, withoutPersonal(it)])) }),
    ...(required && { required: required.filter((name) => kept.some(([kept]) => kept === name)) }),
    ...(items && { items: withoutPersonal(items) }),
    ...(anyOf && { anyOf: anyOf.map(withoutPersonal) }),
  };
}
