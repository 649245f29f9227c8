// One Postgres server kept running: started, started again when it dies, ended when asked.
import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Account, makeFolder, spawnAs } from './account';
import { EmbeddedPostgresError } from './errors';
import { freePort } from './free-port';
import { disownPostmasterFile, readPostmasterFile } from './postmaster-file';
import { endServer, isAlive, leftoversOn, serverOn, signal } from './processes';
import { lastWords, pruneServerLog } from './server-log';

/** How long a start waits for the children of a dead server to let go of its memory. */
const leftoversMs = 30_000;

/** One that runs a long query does not notice that its server is dead; after so long it is told (Linux). */
const leftoversPatienceMs = 1_000;

export interface ServerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/**
 * Ends what an earlier host left behind in the data folder: a host that was killed can not stop its server, which then lives on.
 * It is ended and not adopted: it costs 0.1-0.2 s, the new server is a child whose end is noticed, and it runs with this
 * host's binaries, settings and port. To be called only under the claim of the folder, which proves that no host lives.
 * @throws EmbeddedPostgresError `foreign-server` when someone else started a Postgres on this folder.
 */
export async function endOrphan(data: string, log: (line: string) => void): Promise<void> {
  const file = readPostmasterFile(data);
  const whose = file && serverOn(data, file.pid);
  if (whose === 'foreign')
    throw new EmbeddedPostgresError(
      'foreign-server',
      `Process ${file?.pid} is a Postgres on ${data} that this product did not start. Stop it with "kill -INT ${file?.pid}" and start again.`,
    );
  if (whose === 'ours' && file) {
    log(`ending Postgres ${file.pid}, whose host was killed`);
    await endServer(file.pid);
  }
}

export interface ServerPlan {
  readonly folder: string;
  readonly data: string;
  readonly account: Account;
  readonly program: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly port?: number;
  readonly log: (line: string) => void;
}

export class Server {
  #port = 0;
  #child: ChildProcess | undefined;
  #restarting: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;
  readonly #stopping = new AbortController();
  readonly #exitListeners: ((exit: ServerExit) => void)[] = [];
  readonly #logs: string;
  #pruning: NodeJS.Timeout | undefined;

  constructor(private readonly plan: ServerPlan) {
    this.#logs = join(plan.folder, 'log');
  }

  get port(): number {
    return this.#port;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  onExit(listener: (exit: ServerExit) => void): void {
    this.#exitListeners.push(listener);
  }

  kill(name: NodeJS.Signals): void {
    if (this.#isRunning()) signal(this.pid, name);
  }

  /** Resolves when the server answers. A recovery after a crash takes as long as it takes, and is logged. */
  async start(): Promise<void> {
    makeFolder(this.#logs);
    process.on('exit', this.#atExit);
    for (let ports = 1; ; ports++) {
      this.#port = this.plan.port ?? (await freePort());
      try {
        await this.#launch();
        break;
      } catch (error) {
        // Someone else took the port between the look and the start.
        const taken = this.plan.port === undefined && /could not bind/.test(String(error));
        if (!taken || ports === 5) throw error;
      }
    }
    this.#pruning = setInterval(() => void pruneServerLog(this.#logs).catch(() => undefined), 60_000).unref();
  }

  /** Ends the server and its supervision; the same promise for every caller. */
  stop(): Promise<void> {
    return (this.#stopped ??= this.#end());
  }

  async #end(): Promise<void> {
    this.#stopping.abort();
    clearInterval(this.#pruning);
    if (this.#isRunning()) await endServer(this.pid);
    await this.#restarting;
    process.off('exit', this.#atExit);
  }

  /** For a host that crashes without stop(): nothing can be waited for here, but the server can be told. */
  readonly #atExit = () => this.kill('SIGINT');

  #isRunning(): boolean {
    return this.#child?.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  #spawn(): ChildProcess {
    const { data, account, program, settings } = this.plan;
    const startup = join(this.#logs, 'startup.log');
    rmSync(startup, { force: true });
    // A file and not a pipe: a server whose host was killed must not die, or stand still, because nobody reads.
    const out = openSync(startup, 'w', 0o600);
    const options = Object.entries({ ...settings, port: String(this.#port) }).flatMap(([name, value]) => [
      '-c',
      `${name}=${value}`,
    ]);
    const child = spawnAs(account, program, ['-D', data, ...options], { cwd: data, stdio: ['ignore', out, out], own: true });
    closeSync(out);
    child.on('error', () => undefined);
    child.unref();
    return child;
  }

  async #launch(): Promise<void> {
    const { data, log } = this.plan;
    await pruneServerLog(this.#logs);
    const began = Date.now();
    for (;;) {
      const left = readPostmasterFile(data);
      if (left && !serverOn(data, left.pid)) disownPostmasterFile(data);
      if (this.#stopping.signal.aborted) return;
      const child = (this.#child = this.#spawn());
      if (await this.#becomesReady(child)) {
        child.once('exit', (code, name) => this.#ended({ code, signal: name }));
        // It may have died between its last word and this line.
        if (this.#isRunning()) return;
      }
      const words = await lastWords(this.#logs);
      if (!words.includes('pre-existing shared memory block') || Date.now() - began > leftoversMs)
        throw new EmbeddedPostgresError('start-failed', `Postgres did not start on ${data}: ${words || 'it said nothing'}`);
      if (Date.now() - began > leftoversPatienceMs)
        for (const pid of leftoversOn(data)) {
          log(`ending process ${pid} of a Postgres that is dead`);
          signal(pid, 'SIGQUIT');
        }
      await sleep(50);
    }
  }

  /** True when the server says that it is ready, false when it is dead before. */
  async #becomesReady(child: ChildProcess): Promise<boolean> {
    const began = Date.now();
    for (let told = began; child.pid !== undefined && isAlive(child.pid); await sleep(10)) {
      const file = readPostmasterFile(this.plan.data);
      if (file?.ready && file.pid === child.pid) return true;
      if (Date.now() - told < 10_000) continue;
      told = Date.now();
      this.plan.log(`Postgres is starting, for ${Math.round((told - began) / 1000)} s now: after a crash it reads its log again`);
    }
    // Polled: a child that does not keep Node alive would not keep this wait alive either.
    while (this.#isRunning()) await sleep(5);
    return false;
  }

  #ended(exit: ServerExit): void {
    if (this.#stopping.signal.aborted) return;
    this.plan.log(`Postgres ended (${exit.signal ?? `code ${exit.code}`}), starting it again on port ${this.#port}`);
    for (const listener of this.#exitListeners) listener(exit);
    this.#restarting = this.#restart();
  }

  /** At once, then after 0.1 s, 0.2 s and so on up to 5 s, until it works or stop(); failures 1, 2, 4, 8 and so on are logged. */
  async #restart(): Promise<void> {
    for (let attempt = 1; !this.#stopping.signal.aborted; attempt++) {
      try {
        return await this.#launch();
      } catch (error) {
        if (Number.isInteger(Math.log2(attempt))) this.plan.log(`attempt ${attempt} failed: ${(error as Error).message}`);
        const pauseMs = Math.min(50 * 2 ** attempt, 5_000);
        await sleep(pauseMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
      }
    }
  }
}
