// Who gets past the door: no route answers without a token but those that are public by name, whatever the address looks like.
import { createHmac, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { request } from 'node:http';
import { startTestServices, type TestServices } from '@kams/testing';
import { promised } from '@kams/testing/faults/promise';
import { Controller, Get } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { createLocalJWKSet } from 'jose';
import { createApp } from '../src/run/create-app';
import type { Runtime } from '../src/run/runtime';
import { IssuerUnavailable } from '../src/tokens/refusal';
import { TokenVerifier } from '../src/tokens/verify';
import { fieldService } from './visits';

const ISSUER = 'https://id.example.com';
const ours = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const foreign = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const keySet = createLocalJWKSet({ keys: [{ ...ours.publicKey.export({ format: 'jwk' }), kid: 'key-1', alg: 'ES256' }] });

const encode = (part: object | string): string =>
  Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');
function signed(header: object, claims: object | string, key: KeyObject = ours.privateKey): string {
  const text = `${encode(header)}.${encode(claims)}`;
  return `${text}.${sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}
const HEADER = { alg: 'ES256', typ: 'at+jwt', kid: 'key-1' };
const seconds = (): number => Math.floor(Date.now() / 1_000);
const claims = (other: object = {}) => ({
  ...{ iss: ISSUER, aud: 'kams', sub: 'user-1', tenant: 'acme', iat: seconds(), exp: seconds() + 600 },
  ...other,
});
const token = (otherClaims: object = {}, otherHeader: object = {}): string =>
  signed({ ...HEADER, ...otherHeader }, claims(otherClaims));

let kams: TestServices;
const apps: NestFastifyApplication[] = [];
let server: FastifyInstance;
let port: number;
let issuerIsDown = false;

function verifier(): TokenVerifier {
  const keys = (...them: Parameters<typeof keySet>) => {
    if (issuerIsDown) throw new IssuerUnavailable();
    return keySet(...them);
  };
  return new TokenVerifier({ issuer: ISSUER, audience: 'kams', algorithms: ['ES256'], keys: async (...them) => keys(...them) });
}

/** The same services once more, behind an issuer of the test's own. */
async function open(): Promise<{ server: FastifyInstance; port: number }> {
  const app = await createApp(kams.runtime, verifier(), 'test');
  apps.push(app);
  await app.listen(0, '127.0.0.1');
  return {
    server: app.getHttpAdapter().getInstance() as unknown as FastifyInstance,
    port: Number(new URL(await app.getUrl()).port),
  };
}

beforeAll(async () => {
  kams = await startTestServices([fieldService]);
  ({ server, port } = await open());
});
afterAll(async () => {
  for (const app of apps) await app.close();
  await kams?.stop();
});

interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly text: string;
}
/** Node's own client: it sends an address as it is given. */
const ask = (
  path: string,
  { method = 'GET', headers = {}, at = port }: { method?: string; headers?: object; at?: number } = {},
) =>
  new Promise<Answer>((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port: at, path, method, headers: { ...headers } }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (more: string) => {
        text += more;
        // A stream of events has no end of its own.
        if (answer.headers['content-type']?.startsWith('text/event-stream')) asked.destroy();
      });
      answer.on('close', () => resolve({ status: answer.statusCode!, headers: answer.headers, text }));
    });
    asked.on('error', reject).end();
  });
const bearer = (text: string) => ({ authorization: `Bearer ${text}` });

const anId = '0190f5a0-0000-7000-8000-000000000001';
const addressOf = (url: string): string => url.replace(':id', anId).replace(':name', 'visits').replace('*', 'swagger-ui.css');

const PUBLIC = [/^\/health\/(live|ready)$/, /^\/metrics$/, /^\/(openapi|asyncapi)\.json$/, /^\/docs(\/|$)/];

/** What each route says of itself, for a review of who may do what: a change here is a change of rights. */
promised('P18', 'every route says what it requires or is public by name, and asks for a token by that', async (tell) => {
  const table: Record<string, string> = {};
  for (const { method, url, requires } of server.routes) {
    if (method === 'HEAD') continue;
    table[`${method} ${url}`] = requires ? `${requires.resource} ${requires.actions.join(' ')}` : 'public';
    const bare = await ask(addressOf(url), { method });
    expect([method, url, bare.status === 401]).toEqual([method, url, requires !== undefined]);
  }
  expect(table).toEqual({
    'POST /visits': 'visit Plan',
    'POST /visits/:id/cancel': 'visit Cancel',
    'POST /visits/bulk': 'visit Plan Cancel',
    'GET /visits': 'visit read',
    'GET /visits/:id': 'visit read',
    'GET /events': '* stream',
    'GET /me': 'self ',
    'GET /policy': 'self ',
    'GET /operations/status': 'operations operate',
    'POST /operations/projections/:name/rebuild': 'operations operate',
    'GET /operations/projections/:name/rebuild': 'operations operate',
    'GET /operations/parked': 'operations operate',
    'GET /operations/parked/:id': 'operations operate',
    'POST /operations/parked/:id/retry': 'operations operate',
    'POST /operations/parked/:id/skip': 'operations operate',

    'GET /health/live': 'public',
    'GET /health/ready': 'public',
    'GET /metrics': 'public',
    'GET /openapi.json': 'public',
    'GET /asyncapi.json': 'public',
    'GET /docs': 'public',
    'GET /docs/': 'public',
    'GET /docs/index.html': 'public',
    'GET /docs/LICENSE': 'public',
    'GET /docs/*': 'public',
    'GET /docs/json': 'public',
    'GET /docs/yaml': 'public',
    'GET /docs/swagger-ui-init.js': 'public',
    'GET /docs/docs/swagger-ui-init.js': 'public',
  });
  const silent = server.routes.filter(({ url, requires }) => requires === undefined && !PUBLIC.some((it) => it.test(url)));
  tell({ routes: server.routes.length, silent: silent.length });
  expect(silent.map((it) => it.url)).toEqual([]);
});

test('P18 a route that says neither is refused when it is declared', async () => {
  @Controller('silent')
  class Silent {
    @Get()
    nothing(): void {}
  }
  const runtime = Object.assign(Object.create(kams.runtime) as Runtime, {
    services: [{ ...fieldService, controllers: [Silent] }],
  });
  await expect(createApp(runtime, verifier(), 'test')).rejects.toThrow(
    'GET /silent says neither what it requires nor that it is public',
  );
});

test('P17 a HEAD is asked for the token that the GET is asked for', async () => {
  const heads = server.routes.filter(({ method }) => method === 'HEAD');
  expect(heads.length).toBeGreaterThan(10);
  for (const { url } of heads) {
    const [get, head] = [await ask(addressOf(url)), await ask(addressOf(url), { method: 'HEAD' })];
    expect({ url, status: head.status === 401 }).toEqual({ url, status: get.status === 401 });
    expect(head.text).toBe('');
  }
});

// Without a token, and with one: where the second is 200 the address leads to the route, and so the first must be 401.
test.each<[string, string, { method?: string; headers?: object }, number, number]>([
  ['as it is', '/visits', {}, 401, 200],
  ['by HEAD', '/visits', { method: 'HEAD' }, 401, 200],
  ['with a slash at its end', '/visits/', {}, 401, 404],
  ['with two slashes', '//visits', {}, 404, 404],
  ['with a dot', '/./visits', {}, 404, 404],
  ['by way of a public one', '/health/live/../../visits', {}, 404, 404],
  ['by way of a public one, encoded', '/health/live/..%2f..%2fvisits', {}, 404, 404],
  ['by way of the pages', '/docs/..%2fvisits', {}, 404, 404],
  ['by way of the pages, twice encoded', '/docs/%252e%252e/visits', {}, 404, 404],
  ['with an encoded letter', '/%76isits', {}, 401, 200],
  ['in capitals', '/VISITS', {}, 404, 404],
  ['with a parameter of the path', '/visits;public=1', {}, 404, 404],
  ['with a suffix', '/visits.json', {}, 404, 404],
  ['with an encoded question mark', '/visits%3f', {}, 404, 404],
  ['with an encoded slash', '/visits%2f', {}, 404, 404],
  ['with a NUL', '/visits%00', {}, 404, 404],
  ['with a backslash', '/health\\..\\visits', {}, 404, 404],
  ['with a public address in its query', '/visits?after=&/health/live', {}, 401, 422],
  ['with a fragment', '/visits#/health/live', {}, 401, 422],
  ['in absolute form', 'http://127.0.0.1/visits', {}, 401, 200],
  ['under another address for a proxy', '/visits', { headers: { 'x-original-url': '/health/live' } }, 401, 200],
  ['under another method', '/visits', { headers: { 'x-http-method-override': 'OPTIONS' } }, 401, 200],
  ['by OPTIONS', '/visits', { method: 'OPTIONS' }, 405, 405],
  ['by TRACE', '/visits', { method: 'TRACE' }, 405, 405],
])('P17 a route asked for %s lets nobody in without a token', async (_, path, options, without, withToken) => {
  const bare = await ask(path, options);
  const known = await ask(path, { ...options, headers: { ...options.headers, ...bearer(token()) } });
  expect([bare.status, known.status]).toEqual([without, withToken]);
});

const unsigned = (alg: string): string => `${encode({ ...HEADER, alg })}.${encode(claims())}.`;
function signedWithThePublicKey(): string {
  const text = `${encode({ ...HEADER, alg: 'HS256' })}.${encode(claims())}`;
  return `${text}.${createHmac('sha256', ours.publicKey.export({ format: 'pem', type: 'spki' }))
    .update(text)
    .digest('base64url')}`;
}
const BAD_TOKENS: readonly (readonly [string, () => string])[] = [
  ['without a type', () => token({}, { typ: undefined })],
  ['for identity', () => token({}, { typ: 'JWT' })],
  ['without an end', () => token({ exp: undefined })],
  ['that has ended', () => token({ exp: seconds() - 6 })],
  ['of tomorrow', () => token({ nbf: seconds() + 60 })],
  ['for another audience', () => token({ aud: 'other' })],
  ['for no audience', () => token({ aud: undefined })],
  ['for several others', () => token({ aud: ['other', 'another'] })],
  ['of another issuer', () => token({ iss: 'https://evil.example.com' })],
  ['that was issued long ago', () => token({ iat: seconds() - 906 })],
  ['without a tenant', () => token({ tenant: undefined })],
  ['of a tenant that is none', () => token({ tenant: "acme' or '1'='1" })],
  ['without a signature that it names', () => unsigned('none')],
  ['signed with the public key', signedWithThePublicKey],
  ['signed by another', () => signed(HEADER, claims(), foreign.privateKey)],
  ['with an unknown key id', () => token({}, { kid: 'key-2' })],
  ['with a path as key id', () => token({}, { kid: '../../dev/null' })],
  ['that demands an extension', () => token({}, { crit: ['x'], x: 1 })],
  ['with a cut signature', () => token().slice(0, -4)],
  ['with a claim twice', () => signed(HEADER, JSON.stringify(claims()).replace(/}$/, ',"tenant":"other"}'))],
  ['longer than 8 KB', () => token({ more: 'x'.repeat(8_192) })],
  ['that is garbage', () => 'garbage'],
  ['of five parts', () => `${token()}.a.b`],
];
/** A good token where none is looked for. */
const NO_BEARER: readonly (readonly [string, () => object])[] = [
  ['under another scheme', () => ({ authorization: `Basic ${token()}` })],
  ['without a scheme', () => ({ authorization: token() })],
  ['with something behind it', () => ({ authorization: `Bearer ${token()} ${token()}` })],
  ['in a header sent twice', () => ({ authorization: [`Bearer ${token()}`, `Bearer ${token()}`] })],
  ['in the query', () => ({})],
  ['in a cookie', () => ({ cookie: `authorization=Bearer ${token()}; access_token=${token()}` })],
];

promised('P17', 'no request without a good token gets past the door of any route', async (tell) => {
  const { position } = await kams.store.head();
  const routes = server.routes.filter(({ requires }) => requires !== undefined);
  const ways = [
    ['without any', () => ({})] as const,
    ...NO_BEARER,
    ...BAD_TOKENS.map(([name, make]) => [name, () => bearer(make())] as const),
  ];
  let asked = 0;
  const past: string[] = [];
  for (const { method, url } of routes) {
    for (const [name, headers] of ways) {
      const { status } = await ask(addressOf(url), { method, headers: { 'content-type': 'application/json', ...headers() } });
      asked++;
      if (status !== 401) past.push(`${method} ${url} with a token ${name}: ${status}`);
    }
    // It is the token that was refused.
    const known = await ask(addressOf(url), { method, headers: bearer(token()) });
    expect([method, url, known.status === 401]).toEqual([method, url, false]);
  }
  const warm = token();
  expect((await ask('/visits', { headers: bearer(warm) })).status).toBe(200);
  issuerIsDown = true;
  const whileDown = [
    await ask('/visits', { headers: bearer(warm) }),
    await ask('/visits', { headers: bearer(token({ sub: 'new' })) }),
  ];
  issuerIsDown = false;
  tell({
    routes: routes.length,
    ways: ways.length,
    asked,
    past: past.length,
    warm: whileDown[0]!.status,
    cold: whileDown[1]!.status,
  });
  expect(past).toEqual([]);
  expect(whileDown.map((it) => it.status)).toEqual([200, 503]);
  expect((await kams.store.head()).position).toBe(position);
});

describe('P17 a token', () => {
  test.each(BAD_TOKENS)('%s is 401, and the answer repeats nothing of it', async (_, make) => {
    const text = make();
    const answer = await ask('/visits', { headers: bearer(text) });
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Bearer');
    expect(JSON.parse(answer.text)).toMatchObject({ code: 'unauthenticated', reason: expect.stringMatching(/^[a-z-]+$/) });
    expect(answer.text).not.toContain(text.slice(0, 20));
  });

  test.each(NO_BEARER)('%s is none', async (_, headers) => {
    const answer = await ask(`/visits?access_token=${token()}`, { headers: headers() });
    expect(answer.status).toBe(401);
    expect(JSON.parse(answer.text).code).toBe('unauthenticated');
  });

  test('ends a stream of events with it', async () => {
    const headers = { ...bearer(token({ exp: seconds() + 2.5 })), accept: 'text/event-stream' };
    const stream = await fetch(`http://127.0.0.1:${port}/events`, { headers });
    expect(stream.status).toBe(200);
    expect(await stream.text()).toContain(': connected'); // and an end
  });

  test('is 503 and not 401 while its issuer can not be asked, and good again as soon as it can', async () => {
    issuerIsDown = true;
    const fresh = token({ sub: 'somebody new' });
    const answer = await ask('/visits', { headers: bearer(fresh) });
    issuerIsDown = false;
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '1']);
    expect(JSON.parse(answer.text).code).toBe('unavailable');
    expect((await ask('/visits', { headers: bearer(fresh) })).status).toBe(200);
  });
});
