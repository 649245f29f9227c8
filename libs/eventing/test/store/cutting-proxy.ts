// A connection to Postgres that loses answers, as networks do.
import { createServer, connect, type AddressInfo, type Socket } from 'node:net';

export interface CuttingProxy {
  readonly url: string;
  /** The next statement is passed on, its answer is thrown away, and the connection is cut. */
  cutNextAnswer(): void;
  /** Nothing comes back any more on the connections that there are. */
  freeze(): void;
  /** Cuts all connections and takes no more. */
  close(): Promise<void>;
}

export async function cuttingProxy(target: string): Promise<CuttingProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let cutting: Socket | 'next' | undefined;
  const frozen = new Set<Socket>();

  const server = createServer((client) => {
    const postgres = connect(Number(port), hostname);
    for (const socket of [client, postgres]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        client.destroy();
        postgres.destroy();
      });
    }
    client.on('data', (bytes) => {
      if (cutting === 'next') cutting = client;
      postgres.write(bytes);
    });
    postgres.on('data', (bytes) => {
      if (cutting === client) client.destroy();
      else if (!frozen.has(postgres)) client.write(bytes);
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));

  return {
    url: Object.assign(new URL(target), { hostname: '127.0.0.1', port: String((server.address() as AddressInfo).port) }).href,
    cutNextAnswer: () => (cutting = 'next'),
    freeze: () => sockets.forEach((it) => frozen.add(it)),
    async close() {
      const closed = new Promise((done) => server.close(done));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
