// How fast do public events come to a real Kafka and from there, and how long after the answer of a command is one with its reader?
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { localKafka } from '@kams/testing/kafka';
import { startChild } from '../child';
import type { Took } from '../cpu';
import { freePort } from '@kams/platform/embedded-postgres/free-port';
import { checkpoint, freshDatabase, type Measurement } from '../setting';
import type { BrokerJobs } from './worker';

const RATES = [20, 100, 500];

export const kafka: Measurement = {
  about: 'public events to a real Kafka and back, with the Java and the Maven that are there',

  async measure({ postgres, ms, progress }) {
    const folder = await mkdtemp(join(tmpdir(), 'kams-bench-kafka-'));
    const broker = localKafka(folder, join(__dirname, '../../../tools'));
    try {
      const port = await freePort();
      try {
        await broker.start(port);
      } catch (error) {
        progress(`kafka: not measured (${(error as { stderr?: string }).stderr?.trim()})`);
        return [];
      }
      const url = await freshDatabase(postgres, 'kafka');
      const jobs = () => startChild<BrokerJobs>(join(__dirname, 'worker'), url, `127.0.0.1:${port}`, postgres.pid, broker.pid());

      progress('kafka: storing a past');
      const teller = jobs();
      await teller.ask('store').finally(() => teller.stop());
      await checkpoint(postgres);
      progress('kafka: relay, consumer');
      const worker = jobs();
      const delays: [string, number, number][] = [];
      const shown: [string, string, number, number][] = [];
      try {
        const relayed = await worker.ask('relay');
        const consumed = await worker.ask('consume');
        const collected = await worker.ask('collect');
        for (const perSecond of RATES) {
          progress(`kafka: delay at ${perSecond} commands/s`);
          const { p50, p99 } = await worker.ask('delay', perSecond, (3 * ms) / 1_000);
          delays.push([String(perSecond), p50, p99]);
          for (const over of ['log', 'kafka'] as const) {
            progress(`kafka: until a row of another service, over ${over === 'log' ? 'the log' : 'Kafka'}, at ${perSecond}/s`);
            const it = await worker.ask('shown', over, perSecond, (3 * ms) / 1_000);
            shown.push([over === 'log' ? 'the log' : 'Kafka', String(perSecond), it.p50, it.p99]);
          }
        }
        const row = (name: string, { events, took }: { events: number; took: Took }) =>
          [
            name,
            events,
            events / took.seconds,
            ...[took.node, took.postgres, took.kafka].map((it) => it && (it * 1e6) / events),
          ] as const;
        return [
          {
            title: 'kafka: public events to the topic and from it',
            columns: ['', 'events', 'events/s', 'node us', 'postgres us', 'kafka us'],
            rows: [
              row('relay, from the log', relayed),
              row('consumer, from the topic', consumed),
              row('consumer, into an inbox', collected),
            ],
          },
          {
            title: 'kafka: from the answer of a command to its event at a reader of the topic',
            columns: ['commands/s', 'p50 ms', 'p99 ms'],
            rows: delays,
          },
          {
            title: 'from the answer of a command to its row in a view of another service',
            columns: ['over', 'commands/s', 'p50 ms', 'p99 ms'],
            rows: shown,
          },
        ];
      } finally {
        await worker.stop();
      }
    } finally {
      await broker.stop().catch(() => undefined);
      await rm(folder, { recursive: true, force: true });
    }
  },
};
