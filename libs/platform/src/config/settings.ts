// Every setting of the platform, once: readConfig() checks by this table, the reference and `kams doctor` list it.
import {
  boolean,
  brokers,
  duration,
  eventStoreDbUrl,
  folder,
  host,
  httpUrl,
  listOf,
  oneOf,
  peers,
  port,
  postgresUrl,
  secretWord,
  serviceNames,
  subjects,
  tenant,
  wholeNumber,
  word,
  type Value,
} from './value';

export type Key = `KAMS_${string}`;

interface About {
  readonly description: string;
  /** As one would write it in the environment. */
  readonly default?: string;
  /** Where production needs another default. */
  readonly defaultInProduction?: string;
  readonly requiredInProduction?: true;
  /** Of a number: what it counts. */
  readonly unit?: string;
  /** `<key>_FILE` may name a file that holds the value instead; one line break at its end is dropped. */
  readonly secret?: true;
}

export interface Setting<T = unknown> extends About {
  readonly key: Key;
  readonly value: Value<T>;
}

/** The values by their names in the program. One without a default may be missing. */
export type Values<S> = {
  readonly [Name in keyof S]: S[Name] extends Setting<infer T>
    ? S[Name] extends { default: string }
      ? T
      : T | undefined
    : never;
};

export const setting = <T, const A extends About>(key: Key, value: Value<T>, about: A): Setting<T> & A => ({
  key,
  value,
  ...about,
});

export const TOKEN_ALGORITHMS = ['RS256', 'ES256', 'EdDSA'] as const;
export type TokenAlgorithm = (typeof TOKEN_ALGORITHMS)[number];

export const SETTINGS = {
  mode: setting('KAMS_MODE', oneOf('development', 'production'), {
    description: 'development has an issuer of its own; production refuses whatever is unsafe and needs a real issuer.',
    default: 'development',
  }),
  services: setting('KAMS_SERVICES', serviceNames, {
    description: 'The services that this process runs; without it all of the installation.',
  }),
  peers: setting('KAMS_PEERS', peers, {
    description: 'Where each service answers, for the gateway: accounts=http://10.0.0.7:3000,... Hosts take no notice of it.',
  }),
  port: setting('KAMS_PORT', port, { description: 'TCP port of the HTTP server.', default: '3000' }),
  host: setting('KAMS_HOST', host, {
    description: 'Address that the HTTP server listens on. Development is for this machine only, unless it is told otherwise.',
    default: '127.0.0.1',
    defaultInProduction: '0.0.0.0',
  }),
  data: setting('KAMS_DATA', folder, {
    description: 'Folder of the installation: its keys and, without KAMS_POSTGRES_URL, its Postgres.',
    default: './.kams',
  }),
  postgresUrl: setting('KAMS_POSTGRES_URL', postgresUrl, {
    description: 'A Postgres of your own. Without it the product starts one in KAMS_DATA.',
    secret: true,
  }),
  store: setting('KAMS_STORE', oneOf('postgres', 'eventstoredb'), {
    description: 'Where the log is. Read models and the keys of persons are in Postgres with either.',
    default: 'postgres',
  }),
  eventStoreDbUrl: setting('KAMS_EVENTSTOREDB_URL', eventStoreDbUrl, {
    description: 'The EventStoreDB (22.6 or later) that has the log, with KAMS_STORE=eventstoredb.',
    secret: true,
  }),
  kafkaBrokers: setting('KAMS_KAFKA_BROKERS', brokers, {
    description:
      'The Kafka that the public events of each service are published to, as kams.<service>.v1. Without it none are; they can be read at /events with or without.',
  }),
  kafkaTls: setting('KAMS_KAFKA_TLS', boolean, {
    description:
      'Whether the brokers are spoken to with TLS; in production needed for those that are not on this machine. Their certificates must be of the names in KAMS_KAFKA_BROKERS, and of an authority that Node trusts: NODE_EXTRA_CA_CERTS adds your own.',
    default: 'false',
  }),
  kafkaUser: setting('KAMS_KAFKA_USER', word(255), {
    description: 'Who this process is in Kafka, by SCRAM-SHA-512; in production only with TLS. Without it nobody.',
  }),
  kafkaPassword: setting('KAMS_KAFKA_PASSWORD', secretWord(1_000), {
    description: 'The password of KAMS_KAFKA_USER.',
    secret: true,
  }),
  bus: setting('KAMS_BUS', oneOf('log', 'kafka'), {
    description:
      'Where the events of other services come from: straight from the log, or from the topics of KAMS_KAFKA_BROKERS. Beside a change, `kams rebuild` the views of other services.',
    default: 'log',
  }),
  poolSize: setting('KAMS_POOL_SIZE', wholeNumber(1, 200), {
    description:
      'Connections of the event store, and as many of queries, that a host holds to Postgres at most; beside them it holds about ten for its own work.',
    default: '10',
    unit: 'connections',
  }),
  logLevel: setting('KAMS_LOG_LEVEL', oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'), {
    description: 'The least important message that is still written.',
    default: 'info',
  }),
  issuer: setting('KAMS_ISSUER', httpUrl, {
    description: 'The `iss` of the tokens, letter by letter. In development none of the four means: the issuer of its own.',
    requiredInProduction: true,
  }),
  audience: setting('KAMS_AUDIENCE', word(200), {
    description: 'The `aud` that a token must have for this installation.',
    requiredInProduction: true,
  }),
  jwksUrl: setting('KAMS_JWKS_URL', httpUrl, {
    description: "Where the issuer's public keys are.",
    requiredInProduction: true,
  }),
  tokenAlgorithms: setting('KAMS_TOKEN_ALGORITHMS', listOf(...TOKEN_ALGORITHMS), {
    description: 'The algorithms that the issuer signs with; all others are refused.',
    requiredInProduction: true,
  }),
  administrators: setting('KAMS_ADMINISTRATORS', subjects, {
    description:
      'Who are administrators without a grant, as tenant:subject: the first ones, who grant roles to others. In development the ' +
      'subject of `kams token`, of every tenant.',
    default: '*:developer',
    requiredInProduction: true,
  }),
  operatingTenant: setting('KAMS_OPERATING_TENANT', tenant, {
    description:
      'The tenant whose operators and administrators operate the installation (kams status, rebuild). In development it may be ' +
      'left out: those of every tenant.',
    requiredInProduction: true,
  }),
  readWaitMs: setting('KAMS_READ_WAIT', duration('0ms', '30s'), {
    description: 'How long a query with `?after=` waits for its projection before it answers 503.',
    default: '2s',
  }),
  leaseMs: setting('KAMS_LEASE', duration('200ms', '5m'), {
    description:
      'How long a projection, reaction or timer still belongs to a process that says nothing any more, before another process takes it over.',
    default: '5s',
  }),
  shutdownGraceMs: setting('KAMS_SHUTDOWN_GRACE', duration('0ms', '5m'), {
    description: 'How long requests that are running may go on after SIGTERM.',
    default: '10s',
  }),
};

/** Read by the command line only. A host takes no notice of them, so that both can run in one environment. */
export const CLIENT_SETTINGS = {
  url: setting('KAMS_URL', httpUrl, { description: 'Where the command line finds the host.', default: 'http://127.0.0.1:3000' }),
  token: setting('KAMS_TOKEN', secretWord(8_192), { description: 'The token that the command line sends.', secret: true }),
};

export type Config = Values<typeof SETTINGS>;
