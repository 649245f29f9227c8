// Fastify as this platform wants it: strict about what comes in, before any route sees it.
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { metricsOf } from '../run/metrics';
import type { Runtime } from '../run/runtime';
import { parseStrict } from './json-scan';
import { Problem } from './problems';

const MOST_HEADERS = 100;
const BODY_BYTES = 64 * 1024;
const BULK_BYTES = 1024 * 1024;
/** Answers that are not JSON. */
const OTHER_ANSWERS = /^\/(docs|events|metrics)\b/;

export function httpAdapter(): FastifyAdapter {
  return new FastifyAdapter({
    bodyLimit: BODY_BYTES,
    requestTimeout: 15_000,
    connectionTimeout: 0,
    keepAliveTimeout: 72_000,
    maxRequestsPerSocket: 0,
    forceCloseConnections: 'idle',
    return503OnClosing: true,
    routerOptions: { maxParamLength: 200, ignoreTrailingSlash: false },
    http: { maxHeaderSize: 16_384, headersTimeout: 10_000, connectionsCheckingInterval: 2_000 },
  });
}

export function configure(server: FastifyInstance, runtime: Runtime): void {
  const routes: { method: string; pattern: RegExp }[] = [];
  server.addHook('onRoute', ({ method, url }) => {
    const pattern = new RegExp(
      `^${url
        .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
        .replace(/:\w+/g, '[^/]+')
        .replace(/\\\*/g, '.*')}$`,
    );
    for (const one of [method].flat()) routes.push({ method: one, pattern });
  });

  server.addHook('onRequest', async (request) => {
    if (request.raw.rawHeaders.length > 2 * MOST_HEADERS) throw new Problem('headers-too-large');
    if (request.headers['content-encoding'] !== undefined) throw new Problem('media-type-unsupported');
    if (!acceptsJson(request)) throw new Problem('not-acceptable');
  });
  server.addHook('onSend', async (_request, reply) => {
    reply.header('x-content-type-options', 'nosniff');
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
  });
  const { requests } = metricsOf(runtime);
  server.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none';
    requests.observe({ method: request.method, route, status: String(reply.statusCode) }, reply.elapsedTime / 1000);
  });

  server.removeAllContentTypeParsers();
  server.addContentTypeParser(
    /^application\/json\s*(;|$)/,
    { parseAs: 'buffer' },
    async (request: FastifyRequest, body: Buffer) => {
      ensureUtf8(request);
      if (body.length === 0) throw new Problem('body-empty');
      return parseStrict(body);
    },
  );
  server.addContentTypeParser(
    /^application\/x-ndjson\s*(;|$)/,
    { parseAs: 'buffer', bodyLimit: BULK_BYTES },
    async (request: FastifyRequest, body: Buffer) => {
      ensureUtf8(request);
      if (!request.url.startsWith('/') || !/\/bulk(\?|$)/.test(request.url)) throw new Problem('media-type-unsupported');
      return body;
    },
  );

  // Nest answers unknown addresses through the filter; this tells it which methods an address does take.
  server.decorate('methodsOf', (path: string) => [
    ...new Set(routes.filter((it) => it.pattern.test(path)).map((it) => it.method)),
  ]);
}

declare module 'fastify' {
  interface FastifyInstance {
    methodsOf(path: string): readonly string[];
  }
}

function ensureUtf8(request: FastifyRequest): void {
  const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(request.headers['content-type'] ?? '')?.[1];
  if (charset !== undefined && !/^utf-?8$/i.test(charset)) throw new Problem('media-type-unsupported');
}

function acceptsJson(request: FastifyRequest): boolean {
  const { accept } = request.headers;
  return (
    accept === undefined ||
    OTHER_ANSWERS.test(request.url) ||
    /\*\/\*|application\/(\*|json|x-ndjson|problem\+json)/i.test(accept)
  );
}
