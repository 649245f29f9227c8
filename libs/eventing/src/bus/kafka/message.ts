// CloudEvents as Kafka carries them: binary mode of the Kafka protocol binding 1.0. Every attribute is a header, the value is the
// data as JSON, and the key is the stream.
import type { CloudEvent } from '../../run/cloud-event';
import { LogDamaged } from '../../store/port';

export interface Message {
  readonly key: string;
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
