// Who asks. A guard, never middleware: Fastify middleware was bypassed by odd addresses four times in a year.
import { Injectable, SetMetadata, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { TokenRefused } from '../tokens/refusal';
import { TokenVerifier, type Principal } from '../tokens/verify';
import { Problem } from './problems';

const PUBLIC = 'kams:public';
const ROLES = 'kams:roles';

/** Answered without a token; each such route is public by name. */
export const Public = () => SetMetadata(PUBLIC, true);
/** Answered only to a token with one of these roles. */
export const Requires = (...roles: readonly string[]) => SetMetadata(ROLES, roles);

export interface Authenticated extends FastifyRequest {
  principal?: Principal;
}

@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly verifier: TokenVerifier,
  ) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const places = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<boolean>(PUBLIC, places)) return true;
    const request = context.switchToHttp().getRequest<Authenticated>();
    const roles = this.reflector.getAllAndOverride<readonly string[]>(ROLES, places);
    const admit = (principal: Principal): boolean => {
      if (roles && !roles.some((role) => principal.roles.includes(role))) throw new Problem('forbidden', { role: roles });
      request.principal = principal;
      return true;
    };
    const principal = authenticated(request, this.verifier);
    return principal instanceof Promise ? principal.then(admit) : admit(principal);
  }
}

/** At once for a token that was verified before. @throws Problem `unauthenticated`, TokenRefused, IssuerUnavailable */
export function authenticated(request: FastifyRequest, verifier: TokenVerifier): Principal | Promise<Principal> {
  const token = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (token === undefined) throw new Problem('unauthenticated', {}, { 'WWW-Authenticate': 'Bearer' });
  return verifier.verified(token) ?? verifier.verify(token);
}

export function principalOf(request: Authenticated): Principal {
  if (!request.principal) throw new TokenRefused('malformed');
  return request.principal;
}
