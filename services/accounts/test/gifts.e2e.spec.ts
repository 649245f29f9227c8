// Gifts and receptions over HTTP, with a clock that the test sets.
import { DEFAULT_GIFT_POLICY } from '@kams/contracts/accounts/gift-policy';
import { ERASED } from '@kams/contracts/personal';
import { naturalId } from '@kams/eventing';
import { startTestServices, type TestServices } from '@kams/testing/services';
import { eventually } from '@kams/testing/until';
import { randomUUID } from 'node:crypto';
import { accountsService } from '../src/accounts.module';

const START = new Date('2026-03-02T09:00:00.000Z');
let clock = START;
let kams: TestServices;
let trade: string;
let office: string;
beforeAll(async () => {
  kams = await startTestServices([accountsService], { now: () => clock });
  [trade, office] = [await account('Acme', 'trade'), await account('Bureau', '政府')];
  for (const accountId of [trade, office])
    await kams.post('/role-assignments', { subjectId: 'chen.jie', role: 'regional_manager', scope: { accountId } });
  await kams.post('/role-assignments', { subjectId: 'zhou.min', role: 'compliance_officer' });
});
afterAll(() => kams.stop());
beforeEach(() => (clock = START));

const account = async (name: string, sector: string, tenantId = 'acme') =>
  (await kams.post('/accounts', { profile: { name, sector } }, { as: { tenantId } })).body.id as string;
const contact = async (accountId = trade, tenantId = 'acme') =>
  (await kams.post('/contacts', { accountId, person: { name: 'Li Wei 李伟' } }, { as: { tenantId } })).body.id as string;
const as = (subject: string, tenantId = 'acme') => ({ as: { subject, tenantId } });
const [wang, chen, zhou] = [as('wang.fang'), as('chen.jie'), as('zhou.min')];

const cny = (minor: number) => ({ minor, currency: 'CNY' });
const wish = (contactId: string, minor = 80_000, more: object = {}) => ({
  ...{ giftId: randomUUID(), accountId: trade, contactId, value: cny(minor), what: 'A tea set for Li Wei', ...more },
});
const say = (command: string, giftId: string, who = chen, data: object = {}) =>
  kams.post(`/gift-ledgers/${command}-gift`, { giftId, ...data }, who);
async function requested(contactId: string, minor?: number, more?: object): Promise<string> {
  const data = wish(contactId, minor, more);
  const answer = await kams.post('/gift-ledgers', data, wang);
  expect([answer.status < 300, answer.text]).toEqual([true, expect.anything()]);
  return data.giftId;
}
async function approved(contactId: string, minor?: number): Promise<string> {
  const giftId = await requested(contactId, minor);
  expect((await say('approve', giftId)).status).toBe(200);
  return giftId;
}
/** After all that was written so far. */
async function shown(path: string, who = wang) {
  const { position } = await kams.store.head();
  for (const { projection } of kams.runtime.projections())
    expect(await kams.runtime.projector(projection.name)!.reached(position, 10_000)).toBe(true);
  return (await kams.ask(path, who)).body;
}
const told = ({ status, body }: { status: number; body: { code?: string } }) => `${status} ${body.code}`;

describe('a gift', () => {
  test('is requested, approved by another person, delivered, and stands in the ledger of its recipient', async () => {
    const contactId = await contact();
    const data = { ...wish(contactId), occasion: 'Opening of the plant' };
    const first = await kams.post('/gift-ledgers', data, wang);
    expect(first.status).toBe(201);
    expect(first.headers.get('location')).toBe(`/gift-ledgers/${first.body.id}`);
    const { giftId, accountId, value, what, occasion } = data;
    const recipient = naturalId('acme', 'pseudonym', [contactId]);
    expect(await shown(`/gifts/${giftId}`)).toMatchObject({
      ...{ id: giftId, accountId, recipient, status: 'requested', value, what, occasion, requestedBy: 'wang.fang' },
      ...{ policyVersion: 0, lapsesAt: '2026-04-01T16:00:00.000000Z', approvedAt: null },
    });
    expect(await shown(`/contacts/${contactId}/gifts`)).toMatchObject({
      recipient,
      used: cny(0),
      left: cny(200_000),
      movements: [],
    });

    expect((await say('approve', giftId)).status).toBe(200);
    expect(await shown(`/contacts/${contactId}/gifts`)).toMatchObject({
      cap: cny(200_000),
      used: cny(80_000),
      left: cny(120_000),
    });
    clock = new Date('2026-03-10T09:00:00.000Z');
    expect((await say('deliver', giftId, wang)).body.outcome).toBe('changed');
    const other = await approved(contactId, 100_000);
    await say('return', other, wang, { reason: 'Li Wei may not accept it' });

    expect(await shown(`/gifts/${giftId}`)).toMatchObject({
      ...{ status: 'delivered', approverId: 'chen.jie', approverRole: 'regional_manager' },
      ...{ deliveredAt: '2026-03-10T09:00:00.000000Z', countsUntil: '2027-03-09T16:00:00.000000Z' },
    });
    const ledger = await shown(`/contacts/${contactId}/gifts?asOf=2027-03-09T16:00:00Z`);
    const movement = (it: string, at: string, what: string, change: number, used: number) => ({
      ...{ giftId: it, at: at.replace('Z', '000Z'), what, currency: 'CNY', change, used },
    });
    // What ends at an instant ends before what begins.
    expect(ledger.movements).toHaveLength(5);
    expect(ledger.movements.filter((it: { giftId: string }) => it.giftId === giftId)).toEqual([
      movement(giftId, '2026-03-02T09:00:00.000Z', 'reserved', 80_000, 80_000),
      movement(giftId, '2026-03-10T09:00:00.000Z', 'delivered', 0, expect.any(Number) as never),
      movement(giftId, '2027-03-09T16:00:00.000Z', 'out_of_window', -80_000, 0),
    ]);
    expect(await shown(`/gift-ledgers/${first.body.id}?asOf=2027-03-09T16:00:00Z`)).toEqual(ledger);
    for (const [asOf, used] of [
      ['2026-03-01', 0],
      ['2026-03-02', 80_000],
      ['2027-03-09T15:59:59.999Z', 80_000],
      ['2027-03-09T16:00:00Z', 0],
      ['2027-03-10T00:00:00+08:00', 0],
    ] as const)
      expect([asOf, (await shown(`/contacts/${contactId}/gifts?asOf=${encodeURIComponent(asOf)}`)).used]).toEqual([
        asOf,
        cny(used),
      ]);
  });

  test('is listed by its status, its account and its recipient', async () => {
    const contactId = await contact();
    const [a, b] = [await requested(contactId, 10_000), await approved(contactId, 20_000)];
    const recipient = naturalId('acme', 'pseudonym', [contactId]);
    const ids = async (query: string) => (await shown(`/gifts?${query}`)).items.map((it: { id: string }) => it.id);
    expect(await ids(`recipient=${recipient}&sort=value`)).toEqual([a, b]);
    expect(await ids(`recipient=${recipient}&sort=-value`)).toEqual([b, a]);
    expect(await ids(`recipient=${recipient}&status=approved&accountId=${trade}`)).toEqual([b]);
    expect(await ids(`recipient=${recipient}&accountId=${office}`)).toEqual([]);
    const page = await shown(`/gifts?recipient=${recipient}&sort=value&limit=1`);
    expect(await ids(`recipient=${recipient}&sort=value&limit=1&cursor=${page.next}`)).toEqual([b]);
    expect((await kams.ask('/gifts?status=given')).status).toBe(422);
    expect((await kams.ask('/contacts/00000000-0000-7000-8000-00000000dead/gifts')).status).toBe(404);
    expect((await kams.ask('/gift-ledgers/00000000-0000-7000-8000-00000000dead')).status).toBe(404);
    expect((await kams.ask('/gifts/00000000-0000-7000-8000-00000000dead')).status).toBe(404);
  });

  test('is refused with what to do', async () => {
    const contactId = await contact();
    const ask = (data: object) => kams.post('/gift-ledgers', data, wang);
    expect(told(await ask(wish(contactId, 100_001)))).toBe('409 over-cap-of-gift');
    expect(told(await ask({ ...wish(contactId), value: { minor: 1, currency: 'EUR' } }))).toBe('422 gift-in-another-currency');
    expect(told(await ask({ ...wish(contactId), accountId: office }))).toBe('404 unknown-recipient');
    expect(told(await ask(wish(randomUUID())))).toBe('404 unknown-recipient');

    const giftId = await requested(contactId);
    expect(told(await ask({ ...wish(contactId), giftId }))).toBe('200 undefined');
    expect(told(await ask({ ...wish(contactId, 1), giftId }))).toBe('409 gift-differs');
    // The ledger of another recipient has it.
    expect(told(await ask({ ...wish(await contact()), giftId }))).toBe('409 key-taken');
    expect(told(await say('approve', giftId, wang))).toBe('403 not-an-approver');
    expect(told(await say('approve', randomUUID()))).toBe('404 unknown-gift');
    expect(told(await say('deliver', giftId))).toBe('409 gift-decided');
    expect(told(await say('lapse', giftId))).toBe('409 gift-not-due');

    const own = wish(contactId);
    await kams.post('/gift-ledgers', own, chen);
    expect(told(await say('approve', own.giftId))).toBe('409 four-eyes');
    expect(told(await say('reject', own.giftId, chen, { reason: 'No' }))).toBe('409 four-eyes');
    expect(told(await say('reject', own.giftId, zhou, { reason: 'No' }))).toBe('200 undefined');

    await approved(contactId, 100_000);
    await approved(contactId, 60_000);
    const zh = { ...chen, headers: { 'accept-language': 'zh' } };
    const answer = await say('approve', giftId, zh);
    expect([told(answer), answer.body.left]).toEqual(['409 over-cap-of-recipient', cny(40_000)]);
    expect(answer.body.detail).toMatch(/^批准后将超过/);
  });

  test('with values that are none is refused before the rule', async () => {
    const data = wish(await contact());
    for (const [bad, pointer] of [
      [{ value: cny(0) }, '/value/minor'],
      [{ value: cny(1.5) }, '/value/minor'],
      [{ value: { minor: 1, currency: 'yuan' } }, '/value/currency'],
      [{ giftId: 'tea' }, '/giftId'],
      [{ what: ' ' }, '/what'],
    ] as const) {
      const answer = await kams.post('/gift-ledgers', { ...data, ...bad }, wang);
      expect([told(answer), answer.body.errors[0].pointer]).toEqual(['422 invalid', pointer]);
    }
    const late = await say('approve', data.giftId, { ...chen, headers: { 'occurred-at': '2036-01-01T00:00:00Z' } } as never);
    expect(told(late)).toBe('422 invalid');
  });

  test('that is sent twice under one key is one, and in bulk each line has its answer', async () => {
    const contactId = await contact();
    const data = wish(contactId);
    const key = { ...wang, headers: { 'idempotency-key': `gift-${data.giftId}` } };
    const [a, b] = [await kams.post('/gift-ledgers', data, key), await kams.post('/gift-ledgers', data, key)];
    expect(a.text).toBe(b.text);
    expect(told(await kams.post('/gift-ledgers', { ...data, what: 'Wine' }, key))).toBe('422 command-id-reused');
    const lines = [data.giftId, randomUUID()].map((giftId) => JSON.stringify({ command: 'ApproveGift', data: { giftId } }));
    const headers = { 'content-type': 'application/x-ndjson' };
    const bulk = await kams.ask('/gift-ledgers/bulk', { method: 'POST', body: lines.join('\n'), headers, ...chen });
    expect(
      bulk.text
        .trim()
        .split('\n')
        .map((it) => JSON.parse(it).status),
    ).toEqual([200, 404]);
  });

  test('for somebody in government is decided by compliance alone', async () => {
    const giftId = await requested(await contact(office), 10_000, { accountId: office });
    expect(told(await say('approve', giftId, chen))).toBe('403 compliance-decides');
    expect(told(await say('approve', giftId, zhou))).toBe('200 undefined');
  });

  test('of another tenant with the same id is another gift', async () => {
    const contactId = await contact();
    const theirs = await account('Theirs', 'trade', 'other');
    const giftId = await requested(contactId, 10_000);
    const data = { ...wish(await contact(theirs, 'other'), 20_000), giftId, accountId: theirs };
    expect((await kams.post('/gift-ledgers', data, as('x', 'other'))).status).toBe(201);
    await say('approve', giftId);
    expect(await shown(`/gifts/${giftId}`)).toMatchObject({ value: cny(10_000), status: 'approved' });
    expect(await shown(`/gifts/${giftId}`, as('x', 'other'))).toMatchObject({ value: cny(20_000), status: 'requested' });
    expect((await kams.ask(`/contacts/${contactId}/gifts`, as('x', 'other'))).status).toBe(404);
  });
});

describe('a gift that waits', () => {
  test('lapses at its instant, and the cap is free again', async () => {
    const contactId = await contact();
    const [open, bought] = [await requested(contactId, 10_000), await approved(contactId, 100_000)];
    const given = await approved(contactId, 90_000);
    await say('deliver', given, wang);
    expect((await shown(`/contacts/${contactId}/gifts`)).left).toEqual(cny(10_000));
    clock = new Date('2026-04-05T00:00:00.000Z');
    await eventually(async () => {
      for (const giftId of [open, bought]) {
        expect(await shown(`/gifts/${giftId}`)).toMatchObject({ status: 'lapsed', endedAt: '2026-04-01T16:00:00.000000Z' });
      }
    });
    expect(await shown(`/gifts/${given}`)).toMatchObject({ status: 'delivered' });
    expect((await shown(`/contacts/${contactId}/gifts`)).left).toEqual(cny(110_000));
    expect((await shown(`/contacts/${contactId}/gifts?asOf=2026-04-01T15:59:59Z`)).left).toEqual(cny(10_000));
    const late = await say('deliver', bought, wang);
    expect([told(late), late.body.lapsedAt]).toEqual(['409 gift-lapsed', '2026-04-01T16:00:00.000Z']);
  });
});

describe('a recipient who asks to be forgotten', () => {
  test('is gone, and the ledger still proves 800 under the pseudonym', async () => {
    const contactId = await contact();
    const given = await approved(contactId, 80_000);
    await say('deliver', given, wang);
    const waiting = await requested(contactId, 10_000);
    const before = await shown(`/contacts/${contactId}/gifts`);
    expect((await kams.post(`/contacts/${contactId}/erase`, { request: 'dsr-7' })).status).toBe(200);

    const { pseudonym } = await shown(`/contacts/${contactId}`);
    expect(await shown(`/contacts/${contactId}/gifts`)).toMatchObject({
      ...before,
      recipient: pseudonym,
      used: cny(80_000),
      asOf: expect.any(String),
    });
    expect(await shown(`/gifts/${given}`)).toMatchObject({ what: ERASED, recipient: pseudonym, value: cny(80_000) });

    expect(told(await kams.post('/gift-ledgers', wish(contactId), wang))).toBe('409 recipient-erased');
    expect(told(await say('approve', waiting))).toBe('409 recipient-erased');
    expect(told(await say('return', waiting, wang, { reason: 'x' }))).toBe('409 person-erased');
    clock = new Date('2026-04-05T00:00:00.000Z');
    await eventually(async () => expect(await shown(`/gifts/${waiting}`)).toMatchObject({ status: 'lapsed' }));
  });

  test('leaves the service under the pseudonym from the first event on', async () => {
    const contactId = await contact();
    const giftId = await approved(contactId);
    await say('deliver', giftId, wang);
    const events = (await kams.ask('/events?limit=10000')).text.trim().split('\n');
    const [approval, delivery, ...more] = events.map((it) => JSON.parse(it)).filter(({ data }) => data.giftId === giftId);
    const recipient = naturalId('acme', 'pseudonym', [contactId]);
    expect(more).toEqual([]);
    expect(approval).toMatchObject({
      type: 'kams.accounts.gift.approved.v1',
      data: { accountId: trade, recipient, value: cny(80_000), capUsed: 80_000, approverId: 'chen.jie' },
    });
    expect(delivery).toMatchObject({
      type: 'kams.accounts.gift.delivered.v1',
      data: { recipient, capUsed: 80_000, approverId: 'chen.jie' },
    });
    expect(JSON.stringify([approval, delivery])).not.toContain(contactId);
  });
});

test('the caps are those of the policy, and each version is kept', async () => {
  const who = as('user-1', 'policy');
  expect(await shown('/gift-policy', who)).toMatchObject({
    revision: null,
    inForce: { version: 0, content: DEFAULT_GIFT_POLICY },
    versions: [],
  });
  const content = { ...DEFAULT_GIFT_POLICY, currency: 'EUR', perGift: 5_000, perRecipient: 8_000, zone: 'Europe/Berlin' };
  expect(told(await kams.post('/gift-policy/publish', { content: { ...content, perGift: 9_000 } }, who))).toBe(
    '422 caps-contradict',
  );
  expect(told(await kams.post('/gift-policy/publish', { content: { ...content, zone: 'Bielefeld' } }, who))).toBe('422 invalid');
  expect((await kams.post('/gift-policy/publish', { content }, who)).status).toBe(200);
  expect((await kams.post('/gift-policy/publish', { content }, who)).body.outcome).toBe('unchanged');
  expect(await shown('/gift-policy', who)).toMatchObject({
    revision: 0,
    inForce: { version: 1, content },
    versions: [{ version: 1 }],
  });

  const accountId = await account('Policy', 'trade', 'policy');
  const contactId = await contact(accountId, 'policy');
  const data = { ...wish(contactId), accountId, value: { minor: 5_001, currency: 'EUR' } };
  expect(told(await kams.post('/gift-ledgers', data, who))).toBe('409 over-cap-of-gift');
  expect(await shown(`/contacts/${contactId}/gifts`, who)).toMatchObject({
    policyVersion: 1,
    cap: { minor: 8_000, currency: 'EUR' },
  });
});

describe('a reception', () => {
  const asked = async (more: object = {}) => ({
    ...{
      accountId: trade,
      guestIds: [await contact()],
      on: '2026-03-20',
      agenda: 'Tour of the plant',
      budget: cny(500_000),
      ...more,
    },
  });
  const request = async (more?: object) => (await kams.post('/receptions', await asked(more), wang)).body.id as string;
  const tell = (id: string, command: string, data: object = {}, who = chen) =>
    kams.post(`/receptions/${id}/${command}`, data, who);
  const report = { cost: cny(538_000), result: 'They want an offer' };

  test('is requested, approved by another person, and reported; what is above the budget is flagged until it is explained', async () => {
    const data = await asked();
    const opened = await kams.post('/receptions', data, wang);
    expect([opened.status, opened.headers.get('location')]).toEqual([201, `/receptions/${opened.body.id}`]);
    const { id } = opened.body;
    expect(await shown(`/receptions/${id}`)).toMatchObject({
      ...data,
      status: 'requested',
      requestedBy: 'wang.fang',
      cost: null,
    });
    expect((await tell(id, 'approve')).status).toBe(200);
    expect((await tell(id, 'report', report, wang)).status).toBe(200);
    expect(await shown(`/receptions/${id}`)).toMatchObject({
      ...{
        status: 'reported',
        approverId: 'chen.jie',
        cost: report.cost,
        overrun: cny(38_000),
        explained: false,
        explanation: null,
      },
    });
    const ids = async (query: string) => (await shown(`/receptions?${query}`)).items.map((it: { id: string }) => it.id);
    expect(await ids('explained=false')).toEqual([id]);
    await tell(id, 'explain-overrun', { explanation: 'Two more guests' }, wang);
    expect(await ids('explained=false')).toEqual([]);
    expect(await ids('explained=true&status=reported&from=2026-03-20&to=2026-03-20')).toEqual([id]);
    const file = await kams.ask(`/receptions/${id}`);
    expect([file.headers.get('etag'), file.body.explanation]).toEqual(['"3"', 'Two more guests']);

    const events = (await kams.ask('/events?types=kams.accounts.reception.reported.v1')).text;
    expect(JSON.parse(events.trim().split('\n')[0]!).data).toMatchObject({
      recipients: [naturalId('acme', 'pseudonym', data.guestIds)],
      ...{ value: report.cost, capUsed: 500_000, overrun: 38_000, approverId: 'chen.jie' },
    });
    expect(events).not.toContain(data.guestIds[0]);
  });

  test('is refused with what to do', async () => {
    const id = await request();
    expect(told(await kams.post('/receptions', await asked({ guestIds: [randomUUID()] }), wang))).toBe('422 unknown-guest');
    expect(told(await kams.post('/receptions', await asked({ accountId: randomUUID() }), wang))).toBe('404 unknown-account');
    expect(told(await kams.post('/receptions', await asked({ budget: { minor: 1, currency: 'XXX' } }), wang))).toBe(
      '422 unknown-currency',
    );
    expect(told(await kams.post('/receptions', await asked({ budget: cny(0) }), wang))).toBe('422 invalid');
    expect(told(await tell(id, 'approve', {}, wang))).toBe('403 not-an-approver');
    expect(told(await tell(id, 'report', report, wang))).toBe('409 reception-decided');
    await tell(id, 'approve');
    expect(told(await tell(id, 'reject', { reason: 'No' }))).toBe('409 reception-decided');
    expect(told(await tell(id, 'report', { ...report, cost: { minor: 1, currency: 'EUR' } }, wang))).toBe(
      '422 cost-in-another-currency',
    );
    await tell(id, 'report', { ...report, cost: cny(0) }, wang);
    expect(told(await tell(id, 'explain-overrun', { explanation: 'x' }, wang))).toBe('409 no-overrun');
    const own = (await kams.post('/receptions', await asked(), chen)).body.id;
    expect(told(await tell(own, 'approve'))).toBe('409 four-eyes');
    const official = await request({ accountId: office, guestIds: [await contact(office)] });
    expect(told(await tell(official, 'approve'))).toBe('403 compliance-decides');
    expect(told(await tell(official, 'reject', { reason: 'A tender is open' }, zhou))).toBe('200 undefined');
    expect((await kams.ask('/receptions?from=2026-03-21&to=2026-03-20')).status).toBe(422);
  });

  test('that is sent twice under one key is one', async () => {
    const data = await asked();
    const key = { ...wang, headers: { 'idempotency-key': 'reception-1' } };
    const [a, b] = [await kams.post('/receptions', data, key), await kams.post('/receptions', data, key)];
    expect(a.text).toBe(b.text);
  });
});

test('rows that are built again are the same', async () => {
  for (const [name, table] of [
    ['gifts', 'gift'],
    ['gift_policies', 'gift_policy'],
    ['receptions', 'reception'],
    ['timer_gift_lapses', 'timer_gift_lapses'],
  ] as const) {
    await shown('/gifts');
    const rows = () => kams.sql<{ row: string }>(`select t::text as row from accounts.${table} t order by tenant_id, id`);
    const before = await rows();
    kams.runtime.rebuild(name);
    await eventually(() => expect(kams.runtime.rebuildOf(name)!.state).toBe('done'));
    expect(await rows()).toEqual(before);
    if (name !== 'timer_gift_lapses') expect(before.length).toBeGreaterThan(0);
  }
});
