// /openapi.json and /asyncapi.json: generated from the contracts and the declarations of the queries, so that they can not lag.
import type { Type } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants';
import type { CommandContract, EventContract } from '@kams/contracts/define';
import { publicType, topicOf, type AnyAggregate } from '@kams/eventing';
import { z } from 'zod';
import { contractsOf } from '../run/runtime';
import type { Service } from '../service';
import { commandRoutes } from './command-routes';
import { eventsQuery } from './events.controller';
import type { ProblemText } from './problems';
import { queryOf, READ, type ReadOptions } from './read';

export type Json = Record<string, unknown>;

const jsonSchema = (schema: z.ZodType, io: 'input' | 'output' = 'input'): Json => {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io, unrepresentable: 'any', target: 'draft-2020-12' });
  return json;
};

const problem = (...codes: readonly string[]): Json => ({
  description: codes.join(', '),
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
});
const header = (name: string, description: string): Json => ({ name, in: 'header', description, schema: { type: 'string' } });
const pathId: Json = { name: 'id', in: 'path', required: true, schema: { type: 'string', format: 'uuid' } };
const openApiPath = (...parts: readonly string[]): string =>
  `/${parts.filter(Boolean).join('/')}`.replace(/:(\w+)/g, '{$1}').replace(/\/+/g, '/');

const COMMAND_HEADERS = [
  header('Idempotency-Key', 'The same key and body get the same answer, and nothing happens twice.'),
  header('If-Match', 'The ETag that you decided by: "3". Stale, it is answered 412.'),
  header('Occurred-At', 'When it happened, if not now: history that is recorded later.'),
];

const answered: Json = {
  description: 'Stored, or nothing to do',
  headers: { ETag: { description: 'The revision, as If-Match takes it', schema: { type: 'string' } } },
  content: { 'application/json': { schema: { $ref: '#/components/schemas/CommandAnswer' } } },
};

function commandOperation({ contract }: AnyAggregate, type: string, opens: boolean, hasId: boolean): Json {
  const command: CommandContract = contract.commands[type]!;
  const refusals = Object.entries(contract.refusals).map(([code]) => code);
  return {
    operationId: `${contract.name}.${type}`,
    tags: [contract.label.en],
    summary: command.label.en,
    description: command.description,
    'x-label-zh': command.label.zh,
    parameters: [...(hasId ? [pathId] : []), ...COMMAND_HEADERS],
    requestBody: {
      required: true,
      content: { 'application/json': { schema: jsonSchema(command.data), example: command.example } },
    },
    responses: {
      ...(opens && { 201: { ...answered, description: 'Opened; Location says where' } }),
      200: answered,
      400: problem('json-unacceptable', 'header-malformed'),
      401: problem('unauthenticated'),
      404: problem('not-found'),
      409: problem('version-conflict', ...refusals),
      412: problem('stale'),
      422: problem('invalid', 'command-id-reused'),
      503: problem('unavailable', 'outcome-unknown'),
    },
  };
}

function bulkOperation({ contract }: AnyAggregate): Json {
  const line = (type: string) => ({
    type: 'object',
    required: ['command', 'data'],
    properties: {
      command: { const: type },
      id: { type: 'string', format: 'uuid' },
      idempotencyKey: { type: 'string' },
      occurredAt: { type: 'string', format: 'date-time' },
      data: jsonSchema(contract.commands[type]!.data),
    },
  });
  return {
    operationId: `${contract.name}.bulk`,
    tags: [contract.label.en],
    summary: `Up to 1,000 commands, one a line`,
    description: 'Newline-delimited JSON in and out: an outcome for each line, in their order. A refused line touches no other.',
    requestBody: {
      required: true,
      content: { 'application/x-ndjson': { schema: { oneOf: Object.keys(contract.commands).map(line) } } },
    },
    responses: {
      200: { description: 'An outcome a line', content: { 'application/x-ndjson': {} } },
      413: problem('body-too-large'),
    },
  };
}

function parametersOf(query: z.ZodObject): Json[] {
  const { properties = {}, required = [] } = jsonSchema(query) as { properties?: Record<string, Json>; required?: string[] };
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query',
    required: required.includes(name) && schema['default'] === undefined,
    ...(description !== undefined && { description }),
    schema,
  }));
}

/** The queries that a controller declares with `@Read`. */
function* readsOf(controller: Type): Generator<{ path: string; name: string; options: ReadOptions }> {
  const base = Reflect.getMetadata(PATH_METADATA, controller) as string;
  const prototype = controller.prototype as object;
  for (const name of Object.getOwnPropertyNames(prototype)) {
    const handler = (prototype as Record<string, unknown>)[name];
    if (typeof handler !== 'function' || Reflect.getMetadata(METHOD_METADATA, handler) === undefined) continue;
    const options = Reflect.getMetadata(READ, handler) as ReadOptions | undefined;
    if (options) yield { path: openApiPath(base, Reflect.getMetadata(PATH_METADATA, handler) as string), name, options };
  }
}

export function openApi(services: readonly Service[], version: string, problems: ReadonlyMap<string, ProblemText>): Json {
  const paths: Record<string, Json> = {};
  const at = (path: string, method: string, operation: Json) => {
    paths[path] = { ...paths[path], [method]: operation };
  };
  for (const { aggregates, controllers } of services) {
    for (const aggregate of aggregates) {
      for (const { type, path, opens } of commandRoutes(aggregate)) {
        at(openApiPath(aggregate.contract.plural, path), 'post', commandOperation(aggregate, type, opens, path.includes(':id')));
      }
      at(openApiPath(aggregate.contract.plural, 'bulk'), 'post', bulkOperation(aggregate));
    }
    for (const controller of controllers) {
      for (const { path, name, options } of readsOf(controller)) {
        at(path, 'get', {
          operationId: `${controller.name}.${name}`,
          tags: [openApiTag(path)],
          summary: options.summary,
          ...(options.description !== undefined && { description: options.description }),
          parameters: [...(path.includes('{id}') ? [pathId] : []), ...parametersOf(queryOf(options))],
          responses: {
            200: { description: 'As asked', content: { 'application/json': { schema: jsonSchema(options.answer, 'output') } } },
            401: problem('unauthenticated'),
            404: problem('not-found'),
            422: problem('invalid', 'cursor-invalid', 'position-foreign'),
            503: problem('not-yet-projected', 'unavailable'),
          },
        });
      }
    }
  }
  at('/events', 'get', {
    operationId: 'events',
    tags: ['Events'],
    summary: 'The public events, from a position on',
    description: 'NDJSON, or server-sent events with `Accept: text/event-stream` (then `Last-Event-ID` is understood too).',
    parameters: parametersOf(eventsQuery),
    responses: { 200: { description: 'CloudEvents 1.0', content: { 'application/x-ndjson': {}, 'text/event-stream': {} } } },
  });
  return {
    openapi: '3.1.0',
    info: { title: 'KAMS', version, description: services.map((it) => it.description).join('\n\n') },
    security: [{ bearer: [] }],
    paths,
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      schemas: {
        CommandAnswer: {
          type: 'object',
          required: ['id', 'revision', 'position', 'outcome'],
          properties: {
            id: { type: 'string', format: 'uuid' },
            revision: { type: 'integer', minimum: -1 },
            position: { type: 'string', description: 'Give it to a query as `after` to read your own write.' },
            outcome: { enum: ['opened', 'changed', 'unchanged'] },
          },
        },
        Problem: {
          type: 'object',
          description: 'RFC 9457 problem details',
          required: ['type', 'title', 'status', 'detail', 'code'],
          properties: {
            type: { type: 'string' },
            title: { type: 'string' },
            status: { type: 'integer' },
            detail: { type: 'string', description: 'What it means and what to do, in the language of Accept-Language (en, zh)' },
            code: { enum: [...problems.keys()] },
          },
        },
      },
    },
  };
}

const openApiTag = (path: string): string => path.split('/')[1]!.replace(/^./, (it) => it.toUpperCase());

export function asyncApi(services: readonly Service[], version: string): Json {
  const channels: Record<string, Json> = {};
  const operations: Record<string, Json> = {};
  for (const it of services) {
    const topic = topicOf(it.name);
    const messages = contractsOf(it).flatMap(({ events }) =>
      Object.values(events)
        .filter((event: EventContract) => event.public !== undefined)
        .map((event: EventContract) => [publicType(it.name, event.public!, event.version), message(it.name, event)] as const),
    );
    channels[topic] = { address: topic, description: it.description, messages: Object.fromEntries(messages) };
    operations[`publish.${it.name}`] = { action: 'send', channel: { $ref: `#/channels/${topic}` } };
  }
  return {
    asyncapi: '3.0.0',
    info: { title: 'KAMS events', version },
    defaultContentType: 'application/json',
    channels,
    operations,
  };
}

const message = (service: string, event: EventContract): Json => ({
  name: publicType(service, event.public!, event.version),
  title: event.label.en,
  'x-title-zh': event.label.zh,
  summary: event.description,
  contentType: 'application/json',
  payload: jsonSchema(event.data, 'output'),
  examples: [{ payload: event.example }],
});
