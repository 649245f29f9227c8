// What the service answers, through its door: HTTP on a real database.
import { rfm, type RfmRow } from '@kams/methods/rfm';
import { startTestServices, type TestServices } from '@kams/testing';
import fc from 'fast-check';
import { accountsService } from '../src/accounts.module';
import { content } from './scoring-models';

let kams: TestServices;
beforeAll(async () => void (kams = await startTestServices([accountsService])));
afterAll(() => kams?.stop());

const as = (subject: string, tenantId = 'acme') => ({ as: { subject, tenantId } });
const register = async (profile: object, more: object = {}, who = {}) =>
  (await kams.post('/accounts', { profile, ...more }, who)).body;
const bulk = async (path: string, lines: readonly object[], who = {}) => {
  const answer = await kams.ask(path, {
    method: 'POST',
    body: lines.map((it) => JSON.stringify(it)).join('\n'),
    headers: { 'content-type': 'application/x-ndjson' },
    ...who,
  });
  return answer.text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
};

test('a command answers where it stands, and the position it gives is read back at once', async () => {
  const opened = await kams.post('/accounts', { profile: { name: 'Read Your Write Ltd' } });
  expect(opened.status).toBe(201);
  expect(opened.headers.get('location')).toBe(`/accounts/${opened.body.id}`);
  expect(opened.headers.get('etag')).toBe('"0"');
  for (let revision = 1; revision <= 20; revision++) {
    const changed = await kams.post(`/accounts/${opened.body.id}/update-profile`, { set: { employees: revision } });
    expect(changed.body).toMatchObject({ revision, outcome: 'changed' });
    const file = await kams.ask(`/accounts/${opened.body.id}?after=${changed.body.position}`);
    expect(file.body).toMatchObject({ revision, profile: { employees: revision } });
    expect(file.headers.get('etag')).toBe(`"${revision}"`);
  }
});

test('a position that this store has not come to is refused: to try it again would never help', async () => {
  const { epoch } = await kams.store.head();
  for (const position of [`${epoch}.999999999`, '00000000-0000-4000-8000-000000000000.1']) {
    const { status, body } = await kams.ask(`/accounts?after=${position}`);
    expect([status, body.code]).toEqual([422, 'position-foreign']);
  }
});

test('a name is found by a part of it, whatever its width, its case, its accents or its legal form', async () => {
  const who = as('user-1', 'search');
  await register({ name: '华为技术有限公司' }, {}, who);
  await register({ name: 'ＡＢＣ（上海）股份有限公司', nameZh: '上海甲乙丙' }, {}, who);
  const { position } = await register({ name: 'Müller & Söhne GmbH' }, {}, who);
  const names = async (search: string) =>
    (await kams.ask(`/accounts?search=${encodeURIComponent(search)}&after=${position}`, who)).body.items.map(
      (it: { name: string }) => it.name,
    );
  expect(await names('华为')).toEqual(['华为技术有限公司']);
  expect(await names('华为技术股份有限公司')).toEqual(['华为技术有限公司']);
  expect(await names('abc')).toEqual(['ＡＢＣ（上海）股份有限公司']);
  expect(await names('abc (上海) 有限公司')).toEqual(['ＡＢＣ（上海）股份有限公司']);
  expect(await names('甲乙')).toEqual(['ＡＢＣ（上海）股份有限公司']);
  expect(await names('MULLER & sohne')).toEqual(['Müller & Söhne GmbH']);
  expect(await names('100%')).toEqual([]);
  expect(await names('_')).toEqual([]);
});

test('a misspelt part finds what is near to each of its words, behind what holds it', async () => {
  const who = as('user-1', 'misspelt');
  await register({ name: 'Siemens Energy AG' }, {}, who);
  await register({ name: 'Huawei Technologies Co., Ltd.', nameZh: '华为技术有限公司' }, {}, who);
  await register({ name: 'Microsoft Corporation' }, {}, who);
  await register({ name: 'Simensen Bygg AS' }, {}, who);
  const { position } = await register({ name: 'Aker Energy ASA' }, {}, who);
  const names = async (search: string) =>
    (await kams.ask(`/accounts?search=${encodeURIComponent(search)}&after=${position}`, who)).body.items.map(
      (it: { name: string }) => it.name,
    );
  expect(await names('Huawai')).toEqual(['Huawei Technologies Co., Ltd.']);
  expect(await names('Microsft')).toEqual(['Microsoft Corporation']);
  expect(await names('Simens')).toEqual(['Simensen Bygg AS', 'Siemens Energy AG']);
  expect(await names('Simens Enrgy')).toEqual(['Siemens Energy AG']);
  expect(await names('Energy Siemens AG')).toEqual(['Siemens Energy AG']);
  expect(await names('energy')).toEqual(['Aker Energy ASA', 'Siemens Energy AG']);
  expect(await names('华为')).toEqual(['Huawei Technologies Co., Ltd.']);
  // Two of four characters are no misspelling.
  expect(await names('华为电气')).toEqual([]);
  // Of three letters every name has something near.
  expect(await names('Hua')).toEqual(['Huawei Technologies Co., Ltd.']);
  expect(await names('Hva')).toEqual([]);
});

test('a list comes page by page, each account once, in either direction', async () => {
  const who = as('user-1', 'paging');
  const names = Array.from({ length: 25 }, (_, i) => `Account ${String(i).padStart(2, '0')}`);
  const made = await bulk(
    '/accounts/bulk',
    names.map((name) => ({ command: 'Register', data: { profile: { name } } })),
    who,
  );
  const after = made.at(-1).position;
  for (const sort of ['name', '-name']) {
    const seen: string[] = [];
    let cursor = '';
    do {
      const page = (await kams.ask(`/accounts?limit=10&sort=${sort}&after=${after}${cursor && `&cursor=${cursor}`}`, who)).body;
      seen.push(...page.items.map((it: { name: string }) => it.name));
      cursor = page.next ?? '';
    } while (cursor);
    expect(seen).toEqual(sort === 'name' ? names : names.toReversed());
  }
});

test('an external id belongs to one account, and finds it', async () => {
  const who = as('user-1', 'keys');
  const key = { system: 'erp', type: 'customer', value: '17850' };
  const first = await register({ name: 'First' }, { externalIds: [key] }, who);
  const second = await kams.post('/accounts', { profile: { name: 'Second' }, externalIds: [key] }, who);
  expect(second.status).toBe(409);
  expect(second.body).toMatchObject({ code: 'key-taken', holder: first.id });
  const third = await register({ name: 'Third' }, {}, who);
  expect((await kams.post(`/accounts/${third.id}/assign-external-id`, key, who)).body.code).toBe('key-taken');
  const found = await kams.ask(`/accounts?externalId=erp:customer:17850&after=${third.position}`, who);
  expect(found.body.items.map((it: { name: string }) => it.name)).toEqual(['First']);
});

test('an import by the key of an account brings that account up to date, however it came by the key', async () => {
  const who = as('user-1', 'imports');
  const key = { system: 'crm', type: 'account', value: 'Acme' };
  const account = await register({ name: 'Acme' }, {}, who);
  await kams.post(`/accounts/${account.id}/assign-external-id`, key, who);
  const [changed, again] = [
    await kams.post('/accounts/import', { externalId: key, profile: { name: 'Acme', employees: 5 } }, who),
    await kams.post('/accounts/import', { externalId: key, profile: { name: 'Acme', employees: 5 } }, who),
  ];
  expect(changed.body).toMatchObject({ id: account.id, outcome: 'changed' });
  expect(again.body).toMatchObject({ id: account.id, outcome: 'unchanged', revision: changed.body.revision });
});

test('an account is shown as it was on a day, by what was known on another', async () => {
  const { id } = await register({ name: 'Bitemporal AG', employees: 100 });
  await kams.post(`/accounts/${id}/update-profile`, { set: { employees: 300 }, validFrom: '2025-01-01' });
  const before = new Date().toISOString();
  await new Promise((done) => setTimeout(done, 20));
  const { position } = (await kams.post(`/accounts/${id}/update-profile`, { set: { employees: 200 }, validFrom: '2024-01-01' }))
    .body;
  const employees = async (query: string) =>
    (await kams.ask(`/accounts/${id}/as-of?after=${position}&${query}`)).body.profile.employees;

  expect(await employees('asOf=2023-12-31')).toBe(100);
  expect(await employees('asOf=2024-06-30')).toBe(200);
  expect(await employees('asOf=2025-01-01')).toBe(300);
  expect(await employees('')).toBe(300);
  // Before the late news, everybody believed the first number until the end of 2024.
  expect(await employees(`asOf=2024-06-30&knownAt=${before}`)).toBe(100);
  expect((await kams.ask(`/accounts/${id}?after=${position}`)).body.profile.employees).toBe(300);
  const { items } = (await kams.ask(`/accounts/${id}/history`)).body;
  expect(items.filter((it: { attribute: string }) => it.attribute === 'employees')).toHaveLength(5);
});

test('the hierarchy is shown up and down, as of a day', async () => {
  const [group, region, branch] = [
    await register({ name: 'Group' }),
    await register({ name: 'Region' }),
    await register({ name: 'Branch' }),
  ];
  const link = (accountId: string, parentId: string, validFrom: string, linkType = 'subsidiary') =>
    kams.post('/hierarchy/link', { accountId, parentId, validFrom, linkType });
  await link(region.id, group.id, '2020-01-01');
  const { position } = (await link(branch.id, region.id, '2022-01-01', 'branch')).body;
  const view = async (id: string, asOf: string) =>
    (await kams.ask(`/accounts/${id}/hierarchy?asOf=${asOf}&after=${position}`)).body;

  expect((await view(branch.id, '2022-01-01')).ancestors).toEqual([
    { accountId: region.id, name: 'Region', linkType: 'branch', distance: 1 },
    { accountId: group.id, name: 'Group', linkType: 'subsidiary', distance: 2 },
  ]);
  expect((await view(branch.id, '2021-12-31')).ancestors).toEqual([]);
  expect((await view(group.id, '2023-01-01')).descendants).toMatchObject([
    { accountId: region.id, distance: 1 },
    { accountId: branch.id, parentId: region.id, distance: 2 },
  ]);
  const circle = await link(group.id, branch.id, '2023-01-01');
  expect(circle.body).toMatchObject({ code: 'hierarchy-cycle', path: [group.id, branch.id, region.id, group.id] });
});

test('from a model to a key account: draft, publish, nominate, rate, assess, designate', async () => {
  const model = (await kams.post('/scoring-models', { content })).body;
  await kams.post(`/scoring-models/${model.id}/publish`, {});
  const { id } = await register({ name: 'Candidate' });
  const say = (command: string, data: object, subject = 'user-1') => kams.post(`/accounts/${id}/${command}`, data, as(subject));
  await say('nominate-key-account', { programme: 'strategic', modelId: model.id, reason: 'Large' });
  await say('rate-criterion', { code: 'influence', raw: '90' });
  const tooLittle = await say('assess-value', { modelId: model.id });
  expect(tooLittle.status).toBe(409);
  expect(tooLittle.body).toMatchObject({ code: 'coverage-too-low', coverage: '0.600000', missing: ['openness'] });
  await say('rate-criterion', { code: 'openness', raw: true });
  const assessed = await say('assess-value', { modelId: model.id });
  expect(assessed.body).toMatchObject({ outcome: 'changed', revision: 5 });
  expect((await say('designate-key-account', { reason: 'Yes' })).body.code).toBe('four-eyes');
  const { position } = (await say('designate-key-account', { reason: 'Yes' }, 'user-2')).body;

  const file = (await kams.ask(`/accounts/${id}?after=${position}`)).body;
  expect(file).toMatchObject({
    tier: 'S',
    keyAccount: 'designated',
    programme: 'strategic',
    assessment: { total: '94.000000', computedTier: 'S' },
  });
  const { body: stream } = { body: await kams.ask('/events?limit=10000') };
  const ids = new Set(
    stream.text
      .trimEnd()
      .split('\n')
      .map((line: string) => JSON.parse(line).id as string),
  );
  expect(ids.has(file.assessment.eventId)).toBe(true);
  expect((await kams.ask(`/scoring-models/${model.id}`)).body.versions).toMatchObject([{ version: 1, retiredAt: null }]);
});

test('a refusal speaks the language that was asked for', async () => {
  const { id } = await register({ name: '语言' });
  const answer = await kams.post(
    `/accounts/${id}/release-key-account`,
    { reason: '无' },
    { headers: { 'accept-language': 'zh-CN' } },
  );
  expect(answer.body.detail).toBe('该客户不是大客户。');
  expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
});

test('the ranking equals F-11 in the methods, for any purchases, returns and reversals', async () => {
  let run = 0;
  const days = Array.from({ length: 40 }, (_, i) => new Date(Date.UTC(2026, 0, 1 + i)).toISOString().slice(0, 10));
  const purchase = fc.record({
    buyer: fc.integer({ min: 0, max: 11 }),
    day: fc.constantFrom(...days),
    kind: fc.constantFrom('sale' as const, 'sale' as const, 'return' as const),
    qty: fc.integer({ min: 1, max: 9 }),
    price: fc.constantFrom('1.00', '2.50', '0.01', '19.99'),
    reversed: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(purchase, { minLength: 1, maxLength: 60 }), fc.constantFrom(...days), async (bought, asOf) => {
      const who = as('user-1', `ranking_${run++}`);
      const buyers = await bulk(
        '/accounts/bulk',
        Array.from({ length: 12 }, (_, i) => ({ command: 'Register', data: { profile: { name: `B${i}` } } })),
        who,
      );
      const made = await bulk(
        '/purchases/bulk',
        bought.map((it, i) => ({
          command: 'Record',
          data: {
            sourceSystem: 'erp',
            txnId: String(i),
            account: { accountId: buyers[it.buyer].id },
            kind: it.kind,
            lines: [{ sku: 'x', qty: it.kind === 'sale' ? it.qty : -it.qty, unitPrice: it.price }],
            ccy: 'CNY',
            txnAt: `${it.day}T04:00:00Z`,
            zone: 'Asia/Shanghai',
          },
        })),
        who,
      );
      const reversals = bought.flatMap((it, i) =>
        it.reversed && i % 5 === 0
          ? [
              {
                command: 'Reverse',
                id: made[i].id,
                data: { reversedAt: '2026-01-25T04:00:00Z', zone: 'Asia/Shanghai', reason: 'Booked twice' },
              },
            ]
          : [],
      );
      const last = reversals.length > 0 ? await bulk('/purchases/bulk', reversals, who) : made;

      const rows = new Map<string, { -readonly [K in keyof RfmRow]: RfmRow[K] }>();
      bought.forEach((it, i) => {
        const id = buyers[it.buyer].id as string;
        const minor = Math.round(Number(it.price) * 100) * (it.kind === 'sale' ? it.qty : -it.qty);
        const row = rows.get(id) ?? { id, recencyDays: null, frequency: 0, monetaryMinor: 0 };
        if (it.day <= asOf) {
          rows.set(id, row);
          row.monetaryMinor += minor;
          if (it.kind === 'sale') {
            const recency = (Date.parse(asOf) - Date.parse(it.day)) / 86_400_000;
            row.frequency++;
            row.recencyDays = row.recencyDays === null ? recency : Math.min(row.recencyDays, recency);
          }
        }
        if (it.reversed && i % 5 === 0 && asOf >= '2026-01-25') {
          rows.set(id, row);
          row.monetaryMinor -= minor;
        }
      });
      const expected = rfm([...rows.values()]).map(({ id, rank, r, f, m }) => ({ accountId: id, rank, r, f, m }));
      const answer = await kams.ask(`/rankings/value?limit=200&asOf=${asOf}&after=${last.at(-1).position}`, who);
      expect(
        answer.body.items.map(({ accountId, rank, r, f, m }: (typeof expected)[number]) => ({ accountId, rank, r, f, m })),
      ).toEqual(expected);
    }),
    { numRuns: 25 },
  );
});

test('a ranking over several currencies asks for one: nothing is converted', async () => {
  const who = as('user-1', 'currencies');
  const { id } = await register({ name: 'Two currencies' }, {}, who);
  const record = (txnId: string, ccy: string) => ({
    command: 'Record',
    data: {
      sourceSystem: 'erp',
      txnId,
      account: { accountId: id },
      kind: 'sale',
      lines: [{ sku: 'x', qty: 1, unitPrice: '5' }],
      ccy,
      txnAt: '2026-01-01T00:00:00Z',
      zone: 'UTC',
    },
  });
  const made = await bulk('/purchases/bulk', [record('1', 'CNY'), record('2', 'JPY')], who);
  const asked = await kams.ask(`/rankings/value?after=${made[1].position}`, who);
  expect(asked.body.errors).toEqual([{ pointer: '/currency', reason: 'is needed: there are purchases in CNY, JPY' }]);
  const [yen] = (await kams.ask('/rankings/value?currency=JPY', who)).body.items;
  expect(yen.monetary).toEqual({ minor: 5, currency: 'JPY' });
});

test('the events come as a stream, from a position on, and only those of the tenant', async () => {
  const mine = as('user-1', 'stream');
  await register({ name: 'Foreign' }, {}, as('user-1', 'other'));
  const first = await register({ name: 'One' }, {}, mine);
  const stopped = new AbortController();
  const answer = await fetch(`${kams.url}/events?after=${first.position}`, {
    headers: { accept: 'text/event-stream', authorization: `Bearer ${await kams.token(mine.as)}` },
    signal: stopped.signal,
  });
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  const { id } = await register({ name: 'Two' }, {}, mine);
  let text = '';
  while (!/data: .*\n\n/.test(text)) text += (await reader.read()).value ?? '';
  stopped.abort();
  const [, position, type, data] = /id: (\S+)\nevent: (\S+)\ndata: (.*)\n\n/.exec(text)!;
  expect(type).toBe('kams.accounts.account.registered.v1');
  expect(JSON.parse(data!)).toMatchObject({
    specversion: '1.0',
    tenantid: 'stream',
    subject: `account/${id}`,
    data: { accountId: id, name: 'Two' },
  });

  const rest = await kams.ask(`/events?after=${position}`, mine);
  expect(rest.text).toBe('');
  const all = (await kams.ask('/events?types=kams.accounts.account.registered.v1', mine)).text.trimEnd().split('\n');
  expect(all.map((line) => JSON.parse(line).data.name)).toEqual(['One', 'Two']);
});

test('a foreign account and one that does not exist are answered alike', async () => {
  const { id } = await register({ name: 'Secret' }, {}, as('user-1', 'owner'));
  const [foreign, unknown] = [
    await kams.ask(`/accounts/${id}`),
    await kams.ask('/accounts/00000000-0000-7000-8000-00000000ffff'),
  ];
  expect([foreign.status, foreign.text]).toEqual([404, unknown.text]);
  const rate = (path: string) => kams.post(`/accounts/${path}/rate-criterion`, { code: 'x', raw: '1' });
  expect((await rate(id)).text).toBe((await rate('00000000-0000-7000-8000-00000000ffff')).text);
});
