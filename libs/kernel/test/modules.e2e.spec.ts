// Two services of one process list the same modules, on one store and one read database, and nothing of them meets.
import { contractsOf, service } from '@kams/platform';
import { startTestServices, type TestServices } from '@kams/testing/services';
import { approvals } from '../src/approvals';
import { north, south } from './regions';
import { visitReport } from './visit-report';

let kams: TestServices;
beforeAll(async () => void (kams = await startTestServices([north, south])));
afterAll(() => kams?.stop());

const request = (ask: string) => ({
  subject: { kind: 'budget', id: '0190f5a0-0000-7000-8000-0000000000e2' },
  rule: 'budget-over-limit',
  approverRole: 'administrator',
  ask,
});
const asked = async (region: string, ask: string) =>
  (await kams.post(`/${region}-approvals`, request(ask))).body as { id: string; position: string };
const asks = async (region: string, after: string) =>
  (await kams.ask(`/${region}-approvals?after=${after}`)).body.items.map((it: { ask: string }) => it.ask);

test('each service shows, decides and publishes its own', async () => {
  const [n, s] = [await asked('north', 'Of the north'), await asked('south', 'Of the south')];
  expect(await asks('north', s.position)).toEqual(['Of the north']);
  expect(await asks('south', s.position)).toEqual(['Of the south']);
  expect((await kams.ask(`/south-approvals/${n.id}`)).status).toBe(404);
  const grant = (region: string) => kams.post(`/${region}-approvals/${n.id}/grant`, {}, { as: { subject: 'user-2' } });
  expect((await grant('south')).status).toBe(404);
  const { position } = (await grant('north')).body;
  expect((await kams.ask(`/north-approvals/${n.id}?after=${position}`)).body.state).toBe('granted');
  expect((await kams.ask(`/south-approvals/${s.id}?after=${position}`)).body.state).toBe('open');
  const events = (await kams.ask('/events')).text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; data: { approvalId: string } });
  expect(events.map(({ type, data }) => [type, data.approvalId])).toEqual([
    ['kams.north.approval.requested.v1', n.id],
    ['kams.south.approval.requested.v1', s.id],
    ['kams.north.approval.granted.v1', n.id],
  ]);
});

test('a projection of one is built again, and the other is left alone', async () => {
  const { position } = await asked('south', 'Before');
  for (const region of ['north', 'south']) await asks(region, position);
  await kams.runtime.readDatabase.query('update north.approval set ask = $1', ['broken']);
  await kams.runtime.readDatabase.query('update south.approval set ask = $1', ['broken']);
  kams.runtime.rebuild('north_approvals');
  while (kams.runtime.rebuildOf('north_approvals')!.state === 'running') await new Promise((done) => setTimeout(done, 20));
  expect(new Set(await asks('north', position))).toEqual(new Set(['Of the north']));
  expect(new Set(await asks('south', position))).toEqual(new Set(['broken']));
});

test('a form is answered by the templates of its own service', async () => {
  const drafted = await kams.post('/north-form-templates', { content: visitReport });
  await kams.post(`/north-form-templates/${drafted.body.id}/publish`, {});
  const form = {
    templateId: drafted.body.id,
    subject: { kind: 'visit', id: drafted.body.id },
    answers: { day: '2026-03-02', outcome: 'An offer' },
  };
  expect((await kams.post('/south-forms', form)).body.code).toBe('unknown-form-template');
  const { position } = (await kams.post('/north-forms', form)).body;
  const listed = async (region: string) => (await kams.ask(`/${region}-forms?after=${position}`)).body.items;
  expect([await listed('north'), await listed('south')]).toEqual([[expect.anything()], []]);
});

test('no category, path, projection or operation is that of both', async () => {
  const contracts = [north, south].flatMap(contractsOf);
  const { paths } = (await kams.ask('/openapi.json')).body as {
    paths: Record<string, Record<string, { operationId?: string }>>;
  };
  const names = {
    categories: contracts.map(({ name }) => name),
    paths: contracts.map(({ plural }) => plural),
    projections: [north, south].flatMap((it) => it.projections.map(({ name }) => name)),
    operations: Object.values(paths).flatMap((it) => Object.values(it).flatMap(({ operationId }) => operationId ?? [])),
  };
  for (const [what, all] of Object.entries(names)) {
    expect({ what, all: all.toSorted() }).toEqual({ what, all: [...new Set(all)].toSorted() });
    for (const region of ['north', 'south']) expect(all.some((it) => it.startsWith(region))).toBe(true);
  }
});

test('a service has what is its own, and what its modules bring', () => {
  const { aggregates, projections, policy, controllers } = service({
    name: 'west',
    description: 'The region west.',
    modules: [approvals],
    policy: [{ role: 'finance', resource: 'budget', actions: ['read'] }],
    aggregates: north.aggregates,
    projections: north.projections,
    controllers: north.controllers,
  });
  const own = [...north.aggregates.map(({ contract }) => contract.name), ...north.projections.map(({ name }) => name)];
  const all = [...aggregates.map(({ contract }) => contract.name), ...projections.map(({ name }) => name)];
  expect(all).toEqual(expect.arrayContaining([...own, 'west_approval', 'west_approvals']));
  expect(new Set(policy!.map(({ resource }) => resource))).toEqual(new Set(['budget', 'west_approval']));
  expect(controllers.length).toBeGreaterThan(north.controllers.length);
});
