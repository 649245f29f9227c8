// What the service says of itself: pages that need no network, and documents that are complete and sound.
import Ajv2020 from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { startTestServices, type TestServices } from '@kams/testing';
import type { FastifyInstance } from 'fastify';
import { createApp } from '../src/run/create-app';
import { fieldService } from './visits';

type Json = Record<string, unknown>;
interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly schema: Json;
}
interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly parameters?: readonly Parameter[];
  readonly responses: Record<string, { readonly description: string; readonly content?: Record<string, { schema?: Json }> }>;
  readonly security?: readonly Json[];
  readonly requestBody?: { readonly content: Record<string, { readonly schema: Json; readonly example?: unknown }> };
}

let kams: TestServices;
let server: FastifyInstance;
let openApi: { openapi: string; info: Json; paths: Record<string, Json>; components: { schemas: Json; securitySchemes: Json } };
let asyncApi: {
  channels: Record<string, { address: string; messages: Record<string, { payload: Json; examples: { payload: unknown }[] }> }>;
  operations: Record<string, { action: string; channel: { $ref: string } }>;
};

beforeAll(async () => {
  kams = await startTestServices([fieldService]);
  const app = await createApp(kams.runtime, undefined as never, 'test');
  server = app.getHttpAdapter().getInstance() as unknown as FastifyInstance;
  openApi = (await kams.ask('/openapi.json')).body;
  asyncApi = (await kams.ask('/asyncapi.json')).body;
});
afterAll(() => kams?.stop());

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'];
const operations = (): { path: string; method: string; operation: Operation; shared: readonly Parameter[] }[] =>
  Object.entries(openApi.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => method in item).map((method) => ({
      path,
      method,
      operation: item[method] as Operation,
      shared: (item['parameters'] ?? []) as readonly Parameter[],
    })),
  );

/** Every value below a document, with its JSON pointer. */
function* walk(value: unknown, pointer = '#'): Generator<[pointer: string, value: unknown]> {
  yield [pointer, value];
  if (typeof value !== 'object' || value === null) return;
  for (const [name, below] of Object.entries(value)) {
    yield* walk(below, `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`);
  }
}
const danglingRefs = (document: unknown): unknown[] => {
  const pointers = new Set([...walk(document)].map(([pointer]) => pointer));
  return [...walk(document)].filter(([at, it]) => at.endsWith('/$ref') && !pointers.has(it as string)).map(([, it]) => it);
};

/** A checker of one schema of the document; what it refers to is in the document. */
const ajv = addFormats(new Ajv2020({ strict: false, allErrors: true }));
function checker(document: Json, schema: Json): (value: unknown) => string | undefined {
  const validate = ajv.compile({ ...schema, components: document['components'] });
  return (value) => (validate(value) ? undefined : ajv.errorsText(validate.errors));
}

describe('/docs', () => {
  test('is made of files that the service itself has: nothing in it asks for another place', async () => {
    const page = await kams.ask('/docs', { headers: { accept: 'text/html' } });
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toMatch(/^text\/html/);
    const links = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, it]) => it!).filter((it) => !it.startsWith('#'));
    expect(links.filter((it) => it.endsWith('.js'))).toHaveLength(3);
    for (const link of links) {
      const { origin, pathname } = new URL(link, `${kams.url}/docs`);
      expect(origin).toBe(kams.url);
      const asset = await kams.ask(pathname, { headers: { accept: '*/*' } });
      expect({ link, status: asset.status, empty: asset.text === '' }).toEqual({ link, status: 200, empty: false });
      expect(asset.text).not.toMatch(/@import|url\(\s*["']?https?:/);
    }
  });

  test('is told by a policy that its browser may load nothing from elsewhere', async () => {
    const policy = (await kams.ask('/docs', { headers: { accept: 'text/html' } })).headers.get('content-security-policy');
    expect(policy).toBe("default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'");
    const data = (await kams.ask('/openapi.json')).headers.get('content-security-policy');
    expect(data).toBe("default-src 'none'; frame-ancestors 'none'");
  });

  test('shows the document that /openapi.json gives', async () => {
    const script = await kams.ask('/docs/swagger-ui-init.js', { headers: { accept: '*/*' } });
    const [, options] = /let options = (.*?);\s*url = options/s.exec(script.text)!;
    expect(JSON.parse(options!).swaggerDoc).toEqual(openApi);
    expect((await kams.ask('/docs/json')).body).toEqual(openApi);
  });
});

describe('/openapi.json', () => {
  test('has every route of the router, and no other', () => {
    const declared = operations().map(({ path, method }) => `${method.toUpperCase()} ${path}`);
    const routed = server.routes
      // Assets of the pages, and the GET of a HEAD.
      .filter(({ method, url }) => method !== 'HEAD' && !/^\/docs\/(?!json$|yaml$)/.test(url))
      .map(({ method, url }) => `${method} ${url.replace(/:(\w+)/g, '{$1}')}`);
    expect(declared.toSorted()).toEqual(routed.toSorted());
  });

  test('is OpenAPI 3.1: what an object must have it has, and every reference leads somewhere', () => {
    expect(openApi.openapi).toBe('3.1.0');
    expect(openApi.info).toMatchObject({ title: expect.any(String), version: expect.any(String) });
    expect(danglingRefs(openApi)).toEqual([]);
    const ids = operations().map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { path, operation, shared } of operations()) {
      expect(path).toMatch(/^\/[\w{}./-]*$/);
      const { tags, summary, responses, security, parameters = [] } = operation;
      expect({ path, tags, summary }).toEqual({ path, tags: [expect.any(String)], summary: expect.any(String) });
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const given = [...shared, ...parameters];
      expect(given.filter((it) => it.in === 'path').map(({ name, required }) => ({ name, required }))).toEqual(
        inPath.map((name) => ({ name, required: true })),
      );
      expect(new Set(given.map((it) => `${it.in} ${it.name}`)).size).toBe(given.length);
      for (const it of given) {
        expect(['path', 'query', 'header']).toContain(it.in);
        expect(it.schema).toBeDefined();
      }
      expect(Object.keys(responses).some((status) => /^2\d\d$/.test(status))).toBe(true);
      for (const [status, { description }] of Object.entries(responses)) {
        expect(status).toMatch(/^(\d{3}|default)$/);
        expect(description).toMatch(/./);
      }
      for (const it of security ?? [])
        for (const name of Object.keys(it)) expect(openApi.components.securitySchemes).toHaveProperty(name);
    }
  });

  test('has schemas that are JSON Schema 2020-12, and examples that fit them', () => {
    const examples: unknown[] = [];
    for (const { operation } of operations()) {
      const bodies = [operation.requestBody, ...Object.values(operation.responses)].flatMap((it) =>
        Object.values(it?.content ?? {}),
      );
      for (const { schema = {}, example } of bodies as { schema?: Json; example?: unknown }[]) {
        const check = checker(openApi as never, schema);
        if (example === undefined) continue;
        examples.push(example);
        expect(check(example)).toBeUndefined();
        expect(check({ ...(example as object), 'no such field': 1 })).toMatch(/additional/);
      }
      for (const { schema } of operation.parameters ?? []) checker(openApi as never, schema);
    }
    expect(examples).toHaveLength(2);
  });

  test('describes the answers that come', async () => {
    const answerTo = (path: string, method: string, status: string) => {
      const { content = {} } = (openApi.paths[path]![method] as Operation).responses[status]!;
      return checker(openApi as never, Object.values(content)[0]!.schema!);
    };
    const opened = await kams.post('/visits', {
      accountId: '0190f5a0-0000-7000-8000-000000000001',
      day: '2026-03-02',
      subject: 'x',
    });
    expect(answerTo('/visits', 'post', '201')(opened.body)).toBeUndefined();
    const { id, position } = opened.body;
    expect(answerTo('/visits', 'get', '200')((await kams.ask(`/visits?after=${position}`)).body)).toBeUndefined();
    expect(answerTo('/visits/{id}', 'get', '200')((await kams.ask(`/visits/${id}`)).body)).toBeUndefined();
    const refusals: [path: string, asked: string, method: string, body: unknown][] = [
      ['/visits', '/visits', 'post', {}],
      ['/visits/{id}/cancel', '/visits/0190f5a0-0000-7000-8000-00000000ffff/cancel', 'post', { reason: 'x' }],
      ['/visits', '/visits?limit=0', 'get', undefined],
      ['/operations/projections/{name}/rebuild', '/operations/projections/none/rebuild', 'post', undefined],
    ];
    for (const [path, asked, method, body] of refusals) {
      const answer = await kams.ask(asked, { method: method.toUpperCase(), body });
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect({ asked, refused: answerTo(path, method, String(answer.status))(answer.body) }).toEqual({ asked });
    }
    expect(answerTo('/health/live', 'get', '200')((await kams.ask('/health/live')).body)).toBeUndefined();
    const ready = await kams.ask('/health/ready');
    expect(answerTo('/health/ready', 'get', String(ready.status))(ready.body)).toBeUndefined();
    expect(answerTo('/operations/status', 'get', '200')((await kams.ask('/operations/status')).body)).toBeUndefined();
    const rebuild = await kams.ask('/operations/projections/visits/rebuild', { method: 'POST' });
    expect(rebuild.status).toBe(202);
    expect(answerTo('/operations/projections/{name}/rebuild', 'post', '202')(rebuild.body)).toBeUndefined();
  });

  test('says of each route whether it asks for a token', async () => {
    for (const { path, method, operation } of operations()) {
      const url = `${kams.url}${path.replace('{id}', '0190f5a0-0000-7000-8000-000000000001').replace('{name}', 'visits')}`;
      const answer = await fetch(url, { method: method.toUpperCase() });
      await answer.body?.cancel();
      expect({ path, method, open: answer.status !== 401 }).toEqual({ path, method, open: operation.security?.length === 0 });
    }
  });
});

describe('/asyncapi.json', () => {
  test('has the public events of the service on its topic, and no other', () => {
    expect(Object.keys(asyncApi.channels)).toEqual(['kams.field.v1']);
    expect(Object.keys(asyncApi.channels['kams.field.v1']!.messages)).toEqual([
      'kams.field.visit.planned.v1',
      'kams.watermark.v1',
    ]);
    expect(asyncApi.operations).toEqual({ 'publish.field': { action: 'send', channel: { $ref: '#/channels/kams.field.v1' } } });
    expect(asyncApi).toMatchObject({ asyncapi: '3.0.0', info: { title: expect.any(String), version: 'test' } });
    expect(danglingRefs(asyncApi)).toEqual([]);
  });

  test('has payloads that are JSON Schema, and examples that fit them', () => {
    for (const { messages } of Object.values(asyncApi.channels)) {
      for (const [name, { payload, examples }] of Object.entries(messages)) {
        const check = checker(asyncApi as never, payload);
        expect(examples.length).toBeGreaterThan(0);
        for (const it of examples) expect({ name, refused: check(it.payload) }).toEqual({ name });
        expect(check({})).toMatch(/required/);
      }
    }
  });

  test('describes the events that leave the service', async () => {
    await kams.post('/visits', { accountId: '0190f5a0-0000-7000-8000-000000000001', day: '2026-03-03', subject: 'x' });
    const events = (await kams.ask('/events')).text
      .trimEnd()
      .split('\n')
      .map((it) => JSON.parse(it) as Json);
    expect(events.length).toBeGreaterThan(0);
    const { components, channels } = asyncApi as unknown as {
      components: { schemas: { CloudEventHeaders: Json } };
    } & typeof asyncApi;
    const checkHeaders = checker(asyncApi as never, { ...components.schemas.CloudEventHeaders, additionalProperties: false });
    for (const { data, datacontenttype: _, ...attributes } of events) {
      const { payload } = channels['kams.field.v1']!.messages[attributes['type'] as string]!;
      expect(checker(asyncApi as never, payload)(data)).toBeUndefined();
      const headers = Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`ce_${name}`, value]));
      expect(checkHeaders(headers)).toBeUndefined();
    }
  });
});
