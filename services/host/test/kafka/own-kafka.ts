// A Kafka that a test may stop and kill, of one node or of several, each behind a proxy that its clients are sent to.
import { faultProxy, type FaultProxy, type Faults } from '@kams/testing/faults/faultproxy';
import { isFull } from '@kams/testing/faults/promise';
import { dataFolder, freePort, removeFolder } from '@kams/testing/host';
import { localKafka, type LocalKafka, type Member } from '@kams/testing/kafka';
import { Kafka, logLevel } from 'kafkajs';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

export interface OwnKafka {
  /** What clients are given: host:port of each node, parted by commas. */
  readonly address: string;
  /** From now on, on each connection that there is and that comes. */
  set(faults: Faults): void;
  cutAll(): void;
  /** All nodes that do not run. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** One node, another one each time. */
  kill(): void;
  /**
   * Of a cluster, one node after the other is killed and started again until `work` has ended; says how many were. The next one is
   * killed when all partitions have all their replicas again: with two of three that must have a record, nothing can be written
   * while two are away, and to start one takes this machine up to ten seconds.
   */
  whileNodesDie(work: () => Promise<void>): Promise<number>;
  remove(): Promise<void>;
}

/** Nodes of the Kafka that a promise is proved on: one, and of the full size a cluster as well. */
export const SIZES: readonly number[] = isFull ? [1, 3] : [1];

const KILLED_EVERY_MS = 10_000;
const AWAY_MS = 1_500;
const WHOLE_WITHIN_MS = 60_000;

interface Node {
  readonly data: string;
  /** Its own, which no proxy stands before. */
  readonly port: number;
  readonly proxy: FaultProxy;
  readonly kafka: LocalKafka;
  start(): Promise<void>;
}

export async function ownKafka(size = 1): Promise<OwnKafka> {
  const clusterId = randomBytes(16).toString('base64url');
  const controllerPorts = await Promise.all(Array.from({ length: size }, () => freePort()));
  const nodes = await Promise.all(controllerPorts.map((_, i) => nodeOf({ node: i + 1, controllerPorts, clusterId })));
  let killed = 0;
  const own: OwnKafka = {
    address: nodes.map(({ proxy }) => addressOf(proxy)).join(','),
    set: (faults) => nodes.forEach(({ proxy }) => proxy.set(faults)),
    cutAll: () => nodes.forEach(({ proxy }) => void proxy.cutAll()),
    start: async () => void (await Promise.all(nodes.map((it) => it.start()))),
    // The last node of several has nobody to give its partitions to, and would wait for somebody.
    stop: async () => (size === 1 ? nodes[0]!.kafka.stop() : nodes.forEach(killIfAlive)),
    kill: () => nodes[killed++ % size]!.kafka.kill(),
    async whileNodesDie(work) {
      const before = killed;
      const calming = new AbortController();
      const killing = size > 1 ? killInTurn(calming.signal) : undefined;
      try {
        await work();
      } finally {
        calming.abort();
        await killing;
      }
      return killed - before;
    },
    async remove() {
      await own.stop();
      for (const { proxy, data } of nodes) {
        await proxy.close();
        await removeFolder(data);
      }
    },
  };
  async function killInTurn(signal: AbortSignal): Promise<void> {
    for (let wait = KILLED_EVERY_MS; await passed(wait, signal);) {
      const next = performance.now() + KILLED_EVERY_MS;
      own.kill();
      await sleep(AWAY_MS);
      await own.start();
      await whole(nodes.map(({ port }) => `127.0.0.1:${port}`));
      wait = Math.max(0, next - performance.now());
    }
  }
  await own.start().catch(async (error: Error) => {
    await own.remove().catch(() => undefined);
    throw error;
  });
  return own;
}

function killIfAlive({ kafka }: Node): void {
  try {
    kafka.kill();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ESRCH' && code !== 'ENOENT') throw error; // it has ended, or never began
  }
}

const addressOf = ({ port }: FaultProxy): string => `127.0.0.1:${port}`;

async function nodeOf(member: Member): Promise<Node> {
  const data = await dataFolder();
  const port = await freePort();
  const proxy = await faultProxy(`tcp://127.0.0.1:${port}`);
  const kafka = localKafka(data);
  return { data, port, proxy, kafka, start: () => kafka.start(port, { advertised: addressOf(proxy), member }) };
}

/** Until each partition of each topic has all its replicas in sync. */
async function whole(brokers: readonly string[]): Promise<void> {
  const kafka = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING, retry: { retries: 1 } });
  const isWhole = async (): Promise<boolean> => {
    const admin = kafka.admin();
    try {
      await admin.connect();
      const { topics } = await admin.fetchTopicMetadata();
      return topics.flatMap((it) => it.partitions).every(({ isr, replicas }) => isr.length === replicas.length);
    } finally {
      await admin.disconnect();
    }
  };
  for (const until = Date.now() + WHOLE_WITHIN_MS; !(await isWhole().catch(() => false)); await sleep(200))
    if (Date.now() > until) throw new Error(`a replica was not in sync again within ${WHOLE_WITHIN_MS} ms`);
}

/** False when the signal came first. */
const passed = (ms: number, signal: AbortSignal): Promise<boolean> =>
  sleep(ms, undefined, { signal }).then(
    () => true,
    () => false,
  );
