// A command that nobody typed: a reaction or a timer gives it. Its id is made of what it came of, so however often it is given,
// it is one command.
import { PersonErased } from '../personal/vault';
import { naturalId, Refusal, type AnyAggregate } from '../pure';
import { LogDamaged, OutcomeUnknown, Unavailable } from '../store/port';
import { NotFound, TooContended, type Answer, type CommandHandler } from './handle';
import { Unreadable } from './upcast';

/** "Tell this thing to do that." Data as the contract's schema takes it. */
export interface Order {
  readonly to: AnyAggregate;
  readonly type: string;
  /** Of the aggregate; absent for a command that opens a stream, or for a ledger. */
  readonly id?: string;
  readonly data: object;
}

/** What an order came of. */
export interface Cause {
  readonly tenantId: string;
  /** `reaction raise-floor` or `timer tier-override`: the actor of the command. */
  readonly by: string;
  /** With `by` and the tenant it names the command: the id of an event, the key of a timer and its instant. */
  readonly of: readonly string[];
  readonly occurredAt: string;
  readonly correlationId?: string;
  readonly causationId?: string;
  readonly traceparent?: string;
}

/** @throws what `handle` throws, `Refusal` among it; and RangeError for an order that its contract does not take */
export function giveOrder(commands: CommandHandler, { to, type, id, data }: Order, cause: Cause): Promise<Answer> {
  const { tenantId, by, of, occurredAt, correlationId, causationId, traceparent } = cause;
  const valid = to.contract.commands[type]?.data.safeParse(data);
  if (!valid?.success) {
    throw new RangeError(
      `${by} gives ${to.contract.name} a ${type} that its contract does not take: ${valid?.error.message ?? 'there is none'}`,
    );
  }
  const commandId = naturalId(tenantId, by, [...of, to.contract.name, type, id ?? '']);
  return commands.handle(to, {
    type,
    data: valid.data as object,
    id,
    tenantId,
    actor: by,
    commandId,
    // Readers have microseconds, commands have not, and a rule compares instants as text.
    occurredAt: new Date(occurredAt).toISOString(),
    correlationId,
    causationId,
    traceparent,
  });
}

/** What an order came to that will not be: a rule said no, the thing is not there, or the person that it speaks of was erased. */
export function refusalOf(error: unknown): Refusal | undefined {
  if (error instanceof Refusal) return error;
  if (error instanceof NotFound) return new Refusal('not-found');
  if (error instanceof PersonErased) return new Refusal('person-erased');
  return undefined;
}

/** It is the moment that is wrong, and not the order: the same order may succeed later. */
export const isOfTheMoment = (error: unknown): boolean =>
  error instanceof Unavailable ||
  error instanceof OutcomeUnknown ||
  error instanceof TooContended ||
  (error instanceof LogDamaged && !(error instanceof Unreadable));
