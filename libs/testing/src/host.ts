// The product as its users start it: a process of its own, on a port and a data folder of its own. `npm test` builds it first.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const root = join(__dirname, '../../..');
const MAIN = join(root, 'dist/services/host/src/main.js');
const KAMS = join(root, 'tools/kams.mjs');
const READY_WITHIN_MS = 60_000;

export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface TestHost {
  readonly url: string;
  /** KAMS_DATA and KAMS_PORT, as the command line needs them too. */
  readonly env: NodeJS.ProcessEnv;
  readonly process: ChildProcess;
  /** What it has written so far. */
  said(): string;
  /** `kams ...`, to this host. */
  kams(...args: readonly string[]): Promise<Said>;
  /** Ends it with a signal and waits until it has gone. */
  end(signal?: NodeJS.Signals): Promise<number | null>;
}

/** A port that nobody uses now. */
export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });

export const dataFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'kams-host-'));
export const removeFolder = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true });

/** The environment of this process without what would configure a host. */
const cleanEnv = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('KAMS_')));

/** Starts a host and waits until it is ready. */
export async function startHost(env: NodeJS.ProcessEnv, args: readonly string[] = []): Promise<TestHost> {
  const host = spawnHost(env, args);
  const until = Date.now() + READY_WITHIN_MS;
  while (
    !(await fetch(`${host.url}/health/ready`).then(
      (it) => it.ok,
      () => false,
    ))
  ) {
    if (host.process.exitCode !== null) throw new Error(`the host ended with ${host.process.exitCode}: ${host.said()}`);
    if (Date.now() > until) throw new Error(`the host is not ready: ${host.said()}`);
    await sleep(25);
  }
  return host;
}

/** Starts a host and waits for nothing. */
export function spawnHost(more: NodeJS.ProcessEnv, args: readonly string[] = []): TestHost {
  if (!existsSync(MAIN)) throw new Error('the product is not built: npm run build');
  const env: NodeJS.ProcessEnv = { ...cleanEnv(), KAMS_LOG_LEVEL: 'warn', ...more };
  const child = spawn(process.execPath, [MAIN, ...args], { env, cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (more: Buffer) => void (text += more.toString()));
  const gone = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return {
    url: `http://127.0.0.1:${env['KAMS_PORT'] ?? 3000}`,
    env,
    process: child,
    said: () => text,
    kams: (...said) => runKams(env, ...said),
    end: (signal = 'SIGTERM') => {
      child.kill(signal);
      return gone;
    },
  };
}

/** `kams ...` with these settings; never rejects, whatever the exit code. */
export const runKams = (settings: NodeJS.ProcessEnv, ...args: readonly string[]): Promise<Said> =>
  new Promise((resolve) => {
    execFile(
      process.execPath,
      [KAMS, ...args],
      { env: { ...cleanEnv(), ...settings }, cwd: root, maxBuffer: 64_000_000 },
      (error, stdout, stderr) => resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr }),
    );
  });
