// For who wonders what they may do, and who answers for that.
import { Controller, Get, Req } from '@nestjs/common';
import { ROLES } from '@kams/contracts/policy';
import type { FastifyRequest } from 'fastify';
import { Runtime } from '../run/runtime';
import { policyOf } from '../service';
import { askerOf, Requires, SELF } from './access';

@Controller()
export class RightsController {
  constructor(private readonly runtime: Runtime) {}

  /** Who one is here, with which roles where, and what these allow. */
  @Get('me')
  @Requires(SELF)
  me(@Req() request: FastifyRequest) {
    const { principal, rights } = askerOf(request);
    const roles = new Set(rights.who.held.map((it) => it.role));
    return {
      subject: principal.subject,
      tenantId: principal.tenantId,
      roles: rights.who.held,
      policy: policyOf(this.runtime.services).filter((it) => roles.has(it.role)),
    };
  }

  /** The whole table: role x action x resource x field. */
  @Get('policy')
  @Requires(SELF)
  policy() {
    return { roles: ROLES, rules: policyOf(this.runtime.services) };
  }
}
