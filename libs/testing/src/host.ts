// The product as its users start it: a process of its own, on a port and a data folder of its own. `npm test` builds it first.
import { saysYes } from '@kams/platform/run/says-yes';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AtPoint } from './faults/killpoints';
import { cleanEnv, root, startBuilt, type Proc } from './faults/procs';

const MAIN = 'services/host/src/main.js';
const KAMS = join(root, 'tools/kams.mjs');
const READY_WITHIN_MS = 60_000;

export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface TestHost extends Omit<Proc, 'send' | 'message'> {
  readonly url: string;
  /** KAMS_DATA and KAMS_PORT, as the command line needs them too. */
  readonly env: NodeJS.ProcessEnv;
  /** `kams ...`, to this host. */
  kams(...args: readonly string[]): Promise<Said>;
}

export interface HostOptions {
  /** What it is waited for: `ready`, or `live`, when its views may be behind. */
  readonly until?: 'ready' | 'live';
  readonly args?: readonly string[];
  readonly at?: AtPoint;
}

export { freePort } from '@kams/platform/embedded-postgres/free-port';
export const dataFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'kams-host-'));
export const removeFolder = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true });

/** Starts a host and waits until it is ready, or live. */
export async function startHost(env: NodeJS.ProcessEnv, options: HostOptions = {}): Promise<TestHost> {
  const host = spawnHost(env, options);
  const { until = 'ready' } = options;
  const end = Date.now() + READY_WITHIN_MS;
  while (!(await saysYes(`${host.url}/health/${until}`))) {
    const { exitCode, signalCode } = host.process;
    if (exitCode !== null || signalCode !== null)
      throw new Error(`the host ended with ${signalCode ?? exitCode}: ${host.said()}`);
    if (Date.now() > end) throw new Error(`the host is not ${until}: ${await whatItSays(host)}\n${host.said()}`);
    await sleep(25);
  }
  return host;
}

/** What its own page says of why it is not ready, or why nobody could read that. */
const whatItSays = ({ url }: TestHost): Promise<string> =>
  fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(5_000) }).then((it) => it.text(), String);

/** Starts a host and waits for nothing. */
export function spawnHost(more: NodeJS.ProcessEnv, options: HostOptions = {}): TestHost {
  const env: NodeJS.ProcessEnv = { ...cleanEnv(), KAMS_LOG_LEVEL: 'warn', ...more };
  return {
    ...startBuilt(MAIN, { ...options, env }),
    url: `http://127.0.0.1:${env['KAMS_PORT'] ?? 3000}`,
    env,
    kams: (...said) => runKams(env, ...said),
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
