// The command line in this process, with what it wrote.
import { Writable } from 'node:stream';
import { kams } from '../src/cli/main';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

class Text extends Writable {
  text = '';

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

export async function runKams(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  signal = new AbortController().signal,
): Promise<Ran> {
  const [stdout, stderr] = [new Text(), new Text()];
  const code = await kams(args, { env, stdout, stderr, signal });
  return { code, out: stdout.text, err: stderr.text };
}
