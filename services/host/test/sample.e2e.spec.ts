// The sample in a host at work: the story that it tells through the API, a second start, and a first one that was killed.
import { accountsService } from '@kams/accounts';
import { startTestServices, type TestServices } from '@kams/testing';
import { ACCOUNTS, CORRECTIONS, SOLD } from '../src/sample/accounts';
import { accountId, MODEL_ID, TENANT } from '../src/sample/act';
import { daysAfter, workdays } from '../src/sample/calendar';
import { sampleCommands } from '../src/sample/commands';
import { loadSample, SampleRefused, SEED, type Loaded } from '../src/sample/load';
import { BOOKED_TWICE, CANCELLED } from '../src/sample/purchases';
import { shellLines, tourOf } from '../src/sample/tour';
import { APPROVED, DEMOTED } from '../src/sample/value';
import { contactId, DEPARTED, PEOPLE } from '../src/sample/contacts';

const daysLater = (days: number) => new Date(Date.now() + days * 86_400_000);
const as = { tenantId: TENANT };
const page = (key: string, more = '') => `/accounts/${accountId(key)}${more}`;
const noOf = (key: string) => ACCOUNTS.find((it) => it.key === key)!.no;

let daysPassed = 0;
let kams: TestServices;
let loaded: Loaded;
const get = async (path: string) => {
  const answer = await kams.ask(path, { as });
  expect([path, answer.status]).toEqual([path, 200]);
  return answer.body;
};

beforeAll(async () => {
  kams = await startTestServices([accountsService], { now: () => daysLater(daysPassed) });
  loaded = await loadSample(kams.runtime);
}, 60_000);
afterAll(() => kams?.stop());

interface Ranked {
  readonly accountId: string;
  readonly rank: number;
  readonly monetary: { readonly minor: number };
}

test('a year that ended yesterday is there to be read as soon as it is loaded', async () => {
  expect(loaded.complete).toBe(true);
  expect(loaded.days).toEqual(workdays(loaded.days.at(-1)!));
  const { items } = await get('/accounts?limit=200');
  expect(items).toHaveLength(24);
  expect(new Set(items.map((it: { tier: string }) => it.tier))).toEqual(new Set(['S', 'A', 'B', 'C']));
  expect(new Set(items.map((it: { keyAccount: string }) => it.keyAccount))).toEqual(new Set(['no', 'nominated', 'designated']));
  expect((await get(`/accounts?externalId=crm:account:A-${noOf('zixu')}`)).items[0].id).toBe(accountId('zixu'));
});

test('the buyer of the order that was called off ranks high before, and low after', async () => {
  const place = async (asOf: string) => {
    const { items } = (await get(`/rankings/value?limit=200&asOf=${asOf}`)) as { items: Ranked[] };
    expect(items.map((it) => it.rank)).toEqual(items.map((_, i) => i + 1));
    return items.find((it) => it.accountId === accountId(CANCELLED.key))!.rank;
  };
  expect(await place(loaded.days[CANCELLED.workday]!)).toBeLessThanOrEqual(5);
  expect(await place(loaded.days[CANCELLED.workday + 3]!)).toBeGreaterThan(18);
  expect(await place(loaded.days.at(-1)!)).toBeGreaterThan(18);
});

test('what was booked twice counts once from the day of its reversal on', async () => {
  const { items } = await get(`/purchases?limit=200&accountId=${accountId(BOOKED_TWICE.key)}`);
  const [reversed, ...others] = items.filter((it: { reversedOn: string | null }) => it.reversedOn !== null);
  expect(others).toEqual([]);
  expect(reversed.reversedOn).toBe(loaded.days[BOOKED_TWICE.workday + 2]);
  const net = async (asOf: string) =>
    ((await get(`/rankings/value?limit=200&asOf=${asOf}`)) as { items: Ranked[] }).items.find(
      (it) => it.accountId === accountId(BOOKED_TWICE.key),
    )!.monetary.minor;
  const boughtBetween = items
    .filter(
      (it: { txnDate: string; id: string }) =>
        it.txnDate > loaded.days[BOOKED_TWICE.workday]! && it.txnDate <= reversed.reversedOn,
    )
    .reduce((all: number, it: { total: { minor: number } }) => all + it.total.minor, 0);
  expect((await net(reversed.reversedOn)) - (await net(loaded.days[BOOKED_TWICE.workday]!))).toBe(
    boughtBetween - reversed.total.minor,
  );
});

test('a tier says why: its contributions sum to its score, and each names an event of the account', async () => {
  const { tier, assessment } = await get(page('balnibarbi'));
  expect(tier).toBe('S');
  expect(assessment).toMatchObject({ modelRef: { modelId: MODEL_ID, version: 2 }, coverage: '1.000000' });
  const lines = assessment.criteria as { contribution: string; sourceEventIds: string[] }[];
  expect(lines).toHaveLength(11);
  const micros = (it: string) => Math.round(Number(it) * 1e6);
  expect(lines.reduce((all, it) => all + micros(it.contribution), 0)).toBe(micros(assessment.total));
  const events = await kams.store.read(`account-${accountId('balnibarbi')}`);
  const rated = new Set(events.filter((it) => it.type === 'CriterionRated').map((it) => it.id));
  expect(lines.flatMap((it) => it.sourceEventIds).every((it) => rated.has(it))).toBe(true);
});

test('the tiers of the year are kept: one fell after two quarters, one rose by two tiers with approval', async () => {
  const on = async (key: string, workday: number) => {
    const { tier, keyAccount } = await get(page(key, `/as-of?asOf=${loaded.days[workday]}`));
    return [tier, keyAccount];
  };
  expect(await on(DEMOTED.key, DEMOTED.warnedOn)).toEqual(['A', 'designated']);
  expect(await on(DEMOTED.key, DEMOTED.workday)).toEqual(['B', 'designated']);
  expect(await on(DEMOTED.key, 259)).toEqual(['B', 'no']);
  expect(await on(APPROVED.key, APPROVED.workday - 1)).toEqual(['C', 'nominated']);
  expect(await on(APPROVED.key, APPROVED.workday)).toEqual(['A', 'nominated']);
  expect(await on(APPROVED.key, 259)).toEqual(['A', 'designated']);
});

test('what was learnt late is so on the day itself, and was not known then', async () => {
  const [{ key, workday, set }] = CORRECTIONS as [(typeof CORRECTIONS)[number]];
  const day = daysAfter(loaded.days[workday]!, -30);
  const events = await kams.store.read(`account-${accountId(key)}`);
  const learnt = events.find((it) => it.type === 'AccountProfileUpdated')!.recordedAt;
  const justBefore = new Date(Date.parse(learnt) - 1).toISOString();
  const registered = Number(ACCOUNTS.find((it) => it.key === key)!.employees);
  const employees = async (more: string) => (await get(page(key, `/as-of?asOf=${day}${more}`))).profile.employees;
  expect([await employees(''), await employees(`&knownAt=${justBefore}`)]).toEqual([set.employees, registered]);
});

test('a company changes its group in mid-year', async () => {
  const groups = async (workday: number) =>
    (await get(page(SOLD.child, `/hierarchy?asOf=${loaded.days[workday]}`))).ancestors.map(
      (it: { accountId: string }) => it.accountId,
    );
  expect(await groups(SOLD.workday - 1)).toEqual([accountId('balnibarbi')]);
  expect(await groups(SOLD.workday)).toEqual([accountId(SOLD.to)]);
  const below = (await get(page('brobdingnag', '/hierarchy'))).descendants;
  expect(Math.max(...below.map((it: { distance: number }) => it.distance))).toBe(2);
});

test('who decides at a customer is listed with role and stance, is found by name, and is gone when the person has left', async () => {
  const { items } = await get(`/contacts?accountId=${accountId('zixu')}`);
  const [decider] = PEOPLE.filter((it) => it.key === 'zixu' && it.role === 'decision_maker');
  expect(items).toHaveLength(5);
  expect(items.find((it: { id: string }) => it.id === contactId(decider!.mailbox))).toMatchObject({
    person: { name: decider!.name },
    role: 'decision_maker',
    power: 5,
    stance: 1,
  });
  const found = await kams.post('/contacts/search', { name: decider!.name }, { as });
  expect(found.body.items.map((it: { id: string }) => it.id)).toEqual([contactId(decider!.mailbox)]);
  const left = await get(`/contacts/${contactId(DEPARTED.mailbox)}`);
  expect(left.departedOn).toBe(loaded.days[DEPARTED.workday]);
  expect(left.consents).toMatchObject([{ channel: 'wechat', purpose: 'service', status: 'granted' }]);
});

test('every stop of the tour answers, and those that differ by a date differ', async () => {
  const stops = await tourOf(loaded.days, kams.runtime);
  const answers = [];
  for (const [, path] of stops) answers.push(JSON.stringify({ ...(await get(path)), asOf: '', knownAt: '', position: '' }));
  expect(new Set(answers).size).toBe(stops.length);
  const lines = shellLines('http://127.0.0.1:3000', '/data', stops);
  expect(lines[0]).toBe(
    'export KAMS_DATA=/data KAMS=http://127.0.0.1:3000 && export AUTH="Authorization: Bearer $(npx kams token)"',
  );
  expect(lines.filter((it) => /^look '\/[^' ]+'$/.test(it))).toHaveLength(stops.length);
});

test('a second start, days later, changes nothing', async () => {
  const { position } = await kams.store.head();
  daysPassed = 9;
  expect(await loadSample(kams.runtime)).toEqual(loaded);
  expect((await kams.store.head()).position).toBe(position);
});

test('a first run that was killed is completed by a start on another day, to the same story', async () => {
  const other = await startTestServices([accountsService], { now: () => daysLater(9) });
  try {
    const aggregates = new Map(accountsService.aggregates.map((it) => [it.contract.name, it]));
    const begun = sampleCommands(SEED, loaded.days.at(-1)!).slice(0, 900);
    for (const it of begun) await other.runtime.commands.handle(aggregates.get(it.aggregate)!, it);

    expect(await loadSample(other.runtime)).toEqual(loaded);
    expect((await other.store.head()).position).toBe((await kams.store.head()).position);
    const ranking = async (it: TestServices) =>
      (await it.ask(`/rankings/value?limit=200&asOf=${loaded.days.at(-1)}`, { as })).body.items;
    expect(await ranking(other)).toEqual(await ranking(kams));
  } finally {
    await other.stop();
  }
}, 60_000);

test('where other data holds a key of the sample, it stops before anything is written to that account', async () => {
  const other = await startTestServices([accountsService]);
  try {
    const externalIds = [{ system: 'erp', type: 'customer', value: noOf('zixu') }];
    const { body } = await other.post('/accounts', { profile: { name: 'Ours' }, externalIds }, { as });
    const refused = await loadSample(other.runtime).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(SampleRefused);
    expect((refused as Error).message).toMatch(/account Register of \d{4}-\d\d-\d\d: key-taken.*KAMS_DATA/);
    const { items } = (await other.ask(`/purchases?accountId=${body.id}`, { as })).body;
    expect(items).toEqual([]);
    expect((await other.ask('/accounts?limit=200', { as })).body.items.map((it: { name: string }) => it.name)).toContain('Ours');
  } finally {
    await other.stop();
  }
});

test('a host that stops in the middle leaves the sample to the next start', async () => {
  const other = await startTestServices([accountsService]);
  const loading = loadSample(other.runtime);
  while (other.runtime.projector('purchases')!.position() === '') await new Promise((done) => setTimeout(done, 5));
  await other.stop();
  expect((await loading).complete).toBe(false);
});
