// The routes of an aggregate's commands, from its contract alone:
//   POST /accounts                       the first command that opens a stream
//   POST /accounts/import                the others that do
//   POST /accounts/{id}/rate-criterion   what is said to one that exists
//   POST /hierarchy/link                 the commands of a ledger
//   POST /accounts/bulk                  up to 1,000 of them, a line each
import { Controller, HttpCode, Inject, Param, Post, Req, Res, type Type } from '@nestjs/common';
import type { AnyAggregate } from '@kams/eventing';
import type { CommandContract } from '@kams/contracts/define';
import type { FastifyReply } from 'fastify';
import { Runtime } from '../run/runtime';
import { principalOf, type Authenticated } from './access';
import { answerBulk } from './bulk';
import { commandAnswer } from './command-answer';
import { commandOf } from './command-request';

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

/** Nest wants a class; this one says nothing that the contract does not. */
export function commandController(aggregate: AnyAggregate): Type {
  const { contract } = aggregate;

  class Commands {
    constructor(readonly runtime: Runtime) {}
  }
  Inject(Runtime)(Commands, undefined, 0);

  const route = (name: string, path: string, status: number, handler: (this: Commands, ...args: never[]) => Promise<unknown>) => {
    Object.defineProperty(handler, 'name', { value: name });
    Object.defineProperty(Commands.prototype, name, { value: handler, writable: true, configurable: true });
    const descriptor = Object.getOwnPropertyDescriptor(Commands.prototype, name)!;
    Req()(Commands.prototype, name, 0);
    Res({ passthrough: true })(Commands.prototype, name, 1);
    Param('id')(Commands.prototype, name, 2);
    HttpCode(status)(Commands.prototype, name, descriptor);
    Post(path)(Commands.prototype, name, descriptor);
  };

  for (const { type, path, opens } of commandRoutes(aggregate)) {
    route(type, path, 200, async function (request: Authenticated, reply: FastifyReply, id?: string) {
      const { commands, epoch } = this.runtime;
      const answer = await commands.handle(aggregate, commandOf(aggregate, type, request, principalOf(request), id));
      reply.header('etag', `"${answer.revision}"`);
      if (opens && answer.outcome === 'opened') {
        reply.status(201);
        reply.header('location', `/${contract.plural}/${answer.id}`);
      }
      return commandAnswer(epoch, answer);
    });
  }
  route('Bulk', 'bulk', 200, async function (request: Authenticated, reply: FastifyReply) {
    reply.header('content-type', 'application/x-ndjson; charset=utf-8');
    return answerBulk(this.runtime, aggregate, request);
  });

  Object.defineProperty(Commands, 'name', { value: `${contract.name}Commands` });
  Controller(contract.plural)(Commands);
  return Commands;
}
