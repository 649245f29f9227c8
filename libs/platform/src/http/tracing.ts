// The span of a request, a child of the trace that its caller is in; and that trace, for what the request stores.
import { begun, isTraceparent, isTracing, SpanKind, traceparentOf } from '@kams/eventing';
import { SpanStatusCode, type Span } from '@opentelemetry/api';
import type { FastifyInstance, FastifyRequest } from 'fastify';

declare module 'fastify' {
  interface FastifyRequest {
    span?: Span;
  }
}

/** `/accounts/:id` as `/accounts/{id}`; undefined for an address that no route has. It is never told itself: it may hold ids. */
const routeOf = ({ routeOptions: { url } }: FastifyRequest): string | undefined => url?.replace(/:(\w+)/g, '{$1}');

/** To be called before any other hook: what is refused has a span as well. */
export function traceRequests(server: FastifyInstance): void {
  if (!isTracing()) return;
  server.addHook('onRequest', (request, _reply, done) => {
    const { method, headers } = request;
    const route = routeOf(request);
    const attributes = { 'http.request.method': method, ...(route !== undefined && { 'http.route': route }) };
    const name = route === undefined ? method : `${method} ${route}`;
    request.span = begun(name, { kind: SpanKind.SERVER, attributes }, headers['traceparent']);
    done();
  });
  server.addHook('onResponse', ({ span }, { statusCode }, done) => {
    span?.setAttribute('http.response.status_code', statusCode);
    if (statusCode >= 500) span?.setStatus({ code: SpanStatusCode.ERROR });
    span?.end();
    done();
  });
}

/** What a command of this request is given: that of its span, or that of its caller. One that is malformed was never sent. */
export function traceOf({ span, headers }: FastifyRequest): string | undefined {
  const given = headers['traceparent'];
  return span ? traceparentOf(span) : isTraceparent(given) ? given : undefined;
}
