// Which tier, as known on a day and as valid on it; why; and what another model would have made of it.
import { startTestServices, type TestServices } from '@kams/testing';
import { chance } from '@kams/testing/faults/chance';
import { accountsService } from '../src/accounts.module';
import { content } from './scoring-models';

let kams: TestServices;
beforeAll(async () => void (kams = await startTestServices([accountsService])));
afterAll(() => kams?.stop());

const as = (subject: string, tenantId: string) => ({ as: { subject, tenantId } });
type Who = ReturnType<typeof as>;
type LineAnswer = { status: number; code?: string; id: string; position: string };
type Line = { command: string; id?: string; occurredAt?: string; data: object };

const AT_ONCE = 1_000;
async function bulk(lines: readonly Line[], who: Who): Promise<LineAnswer[]> {
  const answers: LineAnswer[] = [];
  for (let at = 0; at < lines.length; at += AT_ONCE) {
    const answer = await kams.ask('/accounts/bulk', {
      method: 'POST',
      body: lines
        .slice(at, at + AT_ONCE)
        .map((it) => JSON.stringify(it))
        .join('\n'),
      headers: { 'content-type': 'application/x-ndjson' },
      ...who,
    });
    const told = answer.text.trimEnd().split('\n');
    answers.push(...told.map((line) => JSON.parse(line) as LineAnswer));
  }
  return answers;
}
const done = async (lines: readonly Line[], who: Who) => {
  const answers = await bulk(lines, who);
  expect(answers.filter((it) => it.status >= 300)).toEqual([]);
  return answers;
};
async function opened(names: readonly string[], who: Who): Promise<string[]> {
  const lines = names.map((name) => ({ command: 'Register', occurredAt: '2026-01-01T00:00:00Z', data: { profile: { name } } }));
  return (await done(lines, who)).map((it) => it.id);
}
const rates = (id: string, code: string, raw: string | boolean, occurredAt: string): Line => ({
  command: 'RateCriterion',
  id,
  occurredAt,
  data: { code, raw },
});
const assesses = (id: string, modelId: string, occurredAt: string, more: object = {}): Line => ({
  command: 'AssessValue',
  id,
  occurredAt,
  data: { modelId, scheduled: true, ...more },
});
/** A model that is known from the beginning of the year on. */
async function model(more: object, who: Who): Promise<string> {
  const { body } = await kams.post('/scoring-models', { content: { ...content, ...more } }, who);
  const early = { ...who, headers: { 'occurred-at': '2026-01-01T00:00:00Z' } };
  expect((await kams.post(`/scoring-models/${body.id}/publish`, {}, early)).status).toBe(200);
  return body.id;
}

describe('the tier list', () => {
  const who = as('user-1', 'tier_list');
  let ids: string[];
  let before: string;
  let after: string;
  const tiers = async (query: string) => {
    const { body } = await kams.ask(`/rankings/tiers?${query}&after=${after}`, who);
    return Object.fromEntries(body.items.map((it: { name: string; tier: string }) => [it.name, it.tier]));
  };

  beforeAll(async () => {
    const modelId = await model({}, who);
    ids = await opened(['Stays', 'Was better'], who);
    const [stays, better] = ids as [string, string];
    await done(
      ids.flatMap((id) => [
        rates(id, 'influence', '60', '2026-01-10T00:00:00Z'),
        rates(id, 'openness', true, '2026-01-10T00:00:00Z'),
      ]),
      who,
    );
    // 76: A.
    const placed = await done(ids.map((id) => assesses(id, modelId, '2026-01-15T00:00:00Z')), who); // prettier-ignore
    const position = placed.at(-1)!.position;
    const file = await kams.ask(`/accounts/${stays}/history?after=${position}`, who);
    before = file.body.items.find((it: { attribute: string }) => it.attribute === 'tier').recordedFrom;
    await new Promise((passed) => setTimeout(passed, 5));
    // Found out later: from the tenth of February on it was worth 94, S.
    const corrected = await done(
      [rates(better, 'influence', '90', '2026-02-10T00:00:00Z'), assesses(better, modelId, '2026-02-10T00:00:00Z')],
      who,
    );
    after = corrected.at(-1)!.position;
  });

  test('as valid on a day, by all that is known', async () => {
    expect(await tiers('asOf=2026-01-12')).toEqual({});
    expect(await tiers('asOf=2026-02-01')).toEqual({ Stays: 'A', 'Was better': 'A' });
    expect(await tiers('asOf=2026-02-15')).toEqual({ Stays: 'A', 'Was better': 'S' });
  });
  test('as known before the correction: of the same day, another answer', async () => {
    expect(await tiers(`asOf=2026-02-15&knownAt=${before}`)).toEqual({ Stays: 'A', 'Was better': 'A' });
    expect(await tiers('asOf=2026-02-15&knownAt=2025-12-31')).toEqual({});
  });
  test('of one tier, a page at a time, with the counts of all', async () => {
    expect(await tiers('tier=S')).toEqual({ 'Was better': 'S' });
    const first = await kams.ask(`/rankings/tiers?limit=1&after=${after}`, who);
    expect(first.body).toMatchObject({ items: [{ tier: expect.any(String) }], counts: { A: 1, S: 1 } });
    const second = await kams.ask(`/rankings/tiers?limit=1&cursor=${first.body.next}`, who);
    expect(second.body.next).toBeNull();
    expect([first, second].map(({ body }) => body.items[0].accountId).toSorted()).toEqual(ids.toSorted());
  });
  test('and it can be explained as it was explained then', async () => {
    const [, better] = ids as [string, string];
    const now = await kams.ask(`/accounts/${better}/tier/explain?asOf=2026-02-15`, who);
    const then = await kams.ask(`/accounts/${better}/tier/explain?asOf=2026-02-15&knownAt=${before}`, who);
    expect(now.body).toMatchObject({
      tier: 'S',
      decision: { from: 'A', to: 'S', cause: 'promoted' },
      assessment: { total: '94.000000' },
    });
    expect(then.body).toMatchObject({
      tier: 'A',
      decision: { from: null, to: 'A' },
      assessment: { total: '76.000000' },
      latest: null,
    });
  });
});

test('the effective tier is that of the nearest key account above, on the structure of the day', async () => {
  const who = as('user-1', 'effective');
  const modelId = await model({}, who);
  const [group, division, plant] = (await opened(['Group', 'Division', 'Plant'], who)) as [string, string, string];
  const lines = (id: string, raw: string) => [
    rates(id, 'influence', raw, '2026-01-10T00:00:00Z'),
    rates(id, 'openness', true, '2026-01-10T00:00:00Z'),
    assesses(id, modelId, '2026-01-15T00:00:00Z'),
  ];
  await done([...lines(group, '90'), ...lines(division, '60'), ...lines(plant, '20')], who);
  const link = (accountId: string, parentId: string, validFrom: string) =>
    kams.post('/hierarchy/link', { accountId, parentId, linkType: 'subsidiary', validFrom }, who);
  await link(plant, division, '2026-02-01');
  await link(division, group, '2026-03-01');
  const designate = async (id: string, on: string) => {
    const at = { headers: { 'occurred-at': `${on}T00:00:00Z` } };
    const nominated = { programme: 'strategic-2026', modelId, reason: 'Value' };
    expect((await kams.post(`/accounts/${id}/nominate-key-account`, nominated, { ...who, ...at })).status).toBe(200);
    return kams.post(`/accounts/${id}/designate-key-account`, { reason: 'Value' }, { ...as('user-2', 'effective'), ...at });
  };
  const { body } = await designate(group, '2026-03-10');
  expect(body.outcome).toBe('changed');
  const effective = async (id: string, asOf: string) => {
    const { tier, via, isDesignated } = (
      await kams.ask(`/accounts/${id}/effective-tier?asOf=${asOf}&after=${body.position}`, who)
    ).body;
    return [tier, via, isDesignated];
  };
  expect(await effective(plant, '2026-02-15')).toEqual(['B', plant, false]);
  expect(await effective(plant, '2026-03-15')).toEqual(['S', group, true]);
  expect(await effective(group, '2026-03-15')).toEqual(['S', group, true]);
  const { body: later } = await designate(division, '2026-04-01');
  body.position = later.position;
  expect(await effective(plant, '2026-04-02')).toEqual(['A', division, true]);
  expect(await effective(plant, '2026-03-31')).toEqual(['S', group, true]);
});

test('of 200 random accounts the contributions sum to the score, and each event that is named is there', async () => {
  const who = as('user-1', 'explain');
  const dice = chance(7);
  const modelId = await model({ minCoverage: '0.4' }, who);
  const ids = await opened(Array.from({ length: 200 }, (_, i) => `Account ${i}`), who); // prettier-ignore
  const made = await done(
    ids.flatMap((id) => {
      const lines: Line[] = [];
      for (const [i, on] of ['2026-01-10', '2026-04-10', '2026-07-10'].entries()) {
        lines.push(rates(id, 'influence', String(dice.between(0, 1_000_000) / 10_000), `${on}T00:00:00Z`));
        if (i > 0 || dice.between(0, 1)) lines.push(rates(id, 'openness', dice.between(0, 1) === 1, `${on}T00:00:01Z`));
        lines.push(assesses(id, modelId, `${on}T00:00:02Z`));
      }
      return lines;
    }),
    who,
  );
  let resolved = 0;
  for (const id of ids) {
    const { body } = await kams.ask(`/accounts/${id}/tier/explain?after=${made.at(-1)!.position}`, who);
    const file = await kams.ask(`/accounts/${id}`, who);
    expect(body.tier).toBe(file.body.tier);
    const newest = body.latest ?? body.assessment;
    expect(newest.total).toBe(file.body.assessment.total);
    for (const it of [body.assessment, body.latest]) {
      if (!it) continue;
      const micro = (text: string) => Math.round(Number(text) * 1e6);
      const sum = it.criteria.reduce((all: number, { contribution }: { contribution: string }) => all + micro(contribution), 0);
      expect(sum).toBe(micro(it.total));
      const named = [
        it.eventId,
        ...it.criteria.flatMap((c: { sources: { eventId: string }[] }) => c.sources.map((s) => s.eventId)),
      ];
      for (const eventId of named) {
        const event = await kams.ask(`/accounts/${id}/events/${eventId}`, who);
        expect(event.body).toMatchObject({ id, eventId, data: { accountId: id } });
        resolved++;
      }
    }
  }
  expect(resolved).toBeGreaterThan(500);
}, 60_000);

test('an event of another account is not shown as one of this', async () => {
  const who = as('user-1', 'explain_other');
  const [one, other] = (await opened(['One', 'Other'], who)) as [string, string];
  const [line] = await done([rates(one, 'influence', '50', '2026-01-10T00:00:00Z')], who);
  const { events } = await kams.store.readAll('' as never, 10_000);
  const { id } = events.find((it) => it.type === 'CriterionRated' && it.stream === `account-${one}`)!;
  expect((await kams.ask(`/accounts/${one}/events/${id}?after=${line!.position}`, who)).status).toBe(200);
  expect((await kams.ask(`/accounts/${other}/events/${id}`, who)).status).toBe(404);
});

describe('what if', () => {
  const heavier = {
    criteria: content.criteria.map((it) => ({ ...it, weight: it.code === 'influence' ? '0.8' : '0.2' })),
    ladder: { ...content.ladder, demoteAfter: 1 },
  };
  const QUARTERS = ['2026-01-10', '2026-04-10', '2026-07-10', '2026-10-10'];
  const COUNT = 150;

  /** The same accounts in each tenant, assessed under the model that is given. */
  async function assessed(tenantId: string, more: object) {
    const who = as('user-1', tenantId);
    const dice = chance(11);
    const modelId = await model(more, who);
    const names = Array.from({ length: COUNT }, (_, i) => `Account ${String(i).padStart(3, '0')}`);
    const ids = await opened(names, who);
    for (const on of QUARTERS) {
      const lines = ids.flatMap((id) => [
        rates(id, 'influence', String(dice.between(0, 100)), `${on}T00:00:00Z`),
        rates(id, 'openness', dice.between(0, 1) === 1, `${on}T00:00:01Z`),
        assesses(id, modelId, `${on}T00:00:02Z`),
      ]);
      await done(lines, who);
      // Another person approves what waits for one.
      const approvals = ids.map((id) => ({
        command: 'ApproveTier',
        id,
        occurredAt: `${on}T00:00:03Z`,
        data: { reason: 'Seen' },
      }));
      const answers = await bulk(approvals, as('user-2', tenantId));
      expect(answers.every((it) => it.status === 200 || it.code === 'nothing-to-approve')).toBe(true);
    }
    const { position } = (await kams.post('/accounts', { profile: { name: 'Last' } }, who)).body;
    const tiers = new Map<string, string>();
    for (let cursor = ''; ;) {
      const { body } = await kams.ask(`/rankings/tiers?limit=200&after=${position}${cursor}`, who);
      for (const it of body.items) tiers.set(it.name, it.tier);
      if (body.next === null) break;
      cursor = `&cursor=${body.next}`;
    }
    return { who, modelId, names: new Map(ids.map((id, i) => [id, names[i]!])), tiers, position };
  }
  type Movers = { accountId: string; was: { tier: string }; would: { tier: string } }[];

  test('the year is told as it would have been, and nothing is stored', async () => {
    const real = await assessed('what_if_real', {});
    const other = await assessed('what_if_other', heavier);
    const year = { from: '2026-01-01', to: '2026-12-31' };

    const same = await kams.post(
      `/scoring-models/${real.modelId}/what-if?after=${real.position}`,
      { ...year, version: 1 },
      real.who,
    );
    expect(same.body).toMatchObject({ accounts: COUNT, assessments: COUNT * 4, moved: 0, refused: 0, items: [] });

    const draft = await kams.post('/scoring-models', { content: { ...content, ...heavier } }, real.who);
    const before = await kams.store.head();
    const path = `/scoring-models/${draft.body.id}/what-if?after=${draft.body.position}`;
    const found = await kams.post(path, year, real.who);
    expect(await kams.store.head()).toEqual(before);

    const movers = found.body.items as Movers;
    const told = new Map(movers.map((it) => [real.names.get(it.accountId)!, [it.was.tier, it.would.tier]]));
    const expected = new Map(
      [...real.tiers]
        .filter(([name, tier]) => other.tiers.get(name) !== tier)
        .map(([name, tier]) => [name, [tier, other.tiers.get(name)]]),
    );
    expect(Object.fromEntries(told)).toEqual(Object.fromEntries(expected));
    expect(found.body.moved).toBe(expected.size);
    expect(expected.size).toBeGreaterThan(10);
    expect(Object.values(found.body.tiers.would as Record<string, number>).reduce((all, n) => all + n, 0)).toBe(COUNT);

    const few = await kams.post(path, { ...year, limit: 3 }, real.who);
    expect(few.body).toMatchObject({ moved: expected.size, items: movers.slice(0, 3) });
    const none = await kams.post(path, { from: '2025-01-01', to: '2025-12-31' }, real.who);
    expect(none.body).toMatchObject({ accounts: 0, moved: 0 });
  }, 60_000);

  test('a question that has no answer is told what is wrong with it', async () => {
    const who = as('user-1', 'what_if_bad');
    const { body } = await kams.post('/scoring-models', { content }, who);
    const { position } = (await kams.post(`/scoring-models/${body.id}/publish`, {}, who)).body;
    const asked = (question: object, id = body.id) => kams.post(`/scoring-models/${id}/what-if?after=${position}`, question, who);
    const wrong = async (question: object) => (await asked(question)).body.errors[0];
    const year = { from: '2026-01-01', to: '2026-12-31' };
    expect(await wrong(year)).toEqual({ pointer: '/version', reason: 'is needed: the model has no draft' });
    expect(await wrong({ ...year, version: 2 })).toEqual({ pointer: '/version', reason: 'is no version of this model' });
    expect(await wrong({ from: '2026-12-31', to: '2026-01-01' })).toEqual({ pointer: '/to', reason: 'is before from' });
    expect((await wrong({ to: '2026-01-01' })).pointer).toBe('/from');
    expect((await asked(year, '0190f5a0-0000-7000-8000-0000000000ff')).status).toBe(404);
  });
});
