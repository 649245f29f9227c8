// An append that the port takes, with its payloads as the JSON text that is stored. What can not be stored fails here, at its
// caller, before it can spoil a batch with others.
import { NotStorable, type Expected, type NewEvent } from './port';

export interface StoredEvent {
  readonly id: string;
  readonly type: string;
  readonly schema: number;
  readonly data: string;
  readonly metadata: string;
}
export interface Append {
  readonly stream: string;
  readonly expected: Expected;
  readonly events: readonly StoredEvent[];
  readonly bytes: number;
  /** Of the command that it is of. */
  readonly traceparent?: string;
}

/** Of the JSON text of all events of an append together. EventStoreDB takes 1 MiB by default. */
const MOST_BYTES = 1_000_000;
const MOST_CHARACTERS = 200;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** Postgres refuses NUL; a lone surrogate has no UTF-8, and would be stored as another name. */
const UNWRITABLE = /[\0\p{Cs}]/u;

export const isName = (name: string): boolean => name !== '' && name.length <= MOST_CHARACTERS && !UNWRITABLE.test(name);

/** @throws NotStorable */
export function toAppend(stream: string, expected: Expected, events: readonly NewEvent[]): Append {
  if (!isName(stream)) throw new NotStorable(`a stream's name has 1 to ${MOST_CHARACTERS} characters: ${JSON.stringify(stream)}`);
  if (expected !== 'none' && expected !== 'any' && expected !== 'exists' && !(Number.isSafeInteger(expected) && expected >= 0)) {
    throw new NotStorable(`expected is a revision from 0, 'none', 'any' or 'exists', and not ${expected}`);
  }
  if (events.length === 0) throw new NotStorable('an append has 1 or more events');

  const stored: StoredEvent[] = [];
  let bytes = 0;
  for (const [i, it] of events.entries()) {
    if (!UUID.test(it.id)) throw new NotStorable(`an event's id is a UUID in lower case: ${it.id}`);
    if (!isName(it.type))
      throw new NotStorable(`an event's type has 1 to ${MOST_CHARACTERS} characters: ${JSON.stringify(it.type)}`);
    if (!(Number.isInteger(it.schema) && it.schema >= 0 && it.schema <= 32_767)) {
      throw new NotStorable(`an event's schema is 0 to 32767, and not ${it.schema}`);
    }
    const data = toJson(it, 'data');
    // The events of one command share one metadata object.
    const metadata = it.metadata === events[i - 1]?.metadata ? stored[i - 1]!.metadata : toJson(it, 'metadata');
    bytes += Buffer.byteLength(data) + Buffer.byteLength(metadata);
    stored.push({ id: it.id, type: it.type, schema: it.schema, data, metadata });
  }
  if (bytes > MOST_BYTES) throw new NotStorable(`an append has at most ${MOST_BYTES} bytes of JSON, and not ${bytes}: split it`);
  return { stream, expected, events: stored, bytes, traceparent: events[0]!.metadata.traceparent };
}

function toJson({ type, data, metadata }: NewEvent, part: 'data' | 'metadata'): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(part === 'data' ? data : metadata);
  } catch (cause) {
    throw new NotStorable(`JSON can not hold the ${part} of ${type}: ${(cause as Error).message}`, { cause });
  }
  if (text?.[0] !== '{' && text?.[0] !== '[') throw new NotStorable(`the ${part} of ${type} is not an object`);
  return text;
}

/** The revision that the first event of an append has when it is a repeat. */
export const firstRevision = (expected: Expected): number => (typeof expected === 'number' ? expected + 1 : 0);
