// Whatever is thrown on the way of a request becomes an answer here, and so does what never became a request.
import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { LogDamaged, type Refusal } from '@kams/eventing';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Runtime } from '../run/runtime';
import { answerTo, languageOf, Problem, problemOf, problemTable, type GeneralCode, type ProblemText } from './problems';
import { OF_DATA } from './response-headers';

/** What Fastify and Nest throw by themselves, by status. */
const BY_STATUS: Readonly<Record<number, GeneralCode>> = {
  400: 'request-malformed',
  404: 'not-found',
  405: 'method-not-allowed',
  406: 'not-acceptable',
  408: 'request-timeout',
  413: 'body-too-large',
  414: 'address-too-long',
  415: 'media-type-unsupported',
  431: 'headers-too-large',
};
/** What Node's parser says of bytes that are no request; all else is malformed. */
const UNREADABLE: Readonly<Record<string, GeneralCode>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'request-timeout',
  HPE_HEADER_OVERFLOW: 'headers-too-large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'body-too-large',
};
const GENERAL = problemTable([]);
const MEDIA_TYPE = 'application/problem+json; charset=utf-8';

function send(
  request: FastifyRequest,
  reply: FastifyReply,
  problem: Problem | Refusal,
  table: ReadonlyMap<string, ProblemText>,
): void {
  const language = languageOf(request.headers['accept-language']);
  const { status, text, headers } = answerTo(problem, table, language);
  void reply
    .status(status)
    .headers({ ...headers, 'content-language': language })
    .type(MEDIA_TYPE)
    .send(text);
}

/** For Nest: what is thrown on the way to a controller and in it. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly runtime: Runtime) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    answerError(this.runtime, error, http.getRequest(), http.getResponse());
  }
}

/** The same for a route of Fastify's own. */
export function answerError(runtime: Runtime, error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  send(request, reply, problemIn(error, runtime), runtime.problems);
}

/** What it means to the caller; what was not foreseen, and a damaged log, is noted. */
export function problemIn(error: unknown, runtime: Runtime): Problem | Refusal {
  if (error instanceof LogDamaged) runtime.reportDamage(error);
  const known = problemOf(error);
  if (known) return known;
  const status = error instanceof HttpException ? error.getStatus() : (error as { statusCode?: number } | undefined)?.statusCode;
  const code = status === undefined ? undefined : BY_STATUS[status];
  return code === undefined ? new Problem('internal', { traceId: runtime.reportFault(error) }) : new Problem(code);
}

/** For Fastify: an address that its router can not read. No hook has run, and none will. */
export function answerUnroutable({ statusCode }: { statusCode?: number }, request: FastifyRequest, reply: FastifyReply): void {
  const code = statusCode === undefined ? undefined : BY_STATUS[statusCode];
  send(request, reply.headers({ ...OF_DATA, 'cache-control': 'no-store' }), new Problem(code ?? 'request-malformed'), GENERAL);
}

/** For Node: bytes that are no request, or not the whole of one in time. There is only a socket to answer, and it is closed. */
export function answerUnreadable({ code }: { readonly code?: string }, socket: Socket): void {
  if (code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const { status, text } = answerTo(new Problem(UNREADABLE[code ?? ''] ?? 'request-malformed'), GENERAL, 'en');
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `content-type: ${MEDIA_TYPE}`,
    `content-length: ${Buffer.byteLength(text)}`,
    'content-language: en',
    'cache-control: no-store',
    'connection: close',
  ];
  socket.write(`${head.join('\r\n')}\r\n\r\n${text}`);
  socket.destroySoon();
}
