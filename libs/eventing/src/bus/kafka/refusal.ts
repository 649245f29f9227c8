// What kafkajs throws, told as what it is. It gives up on a wrong password, and tries all else again for about a second.
import { Unavailable } from '../../store/port';

/** Kafka answers, and does not let us in. It is tried again: passwords, certificates and rights are mended elsewhere. */
export class Refused extends Unavailable {
  constructor(
    readonly why: 'password' | 'authority' | 'name' | 'validity' | 'listener' | 'right',
    says: string,
    options?: ErrorOptions,
  ) {
    super(`Kafka: ${says}`, options);
  }
}

/** What was asked for, in so far as it matters to why it failed. */
export interface Asked {
  /** What a user needs for it. */
  readonly right: string;
  /** The same, of the group. */
  readonly groupRight?: string;
  readonly tls: boolean;
}

interface Thrown extends Error {
  readonly type?: unknown;
  readonly code?: unknown;
  readonly errors?: readonly Thrown[];
}

const UNTRUSTED = new Set<unknown>([
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);
const OUT_OF_DATE = new Set<unknown>(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID']);
const OTHER_PROTOCOL = /wrong version number|packet length too long|before secure TLS/;

/** Errors of a send that no other attempt mends. */
const TOO_LARGE = new Set<unknown>(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);
export const isTooLarge = (error: unknown): boolean => rootsOf(error as Thrown).some((it) => TOO_LARGE.has(it.type));

/** It wraps what it has given up on, and gathers what has failed together. */
const rootsOf = (error: Thrown): readonly Thrown[] => [
  error,
  ...(error.errors ?? []).flatMap(rootsOf),
  ...(error.cause instanceof Error ? rootsOf(error.cause) : []),
];

/** Never says what was sent: who one is, and a password least of all. */
export function told(cause: unknown, { right, groupRight = right, tls }: Asked): Unavailable {
  if (cause instanceof Unavailable) return cause;
  const { message } = cause as Thrown;
  for (const it of rootsOf(cause as Thrown)) {
    const refused = (why: Refused['why'], says: string) => new Refused(why, says, { cause });
    // Whatever fails while one says who one is has this name, a broker that dies too.
    if (it.name === 'KafkaJSSASLAuthenticationError' && /invalid credentials/i.test(it.message))
      return refused('password', 'the user or the password is refused');
    if (it.name === 'KafkaJSSASLAuthenticationError' && /server (signature|nonce)/i.test(it.message))
      return refused('password', 'what answers has not proved that it knows the password');
    if (it.type === 'UNSUPPORTED_SASL_MECHANISM' || /mechanism is not supported/.test(it.message))
      return refused('listener', 'users are not known by SCRAM-SHA-512 at this address');
    if (it.type === 'ILLEGAL_SASL_STATE') return refused('listener', 'nobody is asked at this address who one is');
    if (it.code === 'ERR_TLS_CERT_ALTNAME_INVALID')
      return refused('name', `the certificate is of another name: ${it.message.replace(/^Connection error: /, '').trim()}`);
    if (UNTRUSTED.has(it.code)) return refused('authority', 'the certificate is of no authority that this process trusts');
    if (OUT_OF_DATE.has(it.code)) return refused('validity', 'the certificate has expired, or is not valid yet');
    // kafkajs 2.2.4 drops why: the right is missing, or the broker is going.
    if (it.name === 'KafkaJSGroupCoordinatorNotFound')
      return new Unavailable(`Kafka is away: it names no coordinator; has the user the right to ${groupRight}?`, { cause });
    if (it.type === 'GROUP_AUTHORIZATION_FAILED') return refused('right', `the user has no right to ${groupRight}`);
    if (/_AUTHORIZATION_FAILED$/.test(String(it.type))) return refused('right', `the user has no right to ${right}`);
  }
  if (tls && OTHER_PROTOCOL.test(message))
    return new Unavailable('Kafka is away: the connection ended before TLS was agreed on; does it speak TLS at this address?', {
      cause,
    });
  if (message === 'Closed connection')
    return new Unavailable(`Kafka is away: it has closed the connection; does it want ${tls ? '' : 'TLS, or '}a user?`, {
      cause,
    });
  return new Unavailable(`Kafka is away: ${message}`, { cause });
}
