// One origin for services that run in processes of their own. It passes each request on to the service that answers it, and adds
// nothing to it and takes nothing away: who may do what is decided there. It has no keys and no database.
import 'reflect-metadata';
import replyFrom from '@fastify/reply-from';
import { BadConfig } from '@kams/platform/config/bad-config';
import { readSome } from '@kams/platform/config/read-config';
import { SETTINGS, type Values } from '@kams/platform/config/settings';
import { openApi } from '@kams/platform/http/documents';
import { answerTo, languageOf, Problem, problemTable } from '@kams/platform/http/problems';
import { measureProcess } from '@kams/platform/run/metrics';
import { closeWithin, listen, logOfProgram, runProgram } from '@kams/platform/run/run-program';
import { VERSION } from '@kams/platform/run/run-service';
import { projectionsOf, type Service } from '@kams/platform/service';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { register } from 'prom-client';
import { services } from './services';

const { mode, port, host, logLevel, peers, shutdownGraceMs } = SETTINGS;
export const GATEWAY_SETTINGS = { mode, port, host, logLevel, peers, shutdownGraceMs };
type GatewayConfig = Values<typeof GATEWAY_SETTINGS>;

const PROBLEMS = problemTable([]);
/** Of a question that is asked of all services. */
const ANSWER_WITHIN_MS = 5_000;
/** A service that did not answer is asked after the others for so long. */
const DOWN_MS = 1_000;

const firstOf = (path: string): string => path.split('/')[1]!.split('?')[0]!;

/** By the first word of its addresses, which service answers. */
function addressesOf(all: readonly Service[]): ReadonlyMap<string, string> {
  const pathsOf = (some: readonly Service[]) =>
    Object.keys((openApi(some, VERSION, problemTable(some)) as { readonly paths: object }).paths).map(firstOf);
  const common = new Set(pathsOf([]));
  return new Map(
    all.flatMap((it) =>
      pathsOf([it])
        .filter((word) => !common.has(word))
        .map((word) => [word, it.name] as const),
    ),
  );
}

export function gateway(all: readonly Service[], urls: ReadonlyMap<string, string>, log: Logger): FastifyInstance {
  const server = Fastify({
    requestTimeout: 15_000,
    keepAliveTimeout: 72_000,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 200 },
    http: { maxHeaderSize: 16_384, headersTimeout: 10_000 },
  });
  const addresses = addressesOf(all);
  const owners = new Map(all.flatMap((it) => projectionsOf(it).map(({ name }) => [name, it.name] as const)));
  const downUntil = new Map<string, number>();
  const isDown = (url: string) => (downUntil.get(url) ?? 0) > performance.now();

  function refuse(request: FastifyRequest, reply: FastifyReply, problem: Problem): void {
    const language = languageOf(request.headers['accept-language']);
    const { status, text, headers } = answerTo(problem, PROBLEMS, language);
    void reply
      .status(status)
      .headers({ ...headers, 'content-language': language, 'cache-control': 'no-store' })
      .type('application/problem+json; charset=utf-8')
      .send(text);
  }
  function away(request: FastifyRequest, reply: FastifyReply, url: string, error: Error): void {
    downUntil.set(url, performance.now() + DOWN_MS);
    log.warn({ err: error, url }, 'a service does not answer');
    refuse(request, reply, new Problem('unavailable', {}, { 'Retry-After': '1' }));
  }
  function pass(request: FastifyRequest, reply: FastifyReply, url: string | undefined): void {
    if (url === undefined) return refuse(request, reply, new Problem('not-found'));
    reply.from(`${url}${request.url}`, { onError: (_, { error }) => away(request, reply, url, error) });
  }
  /** What each could answer. */
  const any = (): string | undefined => [...urls.values()].sort((a, b) => Number(isDown(a)) - Number(isDown(b)))[0];

  /** The answers of all of them to one question. */
  const asked = (request: FastifyRequest) =>
    Promise.all(
      [...urls].map(async ([name, url]) => {
        const { authorization, 'accept-language': language } = request.headers;
        const answer = await fetch(`${url}${request.url}`, {
          headers: { ...(authorization && { authorization }), ...(language && { 'accept-language': language }) },
          signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
        }).catch((error: Error) => error);
        if (answer instanceof Error) return { name, url, error: answer };
        const { status, headers } = answer;
        return { name, url, status, type: headers.get('content-type'), text: await answer.text() };
      }),
    );
  const LISTS = ['projections', 'workers', 'inboxes', 'relays'] as const;
  type Status = Readonly<Record<(typeof LISTS)[number], readonly object[]>>;
  /** What they say of themselves, one behind the other; what is common, as the first says it. */
  const merged = (texts: readonly string[]) => {
    const bodies = texts.map((it) => JSON.parse(it) as Status);
    return { ...bodies[0], ...Object.fromEntries(LISTS.map((list) => [list, bodies.flatMap((it) => it[list])])) };
  };

  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', (_request, body, done) => done(null, body));
  server.register(replyFrom, { undici: { pipelining: 1, headersTimeout: 60_000, bodyTimeout: 0 }, disableRequestLogging: true });
  server.setErrorHandler((error, request, reply) => {
    const status = (error as { statusCode?: number }).statusCode ?? 500;
    if (status >= 500) log.error({ err: error as Error }, 'fault');
    refuse(request, reply, new Problem(status >= 500 ? 'internal' : 'request-malformed'));
  });
  server.all('/*', (request, reply) => {
    const service = addresses.get(firstOf(request.url));
    pass(request, reply, service === undefined ? any() : urls.get(service));
  });

  server.get('/health/live', () => ({ status: 'live' }));
  server.get('/metrics', async (_, reply) => reply.type(register.contentType).send(await register.metrics()));
  server.get('/health/ready', async (request, reply) => {
    const answers = await asked(request);
    const ready = answers.filter((it) => it.status === 200 || it.status === 503);
    const isReady = answers.every((it) => it.status === 200);
    if (!isReady) reply.status(503).header('retry-after', '1');
    const found = ready.flatMap((it) => (it.text?.startsWith('{"status"') ? [it.text] : []));
    return {
      ...(found.length > 0 && merged(found)),
      status: isReady ? 'ready' : 'not-ready',
      services: Object.fromEntries(
        answers.map((it) => [it.name, it.status === undefined ? 'away' : it.status === 200 ? 'ready' : 'not-ready']),
      ),
    };
  });
  server.get('/operations/status', async (request, reply) => {
    const answers = await asked(request);
    const away_ = answers.find((it) => it.error);
    if (away_?.error) return away(request, reply, away_.url, away_.error);
    const refused = answers.find((it) => it.status !== 200);
    if (refused) return reply.status(refused.status!).type(refused.type!).send(refused.text);
    return merged(answers.map((it) => it.text!));
  });
  server.all<{ Params: { name: string } }>('/operations/projections/:name/rebuild', (request, reply) => {
    const service = owners.get(request.params.name);
    pass(request, reply, service === undefined ? any() : urls.get(service));
  });
  return server;
}

/** What is wrong with where the services are said to be: one that no service answers for would be missing without a word. */
function peersIn({ peers: found }: GatewayConfig): ReadonlyMap<string, string> {
  const key = peers.key;
  const known = services.map((it) => it.name);
  const unknown = [...(found?.keys() ?? [])].filter((it) => !known.includes(it));
  const missing = known.filter((it) => !found?.has(it));
  if (!found || missing.length > 0) throw new BadConfig([`${key}: says nothing of ${missing.join(', ')}`]);
  if (unknown.length > 0) throw new BadConfig([`${key}: there is no ${unknown.join(', ')}; there are ${known.join(', ')}`]);
  return found;
}

if (require.main === module)
  void runProgram(async (stopBy) => {
    const config = readSome(process.env, GATEWAY_SETTINGS);
    const urls = peersIn(config);
    measureProcess();
    const server = gateway(services, urls, logOfProgram(config.logLevel, 'gateway'));
    stopBy(() => closeWithin(config.shutdownGraceMs, server.server, () => server.close()));
    await listen(server, config);
    const where = [...urls].map(([name, url]) => `${name} at ${url}`).join(', ');
    console.log(`KAMS answers at http://${config.host}:${config.port}, for ${where}`);
  });
