// /openapi.json: generated from the contracts and the declarations of the queries, so that it can not lag.
import type { Type } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants';
import type { CommandContract } from '@kams/contracts/define';
import { keys, type AnyAggregate } from '@kams/eventing';
import type { Service } from '../service';
import { commandRoutes } from './command-routes';
import { fixedPaths } from './fixed-paths';
import { jsonSchema, parametersOf, type Json } from './json-schema';
import type { ProblemText } from './problems';
import { queryOf, READ, type ReadOptions } from './read';

export { asyncApi } from './async-api';
export type { Json } from './json-schema';

type Refused = (...codes: readonly string[]) => Json;

/** The answers of codes, by their status; whatever else may come is a problem too. */
const refusedBy =
  (problems: ReadonlyMap<string, ProblemText>): Refused =>
  (...codes) => {
    const answers: Record<string, Json> = {};
    for (const { status } of new Set(codes.map((code) => problems.get(code)!))) {
      answers[status] ??= problem(codes.filter((code) => problems.get(code)!.status === status).join(', '));
    }
    return { ...answers, default: problem('Any other problem') };
  };
const problem = (description: string): Json => ({
  description,
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
});

const header = (name: string, description: string): Json => ({ name, in: 'header', description, schema: { type: 'string' } });
const pathId = (name: string): Json => ({ name, in: 'path', required: true, schema: { type: 'string', format: 'uuid' } });
/** Of everything that a path names. */
const idsOf = (path: string): Json[] => [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => pathId(name!));
const openApiPath = (...parts: readonly string[]): string =>
  `/${parts.join('/').split('/').filter(Boolean).join('/')}`.replace(/:(\w+)/g, '{$1}');

const TRACE = header('traceparent', 'W3C trace context, which its events keep. One that is malformed is taken for none.');
const COMMAND_HEADERS = [
  TRACE,
  header(
    'Idempotency-Key',
    'The same key and body get the same answer, and nothing happens twice. A key is known for 1,000 further commands to its thing.',
  ),
  header('If-Match', 'The ETag that you decided by: "3". Stale, it is answered 412.'),
  header('Occurred-At', 'When it happened, if not now: history that is recorded later.'),
];
const COMMAND_CODES = [
  ...[
    'json-unacceptable',
    'body-empty',
    'header-malformed',
    'unauthenticated',
    'forbidden',
    'not-found',
    'version-conflict',
    'person-erased',
    'stale',
  ],
  ...['body-too-large', 'media-type-unsupported', 'invalid', 'number-not-exact', 'precondition-unsupported'],
  ...['command-id-reused', 'not-storable', 'unavailable', 'outcome-unknown'],
];

const answered: Json = {
  description: 'Stored, or nothing to do',
  headers: { ETag: { description: 'The revision, as If-Match takes it', schema: { type: 'string' } } },
  content: { 'application/json': { schema: { $ref: '#/components/schemas/CommandAnswer' } } },
};

function commandOperation(
  { contract, claims }: AnyAggregate,
  type: string,
  opens: boolean,
  hasId: boolean,
  refused: Refused,
): Json {
  const command: CommandContract = contract.commands[type]!;
  const refusals = Object.keys({ ...contract.refusals, ...(claims?.[type] && keys(contract.name).contract.refusals) });
  return {
    operationId: `${contract.name}.${type}`,
    tags: [contract.label.en],
    summary: command.label.en,
    description: command.description,
    'x-label-zh': command.label.zh,
    parameters: [...(hasId ? [pathId('id')] : []), ...COMMAND_HEADERS],
    requestBody: {
      required: true,
      content: { 'application/json': { schema: jsonSchema(command.data), example: command.example } },
    },
    responses: {
      ...(opens && { 201: { ...answered, description: 'Opened; Location says where' } }),
      200: answered,
      ...refused(...COMMAND_CODES, ...refusals),
    },
  };
}

function bulkOperation({ contract }: AnyAggregate, refused: Refused): Json {
  const line = ([type, { data, opens = contract.ledger }]: [string, CommandContract]) => ({
    type: 'object',
    required: ['command', 'data', ...(opens ? [] : ['id'])],
    properties: {
      command: { const: type },
      ...(!opens && { id: { type: 'string', format: 'uuid' } }),
      idempotencyKey: { type: 'string' },
      occurredAt: { type: 'string', format: 'date-time' },
      data: jsonSchema(data),
    },
    additionalProperties: false,
  });
  return {
    operationId: `${contract.name}.bulk`,
    tags: [contract.label.en],
    summary: 'Up to 1,000 commands, one a line',
    description: 'Newline-delimited JSON in and out: an outcome for each line, in their order. A refused line touches no other.',
    parameters: [
      header(
        'Idempotency-Key',
        'Gives each line without a key one of its own: the same lines in the same order get the same answers.',
      ),
      TRACE,
    ],
    requestBody: {
      required: true,
      content: {
        'application/x-ndjson': { schema: { oneOf: Object.entries<CommandContract>(contract.commands).map(line) } },
      },
    },
    responses: {
      200: { description: 'An outcome a line', content: { 'application/x-ndjson': {} } },
      ...refused(
        'body-empty',
        'header-malformed',
        'unauthenticated',
        'forbidden',
        'body-too-large',
        'media-type-unsupported',
        'precondition-unsupported',
      ),
    },
  };
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

const readOperation = (controller: Type, path: string, name: string, options: ReadOptions, refused: Refused): Json => ({
  operationId: `${controller.name}.${name}`,
  tags: [tagOf(path)],
  summary: options.summary,
  ...(options.description !== undefined && { description: options.description }),
  parameters: [...idsOf(path), ...parametersOf(queryOf(options))],
  ...(options.body && {
    requestBody: {
      required: true,
      content: { 'application/json': { schema: jsonSchema(options.body), example: options.example } },
    },
  }),
  responses: {
    200: { description: 'As asked', content: { 'application/json': { schema: jsonSchema(options.answer, 'output') } } },
    ...refused(
      'unauthenticated',
      'forbidden',
      'field-forbidden',
      'not-found',
      'invalid',
      'cursor-invalid',
      'position-foreign',
      'not-yet-projected',
      'unavailable',
    ),
  },
});
const tagOf = (path: string): string => path.split('/')[1]!.replace(/^./, (it) => it.toUpperCase());

export function openApi(services: readonly Service[], version: string, problems: ReadonlyMap<string, ProblemText>): Json {
  const refused = refusedBy(problems);
  const paths: Record<string, Json> = {};
  const at = (path: string, method: string, operation: Json) => {
    paths[path] = { ...paths[path], [method]: operation };
  };
  for (const { aggregates, controllers } of services) {
    for (const aggregate of aggregates) {
      const { plural } = aggregate.contract;
      for (const { type, path, opens } of commandRoutes(aggregate)) {
        at(openApiPath(plural, path), 'post', commandOperation(aggregate, type, opens, path.includes(':id'), refused));
      }
      at(openApiPath(plural, 'bulk'), 'post', bulkOperation(aggregate, refused));
    }
    for (const controller of controllers) {
      for (const { path, name, options } of readsOf(controller)) {
        at(path, options.body ? 'post' : 'get', readOperation(controller, path, name, options, refused));
      }
    }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'KAMS', version, description: services.map((it) => it.description).join('\n\n') },
    security: [{ bearer: [] }],
    paths: { ...paths, ...fixedPaths(refused) },
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      schemas: { CommandAnswer: commandAnswer, Problem: problemOf([...problems.keys()]) },
    },
  };
}

const commandAnswer: Json = {
  type: 'object',
  required: ['id', 'revision', 'position', 'outcome'],
  properties: {
    id: { type: 'string', description: 'A UUID; of a ledger, the tenant.' },
    revision: { type: 'integer', minimum: -1 },
    position: { type: 'string', description: 'Give it to a query as `after` to read your own write.' },
    outcome: { enum: ['opened', 'changed', 'unchanged'] },
  },
};

const problemOf = (codes: readonly string[]): Json => ({
  type: 'object',
  description: 'RFC 9457 problem details',
  required: ['type', 'title', 'status', 'detail', 'code'],
  properties: {
    type: { type: 'string', format: 'uri-reference' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string', description: 'What it means and what to do, in the language of Accept-Language (en, zh)' },
    code: { enum: codes },
  },
});
