// What a command costs at least: Fastify parses the body and appends an equal event through the same group commit. No token, no
// validation, no rule, no state.
import { newId } from '@kams/eventing/run/ids';
import { postgresStore } from '@kams/eventing/store/postgres/postgres-store';
import { fastify } from 'fastify';
import { serve } from '../child';
import type { AN_ACCOUNT, aRating } from './requests';

const start = async (connection: string) => {
  const store = await postgresStore({ connection });

  async function append(id: string, expected: 'none' | 'any', type: string, data: object) {
    const commandId = newId();
    const metadata = {
      tenantId: 'acme',
      actor: 'user-1',
      occurredAt: new Date().toISOString(),
      commandId,
      commandHash: 'u3ZbLx0mVq8w2TnYfK4s1A',
      correlationId: commandId,
      causationId: commandId,
    };
    const event = { id: newId(), type, schema: 1, data: { accountId: id, ...data }, metadata };
    const { revision, position } = await store.append(`account-${id}`, expected, [event]);
    return { id, revision, position, outcome: expected === 'none' ? 'opened' : 'changed' };
  }

  const server = fastify();
  server.post<{ Body: typeof AN_ACCOUNT }>('/accounts', ({ body: { profile, ...rest } }, reply) => {
    void reply.status(201);
    return append(newId(), 'none', 'AccountRegistered', { ...profile, externalIds: [], ...rest });
  });
  server.post<{ Params: { id: string }; Body: ReturnType<typeof aRating> }>('/accounts/:id/rate-criterion', ({ params, body }) =>
    append(params.id, 'any', 'CriterionRated', body),
  );
  const url = await server.listen({ host: '127.0.0.1', port: 0 });

  return {
    async address() {
      return { url, token: 'none' };
    },
    async close() {
      await server.close();
      await store.close();
    },
  };
};
export type BareJobs = Awaited<ReturnType<typeof start>>;

serve(start);
