import { randomUUID } from 'node:crypto';
import type { EventStore, Filter, NewEvent, Page, Position, Recorded } from '../../src/store/port';

const metadata = {
  tenantId: 'tenant-1',
  actor: 'user-1',
  occurredAt: '2026-11-23T05:30:00.000Z',
  commandId: 'command-1',
  commandHash: 'hash',
  correlationId: 'correlation-1',
  causationId: 'causation-1',
};

export const event = (data: object = {}, more: Partial<NewEvent> = {}): NewEvent => ({
  id: randomUUID(),
  type: 'Happened',
  schema: 1,
  data,
  metadata,
  ...more,
});
/** `n` events, numbered from `from`. */
export const events = (n: number, from = 0): NewEvent[] => Array.from({ length: n }, (_, i) => event({ n: from + i }));

export const stream = (category = 'order'): string => `${category}-${randomUUID()}`;
export const ids = (of: readonly { readonly id: string }[]): string[] => of.map((it) => it.id);

/** The whole log from a position on, page by page. */
export async function readOn(store: EventStore, after: Position, limit = 1_000, filter?: Filter): Promise<Recorded[]> {
  const read: Recorded[] = [];
  for (let at = after; ;) {
    const page = await store.readAll(at, limit, filter);
    if (page.position === at) return read;
    read.push(...page.events);
    at = page.position;
  }
}

/** Follows the log in the background. `until` resolves when the events so far are enough, `stop` when the subscription has ended. */
export function following(store: EventStore, after: Position, filter?: Filter) {
  const seen: Recorded[] = [];
  const pages: Page[] = [];
  const stopping = new AbortController();
  let check: () => void = () => undefined;
  const ended = (async () => {
    for await (const page of store.subscribe(after, stopping.signal, filter)) {
      pages.push(page);
      seen.push(...page.events);
      check();
    }
  })();
  ended.catch(() => undefined); // for who awaits it later
  return {
    seen,
    pages,
    ended,
    async until(enough: () => boolean): Promise<void> {
      const reached = new Promise<void>((done) => (check = () => enough() && done()));
      if (!enough()) await Promise.race([reached, ended]);
    },
    async stop() {
      stopping.abort();
      await ended;
    },
  };
}
