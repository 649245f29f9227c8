// The bus over Kafka. A consumer belongs to a group of its own, because it reads all partitions and keeps its offsets beside its
// rows: nothing is committed to Kafka, and no other member can take a partition away in the middle of a batch.
import type { CloudEvent } from '../../run/cloud-event';
import { resumed } from '../../store/follow';
import { Unavailable, type Position } from '../../store/port';
import { OffsetGone, type Bus, type BusBatch, type BusRecord, type LogPlace, type Publisher, type Watermark } from '../port';
import { connect, type Client, type Fetched, type Reach, type Security } from './client';
import { Handover } from './handover';
import { contentOf, messageOf, watermarkOf, type Message } from './message';
import { numberOf, offsetOf } from './offsets';

export interface KafkaOptions {
  /** `host:port` of some brokers. */
  readonly brokers: readonly string[];
  /** In clear and as nobody, when nothing is said. */
  readonly security?: Security | undefined;
  /** Told when Kafka is away; it is tried again by itself. */
  readonly onError?: (error: Unavailable) => void;
}

export interface KafkaBus extends Bus, Publisher {
  /** Whether it is there, and this user may see it. @throws Unavailable */
  hasTopic(topic: string): Promise<boolean>;
  /** What would lose events of a topic, or their order, in words; undefined when nothing would. @throws RangeError, Unavailable */
  topicFault(topic: string): Promise<string | undefined>;
}

/** For ever: another count would put the keys into other partitions, and lose their order. Divides by 1, 2, 3, 4, 6 and 12. */
export const PARTITIONS = 12;
/** Kafka forgets after a week: the store does not. Never compacted, which would keep the last event of a stream only. */
const CLEANUP = 'cleanup.policy';
const CONFIG = { [CLEANUP]: 'delete', 'retention.ms': String(7 * 24 * 3_600_000) };
/** What is sent at once. kafkajs puts a send together in a time that grows with its square: 500 take 2 ms, 20,000 two seconds. */
const SEND_EVENTS = 500;
/** A broker takes 1 MiB at once. An event is never larger than that: it goes alone. */
const SEND_BYTES = 500_000;
const NEWEST_WITHIN_MS = 30_000;

const IN_CLEAR: Security = { tls: false };

export function kafkaBus({ brokers, security = IN_CLEAR, onError = ignore }: KafkaOptions): KafkaBus {
  const client = connect(brokers, security);
  let isPublishing = false;
  /** By topic: what comes next in each partition; asked for the first watermark, and known from then on. */
  const ends = new Map<string, ReadonlyMap<number, bigint>>();

  /** Kafka shows nobody a topic that he may not see. */
  const absent = (topic: string): RangeError =>
    new RangeError(`there is no topic ${topic}${security.user ? ', or the user may not see it' : ''}`);
  async function reachOf(topic: string): Promise<ReadonlyMap<number, Reach>> {
    const reach = await client.reach(topic);
    if (!reach) throw absent(topic);
    return reach;
  }
  async function topicFault(topic: string): Promise<string | undefined> {
    const partitions = await client.partitions(topic);
    if (partitions === undefined) throw absent(topic);
    if (partitions !== PARTITIONS)
      return `${topic} has ${partitions} partitions and needs ${PARTITIONS}: streams would lose their order`;
    if ((await client.config(topic, CLEANUP))?.includes('compact'))
      return `${topic} is compacted, and would lose all but the last event of a stream: set ${CLEANUP} to delete`;
    return undefined;
  }
  /** What comes behind something that has failed must not overtake it: the caller decides what is next. */
  async function alone<T>(publish: () => Promise<T>): Promise<T> {
    if (isPublishing)
      throw new Unavailable('the last publish is still on its way, and what comes behind it must not overtake it');
    isPublishing = true;
    try {
      return await publish();
    } finally {
      isPublishing = false;
    }
  }
  async function send(topic: string, messages: readonly Message[]): Promise<void> {
    const known = ends.get(topic);
    ends.delete(topic); // of what fails, some may be there
    const next = await client.send(topic, messages);
    if (known) ends.set(topic, new Map([...known, ...next]));
  }

  return {
    consume(topic, group, after, signal) {
      /** By partition, what comes next. */
      const next = new Map([...after].map(([partition, offset]) => [partition, numberOf(offset) + 1n]));
      return resumed(() => once(client, topic, group, next, () => reachOf(topic), signal), signal, onError);
    },

    async ends(topic) {
      return new Map([...(await reachOf(topic))].map(([partition, { next }]) => [partition, offsetOf(next - 1n)]));
    },

    async ensureTopic(topic) {
      await client.ensureTopic(topic, { partitions: PARTITIONS, config: CONFIG });
      const fault = await topicFault(topic);
      if (fault !== undefined) throw new RangeError(fault);
    },

    begin: (topic) => void ends.delete(topic),

    topicFault,

    hasTopic: async (topic) => (await client.partitions(topic)) !== undefined,

    async newest(topic) {
      const reach = [...(await reachOf(topic))];
      const next = new Map(reach.map(([partition, it]) => [partition, it.first < it.next ? it.next - 1n : it.next]));
      const some = reach.filter(([, it]) => it.first < it.next).length;
      const found = new Map<number, Pick<LogPlace, 'eventId' | 'eventPosition'>>();
      if (some === 0) return [];
      const signal = AbortSignal.timeout(NEWEST_WITHIN_MS); // kafkajs 2.2.4 was seen to stand still here, without an error
      for await (const it of once(client, topic, newestGroup(topic), next, () => reachOf(topic), signal)) {
        const event = it.records.at(-1)?.event;
        const last = event ? { eventId: event.id, eventPosition: event.globalpos as Position } : it.watermark;
        if (last) found.set(it.partition, last);
        if (found.size === some) return [...found.values()];
      }
      throw new Unavailable(`Kafka has not shown the newest of ${topic} within ${NEWEST_WITHIN_MS} ms`);
    },

    publish: (topic, events) =>
      alone(async () => {
        for (const messages of portions(events)) await send(topic, messages);
      }),

    mark: (topic, place) =>
      alone(async () => {
        const known = ends.get(topic) ?? new Map([...(await reachOf(topic))].map(([partition, { next }]) => [partition, next]));
        ends.set(topic, known);
        const last = [...known].map(([partition, next]) => [partition, offsetOf(next - 1n)] as const);
        await send(topic, [watermarkOf({ ...place, ends: new Map(last) })]);
      }),

    close: () => client.close(),
  };
}

/** `kams.accounts.v1` is asked under `kams.accounts.newest`: below the name of a service are all groups that it needs. */
const newestGroup = (topic: string): string => `${topic.replace(/\.v\d+$/, '')}.newest`;

/** Until it breaks. @throws Unavailable, OffsetGone, LogDamaged, RangeError */
async function* once(
  client: Client,
  topic: string,
  group: string,
  next: Map<number, bigint>,
  reachOf: () => Promise<ReadonlyMap<number, Reach>>,
  signal: AbortSignal,
): AsyncGenerator<BusBatch, void> {
  const reach = await reachOf();
  for (const partition of reach.keys()) if (!next.has(partition)) next.set(partition, 0n);
  ensureThere(topic, next, reach);
  if (signal.aborted) return;

  const handover = new Handover<Fetched>();
  const stop = await client.read({
    topic,
    group,
    next: () => next,
    take: (fetched) => handover.give(fetched),
    failed: (error) => handover.fail(error),
  });
  try {
    for (let it: Fetched | undefined; (it = await handover.take(signal));) {
      const { partition, messages, last } = it;
      const from = next.get(partition)!;
      // Given twice, when the group formed anew in between.
      const fresh = messages.filter(({ offset }) => offset >= from);
      if (last < from) continue;
      // Numbers may be left out for good; or Kafka has forgotten what was not read yet.
      if (fresh.length > 0 && fresh[0]!.offset > from) ensureThere(topic, next, await reachOf());
      const records: BusRecord[] = [];
      let watermark: Watermark | undefined;
      for (const message of fresh) {
        const content = contentOf(message, `${topic}, partition ${partition}, offset ${message.offset}`);
        if ('watermark' in content) ({ watermark } = content);
        else records.push({ offset: offsetOf(message.offset), key: content.event.partitionkey, event: content.event });
      }
      next.set(partition, last + 1n);
      yield { topic, partition, records, offset: offsetOf(last), ...(watermark && { watermark }) };
    }
  } finally {
    handover.close();
    await stop();
  }
}

/** @throws OffsetGone */
function ensureThere(topic: string, next: ReadonlyMap<number, bigint>, reach: ReadonlyMap<number, Reach>): void {
  for (const [partition, from] of next) {
    const { first, next: end } = reach.get(partition) ?? { first: 0n, next: 0n };
    if (from < first)
      throw new OffsetGone(`${topic}, partition ${partition}: Kafka has forgotten offsets ${from} to ${first - 1n}`);
    if (from > end) throw new OffsetGone(`${topic}, partition ${partition}: offset ${from - 1n} is beyond the end, ${end - 1n}`);
  }
}

/** As many as may be sent at once, and again. */
function* portions(events: readonly CloudEvent[]): Generator<readonly Message[]> {
  let messages: Message[] = [];
  let bytes = 0;
  for (const message of events.map(messageOf)) {
    const size = sizeOf(message);
    if (messages.length === SEND_EVENTS || (messages.length > 0 && bytes + size > SEND_BYTES)) {
      yield messages;
      [messages, bytes] = [[], 0];
    }
    messages.push(message);
    bytes += size;
  }
  if (messages.length > 0) yield messages;
}

/** In bytes, near enough: what Kafka adds to each header is less than what a text of several bytes a letter takes. */
const sizeOf = ({ key, value, headers }: Message): number =>
  Object.entries(headers).reduce(
    (sum, [name, it]) => sum + name.length + Buffer.byteLength(it),
    value.length + (key?.length ?? 0),
  );

const ignore = () => undefined;
