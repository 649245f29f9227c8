import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Refusal } from '@kams/eventing';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Runtime } from '../run/runtime';
import { answerTo, languageOf, Problem, problemOf, type GeneralCode } from './problems';

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

@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly runtime: Runtime) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const language = languageOf(request.headers['accept-language']);
    const { body, headers } = answerTo(this.problem(error, request), this.runtime.problems, language);
    void http
      .getResponse<FastifyReply>()
      .status(body.status)
      .headers({ ...headers, 'content-language': language })
      .type('application/problem+json; charset=utf-8')
      .send(JSON.stringify(body));
  }

  private problem(error: unknown, request: FastifyRequest): Problem | Refusal {
    const known = problemOf(error);
    if (known) return known;
    const status =
      error instanceof HttpException ? error.getStatus() : (error as { statusCode?: number } | undefined)?.statusCode;
    const code = status === undefined ? undefined : BY_STATUS[status];
    if (code === undefined) return new Problem('internal', { traceId: this.runtime.reportFault(error) });
    const allow = code === 'not-found' ? request.server.methodsOf(request.url.replace(/\?.*$/s, '')) : [];
    return allow.length > 0 ? new Problem('method-not-allowed', { allow }, { Allow: allow.join(', ') }) : new Problem(code);
  }
}
