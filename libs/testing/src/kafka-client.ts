// A client of Kafka that is a process of its own: whom it trusts is said when it starts (NODE_EXTRA_CA_CERTS), as in production.
import type { CloudEvent } from '@kams/eventing';
import { kafkaBus, type KafkaOptions } from '@kams/eventing/bus/kafka/kafka-bus';
import { startWorker } from './faults/procs';
import { inspect } from 'node:util';

export interface Asking {
  readonly options: Pick<KafkaOptions, 'brokers' | 'security'>;
  readonly act: 'ends' | 'ensureTopic' | 'newest' | 'publish' | 'consume';
  readonly topic: string;
  /** Of `consume`. */
  readonly group?: string;
  /** What `publish` gives and `consume` waits for. */
  readonly events?: readonly CloudEvent[];
}

export interface Told {
  readonly answer?: unknown;
  readonly failure?: {
    readonly why: string | undefined;
    readonly message: string;
    /** The error with all that hangs on it. */
    readonly all: string;
  };
  readonly ms: number;
}

/**
 * One after the other, by one process.
 * @param env NODE_EXTRA_CA_CERTS: a file with certificates, beside those that Node trusts
 */
export async function askKafka(askings: readonly Asking[], env: NodeJS.ProcessEnv = {}): Promise<readonly Told[]> {
  const worker = startWorker(__filename, { args: [JSON.stringify(askings)], env });
  try {
    return await worker.message<readonly Told[]>();
  } finally {
    await worker.end();
  }
}

async function answered({ options, act, topic, group = 'kams.accounts', events = [] }: Asking): Promise<unknown> {
  let refused: Error | undefined;
  const ending = new AbortController();
  const bus = kafkaBus({
    ...options,
    // Who reads tries again for ever: the first time is enough here.
    onError(error) {
      refused = error;
      ending.abort();
    },
  });
  try {
    if (act === 'publish') return await bus.publish(topic, events);
    if (act === 'ends') return [...(await bus.ends(topic))];
    if (act !== 'consume') return await bus[act](topic);
    const ids: string[] = [];
    for await (const { records } of bus.consume(topic, group, new Map(), ending.signal)) {
      ids.push(...records.map(({ event }) => event.id));
      if (events.every(({ id }) => ids.includes(id))) break;
    }
    if (refused) throw refused;
    return ids;
  } finally {
    await bus.close();
  }
}

async function told(asking: Asking): Promise<Told> {
  const began = performance.now();
  const outcome = await answered(asking).then(
    (answer) => ({ answer }),
    (error: Error & { readonly why?: string }) => ({
      failure: { why: error.why, message: error.message, all: inspect(error, { depth: 9, showHidden: true }) },
    }),
  );
  return { ...outcome, ms: performance.now() - began };
}

async function work(askings: readonly Asking[]): Promise<void> {
  const all: Told[] = [];
  for (const it of askings) all.push(await told(it));
  process.send!(all);
  process.disconnect();
}

if (require.main === module) void work(JSON.parse(process.argv[2]!) as readonly Asking[]);
