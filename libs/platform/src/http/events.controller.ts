// The public events of this process, for whoever has no Kafka: the same CloudEvents, from a position, as NDJSON or as
// server-sent events.
import { Controller, Get, Req, Res } from '@nestjs/common';
import { categoryOf, publisher, START, type CloudEvent, type EventStore, type Position, type Recorded } from '@kams/eventing';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { finished, Readable } from 'node:stream';
import { z } from 'zod';
import { Runtime } from '../run/runtime';
import { STREAM_ACTION, type Rights } from '../rights/rights';
import { contractsOf } from '../service';
import type { Principal } from '../tokens/verify';
import { askerOf, Requires } from './access';
import { isReached, positionOf, positionToken } from './position-token';
import { Problem } from './problems';
import { serverSent } from './server-sent';
import { validate } from './validate';

const query = z.strictObject({
  after: z.string().max(80).optional().meta({ description: 'Everything after this position; absent: from the first event on.' }),
  types: z
    .string()
    .max(2000)
    .optional()
    .meta({ description: 'Only these types, separated by commas: kams.accounts.account.registered.v1' }),
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(10_000)
    .default(1_000)
    .meta({ description: 'At most this many events; not for server-sent events.' }),
});
export const eventsQuery = query;

const PAGE = 1_000;

type Select = (stored: Recorded) => CloudEvent | undefined;

@Controller('events')
export class EventsController {
  constructor(private readonly runtime: Runtime) {}

  @Get()
  @Requires('*', STREAM_ACTION)
  async events(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { after, types, limit } = validate(query, request.query);
    const live = /\btext\/event-stream\b/.test(request.headers.accept ?? '');
    const last = live ? (request.headers['last-event-id'] ?? after) : after;
    const position = typeof last === 'string' ? positionOf(this.runtime.epoch, last) : START;
    if (!isReached((await this.runtime.store.head()).position, position)) throw new Problem('position-foreign');
    const wanted = types === undefined ? undefined : new Set(types.split(','));
    const { principal } = askerOf(request);
    const select = this.selection(principal, wanted);

    const left = new AbortController();
    finished(reply.raw, () => left.abort());
    const body = live
      ? serverSent(this.live(position, select, principal, AbortSignal.any([left.signal, endOf(principal), this.runtime.stopped])))
      : Readable.from(ndjson(this.runtime.store, position, select, limit));
    await reply
      .header('cache-control', 'no-store')
      .type(live ? 'text/event-stream; charset=utf-8' : 'application/x-ndjson; charset=utf-8')
      .send(body);
  }

  /** The public events of a page that this reader may see: of what they may stream, and of the accounts that they reach. */
  private selection({ tenantId, subject }: Principal, types: ReadonlySet<string> | undefined): Select {
    const publishers = this.runtime.installation.map((it) => publisher(it.name, contractsOf(it), this.runtime.epoch));
    return (stored) => {
      if (stored.metadata.tenantId !== tenantId) return undefined;
      // Asked at each event: a stream lasts longer than a right may.
      if (!mayStream(stored, this.runtime.rights.rightsOf(tenantId, subject))) return undefined;
      for (const publish of publishers) {
        const event = publish(stored);
        if (event) return !types || types.has(event.type) ? event : undefined;
      }
      return undefined;
    };
  }

  /** Ends when the roles of its reader change: what was passed over before they had them would be missing, and nobody would know. */
  private async *live(from: Position, select: Select, who: Principal, signal: AbortSignal): AsyncGenerator<string> {
    const { store, epoch, rights } = this.runtime;
    const roles = () => JSON.stringify(rights.rightsOf(who.tenantId, who.subject)?.who.held);
    const before = roles();
    yield ': connected\n\n';
    for await (const { events, position } of store.subscribe(from, signal)) {
      // What is shown is judged by all that was known of rights when it happened.
      if (!(await rights.reached(position, this.runtime.readWaitMs)) || roles() !== before) return;
      for (const stored of events) {
        const event = select(stored);
        // JSON has no line breaks of its own, so no value can end a field.
        if (event) yield `id: ${positionToken(epoch, stored.position)}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
      }
    }
  }
}

/** A stream ends with its token, and its reader comes back with another one and the last id. */
const endOf = ({ expiresAt }: Principal): AbortSignal => AbortSignal.timeout(Math.max(0, Math.ceil(expiresAt - Date.now())));

/** An event that does not say its account is for those who reach all. */
function mayStream({ stream, data }: Recorded, rights: Rights | undefined): boolean {
  const category = categoryOf(stream);
  if (!rights?.may(category, STREAM_ACTION)) return false;
  if (rights.isEverywhere(category, STREAM_ACTION)) return true;
  const { accountId } = data as { readonly accountId?: unknown };
  return typeof accountId === 'string' && rights.reaches(category, STREAM_ACTION, accountId);
}

async function* ndjson(store: EventStore, from: Position, select: Select, limit: number): AsyncGenerator<string> {
  let position = from;
  let left = limit;
  for (;;) {
    const page = await store.readAll(position, PAGE);
    if (page.position === position) return;
    for (const stored of page.events) {
      const event = select(stored);
      if (!event) continue;
      yield JSON.stringify(event) + '\n';
      if (--left === 0) return;
    }
    ({ position } = page);
  }
}
