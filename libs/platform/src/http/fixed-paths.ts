// The paths that every installation has beside those of its services, for /openapi.json.
import { eventsQuery } from './events.controller';
import { jsonSchema, parametersOf, type Json } from './json-schema';
import { parkedQuery, skipBody } from './operations.controller';
import type { GeneralCode } from './problems';

const text = { type: 'string' };
const object = (properties: Json): Json => ({ type: 'object', required: Object.keys(properties), properties });

const projection: Json = {
  ...object({
    name: text,
    position: text,
    lag: { type: 'integer', description: 'Events that it is behind; with the log in EventStoreDB, bytes of it.' },
  }),
  description:
    '`failure` says why it stands still, `rebuild` how its rebuild goes; for operators `owner` is the process that keeps it, `parked` how many aggregates it holds back.',
};
const worker: Json = {
  ...object({ name: text }),
  description: 'A reaction, a timer, the erasures or the rights; `failure` says why it stands still, `owner` who does it.',
};
const relay: Json = {
  ...object({ topic: text }),
  description:
    'A topic of Kafka. `failure` says why nothing comes to it; for operators `owner` is the process that fills it, `lag` how far it is behind, as for a projection. No request needs it.',
};
const inbox: Json = {
  ...object({ service: text, producer: text }),
  description:
    'What a service has of another one over Kafka. `failure` says why nothing comes; for operators `owner` is the process that collects, `events` how many are there, `lag` how many records of the topic are not, `repeats` what came again, `healed` what had to be asked of the producer. No request needs it.',
};
const status = {
  epoch: text,
  head: text,
  projections: { type: 'array', items: projection },
  workers: { type: 'array', items: worker },
  inboxes: { type: 'array', items: inbox },
  relays: { type: 'array', items: relay },
};
const rebuild: Json = {
  ...object({ state: { enum: ['running', 'done', 'stopped', 'failed'] } }),
  description: '`position` of `head` says how far it has come, `error` why it failed.',
};
const held = object({ role: text, accountId: { type: ['string', 'null'], format: 'uuid' } });
const rule: Json = {
  ...object({ role: text, resource: text, actions: { anyOf: [{ const: 'all' }, { type: 'array', items: text }] } }),
  description: '`fields` says what may be read, where that is not all.',
};
const rules: Json = { type: 'array', items: rule };
const parked: Json = {
  ...object({
    id: text,
    service: text,
    reader: { type: 'string', description: 'The projection, or `reaction:<name>`.' },
    key: { type: 'string', description: 'What waits: a group of rows, or a stream.' },
    eventId: text,
    type: text,
    tenantId: text,
    stream: text,
    revision: { type: 'integer' },
    position: text,
    waiting: { type: 'integer', description: 'Events that wait, this one included.' },
    tries: { type: 'integer' },
    error: text,
    since: { type: 'string', format: 'date-time' },
    state: { enum: ['trying', 'parked'] },
  }),
  description: 'An event that can not be handled, and what waits behind it. Nothing of its data.',
};
const parkedPage = object({ items: { type: 'array', items: parked }, next: { type: ['string', 'null'] } });
const tried: Json = { oneOf: [object({ id: text, state: { const: 'through' } }), parked] };
const parkedId: Json = { name: 'id', in: 'path', required: true, schema: { type: 'string', format: 'uuid' } };
const projectionName: Json = { name: 'name', in: 'path', required: true, schema: text };

const answer = (type: string, schema: Json, description = 'As asked'): Json => ({ description, content: { [type]: { schema } } });
const json = (schema: Json, description?: string): Json => answer('application/json', schema, description);
const operation = (tag: string, operationId: string, summary: string, responses: Json, more: Json = {}): Json => ({
  operationId,
  tags: [tag],
  summary,
  ...more,
  responses,
});

/** `refused` gives the answers of these codes, by their status. */
export function fixedPaths(refused: (...codes: readonly GeneralCode[]) => Json): Record<string, Json> {
  const open = { security: [] };
  const document = (id: string, summary: string, type: string): Json => ({
    get: operation('Documents', id, summary, { 200: answer(type, {}), ...refused() }, open),
  });
  const forOperators = refused('unauthenticated', 'forbidden', 'not-found', 'unavailable');

  return {
    '/events': {
      get: operation(
        'Events',
        'events',
        'The public events, from a position on',
        {
          200: { description: 'CloudEvents 1.0', content: { 'application/x-ndjson': {}, 'text/event-stream': {} } },
          ...refused('unauthenticated', 'forbidden', 'invalid', 'position-foreign', 'unavailable'),
        },
        {
          description: 'NDJSON, or server-sent events with `Accept: text/event-stream` (then `Last-Event-ID` is understood too).',
          parameters: parametersOf(eventsQuery),
        },
      ),
    },
    '/health/live': {
      get: operation(
        'Health',
        'live',
        'The process runs',
        { 200: json(object({ status: { const: 'live' } })), ...refused() },
        open,
      ),
    },
    '/health/ready': {
      get: operation(
        'Health',
        'ready',
        'Every projection moves, and has come to where the store was at the start',
        {
          200: json(object({ status: { const: 'ready' }, ...status })),
          503: json(object({ status: { const: 'not-ready' }, ...status }), 'Not yet; Retry-After says when to ask again'),
          ...refused(),
        },
        open,
      ),
    },
    '/metrics': {
      get: operation(
        'Health',
        'metrics',
        'In the form that Prometheus reads',
        { 200: answer('text/plain', text), ...refused() },
        open,
      ),
    },
    '/me': {
      get: operation('Rights', 'me', 'Who one is here, with which roles where, and what these allow', {
        200: json(object({ subject: text, tenantId: text, roles: { type: 'array', items: held }, policy: rules })),
        ...refused('unauthenticated', 'unavailable'),
      }),
    },
    '/policy': {
      get: operation('Rights', 'policy', 'Who may do what: role x action x resource x field', {
        200: json(object({ roles: { type: 'object' }, rules })),
        ...refused('unauthenticated', 'unavailable'),
      }),
    },
    '/operations/status': {
      get: operation('Operations', 'status', 'How far each projection has come', { 200: json(object(status)), ...forOperators }),
    },
    '/operations/projections/{name}/rebuild': {
      parameters: [projectionName],
      post: operation('Operations', 'rebuild', 'Build a projection again while it goes on serving', {
        202: json(rebuild, 'Begun, or joined'),
        ...forOperators,
      }),
      get: operation('Operations', 'rebuilding', 'How a rebuild goes', { 200: json(rebuild), ...forOperators }),
    },
    '/operations/parked': {
      get: operation(
        'Operations',
        'parked',
        'The events that can not be handled, the longest parked first',
        { 200: json(parkedPage), ...refused('unauthenticated', 'forbidden', 'invalid', 'cursor-invalid', 'unavailable') },
        { parameters: parametersOf(parkedQuery) },
      ),
    },
    '/operations/parked/{id}': {
      parameters: [parkedId],
      get: operation('Operations', 'showParked', 'One of them', { 200: json(parked), ...forOperators }),
    },
    '/operations/parked/{id}/retry': {
      parameters: [parkedId],
      post: operation('Operations', 'retryParked', 'Handle it and what waits behind it, in order', {
        200: json(tried, 'Tried: through, or parked again'),
        202: json(parked, 'Its owner has not got to it yet'),
        ...forOperators,
      }),
    },
    '/operations/parked/{id}/skip': {
      parameters: [parkedId],
      post: operation(
        'Operations',
        'skipParked',
        'Leave this one event out for good, and go on behind it',
        {
          200: json(tried, 'Left out; what comes behind is through, or parked again'),
          202: json(parked, 'Its owner has not got to it yet'),
          ...refused('unauthenticated', 'forbidden', 'not-found', 'invalid', 'unavailable'),
        },
        {
          description: 'Who, when and why is kept; a rebuild leaves it out as well.',
          requestBody: { required: true, content: { 'application/json': { schema: jsonSchema(skipBody) } } },
        },
      ),
    },
    '/openapi.json': document('openApi', 'This document', 'application/json'),
    '/asyncapi.json': document('asyncApi', 'The events, as AsyncAPI', 'application/json'),
    '/docs': document('docs', 'This document, to read and to try out', 'text/html'),
    '/docs/json': document('docsJson', 'This document', 'application/json'),
    '/docs/yaml': document('docsYaml', 'This document', 'text/yaml'),
  };
}
