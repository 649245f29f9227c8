// kams rebuild: a projection made again from the events, while it goes on answering.
import { closest } from 'fastest-levenshtein';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from './failure';
import { Refused, type HostClient } from './host-client';
import { numberOf, type Status } from './status';
import type { Terminal } from './terminal';

interface Rebuild {
  readonly state: 'running' | 'done' | 'failed';
  readonly position?: string;
  readonly head?: string;
  readonly error?: string;
}

export async function rebuildProjection(terminal: Terminal, host: HostClient, name: string, pollMs = 300): Promise<void> {
  const path = `/operations/projections/${encodeURIComponent(name)}/rebuild`;
  const began = performance.now();
  let rebuild = await host.post<Rebuild>(path).catch(async (error: unknown) => {
    throw error instanceof Refused && error.problem.status === 404 ? await unknown(host, name) : error;
  });
  const bar = terminal.bar(name, numberOf(rebuild.head), 'events');
  try {
    while (rebuild.state === 'running') {
      bar.reach(numberOf(rebuild.position), numberOf(rebuild.head));
      await sleep(pollMs, undefined, { signal: terminal.streams.signal });
      rebuild = await host.get<Rebuild>(path).catch((error: unknown) => {
        if (error instanceof Refused && error.problem.status === 404)
          throw new Failure(`The host was started again and has forgotten the rebuild of ${name}. Run the command again.`);
        throw error;
      });
    }
  } finally {
    bar.end();
  }
  if (rebuild.state === 'failed') {
    throw new Failure(
      `The rebuild of ${name} failed: ${rebuild.error ?? 'the log of the host says why'}. The old rows still serve.`,
    );
  }
  const seconds = Math.round(performance.now() - began) / 1000;
  if (terminal.json) terminal.print(JSON.stringify({ projection: name, state: rebuild.state, seconds }));
  else terminal.print(`${name} is built again (${seconds} s)`);
}

async function unknown(host: HostClient, name: string): Promise<Failure> {
  const { projections } = await host.get<Status>('/operations/status');
  const names = projections.map((it) => it.name);
  return new Failure(
    `There is no projection ${JSON.stringify(name)}.${names.length > 0 ? ` Did you mean ${closest(name, names)}? There are ${names.join(', ')}.` : ''}`,
  );
}
