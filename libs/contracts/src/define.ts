// How a contract is written: once, in zod. The TypeScript type, the validation, the OpenAPI body, the AsyncAPI payload and
// the reference all come from it.
import { z } from 'zod';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the one place where contracts of every shape meet
type Any = any;

/** In English, and in the book's own Chinese term where it has one. */
export interface Label {
  readonly en: string;
  readonly zh: string;
}

export interface CommandContract<S extends z.ZodObject = z.ZodObject> {
  readonly version: number;
  readonly label: Label;
  readonly description: string;
  /** Opens a stream (`POST /accounts`); a command that does not is given to a thing that exists (`POST /accounts/{id}/...`). */
  readonly opens?: true;
  readonly data: S;
  readonly example: z.input<S>;
  /** The parts of the natural key that the stream's id is made of, so that the same thing opened twice is one stream. */
  naturalKey?(data: z.output<S>): readonly string[];
  /** The claimed key whose holder the command is for; where nobody holds it yet, the key gives the id of what is opened. */
  heldKey?(data: z.output<S>): { readonly kind: string; readonly parts: readonly string[] };
  /** The business instant, where the data says it; else it is the instant of the command. */
  occurredAt?(data: z.output<S>): string;
}

export interface EventContract<S extends z.ZodObject = z.ZodObject> {
  readonly version: number;
  readonly label: Label;
  readonly description: string;
  /** Its name outside of the service, `account.registered`: the thing that the fact is about, and what happened; an event without one never leaves it. */
  readonly public?: string;
  readonly data: S;
  readonly example: z.input<S>;
  /** Whom its personal fields are about, by id; without it, the thing that it happened to is a person. */
  person?(data: z.output<S>): string;
  /** With this the person is to be forgotten: the key of what is known of it is destroyed. */
  readonly erases?: true;
  /** Version n as version n + 1 has it: `{ 1: ({ name, ...it }) => ({ ...it, fullName: name }) }`. What was stored is never changed. */
  readonly upcasts?: Readonly<Record<number, (data: Any) => object>>;
}

/** Why a rule says no: what it means and what to do next. The code is an error's stable name. */
export interface RefusalText extends Label {
  readonly status?: 403 | 404 | 409 | 422;
}

export interface Contract<
  C extends Record<string, CommandContract<Any>> = Record<string, CommandContract<Any>>,
  E extends Record<string, EventContract<Any>> = Record<string, EventContract<Any>>,
  R extends Record<string, RefusalText> = Record<string, RefusalText>,
> {
  /** The category of its streams and the noun of its public events: lower snake case, no hyphen. */
  readonly name: string;
  /** The first part of its routes. */
  readonly plural: string;
  readonly label: Label;
  readonly description: string;
  /** One stream a tenant, for a rule that holds over many things; its commands name the thing in their data. */
  readonly ledger?: true;
  readonly commands: C;
  readonly events: E;
  readonly refusals: R;
}

export const command = <S extends z.ZodObject>(it: CommandContract<S>): CommandContract<S> => it;
export const event = <S extends z.ZodObject>(it: EventContract<S>): EventContract<S> => it;

export type AnyContract = Contract;

export function contract<
  const C extends Record<string, CommandContract<Any>>,
  const E extends Record<string, EventContract<Any>>,
  const R extends Record<string, RefusalText>,
>(it: Contract<C, E, R>): Contract<C, E, R> {
  return it;
}

/** A field with its names: `field(z.string(), 'Industry', '行业')`. */
export const field = <S extends z.ZodType>(schema: S, en: string, zh: string, description?: string): S =>
  schema.meta({ title: en, 'x-title-zh': zh, ...(description && { description }) });

type Data<C> = C extends { data: infer S extends z.ZodType } ? z.output<S> : never;
export type CommandName<K extends AnyContract> = keyof K['commands'] & string;
export type EventName<K extends AnyContract> = keyof K['events'] & string;
export type CommandData<K extends AnyContract, N extends CommandName<K>> = Data<K['commands'][N]>;
export type EventData<K extends AnyContract, N extends EventName<K>> = Data<K['events'][N]>;
/** A fact, before it is stored. */
export type EventOf<K extends AnyContract> = {
  [N in EventName<K>]: { readonly type: N; readonly data: EventData<K, N> };
}[EventName<K>];
export type RefusalCode<K extends AnyContract> = keyof K['refusals'] & string;
