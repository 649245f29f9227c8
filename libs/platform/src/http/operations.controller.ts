// For those who run it: is it alive, how far has it come, build this projection again.
import { Controller, Get, HttpCode, Param, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { positionToken } from './position-token';
import { Runtime } from '../run/runtime';
import { metricsOf } from '../run/metrics';
import { Public, Requires } from './access';
import { OPERATIONS } from '../rights/rights';
import { Problem } from './problems';

/** A position's distance: positions of the Postgres store are contiguous, so this is a number of events. */
const distance = (from: string, to: string): number => Number(to || 0) - Number(from || 0);

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
    const { register } = metricsOf(this.runtime);
    await reply.type(register.contentType).send(await register.metrics());
  }
}

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
}

const missing = (): never => {
  throw new Problem('not-found');
};

/** What Postgres said of a failure is for operators only: it may name hosts, tables and values. */
export async function statusOf(runtime: Runtime, detailed = false) {
  const { epoch, position: head } = await runtime.store.head();
  const said = (failure: Error | undefined) =>
    failure && { failure: detailed ? failure.message : 'stands still: kams status says why' };
  return {
    epoch,
    head: positionToken(epoch, head),
    projections: runtime.projections().map((it) => {
      const rebuild = runtime.rebuildOf(it.projection.name);
      return {
        name: it.projection.name,
        position: positionToken(epoch, it.position()),
        lag: distance(it.position(), head),
        ...said(it.failure()),
        ...(rebuild && { rebuild: rebuild.state }),
      };
    }),
    workers: runtime.workers().map(({ name, failure }) => ({ name, ...said(failure()) })),
  };
}
