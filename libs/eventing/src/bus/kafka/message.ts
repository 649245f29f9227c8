// CloudEvents as Kafka carries them: binary mode of the Kafka protocol binding 1.0. Every attribute is a header, the value is the
// data as JSON, and the key is the stream.
import type { CloudEvent } from '../../run/cloud-event';
import { LogDamaged, type Position } from '../../store/port';
import type { LogPlace, Watermark } from '../port';
import { numberOf, offsetOf } from './offsets';

export interface Message {
  readonly key: string | null;
  /** Where it has no key that says it. */
  readonly partition?: number;
  readonly value: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

/** As it comes from Kafka, where anybody may have written anything. */
export interface RawMessage {
  readonly offset: bigint;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, Buffer | string | readonly (Buffer | string)[] | undefined>>;
}

const PREFIX = 'ce_';
/** The binding's own header for the attribute `datacontenttype`. */
const CONTENT_TYPE = 'content-type';
/** What no reader can do without. */
const NEEDED = [
  'specversion',
  'id',
  'type',
  'source',
  'time',
  'partitionkey',
  'sequence',
  'globalpos',
  'storeepoch',
  'recordedtime',
];

export function messageOf({ data, datacontenttype, ...attributes }: CloudEvent): Message {
  const headers: Record<string, string> = { [CONTENT_TYPE]: datacontenttype };
  for (const [name, value] of Object.entries(attributes)) headers[PREFIX + name] = value;
  return { key: attributes.partitionkey, value: Buffer.from(JSON.stringify(data)), headers };
}

/** Of the type of a watermark: one for all services, told apart by their topics. */
export const WATERMARK = 'kams.watermark.v1';
/** Where watermarks are: in one partition, or each of them would be twelve records. */
const WATERMARKS = 0;

export function watermarkOf({ ends, ...place }: Watermark): Message {
  const { epoch, position, eventId, eventPosition } = place;
  const attributes = { specversion: '1.0', type: WATERMARK, id: eventId, eventpos: eventPosition, globalpos: position };
  const headers = Object.entries({ ...attributes, storeepoch: epoch }).map(([name, value]) => [PREFIX + name, value]);
  const next = Object.fromEntries([...ends].map(([partition, end]) => [partition, String(numberOf(end) + 1n)]));
  return {
    key: null,
    partition: WATERMARKS,
    value: Buffer.from(JSON.stringify({ next })),
    headers: { [CONTENT_TYPE]: 'application/json', ...Object.fromEntries(headers) },
  };
}

/** @param where the message is: for who has to look at it. @throws LogDamaged when it is none of ours */
export function contentOf(
  message: RawMessage,
  where: string,
): { readonly event: CloudEvent } | { readonly watermark: Watermark } {
  const isWatermark = String(message.headers[`${PREFIX}type`]) === WATERMARK;
  return isWatermark ? { watermark: readWatermark(message, where) } : { event: eventOf(message, where) };
}

function readWatermark({ value, headers }: RawMessage, where: string): Watermark {
  const header = (name: string): string => {
    const given = headers[PREFIX + name];
    if (given === undefined || Array.isArray(given)) throw new LogDamaged(`${where} is no watermark: ${PREFIX}${name} missing`);
    return String(given);
  };
  const place: LogPlace = {
    epoch: header('storeepoch'),
    position: header('globalpos') as Position,
    eventId: header('id'),
    eventPosition: header('eventpos') as Position,
  };
  try {
    const { next } = JSON.parse(value!.toString()) as { readonly next: Readonly<Record<string, string>> };
    const ends = Object.entries(next).map(([partition, it]) => [Number(partition), offsetOf(BigInt(it) - 1n)] as const);
    return { ...place, ends: new Map(ends) };
  } catch {
    throw new LogDamaged(`${where} is no watermark: it does not say where the partitions end`);
  }
}

/** @param where the message is: for who has to look at it. @throws LogDamaged when it is none of ours */
export function eventOf({ key, value, headers }: RawMessage, where: string): CloudEvent {
  const fail = (what: string): never => {
    throw new LogDamaged(`${where} is no event that KAMS has published: ${what}`);
  };
  const event: Record<string, unknown> = {};
  for (const [name, given] of Object.entries(headers)) {
    if (name !== CONTENT_TYPE && !name.startsWith(PREFIX)) continue; // others add their own: tracing, proxies
    if (given === undefined || Array.isArray(given)) fail(`the header ${name} is there more than once`);
    event[name === CONTENT_TYPE ? 'datacontenttype' : name.slice(PREFIX.length)] = String(given);
  }
  const missing = NEEDED.filter((name) => event[name] === undefined);
  if (missing.length > 0) fail(`${missing.map((name) => PREFIX + name).join(', ')} missing`);
  if (event['specversion'] !== '1.0') fail(`ce_specversion is ${String(event['specversion'])}`);
  if (key?.toString() !== event['partitionkey']) fail('its key is not its ce_partitionkey');
  try {
    event['data'] = JSON.parse(value!.toString());
  } catch {
    fail('its value is no JSON');
  }
  return event as unknown as CloudEvent;
}
