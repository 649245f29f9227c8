import { ERASED } from '@kams/contracts/personal';
import { promised } from '@kams/testing/faults/promise';
import { encoded, hits } from '@kams/testing/markers';
import { startTestServices, type TestServices } from '@kams/testing/services';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { accountsService } from '../src/accounts.module';

let services: TestServices;
let accountId: string;
beforeAll(async () => {
  services = await startTestServices([accountsService]);
  const key = { system: 'crm', type: 'account', value: 'Acme' };
  accountId = (await services.post('/accounts', { profile: { name: 'Acme' }, externalIds: [key] })).body.id;
});
afterAll(() => services.stop());

const person = { name: 'Li Wei 李伟', email: 'li.wei@example.com', phone: '+8613912345678', jobTitle: 'Head of purchasing' };
const register = async (more: object = {}) =>
  (await services.post('/contacts', { accountId, person: { ...person, ...more } })).body as { id: string; position: string };
const shown = (id: string, after: string) => services.ask(`/contacts/${id}?after=${after}`);

async function query<T extends object>(sql: string): Promise<T[]> {
  const client = new Client({ connectionString: services.databaseUrl });
  await client.connect();
  return (await client.query<T>(sql).finally(() => client.end())).rows;
}

describe('a contact', () => {
  test('is registered, read and changed like everything else', async () => {
    const { id, position } = await register();
    const file = await shown(id, position);
    expect(file.body).toMatchObject({ id, accountId, person, role: null, consents: [], pseudonym: null });
    const role = { role: 'decision_maker', power: 5, stance: 1 };
    await services.post(`/contacts/${id}/set-role`, role);
    const changed = await services.post(`/contacts/${id}/change`, { set: { jobTitle: 'CPO' }, clear: ['phone'] });
    const consent = { channel: 'email', purpose: 'marketing', status: 'granted', basis: 'form' };
    const last = await services.post(`/contacts/${id}/change-consent`, consent);
    expect(changed.status).toBe(200);
    const after = await shown(id, last.body.position);
    const { phone: _, ...rest } = person;
    expect(after.body).toMatchObject({ ...role, person: { ...rest, jobTitle: 'CPO' }, consents: [consent] });
    expect(after.body.person).not.toHaveProperty('phone');
    expect(after.headers.get('etag')).toBe('"3"');
  });

  test('is told what is wrong with the data, and not what the data was', async () => {
    const answer = await services.post('/contacts', { accountId, person: { name: 'Ann', email: 'no address', phone: '0139' } });
    expect(answer.status).toBe(422);
    expect(answer.body.errors.map((it: { pointer: string }) => it.pointer)).toEqual(['/person/email', '/person/phone']);
    expect(answer.text).not.toContain('no address');
    expect((await services.post('/contacts', { accountId: '00000000-0000-7000-8000-00000000dead', person })).status).toBe(404);
  });

  test('is found by a part of the name, by e-mail and by phone, at its account and in its tenant', async () => {
    const { id, position } = await register({
      name: 'Žofia Nováková 王小明',
      email: 'zofia@example.org',
      phone: '+420123456789',
    });
    const find = async (body: object, as?: { tenantId: string }) =>
      ((await services.post(`/contacts/search?after=${position}`, body, { as })).body.items as { id: string }[]).map(
        (it) => it.id,
      );
    expect(await find({ name: '小明' })).toEqual([id]);
    expect(await find({ name: 'NOVÁK' })).toEqual([id]);
    expect(await find({ email: 'ZOFIA@example.org' })).toEqual([id]);
    expect(await find({ phone: '+420123456789', accountId })).toEqual([id]);
    expect(await find({ name: '明小' })).toEqual([]);
    expect(await find({ email: 'zofia@example.or' })).toEqual([]);
    expect(await find({ name: '小明', accountId: id })).toEqual([]);
    expect(await find({ name: '小明' }, { tenantId: 'other' })).toEqual([]);
    expect((await services.post('/contacts/search', {})).status).toBe(422);
  });

  test('is imported by its key, and importing it again changes nothing', async () => {
    const data = {
      externalId: { system: 'crm', type: 'contact', value: '1' },
      account: { system: 'crm', type: 'account', value: 'Acme' },
      person: { name: 'Ann', email: 'ann@example.com' },
    };
    const first = await services.post('/contacts/import', data);
    expect(first.status).toBe(201);
    expect((await services.post('/contacts/import', data)).body).toMatchObject({ id: first.body.id, outcome: 'unchanged' });
    const other = { ...data, account: { ...data.account, value: 'Nobody' }, externalId: { ...data.externalId, value: '2' } };
    expect((await services.post('/contacts/import', other)).body.code).toBe('unknown-account');
  });

  test('sent twice under one key is one contact, and under the same key another body is refused', async () => {
    const headers = { 'idempotency-key': 'contact-1' };
    const body = { accountId, person: { name: 'Twice' } };
    const [a, b] = [await services.post('/contacts', body, { headers }), await services.post('/contacts', body, { headers })];
    expect(a.text).toBe(b.text);
    const other = await services.post('/contacts', { accountId, person: { name: 'Thrice' } }, { headers });
    expect([other.status, other.body.code]).toEqual([422, 'command-id-reused']);
  });

  test('leaves the service without what is personal', async () => {
    const { id } = await register({ name: 'Nobody Outside' });
    const events = (await services.ask('/events?limit=10000')).text
      .trim()
      .split('\n')
      .map((it) => JSON.parse(it));
    const registered = events.find((it) => it.subject === `contact/${id}`);
    expect(registered).toMatchObject({ type: 'kams.accounts.contact.registered.v1', data: { contactId: id, accountId } });
    expect(Object.keys(registered.data).sort()).toEqual(['accountId', 'contactId']);
    const { channels } = (await services.ask('/asyncapi.json')).body;
    const { payload, examples } = channels['kams.accounts.v1'].messages['kams.accounts.contact.registered.v1'];
    expect(Object.keys(payload.properties)).toEqual(['contactId', 'accountId', 'externalId', 'source']);
    expect(JSON.stringify(examples)).not.toContain('Li Wei');
  });
});

const MARKERS = Array.from({ length: 13 }, (_, i) => `Mark${String(i).padStart(2, '0')}ErVoNstedt`);
describe('P14', () => {
  promised(
    'P14',
    'an erased person is unreadable in the log, in the read models, in the keys and in the files of the database',
    async (tell) => {
      const [name, mail, title, interests, notes, later, refused, unknown, conflict, bulk, reason, fault, repeated] = MARKERS as [
        string,
        ...string[],
      ];
      const secret = {
        name: `${name} 李`,
        email: `${mail}@example.com`,
        jobTitle: title!,
        interests: interests!,
        notes: notes!,
      };
      const { id } = await register(secret);
      const other = await register({ name: 'Somebody Else' });
      await services.post(`/contacts/${id}/change`, { set: { notes: later } });
      // The paths that fail as well: invalid, unknown, stale, refused, in bulk, twice under one key.
      await services.post(`/contacts/${id}/change`, { set: { email: `${refused} no address` } });
      await services.post('/contacts/00000000-0000-7000-8000-00000000dead/change', { set: { notes: unknown } });
      await services.post(`/contacts/${id}/change`, { set: { notes: conflict } }, { headers: { 'if-match': '"99"' } });
      const lines = JSON.stringify({ command: 'Change', id, data: { set: { interests: bulk } } });
      await services.ask('/contacts/bulk', { method: 'POST', body: lines, headers: { 'content-type': 'application/x-ndjson' } });
      await services.post(`/contacts/${id}/depart`, { on: '2026-06-30', reason });
      const headers = { 'idempotency-key': 'p14' };
      for (let i = 0; i < 2; i++) await services.post(`/contacts/${id}/change`, { set: { jobTitle: repeated } }, { headers });
      await services.post('/contacts/search', { name });
      // What nobody has foreseen: the database says no, with all that it was given.
      await query(`create function es.breaks() returns trigger language plpgsql as $$ begin
                     raise exception 'refused: %', new using detail = new.data::text; end $$;
                   create trigger breaks before insert on es.events for each row execute function es.breaks()`);
      expect((await services.post(`/contacts/${id}/change`, { set: { notes: fault } })).status).toBe(503);
      await query('drop trigger breaks on es.events; drop function es.breaks');
      await query('revoke select on accounts.contact, accounts.contact__searched from kams_query');
      expect((await services.post('/contacts/search', { name: fault })).status).toBe(500);
      await query('grant select on accounts.contact, accounts.contact__searched to kams_query');

      const erased = await services.post(`/contacts/${id}/erase`, { request: 'dsr-2026-0042' });
      expect(erased.status).toBe(200);
      expect(JSON.stringify((await services.ask(`/contacts/${id}`)).body)).not.toContain(name);
      const file = await shown(id, erased.body.position);
      expect(file.body).toMatchObject({ person: { name: ERASED }, departedOn: '2026-06-30', pseudonym: expect.any(String) });
      expect((await services.post(`/contacts/search?after=${erased.body.position}`, { name })).body.items).toEqual([]);

      // Once it is answered nothing that is stored can be opened.
      expect(await query(`select wrapped is null as gone from keys.person where person = '${id}'`)).toEqual([{ gone: true }]);

      const inTables: string[] = [];
      for (const table of ['es.events', 'accounts.contact', 'keys.person']) {
        const [dump] = await query<{ all: string }>(`select string_agg(t::text, '') as all from ${table} t`);
        inTables.push(...MARKERS.filter((it) => dump!.all.includes(it)).map((it) => `${it}: ${table}`));
      }
      await query('checkpoint');
      const [{ folder }] = (await query<{ folder: string }>('show data_directory as folder').catch(() =>
        query<{ folder: string }>("select setting as folder from pg_settings where name = 'data_directory'"),
      )) as [{ folder: string }];
      const inFiles = [...(await hits(folder, MARKERS)), ...(await hits(services.data, MARKERS))];
      const log = join(services.data, 'log');
      expect(services.logged()).toContain('"msg":"fault"');
      await writeFile(log, services.logged());
      const inLog = await hits(log, MARKERS);
      const found = { inTables, inFiles, inLog };
      tell({
        markers: MARKERS.length,
        encodings: encoded('').length,
        'in-tables': inTables.length,
        hits: inFiles.length,
        'in-log': inLog.length,
      });
      expect(found).toEqual({ inTables: [], inFiles: [], inLog: [] });

      // Others are who they were, rebuilt rows are the live ones, and a second erasure is nothing.
      expect((await services.ask(`/contacts/${other.id}`)).body.person.name).toBe('Somebody Else');
      const before = await query('select * from accounts.contact order by id');
      services.runtime.rebuild('contacts');
      while (services.runtime.rebuildOf('contacts')!.state === 'running') await new Promise((done) => setTimeout(done, 20));
      expect(services.runtime.rebuildOf('contacts')!.state).toBe('done');
      expect(await query('select * from accounts.contact order by id')).toEqual(before);
      expect((await services.post(`/contacts/${id}/erase`, { request: 'again' })).body.outcome).toBe('unchanged');
      expect((await services.post(`/contacts/${id}/change`, { set: { name: 'X' } })).body.code).toBe('contact-erased');
    },
    120_000,
  );

  test('P14 an erased person would be found by the scan if anything of it stood in the clear', async () => {
    const marker = 'Canary77InTheClear';
    await query(`create table canary as select '${marker}'::text as it`);
    await query('checkpoint');
    const [{ folder }] = (await query<{ folder: string }>(
      "select setting as folder from pg_settings where name = 'data_directory'",
    )) as [{ folder: string }];
    expect((await hits(folder, [marker])).length).toBeGreaterThan(0);
    await query('drop table canary');
  }, 60_000);
});
