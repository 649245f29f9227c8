// kams tail: the public events as they happen, a line each.
import { delay } from '@kams/eventing';
import { Failure } from './failure';
import { Refused, type HostClient } from './host-client';
import type { Status } from './status';
import type { Terminal } from './terminal';

export interface TailOptions {
  readonly types?: readonly string[];
  /** A position of an answer, or `start`; without it, what happens from now on. */
  readonly after?: string;
}

interface Event {
  readonly time: string;
  readonly type: string;
  readonly subject: string;
  readonly data: object;
}

export async function tailEvents(
  terminal: Terminal,
  host: HostClient,
  { types, after }: TailOptions,
  pauseMs = 1_000,
): Promise<void> {
  const { signal } = terminal.streams;
  let last = after === 'start' ? undefined : (after ?? (await host.get<Status>('/health/ready')).head);
  const query = new URLSearchParams(types && { types: types.join(',') });
  for (let lost = false; !signal.aborted;) {
    try {
      const body = await host.stream(`/events?${query}`, last === undefined ? {} : { 'last-event-id': last });
      if (lost) terminal.note('connected again');
      lost = false;
      for await (const { id, data } of serverSent(body)) {
        terminal.print(terminal.json ? data : lineOf(JSON.parse(data) as Event));
        last = id ?? last;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Failure && (!(error instanceof Refused) || ![429, 502, 503, 504].includes(error.problem.status)))
        throw error;
    }
    if (signal.aborted) return;
    if (!lost) terminal.note('The host went away; waiting for it.');
    lost = true;
    await delay(pauseMs, signal);
  }
}

const lineOf = ({ time, type, subject, data }: Event): string => `${time}  ${type}  ${subject}  ${JSON.stringify(data)}`;

export interface ServerSentEvent {
  readonly id?: string;
  readonly data: string;
}

/** The events of a stream as the HTML standard parses them, as far as ours go: `id` and one `data`. */
export async function* serverSent(body: AsyncIterable<Uint8Array>): AsyncGenerator<ServerSentEvent> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const bytes of body) {
    text += decoder.decode(bytes, { stream: true });
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const fields = text.slice(0, end).split('\n');
      text = text.slice(end + 2);
      const valueOf = (name: string) => fields.find((it) => it.startsWith(`${name}: `))?.slice(name.length + 2);
      const data = valueOf('data');
      if (data !== undefined) yield { id: valueOf('id'), data };
    }
  }
}
