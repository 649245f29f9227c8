// Interactions, visits and commitments through HTTP: what is logged, planned and promised, and what time makes of it.
import { ERASED } from '@kams/contracts/personal';
import { startTestServices, type TestServices } from '@kams/testing/services';
import { accountsService } from '../src/accounts.module';

let kams: TestServices;
let accountId: string;
let li: string;
let wang: string;
/** A Monday morning in Shanghai; tests move it on. */
let now = new Date('2026-03-02T01:00:00Z');
const goOnTo = (instant: string) => void (now = new Date(instant));

beforeAll(async () => {
  kams = await startTestServices([accountsService], { now: () => now });
  accountId = (await kams.post('/accounts', { profile: { name: 'Acme' } })).body.id;
  [li, wang] = [await contact('Li Wei'), await contact('Wang Fang')];
});
afterAll(() => kams?.stop());
beforeEach(() => goOnTo('2026-03-02T01:00:00Z'));

const contact = async (name: string, at = accountId): Promise<string> =>
  (await kams.post('/contacts', { accountId: at, person: { name } })).body.id;
const call = (more: object = {}) => ({
  accountId,
  kind: 'call',
  participants: [{ contactId: li }, { userId: 'user-1' }],
  occurredAt: '2026-03-02T00:30:00Z',
  direction: 'two_way',
  durationMin: 20,
  outcome: 'They want a second source',
  ...more,
});
const plan = (more: object = {}) => ({
  accountId,
  contactIds: [li],
  startsAt: '2026-03-04T01:00:00Z',
  endsAt: '2026-03-04T02:30:00Z',
  place: 'Gate 2',
  goal: 'Agree on volumes',
  ...more,
});
const promise = (more: object = {}) => ({
  accountId,
  contactId: wang,
  what: 'Two samples of the new grade',
  dueAt: '2026-03-13T10:00:00Z',
  madeIn: { kind: 'call' },
  ...more,
});
const opened = async (path: string, body: object) => {
  const answer = await kams.post(path, body);
  expect([answer.status, answer.text]).toEqual([201, expect.anything()]);
  return answer.body as { id: string; position: string };
};
const said = async (thing: string, command: string, data: object = {}) => {
  const answer = await kams.post(`${thing}/${command}`, data);
  expect([answer.status, answer.text]).toEqual([200, expect.anything()]);
  return answer.body as { position: string; outcome: string };
};
const shown = async (path: string, { position }: { position: string }) =>
  (await kams.ask(`${path}${path.includes('?') ? '&' : '?'}after=${position}`)).body;
const codeOf = async (path: string, body: object) => {
  const { status, body: answer } = await kams.post(path, body);
  return `${status} ${answer.code}`;
};
/** What follows by itself is there in a moment. */
async function until<T>(ask: () => Promise<T>, isSo: (it: T) => boolean): Promise<T> {
  for (let left = 200; ; left--) {
    const it = await ask();
    if (isSo(it)) return it;
    if (left === 0) throw new Error(`it did not come: ${JSON.stringify(it)}`);
    await new Promise((done) => setTimeout(done, 25));
  }
}
const NOWHERE = '0190f5a0-0000-7000-8000-00000000dead';

describe('an interaction', () => {
  test('is logged, corrected and withdrawn; the timeline shows it as it was', async () => {
    const at = (await opened('/accounts', { profile: { name: 'Timeline' } })).id;
    const who = await contact('Zhao', at);
    const log = (more: object) => opened('/interactions', call({ accountId: at, participants: [{ contactId: who }], ...more }));
    const first = await log({ occurredAt: '2026-02-01T08:00:00Z' });
    const mail = await log({
      kind: 'mail',
      direction: 'outbound',
      occurredAt: '2026-02-03T08:00:00Z',
      participants: [{ userId: 'li' }],
    });
    const last = await log({ occurredAt: '2026-02-02T08:00:00Z' });
    const idsOf = async (query: string, after: { position: string }) =>
      (await shown(`/accounts/${at}/timeline?${query}`, after)).items.map((it: { id: string }) => it.id);
    expect(await idsOf('', last)).toEqual([mail.id, last.id, first.id]);
    expect(await idsOf('kind=mail', last)).toEqual([mail.id]);
    expect(await idsOf(`contactId=${who}`, last)).toEqual([last.id, first.id]);
    const page = await shown(`/accounts/${at}/timeline?limit=2`, last);
    expect(await idsOf(`limit=2&cursor=${encodeURIComponent(page.next)}`, last)).toEqual([first.id]);

    const change = { set: { durationMin: 45, outcome: 'They want two' }, clear: [], reason: 'Mistyped' };
    const corrected = await said(`/interactions/${first.id}`, 'correct', change);
    expect(await shown(`/interactions/${first.id}`, corrected)).toMatchObject({
      ...{ accountId: at, kind: 'call', direction: 'two_way', durationMin: 45, outcome: 'They want two', nextStep: null },
      ...{ status: 'logged', loggedBy: 'user-1', participants: [{ contactId: who }], revision: 1 },
    });
    const gone = await said(`/interactions/${mail.id}`, 'withdraw', { because: 'did_not_happen' });
    expect(await idsOf('', gone)).toEqual([last.id, first.id]);
    expect(await idsOf('status=withdrawn', gone)).toEqual([mail.id]);
    expect((await kams.ask(`/interactions/${mail.id}`)).body).toMatchObject({ withdrawnBecause: 'did_not_happen' });
    expect((await kams.ask(`/accounts/${NOWHERE}/timeline`)).status).toBe(404);
  });

  test('that a rule does not take is refused with what to do', async () => {
    const elsewhere = await contact('Elsewhere', (await opened('/accounts', { profile: { name: 'Other' } })).id);
    const log = (more: object) => codeOf('/interactions', call(more));
    expect(await log({ accountId: NOWHERE })).toBe('404 unknown-account');
    expect(await log({ participants: [{ contactId: elsewhere }] })).toBe('404 unknown-contact');
    expect(await log({ occurredAt: '2026-03-03T00:00:00Z' })).toBe('409 not-yet-happened');
    expect(await log({ kind: 'event' })).toBe('409 event-is-not-two-way');
    const { id } = await opened('/interactions', call());
    expect(await codeOf(`/interactions/${id}/erase`, { request: 'x' })).toBe('409 forgotten-with-the-contact');
    await said(`/interactions/${id}`, 'withdraw', { because: 'logged_twice' });
    expect(await codeOf(`/interactions/${id}/correct`, { set: { durationMin: 1 }, reason: 'x' })).toBe(
      '409 interaction-withdrawn',
    );
    const answer = await kams.post('/interactions', call({ accountId: NOWHERE }), { headers: { 'accept-language': 'zh' } });
    expect(answer.body.detail).toMatch(/\p{Script=Han}/u);
  });

  test('that is no interaction is told where it is wrong', async () => {
    const places = async (more: object) =>
      (await kams.post('/interactions', call(more))).body.errors.map((it: { pointer: string }) => it.pointer);
    expect(await places({ kind: 'chat' })).toEqual(['/kind']);
    expect(await places({ participants: [] })).toEqual(['/participants']);
    expect(await places({ participants: [{ contactId: li }, { contactId: li }] })).toEqual(['/participants']);
    expect(await places({ sentiment: 3, durationMin: -1 })).toEqual(['/sentiment', '/durationMin']);
    expect(await places({ loggedBy: 'me' })).toEqual(['/loggedBy']);
    expect((await kams.ask(`/accounts/${accountId}/timeline?kind=chat`)).status).toBe(422);
  });

  test('sent twice under one key is one', async () => {
    const headers = { 'idempotency-key': 'call-1' };
    const [a, b] = [await kams.post('/interactions', call(), { headers }), await kams.post('/interactions', call(), { headers })];
    expect(a.text).toBe(b.text);
    const other = await kams.post('/interactions', call({ durationMin: 5 }), { headers });
    expect([other.status, other.body.code]).toEqual([422, 'command-id-reused']);
  });

  test('leaves the service with its facts, and without a word of what was said', async () => {
    const { id } = await opened('/interactions', call({ nextStep: 'Ring again', sentiment: 1 }));
    const events = (await kams.ask('/events?limit=10000')).text
      .trim()
      .split('\n')
      .map((it) => JSON.parse(it));
    const { type, data } = events.find((it) => it.subject === `interaction/${id}`);
    const { outcome: _, ...facts } = call({ interactionId: id, sentiment: 1, occurredAt: '2026-03-02T00:30:00.000Z' });
    expect({ type, data }).toEqual({ type: 'kams.accounts.interaction.logged.v1', data: facts });
  });
});

describe('a visit', () => {
  test('is planned, moved, completed, on the timeline, and reported in time', async () => {
    const { id } = await opened('/visits', plan());
    const moved = await said(`/visits/${id}`, 'reschedule', {
      ...{ startsAt: '2026-03-05T01:00:00Z', endsAt: '2026-03-05T02:30:00Z', reason: 'They asked' },
    });
    expect(await shown(`/visits/${id}`, moved)).toMatchObject({
      ...{ accountId, ownerId: 'user-1', contactIds: [li], status: 'planned', reason: 'They asked', goal: 'Agree on volumes' },
      ...{ startsAt: '2026-03-05T01:00:00.000000Z', place: 'Gate 2', report: null, participants: null },
    });
    goOnTo('2026-03-05T03:00:00Z');
    await said(`/visits/${id}`, 'complete', { sentiment: 1, participants: [{ contactId: li }, { contactId: wang }] });
    const timeline = async () => (await kams.ask(`/accounts/${accountId}/timeline?kind=visit`)).body.items;
    const [entry] = await until(timeline, (it) => it.length > 0);
    expect(entry).toMatchObject({
      ...{ visitId: id, direction: 'two_way', participants: [{ contactId: li }, { contactId: wang }], durationMin: 90 },
      ...{ occurredAt: '2026-03-05T01:00:00.000000Z', sentiment: 1, outcome: null },
    });
    const reported = await said(`/visits/${id}`, 'report', { outcome: 'Agreed', nextStep: 'Send dates' });
    expect(await shown(`/visits/${id}`, reported)).toMatchObject({
      status: 'reported',
      reportDueAt: '2026-03-09T10:00:00.000000Z',
      reportOverdueAt: null,
      report: { outcome: 'Agreed', nextStep: 'Send dates', by: 'user-1', isLate: false },
    });
  });

  test('is in the calendar of its days, of its owner, of its account and of whom it is to', async () => {
    const at = (await opened('/accounts', { profile: { name: 'Calendar' } })).id;
    const who = await contact('Chen', at);
    const visit = (day: string, more: object = {}) =>
      opened(
        '/visits',
        plan({ accountId: at, contactIds: [], startsAt: `${day}T01:00:00Z`, endsAt: `${day}T02:00:00Z`, ...more }),
      );
    const a = await visit('2027-05-03', { ownerId: 'li.na' });
    const b = await visit('2027-05-04', { contactIds: [who] });
    const c = await visit('2027-05-10');
    const cancelled = await said(`/visits/${c.id}`, 'cancel', { reason: 'Closed' });
    const idsOf = async (query: string) =>
      (await shown(`/visits?accountId=${at}&${query}`, cancelled)).items.map((it: { id: string }) => it.id);
    expect(await idsOf('')).toEqual([a.id, b.id, c.id]);
    expect(await idsOf('sort=-startsAt')).toEqual([c.id, b.id, a.id]);
    expect(await idsOf('from=2027-05-04T01:00:00Z&to=2027-05-10T01:00:00Z')).toEqual([b.id]);
    expect(await idsOf('owner=li.na')).toEqual([a.id]);
    expect(await idsOf('status=cancelled')).toEqual([c.id]);
    expect(await idsOf(`contactId=${who}`)).toEqual([b.id]);
    expect((await kams.ask('/visits?from=2027-05-04T00:00:00Z&to=2027-05-04T00:00:00Z')).status).toBe(422);
  });

  test('that nobody says a word of is missed after a day; said too late that it took place, it did, and its report is due', async () => {
    const { id } = await opened('/visits', plan());
    goOnTo('2026-03-05T02:29:00Z');
    expect(await codeOf(`/visits/${id}/miss`, {})).toBe('409 not-due');
    goOnTo('2026-03-05T02:31:00Z');
    const file = async () => (await kams.ask(`/visits/${id}`)).body;
    expect(await until(file, ({ status }) => status === 'missed')).toMatchObject({ revision: 1 });
    expect(await codeOf(`/visits/${id}/reschedule`, { startsAt: '2026-04-01T01:00:00Z', endsAt: '2026-04-01T02:00:00Z' })).toBe(
      '409 visit-missed',
    );
    await said(`/visits/${id}`, 'complete');
    goOnTo('2026-03-06T10:00:01Z');
    const overdue = await until(file, ({ reportOverdueAt }) => typeof reportOverdueAt === 'string');
    expect(overdue).toMatchObject({ status: 'completed', reportOverdueAt: '2026-03-06T10:00:00.000000Z', revision: 3 });
    const reported = await said(`/visits/${id}`, 'report', { outcome: 'Agreed' });
    expect(await shown(`/visits/${id}`, reported)).toMatchObject({
      status: 'reported',
      report: { isLate: true, nextStep: null },
    });
  });

  test('that was called off is neither missed nor on the timeline', async () => {
    const { id } = await opened('/visits', plan());
    const { position } = await said(`/visits/${id}`, 'cancel');
    goOnTo('2026-03-20T00:00:00Z');
    // A later timer that rang has been given after an earlier one that would have.
    const other = await opened('/commitments', promise({ dueAt: '2026-03-20T00:00:01Z' }));
    goOnTo('2026-03-20T00:00:02Z');
    await until(
      async () => (await kams.ask(`/commitments/${other.id}`)).body,
      ({ overdueAt }) => typeof overdueAt === 'string',
    );
    expect(await shown(`/visits/${id}`, { position })).toMatchObject({ status: 'cancelled', revision: 1 });
  });

  test('that a rule does not take is refused with what to do', async () => {
    const of = (more: object) => codeOf('/visits', plan(more));
    expect(await of({ accountId: NOWHERE })).toBe('404 unknown-account');
    expect(await of({ contactIds: [NOWHERE] })).toBe('404 unknown-contact');
    expect(await of({ startsAt: '2026-03-01T00:00:00Z' })).toBe('409 begins-in-the-past');
    expect(await of({ endsAt: '2026-03-04T01:00:00Z' })).toBe('409 ends-before-it-begins');
    const { id } = await opened('/visits', plan());
    const tell = (command: string, data: object = {}) => codeOf(`/visits/${id}/${command}`, data);
    expect(await tell('complete')).toBe('409 visit-not-over');
    expect(await tell('report', { outcome: 'x' })).toBe('409 visit-not-completed');
    goOnTo('2026-03-04T03:00:00Z');
    await said(`/visits/${id}`, 'complete', { report: { outcome: 'Agreed' } });
    expect(await tell('report', { outcome: 'x' })).toBe('409 visit-reported');
    expect(await tell('cancel')).toBe('409 visit-completed');
    const other = await opened('/visits', plan({ startsAt: '2026-03-05T01:00:00Z', endsAt: '2026-03-05T02:00:00Z' }));
    await said(`/visits/${other.id}`, 'cancel');
    expect(await codeOf(`/visits/${other.id}/complete`, {})).toBe('409 visit-cancelled');
    const wrong = await kams.post('/visits', plan({ contactIds: [li, li], goal: ' ' }));
    expect([wrong.status, wrong.body.errors.map((it: { pointer: string }) => it.pointer)]).toEqual([
      422,
      ['/contactIds', '/goal'],
    ]);
  });
});

describe('a promise', () => {
  test('is made, handed on, postponed and kept', async () => {
    const { id } = await opened('/commitments', promise());
    await said(`/commitments/${id}`, 'reassign', { ownerId: 'wang.fang' });
    await said(`/commitments/${id}`, 'postpone', { dueAt: '2026-03-20T10:00:00Z', reason: 'Agreed' });
    const kept = await said(`/commitments/${id}`, 'fulfil', { note: 'At the gate' });
    expect(await shown(`/commitments/${id}`, kept)).toMatchObject({
      ...{ accountId, ownerId: 'wang.fang', contactId: wang, what: 'Two samples of the new grade', madeIn: { kind: 'call' } },
      ...{ status: 'fulfilled', isLate: false, note: 'At the gate', dueAt: '2026-03-20T10:00:00.000000Z', overdueAt: null },
      postponements: [
        {
          from: '2026-03-13T10:00:00.000Z',
          to: '2026-03-20T10:00:00.000Z',
          reason: 'Agreed',
          by: 'user-1',
          at: expect.anything(),
        },
      ],
    });
    expect(await codeOf(`/commitments/${id}/break`, { because: 'forgotten' })).toBe('409 commitment-fulfilled');
  });

  test('that is not kept when it is due is overdue once, stays open, and is kept late', async () => {
    const { id } = await opened('/commitments', promise());
    goOnTo('2026-03-13T10:00:01Z');
    const file = async () => (await kams.ask(`/commitments/${id}`)).body;
    const overdue = await until(file, ({ overdueAt }) => typeof overdueAt === 'string');
    expect(overdue).toMatchObject({ status: 'open', overdueAt: '2026-03-13T10:00:00.000000Z', revision: 1 });
    expect((await said(`/commitments/${id}`, 'note-overdue')).outcome).toBe('unchanged');
    const kept = await said(`/commitments/${id}`, 'fulfil');
    expect(await shown(`/commitments/${id}`, kept)).toMatchObject({ status: 'fulfilled', isLate: true });
  });

  test('is found by its owner, its account, its state and when it is due', async () => {
    const at = (await opened('/accounts', { profile: { name: 'Promises' } })).id;
    const make = (dueAt: string, ownerId: string) =>
      opened('/commitments', promise({ accountId: at, contactId: undefined, dueAt, ownerId }));
    const [a, b, c] = [
      await make('2027-03-12T00:00:00Z', 'li.na'),
      await make('2027-03-11T00:00:00Z', 'li.na'),
      await make('2027-03-10T00:00:00Z', 'wang.fang'),
    ];
    const broken = await said(`/commitments/${c.id}`, 'break', { because: 'not_possible', note: 'Given up' });
    const idsOf = async (query: string) =>
      (await shown(`/commitments?accountId=${at}&${query}`, broken)).items.map((it: { id: string }) => it.id);
    expect(await idsOf('')).toEqual([c.id, b.id, a.id]);
    expect(await idsOf('status=open&owner=li.na')).toEqual([b.id, a.id]);
    expect(await idsOf('status=open&dueBefore=2027-03-12T00:00:00Z')).toEqual([b.id]);
    expect((await kams.ask(`/commitments/${c.id}`)).body).toMatchObject({ status: 'broken', brokenBecause: 'not_possible' });
  });

  test('that a rule does not take is refused with what to do', async () => {
    const make = (more: object) => codeOf('/commitments', promise(more));
    expect(await make({ accountId: NOWHERE })).toBe('404 unknown-account');
    expect(await make({ contactId: NOWHERE })).toBe('404 unknown-contact');
    expect(await make({ dueAt: '2026-03-02T00:59:59Z' })).toBe('409 due-in-the-past');
    const { id } = await opened('/commitments', promise());
    expect(await codeOf(`/commitments/${id}/note-overdue`, {})).toBe('409 not-due');
    expect(await codeOf(`/commitments/${id}/postpone`, { dueAt: '2026-03-12T00:00:00Z', reason: 'x' })).toBe('409 not-later');
    expect(await codeOf(`/commitments/${id}/erase`, { request: 'x' })).toBe('409 forgotten-with-the-contact');
    await said(`/commitments/${id}`, 'break', { because: 'forgotten' });
    expect(await codeOf(`/commitments/${id}/fulfil`, {})).toBe('409 commitment-broken');
    expect((await kams.post('/commitments', promise({ madeIn: { kind: 'dream' } }))).body.errors[0].pointer).toBe('/madeIn/kind');
  });
});

test('with a contact goes what was written of that contact; what was promised can still be closed, without a word', async () => {
  const who = await contact('Gone Soon');
  const met = await opened('/interactions', call({ participants: [{ contactId: who }] }));
  const due = await opened('/commitments', promise({ contactId: who }));
  await kams.post(`/contacts/${who}/erase`, { request: 'dsr-1' });
  expect((await kams.ask(`/interactions/${met.id}`)).body).toMatchObject({ outcome: ERASED, participants: [{ contactId: who }] });
  expect((await kams.ask(`/commitments/${due.id}`)).body).toMatchObject({ what: ERASED, status: 'open' });
  expect(await codeOf(`/commitments/${due.id}/fulfil`, { note: 'Gone said thanks' })).toBe('409 person-erased');
  const kept = await said(`/commitments/${due.id}`, 'fulfil');
  expect(await shown(`/commitments/${due.id}`, kept)).toMatchObject({ what: ERASED, status: 'fulfilled', note: null });
  expect((await said(`/interactions/${met.id}`, 'withdraw', { because: 'wrong_account' })).outcome).toBe('changed');
});

test('a visit to somebody who was erased before it was said to have taken place is on the timeline all the same, and once', async () => {
  const at = (await opened('/accounts', { profile: { name: 'Erased in between' } })).id;
  const who = await contact('Gone Before', at);
  const { id } = await opened('/visits', plan({ accountId: at, contactIds: [who] }));
  await kams.post(`/contacts/${who}/erase`, { request: 'dsr-3' });
  goOnTo('2026-03-04T03:00:00Z');
  await said(`/visits/${id}`, 'complete');
  const timeline = async () => (await kams.ask(`/accounts/${at}/timeline`)).body.items;
  const entries = await until(timeline, (it) => it.length > 0);
  expect(entries).toMatchObject([{ visitId: id, participants: [{ contactId: who }, { userId: 'user-1' }], outcome: null }]);
});

test('words about nobody alone are erased by themselves', async () => {
  const met = await opened('/interactions', call({ participants: [{ contactId: li }, { contactId: wang }] }));
  const visit = await opened('/visits', plan());
  const due = await opened('/commitments', promise({ contactId: undefined }));
  for (const thing of [`/interactions/${met.id}`, `/visits/${visit.id}`, `/commitments/${due.id}`]) {
    const { position } = await said(thing, 'erase', { request: 'dsr-2' });
    const file = await shown(thing, { position });
    expect(file.outcome ?? file.goal ?? file.what).toBe(ERASED);
    expect((await said(thing, 'erase', { request: 'dsr-2' })).outcome).toBe('unchanged');
  }
});
