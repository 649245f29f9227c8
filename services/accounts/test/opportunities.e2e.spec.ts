// Opportunities over HTTP: from the first talk to the last milestone, what is refused, and what the figures say of it.
import { startTestServices, type Answered, type TestServices } from '@kams/testing/services';
import { until } from '@kams/testing/until';
import { accountsService } from '../src/accounts.module';

const START = Date.parse('2026-03-02T09:00:00Z');
const DAY = 86_400_000;

let services: TestServices;
let now = START;
let acme: string;
let globex: string;
beforeAll(async () => {
  services = await startTestServices([accountsService], {
    now: () => new Date(now),
    administrators: [{ tenantId: '*', subject: 'user-1' }],
  });
  [acme, globex] = (await Promise.all([registered('Acme'), registered('Globex')])) as [string, string];
});
afterAll(() => services?.stop());
beforeEach(() => {
  now = START;
});

const registered = async (name: string, as?: { tenantId: string }): Promise<string> => {
  const externalIds = [{ system: 'crm', type: 'account', value: name }];
  return (await services.post('/accounts', { profile: { name }, externalIds }, { as })).body.id;
};
const amount = (minor: number, currency = 'CNY') => ({ minor, currency });
type Said = { id: string; position: string };
async function open(more: object = {}, as?: { tenantId?: string; subject?: string }): Promise<Said> {
  const { status, body } = await services.post('/opportunities', { accountId: acme, productRefs: ['T-800'], ...more }, { as });
  expect([status, body.code]).toEqual([201, undefined]);
  return body;
}
async function say(id: string, command: string, data: object = {}): Promise<Said> {
  const { status, body } = await services.post(`/opportunities/${id}/${command}`, data);
  expect([command, status, body.detail]).toEqual([command, 200, undefined]);
  return body;
}
const refused = async (id: string, command: string, data: object = {}): Promise<string> => {
  const { status, body } = await services.post(`/opportunities/${id}/${command}`, data);
  return `${status} ${body.code}`;
};
const file = (id: string, position: string) => services.ask(`/opportunities/${id}?after=${position}`);
const eventsOf = async (id: string): Promise<{ type: string; data: Record<string, unknown>; actor: string; time: string }[]> =>
  (await services.ask('/events?limit=10000')).text
    .split('\n')
    .filter(Boolean)
    .map((it) => JSON.parse(it))
    .filter((it) => it.subject === `opportunity/${id}`);

describe('an opportunity', () => {
  test('goes its way to the win, and its public events say so', async () => {
    const { id } = await open({ name: 'Line 3', amount: amount(10_000_000), expectedClose: '2026-06-30', ownerId: 'wang.fang' });
    await say(id, 'move', { to: 'engaging' });
    await say(id, 'move', { to: 'negotiation', reason: 'They know the product' });
    await say(id, 'revise', { set: { amount: amount(12_000_000) }, clear: ['expectedClose'] });
    await say(id, 'name-competitor', { competitorId: 'rival-1' });
    const { position } = await say(id, 'win', { amount: amount(11_000_000), closedOn: '2026-03-02' });
    const shown = await file(id, position);
    expect(shown.headers.get('etag')).toBe('"5"');
    expect(shown.body).toMatchObject({
      ...{ id, accountId: acme, name: 'Line 3', ownerId: 'wang.fang', productRefs: ['T-800'], state: 'won' },
      ...{ stage: 'negotiation', stages: ['prospecting', 'engaging', 'negotiation'], pipelineVersion: 0 },
      ...{ amount: amount(11_000_000), expectedClose: null, openedOn: '2026-03-02', closedOn: '2026-03-02' },
      ...{ competitors: ['rival-1'], competitorId: null, tender: null, milestones: [], deliveredAt: null },
    });
    const told = (await eventsOf(id)).map(({ type, data: { stageFrom, stageTo, probability } }) => [
      type.replace(/^kams\.accounts\.(.*)\.v1$/, '$1'),
      stageFrom,
      stageTo,
      probability,
    ]);
    expect(told).toEqual([
      ['opportunity.opened', undefined, 'prospecting', '0.1'],
      ['opportunity.stage_changed', 'prospecting', 'engaging', '0.25'],
      ['opportunity.stage_changed', 'engaging', 'negotiation', '0.75'],
      ['opportunity.won', 'negotiation', 'won', '1'],
    ]);
  });

  test('is lost for a reason, reopened with one, and won after all', async () => {
    const { id } = await open({ stage: 'negotiation' });
    const lost = await say(id, 'lose', { reasonCode: 'competitor', competitorId: 'rival-1', closedOn: '2026-03-02' });
    expect((await file(id, lost.position)).body).toMatchObject({
      ...{ state: 'lost', reasonCode: 'competitor', competitorId: 'rival-1', amount: null },
    });
    const again = await say(id, 'reopen', { reason: 'The winner withdrew' });
    expect((await file(id, again.position)).body).toMatchObject({
      ...{ state: 'open', stage: 'negotiation', closedOn: null, reasonCode: null, competitorId: null },
    });
    await say(id, 'win', { amount: amount(1), closedOn: '2026-03-02' });
  });

  test('is refused what its rules do not allow, in the language of who asks', async () => {
    const { id } = await open();
    expect(await refused(id, 'move', { to: 'proposal' })).toBe('422 skip-needs-reason');
    expect(await refused(id, 'move', { to: 'won' })).toBe('422 unknown-stage');
    expect(await refused(id, 'win', { amount: amount(1), closedOn: '2026-03-02' })).toBe('422 skip-needs-reason');
    expect(await refused(id, 'win', { amount: amount(1, 'XYZ'), closedOn: '2026-03-02', reason: 'x' })).toBe(
      '422 unknown-currency',
    );
    expect(await refused(id, 'lose', { reasonCode: 'price', closedOn: '2026-03-04' })).toBe('422 in-the-future');
    expect(await refused(id, 'lose', { reasonCode: 'price', closedOn: '2026-03-01' })).toBe('422 closed-before-opened');
    expect(await refused(id, 'lose', { reasonCode: 'competitor', closedOn: '2026-03-02' })).toBe('422 competitor-needed');
    expect(await refused(id, 'reopen', { reason: 'x' })).toBe('409 opportunity-open');
    expect(await refused(id, 'submit-bid', { submittedAt: '2026-03-02T00:00:00Z' })).toBe('409 no-tender');
    expect(await refused(id, 'plan-delivery', { milestones: [{ code: 'a', name: 'A', dueAt: '2026-04-01T00:00:00Z' }] })).toBe(
      '409 not-won',
    );
    await say(id, 'move', { to: 'engaging' });
    expect(await refused(id, 'move', { to: 'prospecting' })).toBe('422 back-needs-reason');
    const zh = { headers: { 'accept-language': 'zh' } };
    const answer = await services.post(`/opportunities/${id}/move`, { to: 'negotiation' }, zh);
    expect(answer.body.detail).toBe('阶段须按顺序推进。跳过阶段请说明原因。');
    expect(await refused('00000000-0000-7000-8000-00000000dead', 'move', { to: 'engaging' })).toBe('404 not-found');
  });

  test('takes no bad input, and says where it is wrong', async () => {
    const bad = async (data: object) => {
      const { status, body } = await services.post('/opportunities', { accountId: acme, productRefs: [], ...data });
      return [status, ...(body.errors ?? []).map((it: { pointer: string }) => it.pointer)];
    };
    expect(await bad({ amount: amount(-1) })).toEqual([422, '/amount/minor']);
    expect(await bad({ amount: amount(1e13) })).toEqual([422, '/amount/minor']);
    expect(await bad({ amount: amount(0.5) })).toEqual([422, '/amount/minor']);
    expect(await bad({ productRefs: ['A', 'A'] })).toEqual([422, '/productRefs']);
    expect(await bad({ expectedClose: '2026-02-30' })).toEqual([422, '/expectedClose']);
    expect(await bad({ guess: 1 })).toEqual([422, expect.any(String)]);
    expect(
      (await services.post('/opportunities', { accountId: '00000000-0000-7000-8000-00000000dead', productRefs: [] })).body.code,
    ).toBe('unknown-account');
    for (const query of [
      'amountFrom=1',
      'currency=CNY&amountFrom=2&amountTo=1',
      'expectedFrom=2026-02-02&expectedTo=2026-01-01',
      'state=maybe',
      'amountFrom=x&currency=CNY',
      'cursor=x',
    ])
      expect([query, (await services.ask(`/opportunities?${query}`)).status]).toEqual([query, 422]);
  });

  test('sent twice under one key is one, and under the same key another body is refused', async () => {
    const headers = { 'idempotency-key': 'opportunity-1' };
    const body = { accountId: acme, productRefs: ['Twice'] };
    const [a, b] = [
      await services.post('/opportunities', body, { headers }),
      await services.post('/opportunities', body, { headers }),
    ];
    expect(a.text).toBe(b.text);
    const other = await services.post('/opportunities', { ...body, productRefs: ['Thrice'] }, { headers });
    expect([other.status, other.body.code]).toEqual([422, 'command-id-reused']);
    const stale = await services.post(`/opportunities/${a.body.id}/move`, { to: 'engaging' }, { headers: { 'if-match': '"9"' } });
    expect(stale.status).toBe(412);
  });

  test('is imported by its key with its end, and importing it again changes nothing', async () => {
    const data = {
      externalId: { system: 'crm', type: 'opportunity', value: '1C1I7A6R' },
      account: { system: 'crm', type: 'account', value: 'Globex' },
      productRefs: ['GTX Pro'],
      stage: 'engaging',
      openedOn: '2025-10-20',
      end: { outcome: 'won', closedOn: '2026-02-01', amount: amount(451_400, 'USD') },
    };
    const first = await services.post('/opportunities/import', data);
    expect([first.status, first.body.outcome]).toEqual([201, 'opened']);
    expect((await services.post('/opportunities/import', data)).body).toMatchObject({ id: first.body.id, outcome: 'unchanged' });
    expect((await file(first.body.id, first.body.position)).body).toMatchObject({
      ...{ accountId: globex, state: 'won', closedOn: '2026-02-01', amount: amount(451_400, 'USD'), externalId: data.externalId },
    });
    const nobody = { ...data, account: { ...data.account, value: 'Nobody' } };
    expect((await services.post('/opportunities/import', nobody)).body.code).toBe('unknown-account');
    const other = { ...data, account: { ...data.account, value: 'Acme' } };
    expect((await services.post('/opportunities/import', other)).body.code).toBe('other-account');
  });
});

describe('a tender', () => {
  const announce = { reference: 'HZ-42', documents: [{ name: 'Specification', ref: 'dms/1' }], deadline: '2026-03-05T08:00:00Z' };

  test('is announced, submitted, opened and awarded, and the opportunity is won with it', async () => {
    const { id } = await open({ stage: 'negotiation' });
    await say(id, 'announce-tender', announce);
    expect(await refused(id, 'win', { amount: amount(1), closedOn: '2026-03-02' })).toBe('409 tender-not-awarded');
    expect(await refused(id, 'announce-tender', announce)).toBe('409 tender-exists');
    expect(await refused(id, 'change-tender', { deadline: '2026-03-01T00:00:00Z' })).toBe('422 deadline-passed');
    expect(await refused(id, 'note-deadline-missed')).toBe('409 deadline-not-reached');
    await say(id, 'submit-bid', { submittedAt: '2026-03-02T08:00:00Z' });
    expect(await refused(id, 'award-tender', { awarded: true, decidedAt: '2026-03-02T08:00:00Z' })).toBe(
      '409 tender-out-of-order',
    );
    await say(id, 'open-bids', { openedAt: '2026-03-02T08:30:00Z' });
    await say(id, 'award-tender', { awarded: true, decidedAt: '2026-03-02T08:45:00Z' });
    const { position } = await say(id, 'win', { amount: amount(1), closedOn: '2026-03-02' });
    expect((await file(id, position)).body.tender).toEqual({
      ...announce,
      deadline: '2026-03-05T08:00:00.000Z',
      state: 'awarded',
      submittedAt: '2026-03-02T08:00:00.000Z',
      late: false,
      openedAt: '2026-03-02T08:30:00.000Z',
      decidedAt: '2026-03-02T08:45:00.000Z',
    });
  });

  test('whose deadline passes without a bid is missed, by a timer and once; a late bid says why', async () => {
    const { id } = await open();
    await say(id, 'announce-tender', announce);
    now = START + 7 * DAY;
    const tender = async () => (await services.ask(`/opportunities/${id}`)).body.tender;
    await until('a missed deadline', async () => (await tender())?.state === 'missed');
    expect(await refused(id, 'submit-bid', { submittedAt: '2026-03-05T08:00:01Z' })).toBe('422 bid-late');
    await say(id, 'submit-bid', { submittedAt: '2026-03-05T08:00:01Z', late: { reason: 'Portal was down' } });
    const stored = await services.store.read(`opportunity-${id}`);
    const missed = stored.filter((it) => it.type === 'TenderDeadlineMissed');
    expect(missed.map(({ metadata }) => [metadata.actor, metadata.occurredAt])).toEqual([
      ['timer tender-deadline-is-missed', '2026-03-05T08:00:00.000Z'],
    ]);
  });
});

describe('a delivery', () => {
  const milestones = [
    { code: 'site', name: 'Site is ready', dueAt: '2026-03-10T09:00:00Z' },
    { code: 'twin', name: 'Due with it', dueAt: '2026-03-10T09:00:00Z' },
    { code: 'accepted', name: 'Accepted', dueAt: '2026-03-20T09:00:00Z', ownerId: 'wang.fang' },
  ];

  test('is late by a timer, once a milestone, and done with the last one', async () => {
    const { id } = await open({ stage: 'negotiation' });
    await say(id, 'win', { amount: amount(1), closedOn: '2026-03-02' });
    await say(id, 'plan-delivery', { milestones });
    expect(await refused(id, 'note-milestones-late')).toBe('409 no-milestone-due');
    expect(await refused(id, 'complete-milestone', { milestone: 'none', completedAt: '2026-03-02T00:00:00Z' })).toBe(
      '409 no-such-milestone',
    );
    await say(id, 'complete-milestone', { milestone: 'twin', completedAt: '2026-03-02T08:00:00Z' });
    expect(await refused(id, 'reopen', { reason: 'x' })).toBe('409 delivery-begun');
    now = START + 30 * DAY;
    const stored = () => services.store.read(`opportunity-${id}`);
    const late = async () => (await stored()).filter((it) => it.type === 'MilestoneLate');
    await until('late milestones', async () => (await late()).length === 2);
    expect((await late()).map(({ data, metadata }) => [(data as { milestone: string }).milestone, metadata.occurredAt])).toEqual([
      ['site', '2026-03-10T09:00:00.000Z'],
      ['accepted', '2026-03-20T09:00:00.000Z'],
    ]);
    await say(id, 'complete-milestone', { milestone: 'site', completedAt: '2026-03-22T08:00:00Z' });
    const done = await say(id, 'complete-milestone', { milestone: 'accepted', completedAt: '2026-03-21T08:00:00Z' });
    const { body } = await file(id, done.position);
    expect(body.deliveredAt).toBe('2026-03-22T08:00:00.000000Z');
    expect(body.milestones.map((it: { code: string; late: boolean }) => [it.code, it.late])).toEqual([
      ['site', true],
      ['twin', false],
      ['accepted', true],
    ]);
    expect(await refused(id, 'plan-delivery', { milestones })).toBe('409 already-delivered');
    expect(await late()).toHaveLength(2);
  });
});

describe('lists and figures', () => {
  const as = { tenantId: 'figures' };
  let [one, two]: string[] = [];
  let position = '';
  const ask = (path: string): Promise<Answered> =>
    services.ask(`${path}${path.includes('?') ? '&' : '?'}after=${position}`, { as });
  const ids = async (query: string) => (await ask(`/opportunities?${query}`)).body.items.map((it: { name: string }) => it.name);

  beforeAll(async () => {
    now = START;
    [one, two] = [await registered('One', as), await registered('Two', as)];
    const begin = async (name: string, more: object) =>
      (await services.post('/opportunities', { accountId: one, productRefs: ['A'], name, ...more }, { as })).body as Said;
    const then = async ({ id }: Said, command: string, data: object) => {
      const answer = await services.post(`/opportunities/${id}/${command}`, data, { as });
      expect([name(answer), answer.status]).toEqual(['', 200]);
      position = answer.body.position;
    };
    const name = (answer: Answered): string => answer.body.detail ?? '';
    await begin('a', { stage: 'proposal', amount: amount(333), expectedClose: '2026-04-01', openedOn: '2026-02-20' });
    await begin('b', { stage: 'proposal', amount: amount(334), ownerId: 'li', openedOn: '2026-02-28', productRefs: ['A', 'B'] });
    await begin('c', { stage: 'proposal', amount: amount(5, 'EUR'), accountId: two, expectedClose: '2026-05-01' });
    await begin('d', { openedOn: '2026-03-01' });
    const won = await begin('w', { stage: 'negotiation', openedOn: '2026-02-01' });
    await then(won, 'win', { amount: amount(1_000), closedOn: '2026-02-11' });
    const lost = await begin('l', { stage: 'proposal', productRefs: ['B'], openedOn: '2026-01-01' });
    await then(lost, 'lose', { reasonCode: 'price', closedOn: '2026-02-20' });
  });

  test('are filtered, sorted and paged', async () => {
    expect(await ids('sort=changedAt')).toEqual(['a', 'b', 'c', 'd', 'w', 'l']);
    expect(await ids('sort=-changedAt&state=open')).toEqual(['d', 'c', 'b', 'a']);
    expect(await ids(`accountId=${two}`)).toEqual(['c']);
    expect(await ids('ownerId=li')).toEqual(['b']);
    expect(await ids('product=B&sort=changedAt')).toEqual(['b', 'l']);
    expect(await ids('stage=proposal&state=open&sort=expectedClose')).toEqual(['a', 'c', 'b']);
    expect(await ids('expectedFrom=2026-04-01&expectedTo=2026-04-30')).toEqual(['a']);
    expect(await ids('expectedFrom=2026-04-01&sort=expectedClose')).toEqual(['a', 'c']);
    expect(await ids('currency=CNY&amountFrom=334&sort=-amount')).toEqual(['w', 'b']);
    expect(await ids('currency=CNY&amountTo=333')).toEqual(['a']);
    const first = (await ask('/opportunities?sort=changedAt&limit=4')).body;
    const next = await services.ask(`/opportunities?sort=changedAt&limit=4&cursor=${encodeURIComponent(first.next)}`, { as });
    expect([first.items.length, next.body.items.length, next.body.next]).toEqual([4, 2, null]);
  });

  test('the funnel adds up what is open, by stage and currency, in the order of the pipeline', async () => {
    const { body } = await ask('/funnel');
    expect(body).toMatchObject({ asOf: '2026-03-02', probability: 'policy', pipelineVersions: [0] });
    expect(body.items).toEqual([
      {
        ...{ stage: 'prospecting', currency: null, count: 1, amount: null, weighted: null },
        ageing: { known: 1, meanDays: '1.000000', longestDays: 1 },
      },
      {
        // 667 x 0.5 = 333.5, half-even; 10 days and 2.
        ...{ stage: 'proposal', currency: 'CNY', count: 2, amount: amount(667), weighted: amount(334) },
        ageing: { known: 2, meanDays: '6.000000', longestDays: 10 },
      },
      {
        // 2.5, half-even.
        ...{ stage: 'proposal', currency: 'EUR', count: 1, amount: amount(5, 'EUR'), weighted: amount(2, 'EUR') },
        ageing: { known: 1, meanDays: '0.000000', longestDays: 0 },
      },
    ]);
    const counts = async (query: string) => (await ask(`/funnel?${query}`)).body.items.map((it: { count: number }) => it.count);
    expect(await counts('ownerId=li')).toEqual([1]);
    expect(await counts('product=B')).toEqual([1]);
    expect(await counts(`accountId=${two}`)).toEqual([1]);
    expect(await counts('accountId=0190f5a0-0000-7000-8000-00000000dead')).toEqual([]);
  });

  test('or weighs it by what history says: one of proposal was lost, (0 + 1) / (1 + 2)', async () => {
    const { items } = (await ask('/funnel?probability=history')).body;
    // 667 / 3 = 222.33, and 1/2 where nothing has ended.
    expect(items.map((it: { weighted: unknown }) => it.weighted)).toEqual([null, amount(222), amount(2, 'EUR')]);
    const rates = async (query: string) =>
      (await ask(`/funnel/win-rates${query}`)).body.items.map((it: Record<string, unknown>) => Object.values(it));
    expect(await rates('')).toEqual([
      ['negotiation', null, null, 1, 0, '0.666667'],
      ['proposal', null, null, 0, 1, '0.333333'],
    ]);
    expect(await rates('?by=stage,product,tier&from=2026-02-12')).toEqual([['proposal', 'B', null, 0, 1, '0.333333']]);
  });

  test('velocity and what was won, month by month', async () => {
    // 3 open in CNY or without an amount x 1/1 x 10.00 / 10 days = 3.00 a day; what was lost has no amount, and counts: 1/2.
    expect((await ask('/funnel/velocity?currency=CNY')).body).toMatchObject({
      ...{ currency: 'CNY', open: 3, won: 1, lost: 1, winRate: '0.500000', averageValue: amount(1_000) },
      ...{ cycleDays: '10.000000', velocity: amount(150) },
    });
    expect((await ask('/funnel/velocity')).body.errors).toMatchObject([{ pointer: '/currency' }]);
    expect((await ask('/funnel/velocity?currency=CNY&from=2026-03-01')).body).toMatchObject({ won: 0, velocity: null });
    expect((await ask('/funnel/velocity?from=2026-03-01&to=2026-02-01')).status).toBe(422);
    expect((await ask('/funnel/won')).body.items).toEqual([{ month: '2026-02', count: 1, amount: amount(1_000) }]);
  });

  test('of another tenant are not there', async () => {
    const other = { as: { tenantId: 'nobody' } };
    expect((await services.ask('/funnel', other)).body.items).toEqual([]);
    expect((await services.ask('/opportunities', other)).body.items).toEqual([]);
    expect((await services.ask('/funnel/velocity', other)).body).toMatchObject({ currency: 'CNY', open: 0, velocity: null });
  });

  test('show those accounts alone that somebody sees, and no more than amounts to finance', async () => {
    const member = { accountId: two, memberId: 'wang', role: 'key_account_manager' };
    await services.post('/account-teams', member, { as });
    await services.post('/role-assignments', { subjectId: 'fan', role: 'finance' }, { as });
    const wang = { as: { ...as, subject: 'wang' } };
    const fan = { as: { ...as, subject: 'fan' } };
    const { body } = await services.ask('/funnel', wang);
    expect(body.items.map((it: { currency: string }) => it.currency)).toEqual(['EUR']);
    expect((await services.ask('/funnel/win-rates', wang)).body.items).toEqual([]);
    expect((await services.ask('/funnel/won', wang)).body.items).toEqual([]);
    expect((await services.ask(`/opportunities?accountId=${one}`, wang)).body.items).toEqual([]);
    const said = (accountId?: string) => services.post('/opportunities', { accountId, productRefs: [] }, wang);
    expect([(await said(one)).status, (await said(two)).status]).toEqual([404, 201]);
    const [seen] = (await services.ask(`/opportunities?accountId=${one}&state=won`, fan)).body.items;
    expect(seen).toMatchObject({ amount: amount(1_000), state: 'won' });
    expect(Object.keys(seen)).not.toContain('ownerId');
    expect((await services.ask('/opportunities?ownerId=li', fan)).body.code).toBe('field-forbidden');
  });
});

test('a pipeline is drafted and published; from then on it decides, and orders the funnel', async () => {
  const as = { tenantId: 'pipeline' };
  const account = await registered('P', as);
  const stage = (code: string, probability: string) => ({ code, label: { en: code, zh: '阶段' }, probability });
  const post = (path: string, body: object) => services.post(path, body, { as });
  expect((await services.ask('/sales-pipeline', { as })).body).toMatchObject({ version: 0, publishedAt: null, versions: [] });
  const before = (await post('/opportunities', { accountId: account, productRefs: [] })).body as Said;
  expect((await post('/sales-pipeline/publish', {})).body.code).toBe('no-pipeline-draft');
  const unsound = await post('/sales-pipeline/draft', { content: { stages: [stage('won', '1')] } });
  expect(unsound.body).toMatchObject({ code: 'pipeline-unsound', problems: [{ pointer: '/stages/0/code' }] });
  const content = { stages: [stage('talk', '0.2'), stage('contract', '0.9')] };
  expect((await post('/sales-pipeline/draft', { content })).status).toBe(200);
  const { position } = (await post('/sales-pipeline/publish', {})).body as Said;
  expect((await services.ask(`/sales-pipeline?after=${position}`, { as })).body).toMatchObject({
    ...{ version: 1, stages: content.stages, draft: null, versions: [{ version: 1, content }] },
  });
  await post('/opportunities', { accountId: account, productRefs: [], stage: 'contract' });
  const last = (await post('/opportunities', { accountId: account, productRefs: [] })).body as Said;
  const { items, pipelineVersions } = (await services.ask(`/funnel?after=${last.position}`, { as })).body;
  expect(pipelineVersions).toEqual([0, 1]);
  expect(items.map((it: { stage: string }) => it.stage)).toEqual(['talk', 'contract', 'prospecting']);
  expect((await post(`/opportunities/${before.id}/move`, { to: 'contract' })).body.code).toBe('skip-needs-reason');
});

test('the rows are made again from the events, and are the same', async () => {
  const rows = () => services.sql<{ row: string }>('select o::text as row from accounts.opportunity o order by id');
  const before = await rows();
  expect(before.length).toBeGreaterThan(10);
  services.runtime.rebuild('opportunities');
  await until('the end of the rebuild', () => services.runtime.rebuildOf('opportunities')!.state !== 'running');
  expect(services.runtime.rebuildOf('opportunities')!.state).toBe('done');
  expect(await rows()).toEqual(before);
});
