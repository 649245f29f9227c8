// `kams up`, as its users have it: processes of their own behind one origin.
import { saysYes } from '@kams/platform/run/says-yes';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cleanEnv, root } from './faults/procs';
import { runKams } from './host';
import { until } from './until';

const UP_WITHIN_MS = 120_000;
const READY_WITHIN_MS = 60_000;

export interface Up {
  readonly url: string;
  /** Of the developer, an administrator. */
  readonly token: string;
  said(): string;
  end(): Promise<void>;
}

/** Until all of it is ready. @param folder of a project that is built */
export async function startUp(settings: NodeJS.ProcessEnv, args: readonly string[] = [], folder = root): Promise<Up> {
  const env: NodeJS.ProcessEnv = { ...cleanEnv(), KAMS_LOG_LEVEL: 'warn', ...settings };
  const running = spawn(process.execPath, ['tools/kams.mjs', 'up', ...args], { cwd: folder, env });
  const url = `http://127.0.0.1:${env['KAMS_PORT']}`;
  let said = '';
  for (const stream of [running.stdout, running.stderr]) stream.on('data', (more: Buffer) => void (said += more.toString()));
  const end = async (): Promise<void> => {
    if (running.exitCode !== null || running.signalCode !== null) return;
    running.kill('SIGTERM');
    await once(running, 'exit');
  };
  const isUp = () => {
    if (running.exitCode !== null) throw new Error(said);
    return /Ctrl-C ends them all/.test(said);
  };
  try {
    await until('kams up', isUp, UP_WITHIN_MS);
    await until('all that is up', () => saysYes(`${url}/health/ready`), READY_WITHIN_MS);
    const token = (await runKams({ KAMS_DATA: env['KAMS_DATA'] }, 'token')).stdout.trim();
    return { url, token, said: () => said, end };
  } catch (error) {
    await end();
    throw error;
  }
}
