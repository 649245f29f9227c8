// A Kafka that a test may stop and kill, behind a proxy that its clients are sent to.
import { faultProxy, type FaultProxy } from '@kams/testing/faults/faultproxy';
import { root } from '@kams/testing/faults/procs';
import { dataFolder, freePort, removeFolder } from '@kams/testing/host';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface OwnBroker {
  /** What clients are given, and what the broker says it is. */
  readonly address: string;
  readonly proxy: FaultProxy;
  start(): Promise<void>;
  stop(): Promise<void>;
  kill(): void;
  remove(): Promise<void>;
}

export async function ownBroker(): Promise<OwnBroker> {
  const data = await dataFolder();
  const port = await freePort();
  const proxy = await faultProxy(`tcp://127.0.0.1:${port}`);
  const address = `127.0.0.1:${proxy.port}`;
  const kafka = async (...args: readonly string[]): Promise<void> => {
    await promisify(execFile)(process.execPath, [join(root, 'tools/kafka.mjs'), ...args], {
      env: { ...process.env, KAMS_DATA: data },
    });
  };
  const broker: OwnBroker = {
    address,
    proxy,
    start: () => kafka('--port', String(port), '--advertised', address),
    stop: () => kafka('stop'),
    kill: () =>
      void process.kill((JSON.parse(readFileSync(join(data, 'kafka/running.json'), 'utf8')) as { pid: number }).pid, 'SIGKILL'),
    async remove() {
      await broker.stop();
      await proxy.close();
      await removeFolder(data);
    },
  };
  await broker.start().catch(async (error: Error) => {
    await broker.remove().catch(() => undefined);
    throw error;
  });
  return broker;
}
