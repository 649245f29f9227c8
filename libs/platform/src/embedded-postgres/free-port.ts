import { createServer } from 'node:net';

/**
 * A port of this machine that is free now, from below the range from which systems choose ports for outgoing connections
 * (32768 or 49152 upwards): from within it, a client that tries again while the server is down may be given the very port.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const probe = createServer();
    const free = await new Promise<boolean>((resolve) =>
      probe.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true)),
    );
    if (!free) continue;
    await new Promise((closed) => probe.close(closed));
    return port;
  }
}
