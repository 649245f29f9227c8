// Many commands in one request, a line each, with an outcome each: one refused line touches none of its neighbours.
import { tell, type AnyAggregate, type Command } from '@kams/eventing';
import type { FastifyRequest } from 'fastify';
import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import { uuid } from '@kams/contracts/values';
import type { Runtime } from '../run/runtime';
import { commandAnswer } from './command-answer';
import { checkedKey, checkedOccurredAt, commandIdOf, idempotencyKey, reachOf, undecided, type Asker } from './command-request';
import { parseStrict } from './json-scan';
import { problemIn } from './problem-filter';
import { answerTo, languageOf, Problem, type Answerable, type Language } from './problems';
import { traceOf } from './tracing';
import { validate } from './validate';

export const MOST_COMMANDS = 1_000;
/** Commands decided at the same time; the group commit makes few calls of them. */
const AT_ONCE = 256;
/** Then others come to their turn: a thousand lines that are refused wait for nothing, and would take 130 ms in one go. */
const TURN_MS = 10;

const line = z.strictObject({
  command: z.string().max(60),
  id: uuid().optional(),
  idempotencyKey: z.string().optional(),
  occurredAt: z.string().optional(),
  data: z.unknown(),
});

function linesOf(body: unknown): Buffer[] {
  if (body === undefined) throw new Problem('body-empty');
  if (!Buffer.isBuffer(body)) throw new Problem('media-type-unsupported');
  const lines: Buffer[] = [];
  for (let from = 0; from < body.length;) {
    const feed = body.indexOf(0x0a, from);
    const to = feed < 0 ? body.length : feed;
    const bytes = body.subarray(from, body[to - 1] === 0x0d ? to - 1 : to);
    if (bytes.length > 0) lines.push(bytes);
    if (lines.length > MOST_COMMANDS) throw new Problem('body-too-large', { most: MOST_COMMANDS });
    from = to + 1;
  }
  if (lines.length === 0) throw new Problem('body-empty');
  return lines;
}

/** The outcomes as NDJSON. An `Idempotency-Key` of the request gives every line without one a key of its own. */
export async function answerBulk(
  runtime: Runtime,
  aggregate: AnyAggregate,
  request: FastifyRequest,
  asker: Asker,
): Promise<string> {
  if (request.headers['if-match'] !== undefined) throw new Problem('precondition-unsupported');
  const key = idempotencyKey(request);
  const lines = linesOf(request.body);
  const language = languageOf(request.headers['accept-language']);
  const { epoch } = runtime;
  const traceparent = traceOf(request);
  const answers = new Array<string>(lines.length);
  /** Commands to one thing run in the order of their lines. */
  const after = new Map<string, Promise<void>>();

  const { name: contract, commands } = aggregate.contract;

  const answer = async (at: number): Promise<void> => {
    let named: string | undefined;
    let isGiven = false;
    try {
      const value = parseStrict(lines[at]!);
      named = namedIn(value, commands);
      // A space, which no key has, so that no line's key is another request's.
      const ofLine = key === undefined ? undefined : `${key} ${at + 1}`;
      const command = { ...commandOfLine(aggregate, value, asker, ofLine), traceparent };
      isGiven = true;
      const before = command.id === undefined ? undefined : after.get(command.id);
      const mine = (before ?? Promise.resolve()).then(async () => {
        const made = await runtime.handle(aggregate, command);
        const status = made.outcome === 'opened' ? 201 : 200;
        answers[at] = JSON.stringify({ line: at + 1, status, ...commandAnswer(epoch, made) });
      });
      if (command.id !== undefined)
        after.set(
          command.id,
          mine.catch(() => undefined),
        );
      await mine;
    } catch (error) {
      const { status, text } = refusalOf(runtime, error, language);
      answers[at] = `{"line":${at + 1},${text.slice(1)}`;
      if (!isGiven) tell.commands.tell({ contract, command: named, outcome: undecided(status) });
    }
  };

  let until = performance.now() + TURN_MS;
  let turn: Promise<void> | undefined;
  const giveWay = () =>
    (turn ??= setImmediate().then(() => {
      until = performance.now() + TURN_MS;
      turn = undefined;
    }));
  let next = 0;
  const worker = async () => {
    while (next < lines.length) {
      if (performance.now() > until) await giveWay();
      else await answer(next++);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, lines.length) }, worker));
  return answers.join('\n') + '\n';
}

/** The command that a line names, if there is one of this name. */
function namedIn(value: unknown, commands: object): string | undefined {
  const { command } = (value ?? {}) as { readonly command?: unknown };
  return typeof command === 'string' && Object.hasOwn(commands, command) ? command : undefined;
}

function commandOfLine(
  aggregate: AnyAggregate,
  value: unknown,
  { principal, rights }: Asker,
  ofLine: string | undefined,
): Command {
  const { command: type, id, idempotencyKey: own, occurredAt, data } = validate(line, value);
  const key = own === undefined ? ofLine : checkedKey(own);
  const contract = aggregate.contract.commands[type];
  if (!contract || !Object.hasOwn(aggregate.contract.commands, type)) {
    throw new Problem('invalid', {
      errors: [{ pointer: '/command', reason: `is none of ${Object.keys(aggregate.contract.commands).join(', ')}` }],
    });
  }
  if (!rights.may(aggregate.contract.name, type)) {
    throw new Problem('forbidden', { requires: { resource: aggregate.contract.name, actions: [type] } });
  }
  // What a natural key or a ledger addresses must not be there a second time under an id that the caller chose.
  const addressed = !contract.opens && !aggregate.contract.ledger;
  if (addressed !== (id !== undefined)) {
    const reason = addressed ? 'is needed: this command is for one that exists' : 'is not for this command: it finds its own';
    throw new Problem('invalid', { errors: [{ pointer: '/id', reason }] });
  }
  return {
    type,
    data: validate(contract.data as z.ZodType<object>, data, '/data'),
    tenantId: principal.tenantId,
    actor: principal.subject,
    reaches: reachOf(rights, aggregate, type),
    holds: rights.holds,
    ...(id !== undefined && { id }),
    ...(key !== undefined && { commandId: commandIdOf(principal, key) }),
    ...(occurredAt !== undefined && { occurredAt: checkedOccurredAt(occurredAt) }),
  };
}

function refusalOf(runtime: Runtime, error: unknown, language: Language): Answerable {
  return answerTo(problemIn(error, runtime), runtime.problems, language);
}
