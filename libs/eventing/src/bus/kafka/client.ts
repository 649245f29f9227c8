// The one file that knows the client, beside refusal.ts, which knows its errors. kafkajs 2.2.4 is the last of its line: to take
// another client is to change these two.
import { randomUUID } from 'node:crypto';
import {
  ConfigResourceTypes,
  Kafka,
  logLevel,
  Partitioners,
  type Admin,
  type KafkaConfig,
  type Producer,
  type RecordMetadata,
} from 'kafkajs';
import { delay } from '../../delay';
import { isWithin, within } from '../../within';
import { NotStorable, Unavailable } from '../../store/port';
import type { Message, RawMessage } from './message';
import { isTooLarge, told } from './refusal';

/** Of a partition: its first offset that is still there, and the one that comes next. */
export interface Reach {
  readonly first: bigint;
  readonly next: bigint;
}

/** What a fetch has brought of one partition, in order. */
export interface Fetched {
  readonly partition: number;
  readonly messages: readonly RawMessage[];
  /** The last that was looked at. */
  readonly last: bigint;
}

export interface Reading {
  readonly topic: string;
  /** It has a group of its own, below this name. */
  readonly group: string;
  /** Where each partition is to be read from, now. */
  next(): ReadonlyMap<number, bigint>;
  /** Resolves when the next may come. */
  take(fetched: Fetched): Promise<unknown>;
  /** Nothing more will come. */
  failed(error: Error): void;
}

export interface TopicSettings {
  readonly partitions: number;
  readonly config: Readonly<Record<string, string>>;
}

export interface Client {
  /** How many it has, also while a broker is away that leads some; undefined when there is no such topic. @throws Unavailable */
  partitions(topic: string): Promise<number | undefined>;
  /** By partition; undefined when there is no such topic. @throws Unavailable */
  reach(topic: string): Promise<ReadonlyMap<number, Reach> | undefined>;
  /** Reads in the background, and gives what it stops with. @throws Unavailable */
  read(reading: Reading): Promise<() => Promise<void>>;
  /** What it was created or changed to have. @throws Unavailable */
  config(topic: string, name: string): Promise<string | undefined>;
  /** Creates the topic unless it is there. @throws Unavailable */
  ensureTopic(topic: string, settings: TopicSettings): Promise<void>;
  /** What comes next in each partition that was written to. @throws NotStorable, Unavailable (some may be there) */
  send(topic: string, messages: readonly Message[]): Promise<ReadonlyMap<number, bigint>>;
  close(): Promise<void>;
}

/** The longest that a fetch waits at the broker, and so the longest that a consumer which stops has to wait for its answer. */
const FETCH_WAITS_MS = 500;
/** How often a member of a group says that it is alive while its batch is worked on. */
const ALIVE_EVERY_MS = 1_000;
/** kafkajs may try for minutes while brokers die (94 s were seen): who asks tries again by itself, and sooner. */
const SEND_WITHIN_MS = 10_000;
const CLOSE_WITHIN_MS = 10_000;
const TOPIC_WITHIN_MS = 10_000;
const ANSWER_WITHIN_MS = 15_000;
/** Murmur2 of the key, as Java's client has it, so that whoever writes to a topic puts a stream where it is. */
export const partitioner = Partitioners.DefaultPartitioner;
const CONNECTION: Omit<KafkaConfig, 'brokers'> = {
  clientId: 'kams',
  // It reports every step of every retry. What is not mended by itself is thrown.
  logLevel: logLevel.NOTHING,
  connectionTimeout: 3_000,
  requestTimeout: 10_000,
  retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 3 },
};

export interface Security {
  /** The certificate must be of an authority that Node trusts (NODE_EXTRA_CA_CERTS adds one), and of the name that was asked for. */
  readonly tls: boolean;
  /** By SCRAM-SHA-512. */
  readonly user?: { readonly name: string; readonly password: string } | undefined;
}

const secured = ({ tls, user }: Security): Pick<KafkaConfig, 'ssl' | 'sasl'> => ({
  // Said here, so that NODE_TLS_REJECT_UNAUTHORIZED=0 and Node's own options change nothing: a password is sent behind it.
  ...(tls && { ssl: { rejectUnauthorized: true, minVersion: 'TLSv1.2' } }),
  ...(user && { sasl: { mechanism: 'scram-sha-512', username: user.name, password: user.password } }),
});

/** A producer, and the messages that its send writes to each partition: it may be asked twice for one. */
interface Sender {
  readonly producer: Producer;
  readonly written: Map<number, Set<unknown>>;
}

export function connect(brokers: readonly string[], security: Security): Client {
  const { tls } = security;
  const kafka = new Kafka({ ...CONNECTION, ...secured(security), brokers: [...brokers] });
  let producing: Promise<Sender> | undefined;
  /** A connection an answer: these questions are rare, and nothing is left open. */
  async function asked<T>(right: string, question: (admin: Admin) => Promise<T>): Promise<T> {
    const admin = kafka.admin();
    try {
      const asking = admin.connect().then(() => question(admin));
      return await within(ANSWER_WITHIN_MS, asking, () => new Error(`no answer within ${ANSWER_WITHIN_MS} ms`));
    } catch (error) {
      throw told(error, { right, tls });
    } finally {
      void admin.disconnect().catch(ignore); // it may hang as the question did
    }
  }

  async function sender(): Promise<Sender> {
    const written = new Map<number, Set<unknown>>();
    const producer = kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner() {
        const partitionOf = partitioner();
        return (sent) => {
          const partition = partitionOf(sent);
          const messages = written.get(partition);
          if (messages) messages.add(sent.message);
          else written.set(partition, new Set([sent.message]));
          return partition;
        };
      },
    });
    await producer.connect();
    return { producer, written };
  }

  /** A producer that has failed does not recover: its next numbers would be refused. The next send has a new one. */
  async function discard(): Promise<void> {
    const failed = producing;
    producing = undefined; // before anything else: the next send may come at once
    const it = await failed?.catch(ignore);
    if (it) await within(CLOSE_WITHIN_MS, it.producer.disconnect(), () => new Unavailable('Kafka does not answer')).catch(ignore);
  }

  return {
    partitions: (topic) =>
      asked(`see ${topic} (Describe)`, async (admin) => {
        if (!(await isThere(admin, topic))) return undefined;
        const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
        return topics[0]?.partitions.length;
      }),

    reach: (topic) =>
      asked(`see ${topic} (Describe)`, async (admin) => {
        if (!(await isThere(admin, topic))) return undefined;
        const offsets = await admin.fetchTopicOffsets(topic);
        return new Map(offsets.map((it) => [it.partition, { first: BigInt(it.low), next: BigInt(it.high) }]));
      }),

    config: (topic, name) =>
      asked(`see the settings of ${topic} (DescribeConfigs)`, async (admin) => {
        const { resources } = await admin.describeConfigs({
          includeSynonyms: false,
          resources: [{ type: ConfigResourceTypes.TOPIC, name: topic, configNames: [name] }],
        });
        return resources[0]?.configEntries.find((it) => it.configName === name)?.configValue;
      }),

    ensureTopic: (topic, { partitions, config }) =>
      asked(`see ${topic} (Describe), or to create it (Create)`, async (admin) => {
        const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }));
        // Asked first: a service needs no right to create what is there. Nor is it waited for: of a cluster that has just lost a
        // broker some partitions have no leader for 9 s, and what is sent to them waits by itself.
        if (await isThere(admin, topic)) return;
        await admin.createTopics({ topics: [{ topic, numPartitions: partitions, configEntries }], waitForLeaders: false });
        // Every broker hears of it a little later; the client's own wait takes the first that has not for an error.
        for (const end = performance.now() + TOPIC_WITHIN_MS; !(await isServed(admin, topic)); await delay(50))
          if (performance.now() > end) throw new Error(`${topic} was not there within ${TOPIC_WITHIN_MS} ms`);
      }),

    async read({ topic, group, next, take, failed }) {
      const rights = { right: `read ${topic} (Read)`, groupRight: `groups that begin with ${group}. (Read)`, tls };
      const consumer = kafka.consumer({
        groupId: `${group}.${randomUUID()}`,
        maxWaitTimeInMs: FETCH_WAITS_MS,
        allowAutoTopicCreation: false,
        // Else it would begin again by itself, beside the one that its reader begins.
        retry: { ...CONNECTION.retry, restartOnFailure: async () => false },
      });
      // Before the first fetch, and whenever the group has formed anew: Kafka knows no offsets of ours.
      consumer.on(consumer.events.GROUP_JOIN, () => {
        for (const [partition, offset] of next()) consumer.seek({ topic, partition, offset: String(offset) });
      });
      consumer.on(consumer.events.CRASH, ({ payload }) => failed(told(payload.error, rights)));
      try {
        await consumer.connect();
        await consumer.subscribe({ topic, fromBeginning: true });
        // Not to be disconnected before this has come back: it would go on for ever.
        await consumer.run({
          autoCommit: false,
          eachBatchAutoResolve: false,
          async eachBatch({ batch, resolveOffset, heartbeat }) {
            const taken = take({
              partition: batch.partition,
              messages: batch.messages.map(({ offset, key, value, headers = {} }) => ({
                offset: BigInt(offset),
                key,
                value,
                headers,
              })),
              last: BigInt(batch.lastOffset()),
            });
            while (!(await isWithin(ALIVE_EVERY_MS, taken))) await heartbeat();
            resolveOffset(batch.lastOffset());
          },
        });
      } catch (error) {
        await consumer.disconnect().catch(ignore);
        throw told(error, rights);
      }
      return () => within(CLOSE_WITHIN_MS, consumer.disconnect(), () => new Unavailable('Kafka does not answer')).catch(ignore);
    },

    async send(topic, messages) {
      try {
        const sending = (producing ??= sender()).then(async ({ producer, written }) => {
          written.clear();
          return nextOf(written, await producer.send({ topic, messages: [...messages] }));
        });
        return await within(SEND_WITHIN_MS, sending, () => new Error(`no answer within ${SEND_WITHIN_MS} ms`));
      } catch (error) {
        void discard();
        throw isTooLarge(error)
          ? new NotStorable('it is too large for the topic')
          : told(error, { right: `write to ${topic} (Write)`, tls });
      }
    },

    close: discard,
  };
}

/**
 * kafkajs 2.2.4 keeps the answers of brokers over its own retries: one that has answered and becomes the leader of what another
 * had is not sent that, and the send resolves all the same.
 * @returns what comes next in each partition
 * @throws Error
 */
export function nextOf(
  written: ReadonlyMap<number, ReadonlySet<unknown>>,
  answers: readonly Pick<RecordMetadata, 'partition' | 'baseOffset'>[],
): ReadonlyMap<number, bigint> {
  const first = new Map(answers.map((it) => [it.partition, it.baseOffset]));
  const missing = [...written.keys()].filter((it) => first.get(it) === undefined);
  if (missing.length > 0) throw new Error(`no broker has answered for partition ${missing.join(', ')}`);
  return new Map([...written].map(([partition, { size }]) => [partition, BigInt(first.get(partition)!) + BigInt(size)]));
}

const isThere = async (admin: Admin, topic: string): Promise<boolean> => (await admin.listTopics()).includes(topic);

const isServed = async (admin: Admin, topic: string): Promise<boolean> => {
  if (!(await isThere(admin, topic))) return false;
  return admin.fetchTopicOffsets(topic).then(
    () => true,
    () => false,
  );
};

const ignore = () => undefined;
