// Approvals through HTTP, as a service that lists the module has them.
import { startTestServices, type TestServices } from '@kams/testing/services';
import { north } from './regions';

let kams: TestServices;
beforeAll(async () => void (kams = await startTestServices([north])));
afterAll(() => kams?.stop());

const giftId = '0190f5a0-0000-7000-8000-0000000000e2';
const gift = {
  subject: { kind: 'gift_request', id: giftId },
  rule: 'gift-over-cap',
  approverRole: 'administrator',
  ask: 'A gift above the cap of the year',
  amount: { minor: 80_000, currency: 'CNY' },
};
const as = (subject: string, tenantId = 'acme') => ({ as: { subject, tenantId } });
const request = async (data: object = gift, who = as('user-1')) =>
  (await kams.post('/north-approvals', data, who)).body as { id: string; position: string };
const say = (id: string, command: string, data: object, who = as('user-1')) =>
  kams.post(`/north-approvals/${id}/${command}`, data, who);
const listed = async (query: string, tenantId: string) =>
  (await kams.ask(`/north-approvals?${query}`, as('user-1', tenantId))).body.items as { id: string; state: string }[];

test('a request is asked, granted by another person, and keeps its history', async () => {
  const opened = await kams.post('/north-approvals', gift);
  expect(opened.status).toBe(201);
  expect(opened.headers.get('location')).toBe(`/north-approvals/${opened.body.id}`);
  const { id } = opened.body;
  const open = await kams.ask(`/north-approvals/${id}?after=${opened.body.position}`);
  expect(open.body).toMatchObject({ ...gift, state: 'open', accountId: null, requestedBy: 'user-1' });

  const { position } = (await say(id, 'grant', { note: 'Within budget' }, as('user-2'))).body;
  const file = await kams.ask(`/north-approvals/${id}?after=${position}`);
  expect(file.headers.get('etag')).toBe('"1"');
  expect(file.body).toMatchObject({
    state: 'granted',
    history: [
      { state: 'open', by: 'user-1', said: null },
      { state: 'granted', by: 'user-2', said: 'Within budget' },
    ],
  });
  expect((await kams.ask(`/north-approvals/${id}`, as('user-1', 'other'))).status).toBe(404);
});

test('four eyes: who asked decides nothing, and only who asked takes it back', async () => {
  const { id } = await request();
  for (const [command, data] of [
    ['grant', {}],
    ['reject', { reason: 'No' }],
  ] as const) {
    const answer = await say(id, command, data);
    expect([answer.status, answer.body.code]).toEqual([409, 'four-eyes']);
  }
  expect((await say(id, 'withdraw', { reason: 'No' }, as('user-2'))).body.code).toBe('not-the-requester');
  const { position } = (await say(id, 'withdraw', { reason: 'Put off' })).body;
  expect((await kams.ask(`/north-approvals/${id}?after=${position}`)).body.state).toBe('withdrawn');
});

test('who does not have the role that it names decides nothing, in one command or in many', async () => {
  const { id } = await request({ ...gift, approverRole: 'finance' });
  for (const [command, data] of [
    ['grant', {}],
    ['reject', { reason: 'No' }],
  ] as const) {
    const answer = await say(id, command, data, as('user-2'));
    expect([answer.status, answer.body]).toEqual([
      403,
      expect.objectContaining({ code: 'not-the-approver', approverRole: 'finance', detail: expect.stringContaining('role') }),
    ]);
  }
  const headers = { 'content-type': 'application/x-ndjson' };
  const body = JSON.stringify({ command: 'Grant', id, data: {} });
  const bulk = async (line: string) =>
    JSON.parse((await kams.ask('/north-approvals/bulk', { method: 'POST', body: line, headers, ...as('user-2') })).text);
  expect(await bulk(body)).toMatchObject({ status: 403, code: 'not-the-approver' });
  expect(await bulk(body.replace(id, (await request()).id))).toMatchObject({ status: 200 });
  expect((await kams.ask(`/north-approvals/${id}`)).body.state).toBe('open');
  expect((await kams.post('/north-approvals', { ...gift, approverRole: 'controller' })).status).toBe(422);
});

test('what a process says by itself decides nothing: it has no role', async () => {
  const { id } = await request();
  const approval = north.aggregates.find(({ contract }) => contract.name === 'north_approval')!;
  const grant = { type: 'Grant', data: {}, id, tenantId: 'acme', actor: 'a-reaction' };
  await expect(kams.runtime.handle(approval, grant)).rejects.toMatchObject({ code: 'not-the-approver' });
});

test('there is one decision, whoever gives the second', async () => {
  const { id } = await request();
  await say(id, 'reject', { reason: 'In public office' }, as('user-2'));
  const second = await say(id, 'grant', {}, as('user-3'));
  expect([second.status, second.body]).toEqual([409, expect.objectContaining({ code: 'approval-decided', state: 'rejected' })]);
  expect((await say(id, 'withdraw', { reason: 'Late' })).body.code).toBe('approval-decided');
});

test('of two decisions at the same time one is made', async () => {
  const { id } = await request();
  const both = await Promise.all([say(id, 'grant', {}, as('user-2')), say(id, 'reject', { reason: 'No' }, as('user-3'))]);
  expect(both.map(({ status }) => status).toSorted()).toEqual([200, 409]);
});

test('what waits comes first, the longest waiting at the top, page by page', async () => {
  const who = as('user-1', 'queue');
  const ids: string[] = [];
  let after = '';
  for (let day = 1; day <= 7; day++) {
    const at = { ...who, headers: { 'occurred-at': `2026-03-0${8 - day}T09:00:00Z` } };
    ids.push((await kams.post('/north-approvals', gift, at)).body.id);
  }
  for (const id of [ids[6]!, ids[2]!]) after = (await say(id, 'grant', {}, as('user-2', 'queue'))).body.position;
  const seen: string[] = [];
  let cursor = '';
  do {
    const { body } = await kams.ask(`/north-approvals?limit=2&after=${after}${cursor && `&cursor=${cursor}`}`, who);
    seen.push(...body.items.map((it: { id: string }) => it.id));
    cursor = body.next ?? '';
  } while (cursor);
  expect(seen).toEqual([5, 4, 3, 1, 0, 6, 2].map((at) => ids[at]));
  const newest = await listed('sort=-requestedAt&limit=1', 'queue');
  expect(newest.map(({ id }) => id)).toEqual([ids[0]]);
});

test('they are found by state, subject, account and the role that decides', async () => {
  const who = as('user-1', 'filters');
  const accountId = '0190f5a0-0000-7000-8000-000000000001';
  const budget = { ...gift, subject: { kind: 'budget', id: accountId }, approverRole: 'finance', accountId };
  const [a, b] = [await request(gift, who), await request(budget, who)];
  const { position } = (await say(a.id, 'reject', { reason: 'No' }, as('user-2', 'filters'))).body;
  const found = async (query: string) => (await listed(`after=${position}&${query}`, 'filters')).map(({ id }) => id);
  expect(await found('state=open')).toEqual([b.id]);
  expect(await found('state=rejected')).toEqual([a.id]);
  expect(await found('subjectKind=budget')).toEqual([b.id]);
  expect(await found(`subjectKind=gift_request&subjectId=${giftId}`)).toEqual([a.id]);
  expect(await found('approverRole=finance')).toEqual([b.id]);
  expect(await found(`accountId=${accountId}`)).toEqual([b.id]);
  expect(await found('requestedBy=user-2')).toEqual([]);
  expect((await kams.ask('/north-approvals?state=maybe', who)).status).toBe(422);
});
