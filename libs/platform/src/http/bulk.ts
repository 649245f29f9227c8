// Many commands in one request, a line each, with an outcome each: one refused line touches none of its neighbours.
import type { AnyAggregate, Command } from '@kams/eventing';
import { z } from 'zod';
import { uuid } from '@kams/contracts/values';
import type { Runtime } from '../run/runtime';
import type { Principal } from '../tokens/verify';
import { checkedKey, checkedOccurredAt, commandIdOf } from './command-request';
import { commandAnswer } from './command-routes';
import { parseStrict } from './json-scan';
import { answerTo, languageOf, Problem, problemOf, type Language } from './problems';
import { validate } from './validate';

export const MOST_COMMANDS = 1_000;
/** Commands decided at the same time; the group commit makes few calls of them. */
const AT_ONCE = 256;

const line = z.strictObject({
  command: z.string().max(60),
  id: uuid().optional(),
  idempotencyKey: z.string().optional(),
  occurredAt: z.string().optional(),
  data: z.unknown(),
});

function linesOf(body: unknown): Buffer[] {
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

export async function answerBulk(
  runtime: Runtime,
  aggregate: AnyAggregate,
  body: unknown,
  principal: Principal,
  acceptLanguage: string | undefined,
): Promise<string> {
  const lines = linesOf(body);
  const language = languageOf(acceptLanguage);
  const { epoch } = runtime;
  const answers = new Array<object>(lines.length);
  /** Commands to one thing run in the order of their lines. */
  const after = new Map<string, Promise<void>>();

  const answer = async (at: number): Promise<void> => {
    try {
      const command = commandOfLine(aggregate, parseStrict(lines[at]!), principal);
      const before = command.id === undefined ? undefined : after.get(command.id);
      const mine = (before ?? Promise.resolve()).then(async () => {
        const made = await runtime.commands.handle(aggregate, command);
        answers[at] = { line: at + 1, status: made.outcome === 'opened' ? 201 : 200, ...commandAnswer(epoch, made) };
      });
      if (command.id !== undefined)
        after.set(
          command.id,
          mine.catch(() => undefined),
        );
      await mine;
    } catch (error) {
      answers[at] = { line: at + 1, ...refusalOf(runtime, error, language) };
    }
  };

  let next = 0;
  const worker = async () => {
    while (next < lines.length) await answer(next++);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, lines.length) }, worker));
  return answers.map((it) => JSON.stringify(it)).join('\n') + '\n';
}

function commandOfLine(aggregate: AnyAggregate, value: unknown, principal: Principal): Command {
  const { command: type, id, idempotencyKey, occurredAt, data } = validate(line, value);
  const contract = aggregate.contract.commands[type];
  if (!contract || !Object.hasOwn(aggregate.contract.commands, type)) {
    throw new Problem('invalid', {
      errors: [{ pointer: '/command', reason: `is none of ${Object.keys(aggregate.contract.commands).join(', ')}` }],
    });
  }
  if (id === undefined && !contract.opens && !aggregate.contract.ledger) {
    throw new Problem('invalid', { errors: [{ pointer: '/id', reason: 'is needed: this command is for one that exists' }] });
  }
  return {
    type,
    data: validate(contract.data as z.ZodType<object>, data),
    tenantId: principal.tenantId,
    actor: principal.subject,
    ...(id !== undefined && { id }),
    ...(idempotencyKey !== undefined && { commandId: commandIdOf(principal, checkedKey(idempotencyKey)) }),
    ...(occurredAt !== undefined && { occurredAt: checkedOccurredAt(occurredAt) }),
  };
}

function refusalOf(runtime: Runtime, error: unknown, language: Language): object {
  const problem = problemOf(error) ?? new Problem('internal', { traceId: runtime.reportFault(error) });
  return answerTo(problem, runtime.problems, language).body;
}
