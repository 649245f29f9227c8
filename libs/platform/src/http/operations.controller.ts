// For those who run it: is it alive, how far has it come, build this projection again.
import { Body, Controller, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { text } from '@kams/contracts/values';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { ParkedEvent } from '../read-model/parked';
import { numberIn, positionToken } from './position-token';
import { Runtime } from '../run/runtime';
import { allMetricsOf } from '../run/metrics';
import { OPERATIONS } from '../rights/rights';
import { askerOf, Public, Requires } from './access';
import { checkedId } from './command-request';
import { openCursor, sealCursor } from './cursor';
import { paging } from './list';
import { Problem } from './problems';
import { validate } from './validate';

@Controller('health')
export class HealthController {
  constructor(private readonly runtime: Runtime) {}

  @Get('live')
  @Public()
  live() {
    return { status: 'live' };
  }

  /** Positions, not connections: ready means that every projection moves and has come to where the store was at the start. */
  @Get('ready')
  @Public()
  async ready(@Res({ passthrough: true }) reply: FastifyReply) {
    const status = await statusOf(this.runtime);
    if (!this.runtime.ready) reply.status(503).header('retry-after', '1');
    return { status: this.runtime.ready ? 'ready' : 'not-ready', ...status };
  }
}

@Controller('metrics')
export class MetricsController {
  constructor(private readonly runtime: Runtime) {}

  @Get()
  @Public()
  async metrics(@Res() reply: FastifyReply) {
    const register = allMetricsOf(this.runtime);
    await reply.type(register.contentType).send(await register.metrics());
  }
}

export const parkedQuery = z.strictObject(paging);
export const skipBody = z.strictObject({
  reason: text(500).meta({ description: 'Why it may be left out. It is kept for good: name nobody in it.' }),
});
/** How long an answer waits for whoever owns it. */
const ASKED_MS = 5_000;
const ASKED_EVERY_MS = 50;

@Controller('operations')
export class OperationsController {
  constructor(private readonly runtime: Runtime) {}

  @Get('status')
  @Requires(OPERATIONS, 'operate')
  status() {
    return statusOf(this.runtime, true);
  }

  @Post('projections/:name/rebuild')
  @Requires(OPERATIONS, 'operate')
  @HttpCode(202)
  rebuild(@Param('name') name: string) {
    if (!this.runtime.projector(name)) throw new Problem('not-found');
    return this.runtime.rebuild(name);
  }

  @Get('projections/:name/rebuild')
  @Requires(OPERATIONS, 'operate')
  rebuilding(@Param('name') name: string) {
    return this.runtime.rebuildOf(name) ?? missing();
  }

  @Get('parked')
  @Requires(OPERATIONS, 'operate')
  async parked(@Query() asked: unknown) {
    const { limit, cursor } = validate(parkedQuery, asked);
    const { cursorKey, parked } = this.runtime;
    const scope = { tenantId: '', query: 'GET /operations/parked' };
    const [since, id] = (cursor === undefined ? [] : (openCursor(cursorKey, scope, cursor) ?? invalidCursor())) as string[];
    const found = await parked.list(limit + 1, id === undefined ? undefined : { since: since!, id });
    const items = found.slice(0, limit);
    const last = items.at(-1);
    const next = found.length > limit && last ? sealCursor(cursorKey, scope, [last.since, last.id]) : null;
    return { items: items.map((it) => this.shown(it)), next };
  }

  @Get('parked/:id')
  @Requires(OPERATIONS, 'operate')
  async showParked(@Param('id') id: string) {
    const it = await this.runtime.parked.find(checkedId(id));
    return it ? this.shown(it) : missing();
  }

  /** Answers when it was tried, or 202 when its owner has not got to it in time. */
  @Post('parked/:id/retry')
  @Requires(OPERATIONS, 'operate')
  @HttpCode(200)
  async retry(@Param('id') id: string, @Res({ passthrough: true }) reply: FastifyReply) {
    if (!(await this.runtime.parked.retry(checkedId(id)))) missing();
    return this.tried(id, reply);
  }

  @Post('parked/:id/skip')
  @Requires(OPERATIONS, 'operate')
  @HttpCode(200)
  async skip(
    @Param('id') id: string,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { reason } = validate(skipBody, body);
    const { subject } = askerOf(request).principal;
    if (!(await this.runtime.parked.skip(checkedId(id), subject, reason))) missing();
    return this.tried(id, reply);
  }

  private async tried(id: string, reply: FastifyReply) {
    for (const until = performance.now() + ASKED_MS; ; await sleep(ASKED_EVERY_MS)) {
      const it = await this.runtime.parked.find(id);
      if (!it) return { id, state: 'through' };
      if (!it.wanted && it.parked) return this.shown(it);
      if (performance.now() > until) {
        reply.status(202);
        return this.shown(it);
      }
    }
  }

  private shown({ parked, wanted, position, ...it }: ParkedEvent) {
    return { ...it, position: positionToken(this.runtime.epoch, position), state: parked && !wanted ? 'parked' : 'trying' };
  }
}

const invalidCursor = (): never => {
  throw new Problem('cursor-invalid');
};

const missing = (): never => {
  throw new Problem('not-found');
};

const unknown = () => undefined;

/** What Postgres said of a failure is for operators only: it may name hosts, tables and values. */
export async function statusOf(runtime: Runtime, detailed = false) {
  const { epoch, position: head } = await runtime.store.head();
  // Positions are told also while the read database is away.
  const [owners, parked] = detailed
    ? await Promise.all([runtime.owners().catch(unknown), runtime.parked.counts().catch(unknown)])
    : [];
  const heads = await runtime.heads({ epoch, position: head });
  const owned = (name: string) => owners && { owner: owners.get(name) ?? null };
  const said = (failure: Error | undefined) =>
    failure && { failure: detailed ? failure.message : 'stands still: kams status says why' };
  return {
    epoch,
    head: positionToken(epoch, head),
    projections: runtime.projections().map((it) => {
      const rebuild = runtime.rebuildOf(it.projection.name);
      const read = heads.get(it.projection.name);
      return {
        name: it.projection.name,
        position: positionToken(read?.epoch ?? epoch, it.position()),
        // In Postgres positions are contiguous, so it is a number of events; in EventStoreDB it is one of bytes.
        lag: numberIn(read?.position ?? it.position()) - numberIn(it.position()),
        ...owned(it.projection.name),
        ...(parked && { parked: parked.get(it.projection.name) ?? 0 }),
        ...said(it.failure()),
        ...(rebuild && { rebuild: rebuild.state }),
      };
    }),
    workers: runtime.workers().map(({ name, isOwned, failure }) => ({
      name,
      ...(isOwned && owned(name)),
      ...(parked && name.startsWith('reaction ') && { parked: parked.get(name.replace(' ', ':')) ?? 0 }),
      ...said(failure()),
    })),
    inboxes: await Promise.all(
      runtime.inboxes().map(async ({ name, service, producer, inbox, failure, lag }) => {
        const place = detailed ? await inbox.place().catch(unknown) : undefined;
        return {
          service,
          producer,
          ...owned(name),
          ...(place && {
            events: place.position,
            repeats: place.repeats,
            healed: place.healed,
            lag: await lag(place).catch(unknown),
          }),
          ...said(failure()),
        };
      }),
    ),
    relays: await Promise.all(
      runtime.relays().map(async ({ name, topic, published, failure }) => {
        const position = detailed ? await published().catch(unknown) : undefined;
        return {
          topic,
          ...owned(name),
          ...(position !== undefined && { position: positionToken(epoch, position), lag: numberIn(head) - numberIn(position) }),
          ...said(failure()),
        };
      }),
    ),
  };
}
