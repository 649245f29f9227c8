// Processes that a fault test starts, stops, holds and kills: each is the head of a group of its own.
import { within } from '@kams/eventing/within';
import { runningEmbeddedPostgres } from '@kams/platform/embedded-postgres/embedded-postgres';
import { readPostmasterFile } from '@kams/platform/embedded-postgres/postmaster-file';
import { isAlive } from '@kams/platform/embedded-postgres/processes';
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AT_POINT, written, type AtPoint } from './killpoints';

export const root = join(__dirname, '../../../..');
const DIST = join(root, 'dist');
const GONE_WITHIN_MS = 30_000;
/** Longer than a host takes when nothing answers it. */
const ENDED_WITHIN_MS = 120_000;
const SLOW_MS = 15_000;

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Proc {
  readonly process: ChildProcess;
  readonly pid: number;
  /** What it has written so far. */
  said(): string;
  readonly gone: Promise<Exit>;
  /** To all processes of its group. */
  signal(name: NodeJS.Signals): void;
  /** SIGSTOP: its connections stay open and nothing of it moves, until `resume`. */
  pause(): void;
  resume(): void;
  /** By `pause`, or by itself at one of its places. Needs /proc. */
  isHeld(): boolean;
  /** Gives a signal, and waits until nothing of the group lives. What stays longer than 120 s is killed, and that is an error. */
  end(signal?: NodeJS.Signals): Promise<Exit>;
  /** Of a worker: its next message; rejects when it ends before. */
  message<T>(): Promise<T>;
  send(message: string | object): void;
}

export interface ProcOptions {
  readonly args?: readonly string[];
  /** Beside the environment of the test without what would configure a host. */
  readonly env?: NodeJS.ProcessEnv;
  readonly at?: AtPoint;
}

/** The environment of this process without what would configure a host. */
export const cleanEnv = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('KAMS_')));

/** A program of dist/, as users start it. */
export function startBuilt(program: string, options: ProcOptions = {}): Proc {
  const main = join(DIST, program);
  if (!existsSync(main)) throw new Error('the product is not built: npm run build');
  return start(['--require', join(DIST, 'libs/testing/src/faults/preload.js'), main], options, false);
}

/** A TypeScript file of a test that is a process of its own; messages go both ways. */
export const startWorker = (file: string, options: ProcOptions = {}): Proc =>
  start(['--require', require.resolve('@swc-node/register'), '--require', join(__dirname, 'preload.ts'), file], options, true);

function start(nodeArgs: readonly string[], { args = [], env, at }: ProcOptions, withMessages: boolean): Proc {
  const child = spawn(process.execPath, [...nodeArgs, ...args], {
    cwd: root,
    env: { ...cleanEnv(), ...env, ...(at && { [AT_POINT]: written(at) }) },
    stdio: ['pipe', 'pipe', 'pipe', ...(withMessages ? (['ipc'] as const) : [])],
    serialization: 'advanced',
    detached: true,
  });
  const pid = child.pid!;
  let text = '';
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (more: Buffer) => void (text += more.toString()));
  child.stdin!.on('error', () => undefined);
  const exitAt = (event: 'exit' | 'close') =>
    new Promise<Exit>((resolve) => child.once(event, (code: number | null, by: Exit['signal']) => resolve({ code, signal: by })));
  const gone = exitAt('exit');
  /** When all that it wrote has been read, too. */
  const closed = exitAt('close');

  /** From then on its number may be another's: nothing is sent to it. */
  let isOver = false;
  void gone.then(() => (isOver = membersOf(pid).length === 0));

  function signal(name: NodeJS.Signals): void {
    if (isOver) return;
    try {
      process.kill(-pid, name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
  return {
    process: child,
    pid,
    said: () => text,
    gone,
    signal,
    pause: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
    isHeld: () => statOf(pid)?.state === 'T',
    async end(name = 'SIGTERM') {
      signal(name);
      // A process that is held takes no other signal than SIGKILL.
      signal('SIGCONT');
      const asked = Date.now();
      const told = () => `process ${pid}, ${Date.now() - asked} ms after ${name}; it had said ${text.slice(-2_000)}`;
      const exit = await within(ENDED_WITHIN_MS, gone, () => {
        signal('SIGKILL');
        return new Error(`still there: ${told()}`);
      });
      // Not the test's to judge, and not to be overlooked.
      if (Date.now() - asked > SLOW_MS) process.stdout.write(`slow end of ${told()}\n`);
      await untilGone(() => membersOf(pid));
      isOver = true;
      return exit;
    },
    message: <T>() =>
      new Promise<T>((resolve, reject) => {
        const ended = () =>
          void closed.then(({ code, signal: by }) => reject(new Error(`the worker ended with ${by ?? code}: ${text}`)));
        if (!child.connected) return ended();
        // Not its exit, which is told while its last message is still on its way: the channel ends behind it.
        child.once('disconnect', ended);
        child.once('message', (it) => {
          child.off('disconnect', ended);
          resolve(it as T);
        });
      }),
    send: (message) => void child.send(message),
  };
}

async function untilGone(living: () => readonly number[]): Promise<void> {
  for (const until = Date.now() + GONE_WITHIN_MS; living().length > 0; await sleep(5)) {
    if (Date.now() > until) throw new Error(`processes ${living().join(', ')} are still there`);
  }
}

/** Of /proc/<pid>/stat: the letter of its state, and the numbers of its parent and its group. */
function statOf(pid: number): { readonly state?: string; readonly parent: number; readonly group: number } | undefined {
  try {
    const [state, parent, group] = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return { state, parent: Number(parent), group: Number(group) };
  } catch {
    return undefined;
  }
}
const processes = (): number[] => (existsSync('/proc/self') ? readdirSync('/proc').map(Number).filter(Boolean) : []);
const membersOf = (group: number): number[] => processes().filter((pid) => statOf(pid)?.group === group && isAlive(pid));

/** The Postgres of a data folder, whoever started it and however often it was started again. Its processes need /proc. */
export function postgresOf(folder: string) {
  const server = (): number | undefined => {
    const file = readPostmasterFile(join(folder, 'data'));
    // While the server starts, the file may name its host.
    return file?.ready && isAlive(file.pid) ? file.pid : undefined;
  };
  /** Each is in a session of its own, so no signal to a group reaches them. */
  const children = (pid: number): number[] => processes().filter((it) => statOf(it)?.parent === pid);
  const kill = (pids: readonly number[]) => {
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
    }
  };
  return {
    server,
    /** None while the file is being written. */
    port: () => readPostmasterFile(join(folder, 'data'))?.port || undefined,
    url: (password: string) => runningEmbeddedPostgres(folder, password),

    /** The first process, or it and all of its children at one moment; resolves when all of them are gone. */
    async kill(which: 'the server' | 'all its processes'): Promise<void> {
      const pid = server();
      if (pid === undefined) throw new Error('no Postgres is running');
      const all = [pid, ...children(pid)];
      kill(which === 'the server' ? [pid] : all);
      await untilGone(() => all.filter(isAlive));
    },

    /** One session: the server ends all others, and recovers. */
    async killSession(pid: number): Promise<void> {
      kill([pid]);
      await untilGone(() => [pid].filter(isAlive));
    },
  };
}
