// Jest's globalSetup: one Postgres for the whole run. It is only offered here and starts when the first test asks for it; the
// tests run in workers, so they ask over HTTP. `fsync` stays on, as in life.
import { randomUUID } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
// eslint-disable-next-line @nx/enforce-module-boundaries -- Jest resolves no aliases for globalSetup
import {
  type EmbeddedPostgres,
  removeEmbeddedPostgres,
  startEmbeddedPostgres,
} from '../../platform/src/embedded-postgres/embedded-postgres';

const prefix = 'kams-test-postgres-';
const folder = join(tmpdir(), `${prefix}${randomUUID()}`);
let starting: Promise<EmbeddedPostgres> | undefined;

/** A run that was killed could remove nothing: its folder, and its server if that lives, are removed by a later run. */
async function sweep(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const other = join(tmpdir(), name);
    if (!name.startsWith(prefix) || other === folder) continue;
    const age = await stat(other).then(
      (it) => Date.now() - it.ctimeMs,
      () => 0,
    );
    // Refused for the folder of a run that lives.
    if (age > 60_000) await removeEmbeddedPostgres(other).catch(() => undefined);
  }
}

function start(): Promise<EmbeddedPostgres> {
  // Jest does not run its teardown when it is interrupted. `on` and not `once`: a library in Jest raises the signal again as
  // soon as it finds itself the only listener.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => void withdrawPostgres().finally(() => process.exit(1)));
  void sweep();
  return startEmbeddedPostgres({ folder, password: randomUUID() });
}

const offer = createServer((request, answer) => {
  (starting ??= start()).then(
    ({ url }) => answer.end(url),
    (error: Error) => answer.writeHead(500).end(error.message),
  );
});

export default async function offerPostgres(): Promise<void> {
  await new Promise<void>((listening) => offer.listen(0, '127.0.0.1', listening));
  process.env.KAMS_TEST_POSTGRES_STARTER = `http://127.0.0.1:${(offer.address() as AddressInfo).port}/`;
}

async function withdraw(): Promise<void> {
  offer.close();
  offer.closeAllConnections();
  if (!starting) return;
  const server = await starting.catch(() => undefined);
  const stopped = server?.stop();
  // At once: a proper stop would first write a checkpoint of databases that are thrown away (2 s for 40 of them).
  server?.kill('SIGQUIT');
  await stopped;
  await removeEmbeddedPostgres(folder);
}

let withdrawn: Promise<void> | undefined;

/** Ends and removes what was started, after failed tests too. On a signal the teardown may still come: both get one promise. */
export const withdrawPostgres = (): Promise<void> => (withdrawn ??= withdraw());
