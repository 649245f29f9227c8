// Who asks, and may they. A hook of the route itself, never middleware: Fastify middleware was bypassed by odd addresses four
// times in a year. A route that says neither what it requires nor that it is public is refused when it is declared.
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Rights } from '../rights/rights';
import type { RightsBook } from '../rights/rights-book';
import type { Principal, TokenVerifier } from '../tokens/verify';
import { Problem } from './problems';

/** What a route asks of who comes: an action on a resource, on any resource (`*`), or only that they are known (`self`). */
export interface Requirement {
  readonly resource: string;
  /** One of these. */
  readonly actions: readonly string[];
}

declare module 'fastify' {
  interface FastifyContextConfig {
    requires?: Requirement;
    isPublic?: true;
  }
  interface FastifyRequest {
    principal?: Principal;
    rights?: Rights;
  }
}

/** Answered without a token; each such route is public by name. */
export const Public = (): MethodDecorator => RouteConfig({ isPublic: true });
/** Answered to those alone who may do this. */
export const Requires = (resource: string, ...actions: readonly string[]): MethodDecorator =>
  RouteConfig({ requires: { resource, actions } satisfies Requirement });

export const SELF = 'self';
/** The pages of the reference, which a library declares. */
const PAGES = /^\/docs(\/|$)/;

export function guard(server: FastifyInstance, verifier: TokenVerifier, book: RightsBook): void {
  server.addHook('onRoute', ({ method, url, config }) => {
    if (!config?.requires && !config?.isPublic && !PAGES.test(url)) {
      throw new RangeError(`${String(method)} ${url} says neither what it requires nor that it is public`);
    }
  });

  server.addHook('onRequest', (request, _reply, done) => {
    const { requires } = request.routeOptions.config;
    if (!requires) return done();
    const admit = (principal: Principal): void => {
      const rights = book.rightsOf(principal.tenantId, principal.subject);
      if (!rights) return done(new Problem('unavailable', {}, { 'Retry-After': '1' }));
      request.principal = principal;
      request.rights = rights;
      done(meets(rights, requires) ? undefined : new Problem('forbidden', { requires }));
    };
    try {
      const principal = authenticated(request, verifier);
      if (principal instanceof Promise) principal.then(admit).catch(done);
      else admit(principal);
    } catch (error) {
      done(error as Error);
    }
  });
}

const meets = (rights: Rights, { resource, actions }: Requirement): boolean =>
  resource === SELF || actions.some((it) => (resource === '*' ? rights.mayAny(it) : rights.may(resource, it)));

/** At once for a token that was verified before. @throws Problem `unauthenticated`, TokenRefused, IssuerUnavailable */
function authenticated(request: FastifyRequest, verifier: TokenVerifier): Principal | Promise<Principal> {
  const token = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (token === undefined) throw new Problem('unauthenticated', {}, { 'WWW-Authenticate': 'Bearer' });
  return verifier.verified(token) ?? verifier.verify(token);
}

/** Who asks a route that requires something. */
export function askerOf({ principal, rights }: FastifyRequest): { readonly principal: Principal; readonly rights: Rights } {
  if (!principal || !rights) throw new Problem('unauthenticated', {}, { 'WWW-Authenticate': 'Bearer' });
  return { principal, rights };
}
