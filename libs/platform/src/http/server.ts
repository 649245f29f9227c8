// Fastify as this platform wants it: strict about what comes in, before any route sees it.
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { metricsOf } from '../run/metrics';
import type { Runtime } from '../run/runtime';
import type { Requirement } from './access';
import { parseStrict } from './json-scan';
import { answerUnreadable, answerUnroutable } from './problem-filter';
import { Problem } from './problems';
import { OF_DATA, OF_PAGES } from './response-headers';
import { traceRequests } from './tracing';

const MOST_HEADERS = 100;
const MOST_ADDRESS = 8_192;
const BODY_BYTES = 64 * 1024;
const BULK_BYTES = 1024 * 1024;
/** Answers that are not JSON. */
const OTHER_ANSWERS = /^\/(docs|events|metrics)\b/;
const PAGES = /^\/docs\b/;
const ACCEPTABLE = /\*\/\*|application\/(\*|json|x-ndjson|problem\+json)/i;

export function httpAdapter(): FastifyAdapter {
  return new FastifyAdapter({
    bodyLimit: BODY_BYTES,
    requestTimeout: 15_000,
    connectionTimeout: 0,
    keepAliveTimeout: 72_000,
    maxRequestsPerSocket: 0,
    forceCloseConnections: 'idle',
    // Its own refusal is no problem document: see below.
    return503OnClosing: false,
    skipMiddie: true,
    routerOptions: { maxParamLength: 200, ignoreTrailingSlash: false },
    http: {
      maxHeaderSize: 16_384,
      headersTimeout: 10_000,
      connectionsCheckingInterval: 2_000,
      // A header of which there may be one, sent twice, is otherwise read as the first here and as the last elsewhere.
      joinDuplicateHeaders: true,
      // Node's own answer to its absence has no body.
      requireHostHeader: false,
    },
    frameworkErrors: answerUnroutable,
    clientErrorHandler: answerUnreadable,
  });
}

export interface Route {
  readonly method: string;
  /** As it is declared: `/accounts/:id`. */
  readonly url: string;
  readonly pattern: RegExp;
  /** What it requires of who asks; undefined: nothing, it is public. */
  readonly requires: Requirement | undefined;
}
declare module 'fastify' {
  interface FastifyInstance {
    /** All that the router knows, whoever declared it. */
    readonly routes: readonly Route[];
  }
}

export function configure(server: FastifyInstance, runtime: Runtime): void {
  const routes: Route[] = [];
  server.decorate('routes', routes);
  server.addHook('onRoute', ({ method, url, config }) => {
    const pattern = new RegExp(
      `^${url
        .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
        .replace(/:\w+/g, '[^/]+')
        .replace(/\\\*/g, '.*')}$`,
    );
    for (const one of [method].flat()) routes.push({ method: one, url, pattern, requires: config?.requires });
  });

  const methodsOf = (path: string): string[] => [...new Set(routes.filter((it) => it.pattern.test(path)).map((it) => it.method))];
  let closing = false;
  traceRequests(server);
  server.addHook('preClose', (done) => {
    closing = true;
    done();
  });
  server.addHook('onRequest', (request, _reply, done) => {
    const problem = closing
      ? new Problem('unavailable', {}, { 'Retry-After': '1', Connection: 'close' })
      : (refusalOf(request) ?? (request.is404 ? unknownAddress(methodsOf(pathOf(request))) : undefined));
    done(problem);
  });
  // Node would answer an expectation that it does not know without a body; RFC 9110 lets a server take no notice of it.
  server.server.on('checkExpectation', (request, response) => server.server.emit('request', request, response));
  server.addHook('onSend', (request, reply, payload, done) => {
    reply.headers(PAGES.test(request.url) ? OF_PAGES : OF_DATA);
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
    done(null, payload);
  });
  const { requests } = metricsOf(runtime);
  server.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none';
    requests.observe({ method: request.method, route, status: String(reply.statusCode) }, reply.elapsedTime / 1000);
    done();
  });

  server.removeAllContentTypeParsers();
  server.addContentTypeParser(
    /^application\/json\s*(;|$)/,
    { parseAs: 'buffer' },
    parsedBy((request, body) => {
      ensureUtf8(request);
      if (body.length === 0) throw new Problem('body-empty');
      return parseStrict(body);
    }),
  );
  server.addContentTypeParser(
    /^application\/x-ndjson\s*(;|$)/,
    { parseAs: 'buffer', bodyLimit: BULK_BYTES },
    parsedBy((request, body) => {
      ensureUtf8(request);
      if (!request.routeOptions.url?.endsWith('/bulk')) throw new Problem('media-type-unsupported');
      return body;
    }),
  );
}

/** A parser in Fastify's form. A promise for what is known at once would cost 1 µs a request. */
const parsedBy =
  (parse: (request: FastifyRequest, body: Buffer) => unknown) =>
  (request: FastifyRequest, body: Buffer, done: (error: Error | null, value?: unknown) => void): void => {
    let value: unknown;
    try {
      value = parse(request, body);
    } catch (error) {
      return done(error as Error);
    }
    done(null, value);
  };

function ensureUtf8(request: FastifyRequest): void {
  const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(request.headers['content-type'] ?? '')?.[1];
  if (charset !== undefined && !/^utf-?8$/i.test(charset)) throw new Problem('media-type-unsupported');
}

/** What no route needs to look at. */
function refusalOf(request: FastifyRequest): Problem | undefined {
  const { headers, raw } = request;
  if (raw.rawHeaders.length > 2 * MOST_HEADERS) return new Problem('headers-too-large');
  if (request.url.length > MOST_ADDRESS) return new Problem('address-too-long');
  if (headers.host === undefined && raw.httpVersionMinor > 0) return new Problem('header-malformed', { header: 'host' });
  if (headers['content-encoding'] !== undefined) return new Problem('media-type-unsupported');
  return acceptsJson(request) ? undefined : new Problem('not-acceptable');
}

const pathOf = ({ url }: FastifyRequest): string => {
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
};

const unknownAddress = (allow: readonly string[]): Problem =>
  allow.length === 0 ? new Problem('not-found') : new Problem('method-not-allowed', { allow }, { Allow: allow.join(', ') });

function acceptsJson(request: FastifyRequest): boolean {
  const { accept } = request.headers;
  return accept === undefined || ACCEPTABLE.test(accept) || OTHER_ANSWERS.test(request.url);
}
