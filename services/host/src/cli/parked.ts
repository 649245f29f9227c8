// kams parked: the events that can not be handled, what waits behind them, and what a person does about it.
import { Failure } from './failure';
import { Refused, type HostClient } from './host-client';
import { numberOf } from './status';
import type { Terminal } from './terminal';

interface ParkedEvent {
  readonly id: string;
  readonly reader: string;
  readonly key: string;
  readonly eventId: string;
  readonly type: string;
  readonly tenantId: string;
  readonly stream: string;
  readonly revision: number;
  readonly position: string;
  readonly waiting: number;
  readonly tries: number;
  readonly error: string;
  readonly since: string;
  readonly state: 'trying' | 'parked';
}
interface Page {
  readonly items: readonly ParkedEvent[];
  readonly next: string | null;
}
type Tried = { readonly id: string; readonly state: 'through' } | ParkedEvent;

const PARKED = '/operations/parked';

async function* all(host: HostClient): AsyncGenerator<ParkedEvent> {
  for (let cursor: string | null = ''; cursor !== null;) {
    const page: Page = await host.get<Page>(`${PARKED}?limit=200${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
    yield* page.items;
    cursor = page.next;
  }
}

/** With `--json` a line each. */
export async function listParked(terminal: Terminal, host: HostClient): Promise<void> {
  const items: ParkedEvent[] = [];
  for await (const it of all(host)) {
    if (terminal.json) terminal.print(JSON.stringify(it));
    else items.push(it);
  }
  if (terminal.json) return;
  if (items.length > 0) {
    terminal.table([
      ['id', 'reader', 'event', 'position', 'waiting', 'error'],
      ...items.map((it) => [it.id, it.reader, it.type, String(numberOf(it.position)), String(it.waiting), it.error.slice(0, 80)]),
    ]);
  }
  terminal.note(items.length === 0 ? 'nothing is parked' : `${items.length} parked; kams parked show <id> says more`);
}

export async function showParked(terminal: Terminal, host: HostClient, id: string): Promise<void> {
  const it = await found(id, host.get<ParkedEvent>(pathOf(id)));
  if (terminal.json) return terminal.print(JSON.stringify(it));
  terminal.table([
    ['state', it.state === 'parked' ? `parked: ${it.tries} tries` : `trying: ${it.tries} tries`],
    ['reader', it.reader],
    ['event', `${it.type} ${it.eventId}`],
    ['stream', `${it.stream}, revision ${it.revision}, tenant ${it.tenantId}`],
    ['position', it.position],
    ['since', it.since],
    ['waiting', `${it.waiting} with it, of ${it.key}`],
    ['error', it.error],
  ]);
}

/** Several one after the other; fails when one of them is parked again. */
export async function retryParked(
  terminal: Terminal,
  host: HostClient,
  ids: readonly string[],
  { all: everything = false }: { readonly all?: boolean },
): Promise<void> {
  if (everything === ids.length > 0) throw new Failure('Say which (kams parked list shows the ids), or --all.');
  const wanted = [...ids];
  if (everything) for await (const it of all(host)) wanted.push(it.id);
  let again = 0;
  for (const id of wanted) {
    const tried = await found(id, host.post<Tried>(`${pathOf(id)}/retry`));
    if (tried.state !== 'through') again++;
    say(terminal, tried);
  }
  if (again > 0)
    throw new Failure(`${again} of ${wanted.length} are not through. Mend what they say, or leave them out: kams parked skip.`);
}

export async function skipParked(terminal: Terminal, host: HostClient, id: string, reason: string): Promise<void> {
  say(terminal, await found(id, host.post<Tried>(`${pathOf(id)}/skip`, { reason })), 'left out for good');
}

function say(terminal: Terminal, it: Tried, done = 'through'): void {
  if (terminal.json) terminal.print(JSON.stringify(it));
  else
    terminal.print(
      it.state === 'through'
        ? `${it.id} is ${done}`
        : `${it.id} ${it.state}: ${it.type} at ${numberOf(it.position)}, ${it.error}`,
    );
}

const pathOf = (id: string): string => `${PARKED}/${encodeURIComponent(id)}`;

const found = <T>(id: string, asked: Promise<T>): Promise<T> =>
  asked.catch((error: unknown) => {
    if (error instanceof Refused && error.problem.status === 404)
      throw new Failure(`Nothing is held back under ${id}. kams parked list shows what is.`);
    throw error;
  });
