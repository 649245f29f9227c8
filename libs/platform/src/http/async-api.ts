// /asyncapi.json: what leaves on the bus, generated from the contracts of the public events.
import type { EventContract } from '@kams/contracts/define';
import { withoutPersonal } from '@kams/contracts/personal';
import { impersonal, publicType, topicOf } from '@kams/eventing';
import { contractsOf } from '../service';
import type { Service } from '../service';
import { jsonSchema, type Json } from './json-schema';

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
    info: {
      title: 'KAMS events',
      version,
      description:
        'CloudEvents 1.0, in binary mode where a broker carries them. This release has no driver for one: the bus reads the log of the store itself, and `GET /events` gives the same events in structured mode.',
    },
    defaultContentType: 'application/json',
    channels,
    operations,
    components: { schemas: { CloudEventHeaders: cloudEventHeaders } },
  };
}

const message = (service: string, event: EventContract): Json => ({
  name: publicType(service, event.public!, event.version),
  title: event.label.en,
  'x-title-zh': event.label.zh,
  summary: event.description,
  contentType: 'application/json',
  headers: { $ref: '#/components/schemas/CloudEventHeaders' },
  payload: withoutPersonal(jsonSchema(event.data, 'output')),
  bindings: { kafka: { key: { type: 'string', description: 'The stream: events with one key are in order.' } } },
  examples: [{ payload: impersonal(event, event.example) }],
});

const text = (description: string, format?: string): Json => ({ type: 'string', description, ...(format && { format }) });

/** The attributes of `CloudEvent`, each as a header of the record. */
const cloudEventHeaders: Json = {
  type: 'object',
  required: [
    ...['specversion', 'id', 'type', 'source', 'subject', 'time', 'partitionkey', 'sequence', 'globalpos', 'storeepoch'],
    ...['correlationid', 'causationid', 'recordedtime', 'tenantid', 'actor'],
  ].map((name) => `ce_${name}`),
  properties: {
    ce_specversion: { const: '1.0' },
    ce_id: text('Of the event in the store; a repeat has the same.', 'uuid'),
    ce_type: text('The name of the message.'),
    ce_source: text('/kams/<tenant>/<service>', 'uri-reference'),
    ce_subject: text('<aggregate>/<id>'),
    ce_time: text('When it happened in the business.', 'date-time'),
    ce_dataschema: text('The schema of the payload.', 'uri'),
    ce_partitionkey: text('The stream, as the key of the record.'),
    ce_sequence: text('Revision of the stream, from 0, without holes.'),
    ce_globalpos: text('Position in the store; it means something only together with its epoch.'),
    ce_storeepoch: text('The history that the position belongs to.', 'uuid'),
    ce_correlationid: text('What belongs together.'),
    ce_causationid: text('What this came of.'),
    ce_recordedtime: text('When it was stored.', 'date-time'),
    ce_tenantid: text('Whose it is.'),
    ce_actor: text('Who did it.'),
    ce_traceparent: text('W3C trace context.'),
  },
};
