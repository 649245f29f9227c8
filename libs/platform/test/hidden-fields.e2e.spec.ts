// P16 at the platform's own door: the services have no sort by a field that a role of theirs does not see.
import { newId } from '@kams/eventing/run/ids';
import { startTestServices, type TestServices } from '@kams/testing';
import { fieldService } from './visits';

const ANALYST = { as: { subject: 'li.na' } };
let kams: TestServices;
beforeAll(async () => {
  const policy = [{ role: 'analyst', resource: 'visit', actions: ['read', 'stream'], fields: ['id', 'subject'] }] as const;
  kams = await startTestServices([{ ...fieldService, policy }], { administrators: [{ tenantId: '*', subject: 'user-1' }] });
  const { position } = await say('RoleGranted', {});
  expect(await kams.runtime.rights.reached(position, 10_000)).toBe(true);
  const planned = { accountId: newId(), day: '2026-03-05', subject: 'Contract' };
  const { body } = await kams.post('/visits', planned);
  await kams.ask(`/visits?after=${(body as { position: string }).position}`);
});
afterAll(() => kams?.stop());

const id = newId();
function say(type: string, more: object) {
  const metadata = { tenantId: 'acme', actor: 'user-1', occurredAt: '2026-03-02T09:00:00.000Z', commandId: id, commandHash: '' };
  const data = { roleAssignmentId: id, subjectId: ANALYST.as.subject, role: 'analyst', scope: null, ...more };
  return kams.store.append(`role_assignment-${id}`, 'any', [
    { id: newId(), type, schema: 1, data, metadata: { ...metadata, correlationId: id, causationId: id } },
  ]);
}

test('P16 a field that is not seen is in no answer, and nobody sorts by it', async () => {
  const sorted = (by: string) => kams.ask(`/visits?sort=${by}`, ANALYST);
  expect((await sorted('subject')).body).toEqual({ items: [{ id: expect.any(String), subject: 'Contract' }], next: null });
  for (const by of ['day', '-day']) {
    const { status, body } = await sorted(by);
    expect({ status, ...(body as object) }).toMatchObject({ status: 403, code: 'field-forbidden', field: 'day' });
  }
  expect((await kams.ask('/visits?sort=day')).status).toBe(200);
});

test('a stream of events ends when the roles of its reader change, so that none is passed over in silence', async () => {
  const headers = { authorization: `Bearer ${await kams.token(ANALYST.as)}`, accept: 'text/event-stream' };
  const { position } = await kams.store.head();
  const stream = await fetch(`${kams.url}/events?after=${kams.runtime.epoch}.${Number(position)}`, { headers });
  const all = stream.text();
  await say('RoleRevoked', { reason: 'moved' });
  const { body } = await kams.post('/visits', { accountId: newId(), day: '2026-03-06', subject: 'Later' });
  expect(await all).not.toContain((body as { id: string }).id);
});
