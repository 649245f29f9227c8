// The Kafka of a folder, by the commands that start and stop it for everybody; and killed, as they do not.
import type { Bus, CloudEvent } from '@kams/eventing';
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from './faults/procs';

/** A second way in, with TLS and SCRAM. */
export interface Secured {
  /** Of localhost. */
  readonly port: number;
  /** A PEM file with key and certificate. */
  readonly keyStore: string;
  /** Passwords by names. */
  readonly users: Readonly<Record<string, string>>;
}

/** Everything that is on a topic, from its start to its end of now. */
export async function readTopic(bus: Bus, topic: string): Promise<readonly CloudEvent[]> {
  const ends = await bus.ends(topic);
  const at = new Map<number, string>();
  const isRead = () => [...ends].every(([partition, end]) => end <= (at.get(partition) ?? ''));
  const events: CloudEvent[] = [];
  const stopping = new AbortController();
  for await (const batch of isRead() ? [] : bus.consume(topic, 'kams.test', new Map(), stopping.signal)) {
    events.push(...batch.records.map((it) => it.event));
    at.set(batch.partition, batch.offset);
    if (isRead()) break;
  }
  stopping.abort();
  return events;
}

/** One of several that are one cluster. */
export interface Member {
  /** From 1 on. */
  readonly node: number;
  /** Of all of them, in the order of their numbers. */
  readonly controllerPorts: readonly number[];
  /** 16 bytes as base64url. */
  readonly clusterId: string;
}

export interface StartOptions {
  /** host:port that it sends its clients to. */
  readonly advertised?: string;
  readonly secured?: Secured;
  readonly member?: Member;
}

export interface LocalKafka {
  /** Rejects with what it said, also where there is no Java or no Maven. */
  start(port: number, options?: StartOptions): Promise<void>;
  stop(): Promise<void>;
  /** Of its process, while it runs. */
  pid(): number;
  kill(): void;
}

/** @param tools where kafka.mjs is, for who was built to elsewhere */
export function localKafka(data: string, tools = join(root, 'tools')): LocalKafka {
  const kafka = async (...args: readonly string[]): Promise<void> => {
    await promisify(execFile)(process.execPath, [join(tools, 'kafka.mjs'), ...args], {
      env: { ...process.env, KAMS_DATA: data },
    });
  };
  const pid = () => (JSON.parse(readFileSync(join(data, 'kafka/running.json'), 'utf8')) as { pid: number }).pid;
  return {
    async start(port, { advertised, ...told } = {}) {
      const options = advertised === undefined ? [] : ['--advertised', advertised];
      for (const [name, it] of Object.entries(told)) {
        const file = join(data, `${name}.json`);
        writeFileSync(file, JSON.stringify(it), { mode: 0o600 });
        options.push(`--${name}`, file);
      }
      await kafka('--port', String(port), ...options);
    },
    stop: () => kafka('stop'),
    pid,
    kill: () => void process.kill(pid(), 'SIGKILL'),
  };
}
