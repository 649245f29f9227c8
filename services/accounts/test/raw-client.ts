// HTTP as no client library would send it, and what the server says to that.
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The server ended the connection. */
  readonly closed: boolean;
}

interface Received {
  readonly text: string;
  readonly closed: boolean;
}

export interface RawClient {
  /** `endless` is sent again and again after the bytes, for as long as the server takes it. */
  send(bytes: string | Buffer, endless?: string): Promise<RawAnswer>;
  stop(): Promise<unknown>;
}

/** Letters of a text are bytes: `\xff` is one. */
export function rawClient(url: string): RawClient {
  const worker = new Worker(join(__dirname, 'raw-socket.cjs'));
  const waiting = new Map<number, { resolve(answer: Received): void; reject(error: Error): void }>();
  worker.on('message', ({ id, ...answer }: Received & { id: number }) => waiting.get(id)!.resolve(answer));
  worker.on('error', (error) => waiting.forEach(({ reject }) => reject(error)));
  let ids = 0;
  return {
    async send(bytes, endless) {
      const id = ids++;
      const came = new Promise<Received>((resolve, reject) => waiting.set(id, { resolve, reject }));
      worker.postMessage({
        id,
        port: Number(new URL(url).port),
        bytes: Buffer.from(bytes as string, 'latin1'),
        endless: endless === undefined ? undefined : Buffer.from(endless),
      });
      const { text, closed } = await came;
      waiting.delete(id);
      const [head = '', ...body] = text.split('\r\n\r\n');
      const [first = '', ...headers] = head.split('\r\n');
      return {
        status: Number(first.split(' ')[1] ?? 0),
        headers: Object.fromEntries(
          headers.map((it) => [it.slice(0, it.indexOf(':')).toLowerCase(), it.slice(it.indexOf(':') + 2)]),
        ),
        body: Buffer.from(body.join('\r\n\r\n'), 'latin1').toString(),
        closed,
      };
    },
    stop: () => worker.terminate(),
  };
}
