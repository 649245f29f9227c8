// kams up: the services of an installation as processes of their own on this machine, behind one origin. For trying out what a
// cluster does, and for tests of it: what runs for good is started by what restarts it.
import { openKeys } from '@kams/platform/config/keys';
import { SETTINGS } from '@kams/platform/config/settings';
import { BAD_CONFIG_EXIT_CODE } from '@kams/platform/config/bad-config';
import { freePort } from '@kams/platform/embedded-postgres/free-port';
import { startOwnPostgres } from '@kams/platform/run/own-postgres';
import { saysYes } from '@kams/platform/run/says-yes';
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { allServices } from './all-services';
import { readCliConfig } from './connection';
import { Failure } from './failure';
import type { Terminal } from './terminal';

export interface UpOptions {
  readonly services?: string;
  readonly store: string;
  readonly bus: string;
}

const PROGRAMS = join(__dirname, '..');
const KAFKA = join(__dirname, '../../../../../tools/kafka.mjs');
const READY_WITHIN_MS = 60_000;
const AGAIN_AFTER_MS = 1_000;

/** Until the terminal's signal aborts; then everything ends in the other order. */
export async function up(terminal: Terminal, options: UpOptions): Promise<void> {
  const { env: given, signal } = terminal.streams;
  const settings = { ...given, [SETTINGS.store.key]: options.store };
  const config = readCliConfig(settings);
  const services = await allServices();
  const known = services.map((it) => it.name);
  const names = options.services?.split(',') ?? known;
  const unknown = names.filter((it) => !known.includes(it));
  if (unknown.length > 0) throw new Failure(`There is no service ${unknown.join(', ')}; there are ${known.join(', ')}.`);

  const back: (() => Promise<unknown>)[] = [];
  const ending = new AbortController();
  try {
    const keys = await openKeys(config.data);
    const postgres = await startOwnPostgres(config, keys, (line) => terminal.note(line));
    if (postgres) back.push(() => postgres.stop());

    const env: NodeJS.ProcessEnv = { ...settings, [SETTINGS.bus.key]: options.bus };
    if (postgres) env[SETTINGS.postgresUrl.key] = postgres.url;
    if (options.bus === 'kafka' && !config.kafkaBrokers) {
      const port = await freePort();
      const kafka = (...args: string[]) => promisify(execFile)(process.execPath, [KAFKA, ...args], { env: given });
      await kafka('--port', String(port)).catch((error: { stderr?: string } & Error) => {
        throw new Failure(`${(error.stderr ?? error.message).trim()}\nOr set ${SETTINGS.kafkaBrokers.key} to brokers that run.`);
      });
      back.push(() => kafka('stop'));
      env[SETTINGS.kafkaBrokers.key] = `127.0.0.1:${port}`;
    }

    const urls = new Map<string, string>();
    for (const name of names) {
      const port = await freePort();
      urls.set(name, `http://127.0.0.1:${port}`);
      const its = { ...env, [SETTINGS.services.key]: name, [SETTINGS.port.key]: String(port), [SETTINGS.host.key]: '127.0.0.1' };
      back.push(await kept(terminal, name, 'main.js', its, urls.get(name)!, ending.signal));
    }
    const peers = [...urls].map(([name, url]) => `${name}=${url}`).join(',');
    const origin = `http://127.0.0.1:${config.port}`;
    const its = { ...env, [SETTINGS.peers.key]: peers, [SETTINGS.port.key]: String(config.port) };
    back.push(await kept(terminal, 'gateway', 'gateway.js', its, origin, ending.signal));

    terminal.table([
      ['process', 'answers at'],
      ['gateway', origin],
      ...[...urls].map(([name, url]) => [name, url]),
      ['log', options.store === 'postgres' ? `Postgres, port ${postgres?.port ?? 'of KAMS_POSTGRES_URL'}` : 'EventStoreDB'],
      ['bus', options.bus === 'kafka' ? `Kafka at ${env[SETTINGS.kafkaBrokers.key]}` : 'the log itself'],
    ]);
    terminal.note('Ctrl-C ends them all.');
    await new Promise<void>((ended) => signal.addEventListener('abort', () => ended(), { once: true }));
  } finally {
    ending.abort();
    for (const end of back.reverse()) await end().catch((error: Error) => terminal.note(error.message));
  }
}

/** Starts a program and starts it again whenever it dies; resolves, when it answers, with how to end it. */
async function kept(
  terminal: Terminal,
  name: string,
  program: string,
  env: NodeJS.ProcessEnv,
  url: string,
  ending: AbortSignal,
): Promise<() => Promise<void>> {
  let child: ChildProcess;
  let failed: Failure | undefined;
  const begin = (): void => {
    // A channel to it: when this process is killed, it hears of that and ends as well.
    child = spawn(process.execPath, ['--max-semi-space-size=64', join(PROGRAMS, program)], {
      env,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      detached: true, // a Ctrl-C is for this process, which ends them in their order
    });
    child.once('exit', (code, by) => {
      if (ending.aborted || failed) return;
      if (code === BAD_CONFIG_EXIT_CODE) failed = new Failure(`${name} does not start: see above`, BAD_CONFIG_EXIT_CODE);
      else {
        terminal.note(`${name} ended with ${by ?? code}: it is started again`);
        void sleep(AGAIN_AFTER_MS).then(() => ending.aborted || begin());
      }
    });
  };
  begin();
  const end = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    await gone;
  };
  for (const until = Date.now() + READY_WITHIN_MS; !(await saysYes(`${url}/health/live`)); await sleep(50)) {
    if (failed || terminal.streams.signal.aborted || Date.now() > until) {
      await end();
      throw failed ?? new Failure(`${name} did not answer at ${url} within ${READY_WITHIN_MS / 1_000} s.`);
    }
  }
  return end;
}
