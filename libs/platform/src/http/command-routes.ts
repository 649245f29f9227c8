// The routes of an aggregate's commands, from its contract alone:
//   POST /accounts                       the first command that opens a stream
//   POST /accounts/import                the others that do
//   POST /accounts/{id}/rate-criterion   what is said to one that exists
//   POST /hierarchy/link                 the commands of a ledger
//   POST /accounts/bulk                  up to 1,000 of them, a line each
import { tell, type AnyAggregate } from '@kams/eventing';
import type { CommandContract } from '@kams/contracts/define';
import type { FastifyInstance, RouteShorthandOptions } from 'fastify';
import type { Runtime } from '../run/runtime';
import { askerOf } from './access';
import { answerBulk } from './bulk';
import { commandAnswer } from './command-answer';
import { commandOf, undecided } from './command-request';
import { answerError } from './problem-filter';

declare module 'fastify' {
  interface FastifyRequest {
    /** Its command was: what became of it is told by who decided it. */
    isGiven?: true;
  }
}

export const kebab = (name: string): string => name.replace(/(?<!^)([A-Z])/g, '-$1').toLowerCase();

export interface CommandRoute {
  readonly type: string;
  /** Below the aggregate's own path. */
  readonly path: string;
  readonly opens: boolean;
}

export function commandRoutes({ contract }: AnyAggregate): readonly CommandRoute[] {
  const commands: [string, CommandContract][] = Object.entries(contract.commands);
  const first = commands.find(([, it]) => it.opens)?.[0];
  return commands.map(([type, { opens = false }]) => ({
    type,
    opens,
    path: contract.ledger ? kebab(type) : type === first ? '' : opens ? kebab(type) : `:id/${kebab(type)}`,
  }));
}

/**
 * Fastify's own routes: through Nest's router a command took 10 to 14 µs more of about 90, and the class that it wants would say
 * nothing that the contract does not.
 */
export function addCommandRoutes(server: FastifyInstance, runtime: Runtime): void {
  const { services } = runtime;
  const options = (resource: string, actions: readonly string[]): RouteShorthandOptions => ({
    config: { requires: { resource, actions } },
    errorHandler: (error, request, reply) => answerError(runtime, error, request, reply),
  });
  const ofOne = (contract: string, command: string): RouteShorthandOptions => ({
    ...options(contract, [command]),
    errorHandler(error, request, reply) {
      answerError(runtime, error, request, reply);
      if (!request.isGiven) tell.commands.tell({ contract, command, outcome: undecided(reply.statusCode) });
    },
  });
  for (const aggregate of services.flatMap((it) => it.aggregates)) {
    const { plural, name } = aggregate.contract;

    for (const { type, path, opens } of commandRoutes(aggregate)) {
      const url = path === '' ? `/${plural}` : `/${plural}/${path}`;
      server.post<{ Params: { id?: string } }>(url, ofOne(name, type), async (request, reply) => {
        const command = commandOf(aggregate, type, request, askerOf(request), request.params.id);
        request.isGiven = true;
        const answer = await runtime.handle(aggregate, command);
        if (answer.revision >= 0) reply.header('etag', `"${answer.revision}"`); // else there is nothing yet
        if (opens && answer.outcome === 'opened') {
          reply.status(201);
          reply.header('location', `/${plural}/${answer.id}`);
        }
        return commandAnswer(runtime.epoch, answer);
      });
    }
    server.post(`/${plural}/bulk`, options(name, Object.keys(aggregate.contract.commands)), async (request, reply) => {
      reply.header('content-type', 'application/x-ndjson; charset=utf-8');
      return answerBulk(runtime, aggregate, request, askerOf(request));
    });
  }
}
