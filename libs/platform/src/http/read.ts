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
import type { FastifyRequest } from 'fastify';
import { map, type Observable } from 'rxjs';
import { z } from 'zod';
import { readerOf, type Reader } from '../read-model/reader';
import { masked } from '../rights/masked';
import { READ_ACTION, type Rights } from '../rights/rights';
import { Runtime } from '../run/runtime';
import { askerOf, Requires } from './access';
import { checkedId } from './command-request';
import { openCursor, sealCursor } from './cursor';
import { isReached, positionOf } from './position-token';
import { Problem } from './problems';
import { pointer, validate } from './validate';

export interface ReadOptions {
  readonly summary: string;
  readonly description?: string;
  readonly query?: z.ZodObject;
  /** With it the query is a POST: what says something of a person stands in no address, because addresses are logged. */
  readonly body?: z.ZodObject;
  /** A body that it takes. */
  readonly example?: object;
  readonly answer: z.ZodType;
  /** What it shows things of, as the policy names it. To ask takes the right to `read` it. */
  readonly resource: string;
  /** The field of a thing in the answer that names its account, if things of this resource belong to one. */
  readonly account?: string;
  /** The handler itself leaves out what `reader.sees` not. */
  readonly leavesOut?: true;
  /**
   * Parameters that ask by a field of another name, or by none (null); what is not said here asks by the field of its own name.
   */
  readonly asksBy?: Readonly<Record<string, string | null>>;
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
}

interface Declared extends ReadOptions {
  readonly schema: z.ZodObject;
}

type Asking = FastifyRequest & { asked?: AskedFor<z.ZodType, z.ZodType> };

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
    const { principal, rights } = askerOf(request);
    const { resource, account } = options;
    const { tenantId } = principal;
    const seesAll = rights.seesAll(resource);
    const fields = seesAll ? [] : fieldsAskedBy(options, { ...query, ...body });
    const unseen = rights.firstUnseen(resource, fields);
    if (unseen !== undefined) throw new Problem('field-forbidden', { field: unseen });
    // The address without its cursor.
    const route = `${request.routeOptions.url} ${JSON.stringify({ ...query, body: body && withoutPaging(body), cursor: undefined, limit: undefined, id })}`;
    const scope = { tenantId, query: route };
    const { cursorKey } = this.runtime;
    request.asked = {
      query,
      body,
      id: id === undefined ? '' : checkedId(id),
      reader: readerOf(this.runtime.readDatabase.queries, {
        tenantId,
        accounts: account === undefined ? null : rights.accounts(resource, READ_ACTION, fields),
        sees: (field, accountId) => rights.sees(resource, field, accountId),
        cursorAt: (values) => sealCursor(cursorKey, scope, values),
        valuesAt: (cursor) => openCursor(cursorKey, scope, cursor),
      }),
    };
    const answer = next.handle();
    return options.leavesOut || seesAll ? answer : answer.pipe(map((it) => withoutUnseen(it as object, options, rights)));
  }

  private async comeTo({ shows }: ReadOptions, token: string): Promise<void> {
    const position = positionOf(this.runtime.epoch, token);
    const until = Date.now() + this.runtime.readWaitMs;
    for (const { name } of shows) {
      const there = await this.runtime.reached(name, position, Math.max(0, until - Date.now()));
      if (!there && !isReached((await this.runtime.store.head()).position, position)) throw new Problem('position-foreign');
      if (!there) throw new Problem('not-yet-projected', { projection: name }, { 'Retry-After': '1' });
    }
  }
}

/** These say nothing of the things that are shown. */
const OF_THE_QUESTION = new Set(['limit', 'cursor', 'asOf', 'knownAt']);

/** The fields by which this question sorts, filters and searches. */
function fieldsAskedBy({ asksBy = {} }: ReadOptions, given: object): readonly string[] {
  return Object.entries(given).flatMap(([name, value]) => {
    if (value === undefined || OF_THE_QUESTION.has(name)) return [];
    const said = name === 'sort' ? String(value).replace('-', '') : name;
    const field = asksBy[said];
    return field === null ? [] : [field ?? said];
  });
}

/** The same answer without the fields that its reader may not see, of each thing in it. */
function withoutUnseen(answer: object, { resource, account }: ReadOptions, rights: Rights): object {
  const seen = (it: Readonly<Record<string, unknown>>): object =>
    masked(it, rights.fields(resource, account === undefined ? undefined : (it[account] as string)));
  if ('items' in answer) return { ...answer, items: (answer.items as Readonly<Record<string, unknown>>[]).map(seen) };
  const ofTheQuestion = Object.entries(answer).filter(([name]) => OF_THE_QUESTION.has(name));
  return { ...seen(answer as Readonly<Record<string, unknown>>), ...Object.fromEntries(ofTheQuestion) };
}

const withoutPaging = (it: object): object => ({ ...it, cursor: undefined, limit: undefined });

export const Read = (path: string, options: ReadOptions) =>
  applyDecorators(
    ...(options.body ? [Post(path), HttpCode(200)] : [Get(path)]),
    Requires(options.resource, READ_ACTION),
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
