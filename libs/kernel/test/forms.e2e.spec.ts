// Form templates and forms through HTTP, as a service that lists the module has them.
import { ERASED } from '@kams/contracts/personal';
import { startTestServices, type TestServices } from '@kams/testing/services';
import { north } from './regions';
import { visitReport } from './visit-report';

let kams: TestServices;
beforeAll(async () => void (kams = await startTestServices([north])));
afterAll(() => kams?.stop());

const accountId = '0190f5a0-0000-7000-8000-000000000001';
const as = (subject: string, tenantId = 'acme') => ({ as: { subject, tenantId } });
async function template(who = as('user-1'), content: object = visitReport): Promise<string> {
  const { id } = (await kams.post('/north-form-templates', { content }, who)).body;
  expect((await kams.post(`/north-form-templates/${id}/publish`, {}, who)).status).toBe(200);
  return id;
}
const filledIn = (templateId: string, more: object = {}) => ({
  templateId,
  subject: { kind: 'account', id: accountId },
  accountId,
  answers: { day: '2026-03-02', outcome: 'They asked for an offer', interest: 4 },
  ...more,
});
const submit = (data: object, who = as('user-1')) => kams.post('/north-forms', data, who);
const say = (id: string, command: string, data: object, who = as('user-1')) =>
  kams.post(`/north-forms/${id}/${command}`, data, who);

describe('a form template', () => {
  test('is drafted, published, replaced and retired; each version is shown as it was published', async () => {
    const id = await template();
    const second = { ...visitReport, name: { en: 'Visit report 2', zh: '客户拜访表二' } };
    await kams.post(`/north-form-templates/${id}/revise`, { content: second });
    const { position } = (await kams.post(`/north-form-templates/${id}/publish`, {})).body;
    const version = async (query: string) => kams.ask(`/north-form-templates/${id}/version?after=${position}${query}`);
    expect((await version('')).body).toMatchObject({ version: 2, content: second, retiredAt: null });
    expect((await version('&version=1')).body).toMatchObject({ version: 1, content: visitReport });
    expect((await version('&version=3')).status).toBe(404);
    const retired = await kams.post(`/north-form-templates/${id}/retire`, { version: 2, reason: 'Wrong' });
    const file = await kams.ask(`/north-form-templates/${id}?after=${retired.body.position}`);
    expect(file.headers.get('etag')).toBe('"4"');
    expect(file.body).toMatchObject({ name: second.name, draft: null, versions: [{ version: 1 }, { version: 2 }] });
    expect((await version('')).status).toBe(404);
    expect((await version('&version=2')).body.retiredAt).toEqual(expect.any(String));
    const { items } = (await kams.ask('/north-form-templates')).body;
    expect(items.find((it: { id: string }) => it.id === id)).toMatchObject({ hasDraft: false, versions: [{}, {}] });
  });

  test('that is unsound says where', async () => {
    const [section] = visitReport.sections;
    const content = { ...visitReport, sections: [section, section] };
    const answer = await kams.post('/north-form-templates', { content });
    expect([answer.status, answer.body.code]).toEqual([409, 'template-unsound']);
    expect(answer.body.problems[0].pointer).toBe('/content/sections/1/code');
    const unknown = { ...visitReport, sections: [{ ...section, fields: [{ ...section!.fields[0], kind: 'colour' }] }] };
    expect((await kams.post('/north-form-templates', { content: unknown })).status).toBe(422);
  });
});

describe('a form', () => {
  test('is submitted under the version in force, scored, and read back', async () => {
    const templateId = await template();
    const opened = await submit(filledIn(templateId));
    expect(opened.status).toBe(201);
    const { id, position } = opened.body;
    const file = await kams.ask(`/north-forms/${id}?after=${position}`);
    expect(file.body).toMatchObject({
      ...filledIn(templateId),
      version: 1,
      completeness: 60,
      score: { total: '75.000000', coverage: '0.500000' },
      corrections: 0,
      submittedBy: 'user-1',
      history: [{ by: 'user-1', supersedes: null, reason: null, completeness: 60 }],
    });
    expect((await kams.ask(`/north-forms/${id}`, as('user-1', 'other'))).status).toBe(404);
  });

  test('with answers that do not fit is 422 with an error a field; one of no template is 404', async () => {
    const templateId = await template();
    const answers = { day: 'today', interest: 9, phase: 'second', colour: 'red' };
    const answer = await submit(filledIn(templateId, { answers }));
    expect([answer.status, answer.body.code]).toEqual([422, 'answers-invalid']);
    expect(answer.body.errors.map((it: { pointer: string }) => it.pointer)).toEqual(
      ['day', 'outcome', 'interest', 'phase', 'colour'].map((it) => `/answers/${it}`),
    );
    expect(answer.text).not.toContain('today');
    const many = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`none${i}`, true]));
    expect((await submit(filledIn(templateId, { answers: many }))).body.errors).toHaveLength(20);
    const none = await submit(filledIn(accountId));
    expect([none.status, none.body.code]).toEqual([404, 'unknown-form-template']);
    expect((await submit(filledIn(templateId, { answers: { day: { is: 1 } } }))).body.code).toBe('invalid');
    expect((await submit(filledIn(templateId, { answers: { 'a b': 1 } }))).body.code).toBe('invalid');
  });

  test('of another tenant’s template is 404', async () => {
    const templateId = await template(as('user-1', 'other'));
    expect((await submit(filledIn(templateId))).body.code).toBe('unknown-form-template');
  });

  test('is corrected under its own version, and shows what it was', async () => {
    const templateId = await template();
    const { id } = (await submit(filledIn(templateId))).body;
    const later = { ...visitReport, sections: [{ ...visitReport.sections[0]!, fields: [visitReport.sections[0]!.fields[0]!] }] };
    await kams.post(`/north-form-templates/${templateId}/revise`, { content: later });
    await kams.post(`/north-form-templates/${templateId}/publish`, {});
    const set = { interest: 5, outcome: 'They ordered', grade: 'a' };
    expect((await say(id, 'correct', { set, reason: 'Misread' }, as('user-2'))).body.outcome).toBe('changed');
    const { position } = (await say(id, 'correct', { clear: ['interest'], reason: 'Not asked' })).body;
    const { body } = await kams.ask(`/north-forms/${id}?after=${position}`);
    expect(body).toMatchObject({
      version: 1,
      answers: { day: '2026-03-02', outcome: 'They ordered', grade: 'a' },
      completeness: 60,
      score: { total: '100.000000', coverage: '0.500000' },
      corrections: 2,
      history: [
        { answers: { outcome: 'They asked for an offer', interest: 4 }, reason: null, score: { total: '75.000000' } },
        { answers: set, reason: 'Misread', by: 'user-2', cleared: [] },
        { answers: {}, reason: 'Not asked', by: 'user-1', cleared: ['interest'] },
      ],
    });
    expect(body.answers).not.toHaveProperty('interest');
    expect(body.history.map((it: { supersedes: string }) => it.supersedes)).toEqual([
      null,
      body.history[0].eventId,
      body.history[1].eventId,
    ]);
    const wrong = await say(id, 'correct', { clear: ['day'], reason: 'x' });
    expect([wrong.status, wrong.body.errors]).toEqual([422, [{ pointer: '/set/day', reason: 'is required' }]]);
    expect((await say(id, 'correct', { set: { grade: 'a' }, reason: 'x' })).body.outcome).toBe('unchanged');
    expect((await say(id, 'correct', { set: { grade: 'b' } })).status).toBe(422);
  });

  test('comes page by page, by its template, its subject and its account', async () => {
    const who = as('user-1', 'lists');
    const [a, b] = [await template(who), await template(who)];
    const other = { kind: 'visit', id: '0190f5a0-0000-7000-8000-0000000000d1' };
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) ids.push((await submit(filledIn(a), who)).body.id);
    const last = (await submit(filledIn(b, { subject: other, accountId: undefined }), who)).body;
    const page = async (query: string) => (await kams.ask(`/north-forms?after=${last.position}&${query}`, who)).body;
    const found = async (query: string) => (await page(query)).items.map((it: { id: string }) => it.id);
    const seen: string[] = [];
    let cursor = '';
    do {
      const { items, next } = await page(`limit=2&templateId=${a}${cursor && `&cursor=${cursor}`}`);
      seen.push(...items.map((it: { id: string }) => it.id));
      cursor = next ?? '';
    } while (cursor);
    expect(seen).toEqual(ids);
    expect(await found('sort=-submittedAt&limit=1')).toEqual([last.id]);
    expect(await found(`templateId=${b}&version=1`)).toEqual([last.id]);
    expect(await found(`templateId=${b}&version=2`)).toEqual([]);
    expect(await found('subjectKind=visit')).toEqual([last.id]);
    expect(await found(`subjectId=${other.id}`)).toEqual([last.id]);
    expect((await found(`accountId=${accountId}`)).toSorted()).toEqual(ids.toSorted());
    expect((await page('limit=1')).items[0]).not.toHaveProperty('answers');
  });
});

describe('what was written in words', () => {
  const secret = 'MarkErVoNstedt';
  const everywhere = async () => {
    const dumps = ['es.events', 'north.form'].map((table) =>
      kams.sql<{ all: string }>(`select string_agg(t::text, '') as all from ${table} t`),
    );
    return (await Promise.all(dumps)).map(([row]) => row!.all).join('');
  };

  test('is sealed in the log and in the rows, leaves the service not at all, and is forgotten with the form', async () => {
    const templateId = await template();
    const answers = { day: '2026-03-02', outcome: secret };
    const { id } = (await submit(filledIn(templateId, { answers }))).body;
    const corrected = await say(id, 'correct', { set: { outcome: `${secret} again`, interest: 2 }, reason: secret });
    const shown = await kams.ask(`/north-forms/${id}?after=${corrected.body.position}`);
    expect(shown.body).toMatchObject({ answers: { outcome: `${secret} again` }, history: [{}, { reason: secret }] });
    expect(await everywhere()).not.toContain(secret);
    const events = (await kams.ask('/events?limit=10000')).text;
    expect(events).toContain('kams.north.form.corrected.v1');
    expect(events).not.toContain(secret);

    const { position } = (await say(id, 'erase', { request: 'dsr-1' })).body;
    let body = shown.body;
    for (let i = 0; i < 100 && body.answers.outcome !== ERASED; i++) {
      ({ body } = await kams.ask(`/north-forms/${id}?after=${position}`));
      await new Promise((done) => setTimeout(done, 20));
    }
    expect(body).toMatchObject({
      answers: { day: '2026-03-02', interest: 2, outcome: ERASED },
      history: [{ answers: { outcome: ERASED } }, { reason: ERASED }],
      erasedAt: expect.any(String),
    });
    expect((await say(id, 'correct', { set: { interest: 3 }, reason: 'x' })).body.code).toBe('form-erased');
  });

  test('of a contact is sealed under the key of that person, and nothing more is said of one who was erased', async () => {
    const templateId = await template();
    const subject = { kind: 'contact', id: '0190f5a0-0000-7000-8000-0000000000c9' };
    const { id, position } = (await submit(filledIn(templateId, { subject }))).body;
    const erase = await say(id, 'erase', { request: 'dsr-2' });
    expect([erase.status, erase.body]).toEqual([
      409,
      expect.objectContaining({ code: 'erase-the-contact', contactId: subject.id }),
    ]);
    await kams.runtime.vault.destroy([{ tenantId: 'acme', person: subject.id }]);
    expect((await kams.ask(`/north-forms/${id}?after=${position}`)).body.answers.outcome).toBe(ERASED);
    const more = await submit(filledIn(templateId, { subject }));
    expect([more.status, more.body.code]).toEqual([409, 'person-erased']);
  });
});
