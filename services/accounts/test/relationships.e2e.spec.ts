// Relationships through HTTP: what was judged, what follows of it, and what it was on any other day.
import { startTestServices, type TestServices } from '@kams/testing/services';
import { accountsService } from '../src/accounts.module';

let kams: TestServices;
/** A Monday morning in Shanghai; tests move it on. */
let now = new Date('2026-03-02T01:00:00Z');
const goOnTo = (instant: string) => void (now = new Date(instant));

beforeAll(async () => {
  kams = await startTestServices([accountsService], { now: () => now });
}, 60_000);
afterAll(() => kams?.stop());
beforeEach(() => goOnTo('2026-03-02T01:00:00Z'));

const AVERAGE = { trust: 3, commitment: 3, satisfaction: 3, openness: 3, access: 3 };
const BEST = { trust: 5, commitment: 5, satisfaction: 5, openness: 5, access: 5 };

const done = async (path: string, body: object, subject = 'wang.fang', headers = {}) => {
  const answer = await kams.post(path, body, { as: { subject }, headers });
  expect([answer.status < 300, answer.text]).toEqual([true, expect.anything()]);
  return answer.body as { id: string; position: string };
};
const shown = async (path: string, { position }: { position: string }) =>
  (await kams.ask(`${path}${path.includes('?') ? '&' : '?'}after=${position}`)).body;
const codeOf = async (path: string, body: object) => {
  const { status, body: answer } = await kams.post(path, body);
  return `${status} ${answer.code}`;
};
const account = async (): Promise<string> => (await done('/accounts', { profile: { name: 'Acme' } })).id;
const contact = async (accountId: string, role?: object): Promise<string> => {
  const { id } = await done('/contacts', { accountId, person: { name: 'Li Wei' } });
  if (role) await done(`/contacts/${id}/set-role`, { stance: 0, validFrom: '2026-01-01', ...role });
  return id;
};
const talk = (accountId: string, contactIds: readonly string[], userId: string, occurredAt: string, kind = 'call') =>
  done('/interactions', {
    ...{ accountId, kind, occurredAt, direction: 'two_way' },
    participants: [...contactIds.map((contactId) => ({ contactId })), { userId }],
  });

describe('the index of an account', () => {
  test('weighs what was judged by the power of each, and fades by half in 180 days', async () => {
    const accountId = await account();
    const boss = await contact(accountId, { role: 'decision_maker', power: 5 });
    const user = await contact(accountId, { role: 'user', power: 3 });
    const unknown = await contact(accountId, { role: 'gatekeeper', power: 2 });
    await contact(accountId); // has no role: is not of the buying centre
    await done('/relationships', { accountId, contactId: boss, ...BEST });
    await talk(accountId, [boss], 'wang.fang', '2026-03-02T00:30:00Z', 'meeting');
    const last = await done('/relationships', { accountId, contactId: user, ...AVERAGE }, 'li.na');

    // (5 x 100 + 3 x 50 + 2 x 0) / 10, and 5 of 10
    expect(await shown(`/accounts/${accountId}/relationship`, last)).toMatchObject({
      accountId,
      stage: null,
      index: '65.000000',
      coverage: '0.500000',
      layers: { breadth: { mapped: 3, reached: 1 }, key: { index: '100.000000' }, organisation: { meetings: 1 } },
      singleThread: { byUs: { concentration: '1.000000', isSingle: true }, byThem: { isSingle: true } },
      contacts: expect.arrayContaining([
        expect.objectContaining({ contactId: boss, isReached: true, lastContactAt: '2026-03-02T00:30:00.000Z' }),
        expect.objectContaining({
          contactId: user,
          quality: expect.objectContaining({ score: '50.000000', assessorIds: ['li.na'] }),
        }),
        expect.objectContaining({ contactId: unknown, quality: null, isReached: false }),
      ]),
    });
    const faded = await shown(`/accounts/${accountId}/relationship?asOf=2026-05-31T01:00:00Z`, last);
    expect(Number(faded.index)).toBeCloseTo(65 * 0.5 ** 0.5, 4); // 90 days
    expect(faded.coverage).toBe('0.000000'); // and 30 minutes: out of the window
    // What is 180 days old counts no more, and is to be judged anew.
    expect((await shown(`/accounts/${accountId}/relationship?asOf=2026-08-29T01:00:00Z`, last)).index).toBe('0.000000');
  });

  test('is not known, and not 0, where nobody is mapped', async () => {
    const accountId = await account();
    const last = await done('/contacts', { accountId, person: { name: 'Li Wei' } });
    expect(await shown(`/accounts/${accountId}/relationship`, last)).toMatchObject({
      ...{ index: null, coverage: null, contacts: [] },
      singleThread: { byUs: { concentration: null, isSingle: false } },
    });
  });

  test('is of that day, by what was known on another', async () => {
    const accountId = await account();
    const boss = await contact(accountId, { role: 'user', power: 1, validFrom: '2026-01-01' });
    const first = await done('/relationships', { accountId, contactId: boss, ...AVERAGE });
    const [then] = await kams.sql<{ at: string }>(
      `select to_char(max(recorded_at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at from es.events`,
    );
    // Told late of the day before: the boss decided all along, and Li Na had judged.
    await done(`/contacts/${boss}/set-role`, { role: 'decision_maker', power: 4, stance: 1, validFrom: '2026-02-01' });
    const late = { 'occurred-at': '2026-03-01T01:00:00Z' };
    const last = await done('/relationships', { accountId, contactId: boss, ...BEST }, 'li.na', late);
    const at = async (query: string) =>
      (await shown(`/accounts/${accountId}/relationship?${query}`, last)).contacts.map(
        (it: { role: string; quality: { score: string } | null }) => [it.role, it.quality?.score ?? null],
      );
    expect(await at('asOf=2026-03-02')).toEqual([['decision_maker', '75.000000']]);
    expect(await at(`asOf=2026-03-02&knownAt=${then!.at}`)).toEqual([['user', '50.000000']]);
    expect(await at('asOf=2026-01-15')).toEqual([['user', null]]);
    expect(first.position < last.position).toBe(true);
  });

  test('leaves out who has left, from that day on', async () => {
    const accountId = await account();
    const boss = await contact(accountId, { role: 'decision_maker', power: 5 });
    const last = await done(`/contacts/${boss}/depart`, { on: '2026-02-15' });
    const at = async (day: string) => (await shown(`/accounts/${accountId}/relationship?asOf=${day}`, last)).contacts.length;
    expect([await at('2026-02-14'), await at('2026-02-16')]).toEqual([1, 0]);
  });
});

test('stage, goal and plan are one file, which can be found by account and by stage', async () => {
  const accountId = await account();
  const { id } = await done('/relationships/assess-stage', { accountId, stage: 'cooperative', evidence: ['Joint forum'] });
  await done('/relationships/assess-stage', { accountId, stage: 'basic', evidence: ['Forum called off'] });
  await done('/relationships/set-goal', { accountId, stageTarget: 'cooperative', visitEveryDays: 30, until: '2026-12-31' });
  const actions = [{ what: 'Invite to the forum', ownerId: 'li.na', dueOn: '2026-06-30' }];
  const last = await done('/relationships/plan-strengthening', { accountId, actions });
  const file = await shown(`/relationships/${id}`, last);
  expect(file).toMatchObject({
    ...{ id, accountId, stage: 'basic', revision: 4 },
    stages: [
      { stage: 'cooperative', evidence: ['Joint forum'], by: 'wang.fang' },
      { stage: 'basic', evidence: ['Forum called off'] },
    ],
    goal: { stageTarget: 'cooperative', visitEveryDays: 30, until: '2026-12-31' },
    plan: { actions, by: 'wang.fang' },
  });
  expect((await shown(`/relationships?accountId=${accountId}&stage=basic`, last)).items).toEqual([file]);
  expect((await shown(`/relationships?accountId=${accountId}&stage=integrated`, last)).items).toEqual([]);
  expect((await shown(`/accounts/${accountId}/relationship`, last)).stage).toBe('basic');
  expect((await shown(`/accounts/${accountId}/relationship?asOf=2026-03-01`, last)).stage).toBeNull();
  expect(await codeOf('/relationships/assess-stage', { accountId, stage: 'integrated', evidence: ['x'] })).toBe(
    '409 stage-skipped',
  );
  expect(await codeOf('/relationships/assess-stage', { accountId, stage: 'basic', evidence: [] })).toBe('422 invalid');
});

test('the stage of a day is the last that was said of it or an earlier one, whenever it was told', async () => {
  const accountId = await account();
  await done('/relationships/assess-stage', { accountId, stage: 'cooperative', evidence: ['Joint forum'] });
  const late = { 'occurred-at': '2026-02-01T01:00:00Z' };
  const last = await done('/relationships/assess-stage', { accountId, stage: 'basic', evidence: ['Orders'] }, 'li.na', late);
  const stageOn = async (day: string) => (await shown(`/accounts/${accountId}/relationship?asOf=${day}`, last)).stage;
  expect([await stageOn('2026-03-02'), await stageOn('2026-02-15'), await stageOn('2026-01-15')]).toEqual([
    'cooperative',
    'basic',
    null,
  ]);
});

test('what is told late of an earlier day does not take the place of a later word', async () => {
  const accountId = await account();
  const li = await contact(accountId, { role: 'user', power: 1 });
  await done('/relationships', { accountId, contactId: li, ...BEST });
  await done('/relationships', { accountId, contactId: li, ...AVERAGE }, 'wang.fang', { 'occurred-at': '2026-02-01T01:00:00Z' });
  const last = await done('/relationships', { accountId, contactId: li, ...BEST }, 'li.na');
  const [it] = (await shown(`/accounts/${accountId}/relationship`, last)).contacts;
  expect(it.quality).toMatchObject({ score: '100.000000', assessorIds: ['li.na', 'wang.fang'], isDisputed: false });
  const types = (await kams.store.read(`relationship-${last.id}`)).map((one) => one.type);
  expect(types).toEqual(['RelationshipAssessed', 'RelationshipAssessed', 'RelationshipAssessed']);
});

test('who is no contact of the account is not judged', async () => {
  const [accountId, elsewhere] = [await account(), await account()];
  const contactId = await contact(elsewhere);
  expect(await codeOf('/relationships', { accountId, contactId, ...BEST })).toBe('404 unknown-contact');
  expect(await codeOf('/relationships', { accountId, contactId, ...BEST, trust: 6 })).toBe('422 invalid');
});
