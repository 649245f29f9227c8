// A Kafka that a test may stop and kill, behind a proxy that its clients are sent to.
import { faultProxy, type FaultProxy } from '@kams/testing/faults/faultproxy';
import { dataFolder, freePort, removeFolder } from '@kams/testing/host';
import { localKafka } from '@kams/testing/kafka';

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
  const { start, stop, kill } = localKafka(data);
  const broker: OwnBroker = {
    address,
    proxy,
    start: () => start(port, address),
    stop,
    kill,
    async remove() {
      await stop();
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
