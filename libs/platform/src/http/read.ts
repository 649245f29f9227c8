// A query: its address, its parameters, what it answers and which projections it shows, said once at its handler.
//
//   @Read('', { summary: 'Accounts', query: listQuery, answer: accountPage, shows: [accounts] })
//   list(@Asked() { query, reader }: AskedFor<typeof listQuery>) { ... }
import {
  applyDecorators,
  createParamDecorator,
  Get,
  HttpCode,
  Injectable,
  Post,
  SetMetadata,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { hasForbiddenText } from '@kams/contracts/values';
import type { Projection } from '@kams/eventing';
import type { Observable } from 'rxjs';
import { z } from 'zod';
import { readerOf, type Reader } from '../read-model/reader';
import { Runtime } from '../run/runtime';
import { principalOf, type Authenticated } from './access';
import { checkedId } from './command-request';
import { positionOf } from './position-token';
import { Problem } from './problems';
import { pointer, validate } from './validate';

export interface ReadOptions {
  readonly summary: string;
  readonly description?: string;
  readonly query?: z.ZodObject;
  /** With it the query is a POST: what says something of a person stands in no address, because addresses are logged. */
  readonly body?: z.ZodObject;
  readonly answer: z.ZodType;
  /** What the answer is made of; `?after=` waits for these. */
  readonly shows: readonly Projection[];
}

export const READ = 'kams:read';

/** Read your own write: the `position` of an answer, given back, is waited for. */
const after = z.string().max(80).optional().meta({
  description: 'The `position` that a command answered: the answer shows at least that, or it is 503 with Retry-After.',
});

/** The query of a handler with `after`; made once, it costs 50 µs. */
export const queryOf = ({ query }: ReadOptions): z.ZodObject => (query ?? z.strictObject({})).extend({ after });

type Nothing = z.ZodObject<Record<never, never>>;
export interface AskedFor<Q extends z.ZodType = Nothing, B extends z.ZodType = Nothing> {
  readonly query: z.output<Q>;
  readonly body: z.output<B>;
  readonly id: string;
  readonly reader: Reader;
  /** The address without its cursor: what a cursor belongs to. */
  readonly route: string;
}

interface Declared extends ReadOptions {
  readonly schema: z.ZodObject;
}

type Asking = Authenticated & { asked?: AskedFor<z.ZodType, z.ZodType> };

@Injectable()
export class ReadInterceptor implements NestInterceptor {
  constructor(
    private readonly reflector: Reflector,
    private readonly runtime: Runtime,
  ) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const { schema, ...options } = this.reflector.get<Declared>(READ, context.getHandler());
    const request = context.switchToHttp().getRequest<Asking>();
    ensureText(request.query as Readonly<Record<string, unknown>>);
    const { after: token, ...query } = validate(schema, request.query) as { after?: string };
    if (token !== undefined) await this.comeTo(options, token);
    const body = options.body && validate(options.body, request.body);
    const { id } = request.params as { id?: string };
    request.asked = {
      query,
      body,
      id: id === undefined ? '' : checkedId(id),
      reader: readerOf(this.runtime.readDatabase, principalOf(request).tenantId),
      route: `${request.routeOptions.url} ${JSON.stringify({ ...query, body: body && withoutPaging(body), cursor: undefined, limit: undefined, id })}`,
    };
    return next.handle();
  }

  private async comeTo({ shows }: ReadOptions, token: string): Promise<void> {
    const position = positionOf(this.runtime.epoch, token);
    const until = Date.now() + this.runtime.readWaitMs;
    for (const { name } of shows) {
      const there = await this.runtime.projector(name)!.reached(position, Math.max(0, until - Date.now()));
      if (!there) throw new Problem('not-yet-projected', { projection: name }, { 'Retry-After': '1' });
    }
  }
}

const withoutPaging = (it: object): object => ({ ...it, cursor: undefined, limit: undefined });

export const Read = (path: string, options: ReadOptions) =>
  applyDecorators(
    ...(options.body ? [Post(path), HttpCode(200)] : [Get(path)]),
    SetMetadata(READ, { ...options, schema: queryOf(options) } satisfies Declared),
    UseInterceptors(ReadInterceptor),
  );

/** A NUL in a filter would be an error of the database. */
function ensureText(query: Readonly<Record<string, unknown>>): void {
  for (const name in query) {
    const value = query[name];
    if (typeof value === 'string' && hasForbiddenText(value)) {
      throw new Problem('invalid', { errors: [{ pointer: pointer([name]), reason: 'has characters that text can not hold' }] });
    }
  }
}

export const Asked = createParamDecorator(
  (_: unknown, context: ExecutionContext) => context.switchToHttp().getRequest<Asking>().asked,
);
