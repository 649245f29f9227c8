// A part of a measurement in a process of its own: it shares no event loop with the others, nor what they do to `pg`.
import { fork } from 'node:child_process';

/** What a child may be asked. Arguments and answers go through JSON. */
export type Jobs = Readonly<Record<string, (...args: never[]) => Promise<unknown>>>;
type Answer = { readonly value: unknown } | { readonly error: string };

export interface Child<J extends Jobs = Jobs> {
  readonly pid: number;
  ask<N extends keyof J & string>(name: N, ...args: Parameters<J[N]>): Promise<Awaited<ReturnType<J[N]>>>;
  /** Asks for `close`, then ends the process. */
  stop(): Promise<void>;
}

/** Starts a module that calls `serve`. Node's own options (`--cpu-prof`) are handed on. */
export function startChild<J extends Jobs>(module: string, ...args: readonly unknown[]): Child<J> {
  const child = fork(
    module,
    args.map((it) => JSON.stringify(it)),
    { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] },
  );
  const exited = new Promise<void>((done) => child.once('exit', () => done()));
  let last: Promise<unknown> = Promise.resolve();

  /** One question at a time. */
  const ask = (name: string, ...questions: unknown[]): Promise<never> => {
    const answer = last.then(
      () =>
        new Promise<never>((resolve, reject) => {
          const gone = () => reject(new Error(`${module} ended before it answered ${name}`));
          child.once('exit', gone);
          child.once('message', (it: Answer) => {
            child.off('exit', gone);
            if ('error' in it) reject(new Error(it.error));
            else resolve(it.value as never);
          });
          child.send({ name, questions });
        }),
    );
    last = answer.catch(() => undefined);
    return answer;
  };

  return {
    pid: child.pid!,
    ask,
    async stop() {
      if (child.exitCode === null) await ask('close').catch(() => child.kill());
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}

/** The other end. `start` gets the arguments of `startChild`; the first question waits for it. */
export function serve<A extends unknown[]>(start: (...args: A) => Promise<Jobs>): void {
  const jobs = start(...(process.argv.slice(2).map((it) => JSON.parse(it) as unknown) as A));
  jobs.catch(() => undefined);
  process.on('disconnect', () => process.exit());
  process.on('message', async ({ name, questions }: { name: string; questions: never[] }) => {
    const answer: Answer = await jobs
      .then((it) => it[name]?.(...questions))
      .then(
        (value) => ({ value }),
        (error: Error) => ({ error: error.stack ?? error.message }),
      );
    process.send!(answer);
  });
}
