// /asyncapi.json: what leaves on the bus, generated from the contracts of the public events.
import type { EventContract } from '@kams/contracts/define';
import { withoutPersonal } from '@kams/contracts/personal';
import { impersonal, publicType, topicOf } from '@kams/eventing';
import { WATERMARK } from '@kams/eventing/bus/kafka/message';
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
    channels[topic] = {
      address: topic,
      description: it.description,
      messages: { ...Object.fromEntries(messages), [WATERMARK]: watermark },
    };
    operations[`publish.${it.name}`] = { action: 'send', channel: { $ref: `#/channels/${topic}` } };
  }
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'KAMS events',
      version,
      description:
        'CloudEvents 1.0, on Kafka in binary mode: each at least once, and those of a stream in order at first sight. A repeat has the same `ce_id` and the same `ce_sequence`: drop what is not larger than the last of its key. `GET /events` gives the same events in structured mode.',
    },
    defaultContentType: 'application/json',
    channels,
    operations,
    components: { schemas: { CloudEventHeaders: cloudEventHeaders, WatermarkHeaders: watermarkHeaders } },
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
    'content-type': { const: 'application/json' },
    ce_specversion: { const: '1.0' },
    ce_id: text('Of the event in the store; a repeat has the same.', 'uuid'),
    ce_type: text('The name of the message.'),
    ce_source: text('/kams/<tenant>/<service>', 'uri-reference'),
    ce_subject: text('<aggregate>/<id>'),
    ce_time: text('When it happened in the business.', 'date-time'),
    ce_dataschema: text('The schema of the payload.', 'uri'),
    ce_partitionkey: text('The stream, as the key of the record.'),
    ce_sequence: text('Revision of the stream, from 0; what is not public leaves holes.'),
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

const watermarkHeaders: Json = {
  type: 'object',
  required: ['specversion', 'type', 'id', 'eventpos', 'globalpos', 'storeepoch'].map((name) => `ce_${name}`),
  properties: {
    'content-type': { const: 'application/json' },
    ce_specversion: { const: '1.0' },
    ce_type: { const: WATERMARK },
    ce_id: text('Of the event that stands at ce_eventpos in the store, public or not.', 'uuid'),
    ce_eventpos: text('Position of the last event that was looked at.'),
    ce_globalpos: text('Position in the store: all that is public up to here is on the topic.'),
    ce_storeepoch: text('The history that the positions belong to.', 'uuid'),
  },
};

/** No event: a reader that wants events alone passes over this type. */
const watermark: Json = {
  name: WATERMARK,
  title: 'Watermark',
  'x-title-zh': '水位标记',
  summary: 'Who has read each partition up to `next` has all that is public up to ce_globalpos. In partition 0, without a key.',
  contentType: 'application/json',
  headers: { $ref: '#/components/schemas/WatermarkHeaders' },
  payload: {
    type: 'object',
    required: ['next'],
    additionalProperties: false,
    properties: {
      next: {
        type: 'object',
        description: 'By partition, the offset that comes next.',
        additionalProperties: { type: 'string', pattern: '^\\d+$' },
      },
    },
  },
  examples: [{ payload: { next: { 0: '512', 1: '498' } } }],
};
