// A command as it comes over HTTP: its data by the contract, its circumstances by the headers.
import type { FastifyRequest } from 'fastify';
import { naturalId, type AnyAggregate, type Command, type tell } from '@kams/eventing';
import { z } from 'zod';
import { instant, uuid } from '@kams/contracts/values';
import type { Principal } from '../tokens/verify';
import type { Rights } from '../rights/rights';
import { Problem } from './problems';
import { traceOf } from './tracing';
import { validate } from './validate';

const VISIBLE_ASCII = /^[\x21-\x7e]{1,255}$/;
const aggregateId = uuid();

/** Sent twice, a header is one value with a comma and a space in it, which none of these may have. */
const valueOf = (request: FastifyRequest, name: string): string | undefined => request.headers[name] as string | undefined;

/** The revision that `If-Match` asks for. */
function expectedRevision(request: FastifyRequest): number | undefined {
  const value = valueOf(request, 'if-match');
  if (value === undefined) return undefined;
  if (value === '*' || value.startsWith('W/')) throw new Problem('precondition-unsupported');
  const revision = /^"(\d{1,15})"$/.exec(value)?.[1];
  if (revision === undefined) throw new Problem('header-malformed', { header: 'if-match' });
  return Number(revision);
}

/** Who gives a command. */
export interface Asker {
  readonly principal: Principal;
  readonly rights: Rights;
}

/** Which accounts a command of this kind may touch; undefined: all of the tenant. */
export const reachOf = (rights: Rights, { contract }: AnyAggregate, type: string): Command['reaches'] =>
  rights.isEverywhere(contract.name, type) ? undefined : (accountId) => rights.reaches(contract.name, type, accountId);

/** The key of one caller: another one's equal key is another key. */
export const commandIdOf = ({ tenantId, subject }: Principal, key: string): string =>
  naturalId(tenantId, 'command', [subject, key]);

export function checkedKey(key: string): string {
  if (!VISIBLE_ASCII.test(key)) throw new Problem('header-malformed', { header: 'idempotency-key' });
  return key;
}

export function idempotencyKey(request: FastifyRequest): string | undefined {
  const key = valueOf(request, 'idempotency-key');
  return key === undefined ? undefined : checkedKey(key);
}

const circumstance = z.strictObject({ occurredAt: instant() });
const FUTURE_MS = 5 * 60_000;
/** An instant that has come, or is about to: clocks differ. */
export function checkedOccurredAt(value: unknown): string {
  const { occurredAt } = validate(circumstance, { occurredAt: value });
  if (Date.parse(occurredAt) > Date.now() + FUTURE_MS) {
    throw new Problem('invalid', { errors: [{ pointer: '/occurredAt', reason: 'is in the future' }] });
  }
  return occurredAt;
}

export const checkedId = (id: string): string => {
  if (/[\u0000-\u001f/\\]/.test(id)) throw new Problem('not-found');
  return validate(aggregateId, id, '/id');
};

/** What became of a command that was answered with this before anything was decided. */
export const undecided = (status: number): tell.CommandOutcome =>
  status === 401 || status === 403 ? 'forbidden' : status >= 500 ? 'failed' : 'invalid';

export function commandOf(
  aggregate: AnyAggregate,
  type: string,
  request: FastifyRequest,
  { principal, rights }: Asker,
  id?: string,
): Command {
  const key = idempotencyKey(request);
  const occurredAt = valueOf(request, 'occurred-at');
  if (request.body === undefined) throw new Problem('body-empty');
  return {
    type,
    data: validate(aggregate.contract.commands[type]!.data as z.ZodType<object>, request.body),
    tenantId: principal.tenantId,
    actor: principal.subject,
    reaches: reachOf(rights, aggregate, type),
    holds: rights.holds,
    id: id === undefined ? undefined : checkedId(id),
    commandId: key === undefined ? undefined : commandIdOf(principal, key),
    occurredAt: occurredAt === undefined ? undefined : checkedOccurredAt(occurredAt),
    expected: expectedRevision(request),
    traceparent: traceOf(request),
  };
}
