// What every program of the product is to the shell: it ends when it is told to, with a code that says how it went.
import type { Server } from 'node:http';
import pino, { type Logger } from 'pino';
import { BAD_CONFIG_EXIT_CODE, BadConfig } from '../config/bad-config';

/**
 * Runs until SIGTERM, SIGINT or SIGHUP, or until whoever holds a channel to it is gone; then `stop`, and 0. A setting that is wrong
 * ends it with 78 and a line for each; what else keeps it from starting, with 1 and what to do.
 * @param start gives back how to stop as soon as there is something to; a signal that comes before is kept until then
 */
export async function runProgram(start: (stopBy: (stop: () => Promise<unknown>) => void) => Promise<void>): Promise<void> {
  let asked: () => void;
  const signalled = new Promise<void>((resolve) => (asked = resolve));
  for (const it of ['SIGTERM', 'SIGINT', 'SIGHUP', 'disconnect'] as const) process.on(it as 'SIGTERM', () => asked());
  try {
    await start((stop) => void signalled.then(stop).then(() => process.exit(0)));
  } catch (error) {
    const bad = error instanceof BadConfig;
    for (const line of bad ? error.lines : [(error as Error).message]) console.error(`kams: ${line}`);
    if (!bad && process.env['KAMS_LOG_LEVEL'] === 'debug') console.error(error);
    process.exit(bad ? BAD_CONFIG_EXIT_CODE : 1);
  }
}

/** By name, and not all that hangs on it: the pool hangs the client on its errors, with the key that cancels its queries. */
export const errorLine = ({ name, message, code, stack }: Error & { readonly code?: unknown }): object => ({
  type: name,
  message,
  code,
  stack,
});

export const logOfProgram = (level: string, service: string): Logger =>
  pino({ level, base: { service }, serializers: { err: errorLine } }, pino.destination(2));

/** @throws Error that says what to do when somebody else has the port */
export async function listen(
  app: { listen(at: { port: number; host: string }): PromiseLike<unknown> },
  { port, host }: { readonly port: number; readonly host: string },
): Promise<void> {
  try {
    await app.listen({ port, host });
  } catch (error) {
    if ((error as { code?: string }).code !== 'EADDRINUSE') throw error;
    throw new Error(`port ${port} is in use: stop what has it, or set KAMS_PORT to another one`, { cause: error });
  }
}

/**
 * Every request that runs is answered, for as long as the grace lasts. A connection that is kept alive after its last answer
 * would hold the server open for its time-out: those are closed as they become idle.
 */
export async function closeWithin(graceMs: number, server: Server, close: () => PromiseLike<unknown>): Promise<void> {
  const idle = setInterval(() => server.closeIdleConnections(), 50);
  let late: NodeJS.Timeout | undefined;
  await Promise.race([close(), new Promise((done) => (late = setTimeout(done, graceMs)))]);
  clearInterval(idle);
  clearTimeout(late);
}
