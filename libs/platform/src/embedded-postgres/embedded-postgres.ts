// The Postgres that the product brings with it: one server a folder, started by its host and ended with it.
//
// folder/data           the database
// folder/log            what the server says
// folder/hosts          the claim of the living host
// folder/initialising-* a database being made
import { realpathSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Client } from 'pg';
import { accountFor, makeFolder } from './account';
import { postgresBinaries } from './binaries';
import { claimFolder } from './claim';
import { clusterIn, superuser } from './cluster';
import { EmbeddedPostgresError } from './errors';
import { readPostmasterFile } from './postmaster-file';
import { serverOn } from './processes';
import { endOrphan, Server, type ServerExit } from './server';
import { serverSettings } from './settings';

export interface EmbeddedPostgresOptions {
  /** A folder for this server alone; made when missing. */
  readonly folder: string;
  /** Of the user `postgres`; set when the database is made, one line. */
  readonly password: string;
  /** Gets a line when something unusual happens; silent by default. */
  readonly log?: (line: string) => void;
  /** Port on 127.0.0.1; a free one when not given. */
  readonly port?: number;
  /** Settings of the server that go before those of `serverSettings`. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface EmbeddedPostgres {
  /** Of the database `postgres`, as superuser; the same through all restarts. */
  readonly url: string;
  readonly port: number;
  /** Of the server process; another one after each restart. */
  readonly pid: number;
  /** As in `18.4`. */
  readonly version: string;
  /** Ends sessions, writes a checkpoint, ends the server and frees the folder; at most 22 s. Every call gives the same promise. */
  stop(): Promise<void>;
  /** Sends a signal to the server process. One that dies is started again, on the same port. */
  kill(signal: NodeJS.Signals): void;
  /** Called each time the server has died and is about to be started again. */
  onExit(listener: (exit: ServerExit) => void): void;
}

const urlOf = (port: number, password: string) =>
  `postgres://${superuser}:${encodeURIComponent(password)}@127.0.0.1:${port}/${superuser}`;

async function checkPassword(url: string, folder: string): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    if ((error as { code?: string }).code !== '28P01') throw error;
    throw new EmbeddedPostgresError(
      'wrong-password',
      `The database in ${folder} was made with another password: configure that one, or choose an empty folder.`,
    );
  } finally {
    await client.end().catch(() => undefined);
  }
}

/**
 * Starts the Postgres of a folder, making the database on first use (about a second; later 0.1-0.2 s), and keeps it running:
 * when it dies it is started again on the same port, until `stop()`. Messages of the server go to files in `folder/log`.
 *
 * The host handles its own signals and calls `stop()`; Ctrl-C in a terminal does not reach the server. A host that ends without
 * it sends the server SIGINT while Node's `exit` event runs; one that is killed leaves the server running, and the next start
 * ends it. The server does not keep the Node process alive.
 * @throws EmbeddedPostgresError with a code that says why; `folder-in-use` when another living host has the folder.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { password, log = () => undefined } = options;
  makeFolder(resolve(options.folder));
  const folder = realpathSync(options.folder);
  const claim = await claimFolder(folder);
  let server: Server | undefined;
  try {
    const binaries = postgresBinaries();
    const { account, version } = accountFor(folder, binaries.postgres);
    await endOrphan(join(folder, 'data'), log);
    const data = await clusterIn(folder, account, binaries, version, password);
    const settings = { ...serverSettings, ...options.settings };
    const running = (server = new Server({
      folder,
      data,
      account,
      program: binaries.postgres,
      settings,
      port: options.port,
      log,
    }));
    await running.start();
    const url = urlOf(running.port, password);
    await checkPassword(url, folder);
    return {
      url,
      version,
      port: running.port,
      get pid() {
        return running.pid;
      },
      kill: (name) => running.kill(name),
      onExit: (listener) => running.onExit(listener),
      stop: () => running.stop().finally(() => claim.release()),
    };
  } catch (error) {
    await server?.stop();
    await claim.release();
    throw error;
  }
}

/**
 * The URL of the Postgres that runs on the folder now, for a program that works beside the host; undefined when none runs.
 * @throws EmbeddedPostgresError `wrong-password`
 */
export async function runningEmbeddedPostgres(folder: string, password: string): Promise<string | undefined> {
  const data = join(resolve(folder), 'data');
  if (!statSync(data, { throwIfNoEntry: false })) return undefined;
  const file = readPostmasterFile(data);
  if (!file?.ready || serverOn(realpathSync(data), file.pid) !== 'ours') return undefined;
  const url = urlOf(file.port, password);
  await checkPassword(url, folder);
  return url;
}

/**
 * Removes a folder with its database and everything in it, and ends a server that a killed host left running there.
 * @throws EmbeddedPostgresError `folder-in-use` when a living host has it.
 */
export async function removeEmbeddedPostgres(folder: string): Promise<void> {
  if (!statSync(folder, { throwIfNoEntry: false })) return;
  const real = realpathSync(folder);
  const claim = await claimFolder(real);
  try {
    await endOrphan(join(real, 'data'), () => undefined);
    await rm(real, { recursive: true, force: true, maxRetries: 5 });
  } finally {
    await claim.release();
  }
}
