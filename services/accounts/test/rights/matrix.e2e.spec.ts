// Role x route x own account, another account, another tenant: every cell asked of the running router, and compared with a second
// reading of the policy.
import { accountsContracts } from '@kams/contracts/accounts';
import type { AnyContract, CommandContract } from '@kams/contracts/define';
import { ROLES, type Role } from '@kams/contracts/policy';
import { startTestServices, type Answered, type TestServices } from '@kams/testing';
import { accountsService } from '../../src/accounts.module';
import { isInTable, showsField, verdict, type Verdict, type Whose } from './expected';
import { ANSWERS, ROOT, subjectOf, thingsOf, worldOf, type Things, type World } from './world';

const ALL = Object.keys(ROLES) as Role[];
const WHOSE: readonly Whose[] = ['own', 'other', 'foreign'];

let kams: TestServices;
let foreign: World;
beforeAll(async () => {
  kams = await startTestServices([accountsService], {
    administrators: [{ tenantId: '*', subject: ROOT }],
    operatingTenant: 'operating',
  });
  foreign = await worldOf(kams, 'foreign', []);
}, 60_000);
afterAll(() => kams?.stop());

/** Things of the tenant, and of no account. */
const OF_TENANT = ['model', 'template', 'roleAssignment'] as const;
type OfTenant = (typeof OF_TENANT)[number];
const isOfTenant = (thing: keyof Things | OfTenant): thing is OfTenant => (OF_TENANT as readonly string[]).includes(thing);

/** Routes that show things, what they are things of, and the id that they take. */
const READS: Readonly<Record<string, readonly [resource: string, thing?: keyof Things | OfTenant]>> = {
  '/accounts': ['account'],
  '/accounts/:id': ['account', 'account'],
  '/accounts/:id/as-of': ['account', 'account'],
  '/accounts/:id/history': ['account', 'account'],
  '/accounts/:id/hierarchy': ['hierarchy', 'account'],
  '/accounts/:id/effective-tier': ['account', 'account'],
  '/accounts/:id/tier/explain': ['account', 'account'],
  '/accounts/:id/events/:eventId': ['account', 'account'],
  '/contacts': ['contact'],
  '/contacts/:id': ['contact', 'contact'],
  '/purchases': ['purchase'],
  '/purchases/:id': ['purchase', 'purchase'],
  '/rankings/value': ['ranking'],
  '/rankings/tiers': ['account'],
  '/opportunities': ['opportunity'],
  '/opportunities/:id': ['opportunity', 'opportunity'],
  '/funnel': ['funnel'],
  '/funnel/win-rates': ['funnel'],
  '/funnel/velocity': ['funnel'],
  '/funnel/won': ['funnel'],
  '/sales-pipeline': ['sales_pipeline'],
  '/scoring-models': ['scoring_model'],
  '/scoring-models/:id': ['scoring_model', 'model'],
  '/scoring-models/:id/what-if': ['ranking', 'model'],
  '/account-teams': ['account_team'],
  '/account-teams/:id': ['account_team', 'team'],
  '/role-assignments': ['role_assignment'],
  '/role-assignments/:id': ['role_assignment', 'roleAssignment'],
  '/gifts': ['gift_ledger'],
  '/gifts/:id': ['gift_ledger', 'gift'],
  '/gift-ledgers/:id': ['gift_ledger', 'ledger'],
  '/contacts/:id/gifts': ['gift_ledger', 'contact'],
  '/gift-policy': ['gift_policy'],
  '/receptions': ['reception'],
  '/receptions/:id': ['reception', 'reception'],
  '/accounts-approvals': ['accounts_approval'],
  '/accounts-approvals/:id': ['accounts_approval', 'approval'],
  '/accounts-forms': ['accounts_form'],
  '/accounts-forms/:id': ['accounts_form', 'form'],
  '/accounts-form-templates': ['accounts_form_template'],
  '/accounts-form-templates/:id': ['accounts_form_template', 'template'],
  '/accounts-form-templates/:id/version': ['accounts_form_template', 'template'],
  '/accounts/:id/timeline': ['interaction', 'account'],
  '/interactions/:id': ['interaction', 'interaction'],
  '/visits': ['visit'],
  '/visits/:id': ['visit', 'visit'],
  '/commitments': ['commitment'],
  '/commitments/:id': ['commitment', 'commitment'],
  '/relationships': ['relationship'],
  '/relationships/:id': ['relationship', 'relationship'],
  '/accounts/:id/relationship': ['relationship', 'account'],
};
/** What is asked with a POST. */
const QUESTIONS: Readonly<Record<string, object>> = {
  '/scoring-models/:id/what-if': { from: '2026-01-01', to: '2026-12-31', version: 1 },
};
/** For everyone with a token. */
const FOR_ALL = ['/me', '/policy'];
/** Tested by themselves, below. */
const isApart = (url: string): boolean => url === '/events' || url.startsWith('/operations/');

const keyOf = (account: string, { own, other }: World): string =>
  account === own.account ? 'Own' : account === other.account ? 'Other' : account;

/** What is said of an account in the data of a command that opens something, or that finds it by its data. */
function bodyOf(contract: AnyContract, type: string, things: Things, world: World): object {
  const example = JSON.parse(JSON.stringify(contract.commands[type]!.example)) as Record<string, unknown>;
  const { account } = things;
  if (contract.name === 'contact' && type === 'Register') return { ...example, accountId: account };
  if (contract.name === 'opportunity' && type === 'Open') return { ...example, accountId: account };
  if ((contract.name === 'contact' || contract.name === 'opportunity') && type === 'Import')
    return { ...example, account: { system: 'erp', type: 'customer', value: keyOf(account, world) } };
  if (contract.name === 'hierarchy' && type === 'Link') return { ...example, accountId: account, parentId: world.group };
  // In a year that does not come: what is one's own by the link stays so.
  if (contract.name === 'hierarchy') return { ...example, accountId: account, validTo: '2999-01-01' };
  if (contract.name === 'purchase' && type === 'Record') return { ...example, txnId: account, account: { accountId: account } };
  if (contract.name === 'account_team') return { ...example, accountId: account };
  if (contract.name === 'role_assignment') return { ...example, scope: { accountId: account } };
  if (contract.name === 'gift_ledger' && type !== 'RequestGift') return { ...example, giftId: things.gift };
  if (contract.name === 'gift_ledger') return { ...example, giftId: things.gift, accountId: account, contactId: things.contact };
  if (contract.name === 'reception' && type === 'Request') return { ...example, accountId: account, guestIds: [things.contact] };
  // No contact: somebody may have erased the one there is by now.
  if (contract.name === 'interaction' && type === 'LogInteraction')
    return { ...example, accountId: account, participants: [{ userId: 'li' }] };
  if (contract.name === 'visit' && type === 'Plan') return { ...example, accountId: account, contactIds: [] };
  if (contract.name === 'visit' && type === 'Complete') return {};
  if (contract.name === 'commitment' && type === 'Make') return { ...example, accountId: account, contactId: undefined };
  if (contract.name === 'relationship')
    return { ...example, accountId: account, ...(type === 'AssessContact' && { contactId: things.colleague }) };
  const about = { subject: { kind: 'account', id: account }, accountId: account };
  if (contract.name === 'accounts_approval' && type === 'Request') return { ...example, ...about };
  if (contract.name === 'accounts_form' && type === 'Submit') return { ...about, templateId: world.template, answers: ANSWERS };
  // No version is retired, so that the one in force goes on being shown.
  if (contract.name === 'accounts_form_template' && type === 'Retire') return { ...example, version: 99 };
  return 'modelId' in example ? { ...example, modelId: world.model } : example;
}

/** Commands whose data name no account: there is nothing of one's own or of another. */
const NAMES_NO_ACCOUNT = new Set([
  ...['account Register', 'account Import', 'scoring_model Draft', 'accounts_form_template Draft', 'gift_policy Publish'],
  ...['sales_pipeline Draft', 'sales_pipeline Publish'],
]);
/** Who reaches the whole tenant may name any account: a module has nothing to look one up in. */
const TAKES_ANY_ACCOUNT = new Set(['accounts_approval', 'accounts_form']);
const THING: Readonly<Record<string, keyof Things>> = {
  account: 'account',
  contact: 'contact',
  purchase: 'purchase',
  reception: 'reception',
  opportunity: 'opportunity',
  accounts_approval: 'approval',
  accounts_form: 'form',
  interaction: 'interaction',
  visit: 'visit',
  commitment: 'commitment',
};
const THING_OF_TENANT: Readonly<Record<string, OfTenant>> = { scoring_model: 'model', accounts_form_template: 'template' };

const outcome = ({ status, body }: Answered): Verdict =>
  status === 403 ? 'forbidden' : status === 404 ? 'hidden' : body?.code === 'forbidden' ? 'forbidden' : 'allowed';

let wrong: string[] = [];
let wrongInAll = 0;
let asked = 0;
function check(cell: string, answer: Answered, expected: Verdict): void {
  asked++;
  if (answer.status === 401 || answer.status >= 500) wrong.push(`${cell}: ${answer.status} ${answer.text}`);
  const found = outcome(answer);
  if (found !== expected) wrong.push(`${cell}: ${found}, expected ${expected} (${answer.status} ${answer.text.slice(0, 200)})`);
}

const contractOf = (plural: string): AnyContract | undefined =>
  (accountsContracts as readonly AnyContract[]).find((it) => it.plural === plural);
const typeOf = ({ commands }: AnyContract, rest: string): string | undefined => {
  const kebab = (type: string) => type.replace(/(?<!^)([A-Z])/g, '-$1').toLowerCase();
  const opening = Object.entries<CommandContract>(commands).find(([, it]) => it.opens)?.[0];
  return rest === '' ? opening : Object.keys(commands).find((it) => kebab(it) === rest.replace(/^:id\//, ''));
};

test.each(ALL)('P16 P18 %s may do what the policy says, and nothing else', async (role) => {
  const world = await worldOf(kams, `t_${role}`, [role]);
  const as = { subject: subjectOf(role), tenantId: world.tenantId };
  const routes = kams.routes.filter(({ method, requires }) => method !== 'HEAD' && requires !== undefined);
  wrong = [];

  for (const { method, url } of routes) {
    if (isApart(url)) continue;
    if (FOR_ALL.includes(url)) {
      check(`${method} ${url}`, await kams.ask(url, { as }), 'allowed');
      continue;
    }
    if (url === '/contacts/search') {
      const answer = await kams.post(url, { name: 'Marker-Name' }, { as });
      const reads = isInTable(role, 'contact', 'read') && showsField(role, 'contact', 'person.name');
      check(`${method} ${url}`, answer, reads ? 'allowed' : 'forbidden');
      continue;
    }
    const read = method === (QUESTIONS[url] ? 'POST' : 'GET') ? READS[url] : undefined;
    const question = QUESTIONS[url];
    if (read) {
      const [resource, thing] = read;
      for (const whose of WHOSE) {
        const world_ = whose === 'foreign' ? foreign : world;
        const id = thing && (isOfTenant(thing) ? world_[thing] : thingsOf(world, foreign, whose)[thing]);
        const isOfAccount = thing !== undefined && !isOfTenant(thing);
        const expected = verdict(
          role,
          resource,
          'read',
          thing === undefined || (!isOfAccount && whose === 'other') ? 'own' : whose,
        );
        const [first] = url.includes(':eventId') ? await kams.store.read(`account-${id}`) : [];
        const path = `${url.replace(':id', id ?? '').replace(':eventId', first?.id ?? '')}?after=${world.position}`;
        const answer = question ? await kams.post(path, question, { as }) : await kams.ask(path, { as });
        check(`${method} ${url} of ${whose}`, answer, expected);
      }
      continue;
    }

    const [, plural, ...rest] = url.split('/');
    const contract = contractOf(plural!)!;
    const path = rest.join('/');
    const types = path === 'bulk' ? Object.keys(contract.commands) : [typeOf(contract, path)!];
    for (const type of types) {
      for (const whose of WHOSE) {
        const things = thingsOf(world, foreign, whose);
        const named = path.includes(':id') || (path === 'bulk' && !contract.commands[type]!.opens && !contract.ledger);
        const thing = THING_OF_TENANT[contract.name];
        const id = thing ? (whose === 'foreign' ? foreign : world)[thing] : things[THING[contract.name]!];
        const data = bodyOf(contract, type, named ? world.own : things, world);
        const nothing = !named && NAMES_NO_ACCOUNT.has(`${contract.name} ${type}`);
        const ofTenant = thing !== undefined && whose === 'other';
        const expected = verdict(role, contract.name, type, nothing || ofTenant ? 'own' : whose);
        const cell = `${method} ${url} ${type} of ${whose}`;
        const send = async (it: object): Promise<Answered> => {
          if (path !== 'bulk') return kams.post(url.replace(':id', id!), it, { as });
          const body = JSON.stringify({ command: type, ...(named && { id }), data: it });
          const headers = { 'content-type': 'application/x-ndjson' };
          const answer = await kams.ask(url, { method: 'POST', as, body, headers });
          if (answer.status !== 200) return answer;
          const line = JSON.parse(answer.text);
          return { ...answer, status: line.status, body: line as never };
        };
        const answer = await send(data);
        if (named || whose !== 'foreign' || expected !== 'hidden') check(cell, answer, expected);
        else {
          // Found by what the data say: the answer is that to an account which is nowhere.
          const nowhere = { ...things, account: '0190f5a0-0000-7000-8000-00000000dead' };
          const unknown = await send(bodyOf(contract, type, nowhere, world));
          const told = ({ status, body }: Answered) => `${status} ${body.code}`;
          asked++;
          const isTaken = answer.status < 400 && !TAKES_ANY_ACCOUNT.has(contract.name);
          if (isTaken || told(answer) !== told(unknown)) wrong.push(`${cell}: ${told(answer)}, of nowhere ${told(unknown)}`);
        }
      }
    }
  }
  wrongInAll += wrong.length;
  expect(wrong).toEqual([]);
});

test.each(ALL)('P16 %s sees the accounts that are theirs in lists, and no others', async (role) => {
  const world = await worldOf(kams, `l_${role}`, [role]);
  const as = { subject: subjectOf(role), tenantId: world.tenantId };
  const all = [world.group, world.own.account, world.other.account];
  const own = ROLES[role].at === 'tenant' ? all : [world.group, world.own.account];
  const accountsIn = async (path: string, of: string) => {
    const answer = await kams.ask(`${path}?after=${world.position}`, { as });
    asked++;
    return answer.status === 403 ? 'forbidden' : answer.body.items.map((it: Record<string, string>) => it[of]).toSorted();
  };
  const seen = (resource: string, accounts: readonly string[]) =>
    isInTable(role, resource, 'read') ? accounts.filter((it) => own.includes(it)).toSorted() : 'forbidden';
  const withThings = [world.own.account, world.other.account];
  expect(await accountsIn('/accounts', 'id')).toEqual(seen('account', all));
  expect(await accountsIn('/contacts', 'accountId')).toEqual(seen('contact', [...withThings, ...withThings])); // two each
  expect(await accountsIn('/purchases', 'accountId')).toEqual(seen('purchase', withThings));
  expect(await accountsIn('/opportunities', 'accountId')).toEqual(seen('opportunity', withThings));
  expect(await accountsIn('/rankings/value', 'accountId')).toEqual(seen('ranking', withThings));
  expect(await accountsIn('/accounts-approvals', 'accountId')).toEqual(seen('accounts_approval', withThings));
  expect(await accountsIn('/accounts-forms', 'accountId')).toEqual(seen('accounts_form', withThings));
  expect(await accountsIn('/gifts', 'accountId')).toEqual(seen('gift_ledger', withThings));
  expect(await accountsIn('/receptions', 'accountId')).toEqual(seen('reception', withThings));
  expect(await accountsIn('/visits', 'accountId')).toEqual(seen('visit', withThings));
  expect(await accountsIn('/commitments', 'accountId')).toEqual(seen('commitment', withThings));
  expect(await accountsIn('/relationships', 'accountId')).toEqual(seen('relationship', withThings));
  const teams = [
    ...withThings,
    ...(['key_account_manager', 'executive_sponsor', 'service_lead', 'marketing_lead'].includes(role) ? [world.group] : []),
  ];
  expect(await accountsIn('/account-teams', 'accountId')).toEqual(seen('account_team', teams));

  const relatives = await kams.ask(`/accounts/${world.group}/hierarchy?after=${world.position}`, { as });
  if (relatives.status === 200)
    expect(relatives.body.descendants.map((it: { accountId: string }) => it.accountId)).toEqual([world.own.account]);

  const stream = await kams.ask('/events?limit=10000', { as });
  const { events } = await kams.store.readAll('' as never, 10_000);
  const byName = new Map((accountsContracts as readonly AnyContract[]).map((it) => [it.name, it]));
  const expected = events.filter(({ stream: name, type, metadata, data }) => {
    const contract = byName.get(name.slice(0, name.indexOf('-')));
    if (metadata.tenantId !== world.tenantId || !contract?.events[type]?.public) return false;
    if (!isInTable(role, contract.name, 'stream')) return false;
    return ROLES[role].at === 'tenant' || own.includes((data as { accountId?: string }).accountId ?? '');
  });
  const streams = [...byName.keys()].some((it) => isInTable(role, it, 'stream'));
  expect(stream.status).toBe(streams ? 200 : 403);
  if (streams) {
    const ids = stream.text
      .split('\n')
      .filter(Boolean)
      .map((line) => (JSON.parse(line) as { id: string }).id);
    expect(ids).toEqual(expected.map((it) => it.id));
    expect(ids.length).toBeGreaterThan(0);
  }
});

test('operations are for operators and administrators of the operating tenant', async () => {
  const world = await worldOf(kams, 'operating', ALL);
  const routes = kams.routes.filter(({ method, url }) => method !== 'HEAD' && url.startsWith('/operations/'));
  expect(routes.length).toBeGreaterThanOrEqual(7);
  for (const role of ALL) {
    const may = role === 'operator' || role === 'administrator';
    for (const { method, url } of routes) {
      // To be refused comes before anything is said of what is asked for: there is no such projection, and nothing is parked.
      const path = url.replace(':name', 'none').replace(':id', world.own.account);
      const isForbidden = async (tenantId: string) =>
        (await kams.ask(path, { method, as: { subject: subjectOf(role), tenantId } })).status === 403;
      expect([role, method, url, await isForbidden(world.tenantId)]).toEqual([role, method, url, !may]);
      expect([role, method, url, await isForbidden(`t_${role}`)]).toEqual([role, method, url, true]);
      asked += 2;
    }
  }
});

test('a right that is given acts with the next request, and one that is taken too', async () => {
  const world = await worldOf(kams, 'at_once', []);
  const root = { as: { subject: ROOT, tenantId: 'at_once' } };
  const li = { as: { subject: 'li', tenantId: 'at_once' } };
  const file = async () => (await kams.ask(`/accounts/${world.own.account}`, li)).status;
  for (let round = 0; round < 20; round++) {
    expect(await file()).toBe(403);
    await kams.post('/account-teams', { accountId: world.group, memberId: 'li', role: 'key_account_manager' }, root);
    expect(await file()).toBe(200);
    const link = { accountId: world.own.account, validTo: '2020-01-01' };
    if (round === 19) {
      expect((await kams.post('/hierarchy/unlink', link, root)).status).toBe(200);
      expect(await file()).toBe(404);
    }
    const release = { accountId: world.group, memberId: 'li', role: 'key_account_manager', reason: 'done' };
    await kams.post('/account-teams/release', release, root);
    expect(await file()).toBe(403);
  }
});

test('a right that is taken acts on a stream that is open, too', async () => {
  const world = await worldOf(kams, 'streaming', ['analyst']);
  const root = { as: { subject: ROOT, tenantId: 'streaming' } };
  const token = await kams.token({ subject: subjectOf('analyst'), tenantId: 'streaming' });
  const left = new AbortController();
  const headers = { authorization: `Bearer ${token}`, accept: 'text/event-stream' };
  const stream = await fetch(`${kams.url}/events?after=${world.position}`, { headers, signal: left.signal });
  let heard = '';
  const reading = (async () => {
    for await (const bytes of stream.body!) heard += Buffer.from(bytes as Uint8Array).toString();
  })().catch(() => undefined);
  const told = async (name: string) => {
    await kams.post(`/accounts/${world.own.account}/update-profile`, { set: { sector: name } }, root);
    for (let i = 0; i < 40 && !heard.includes(name); i++) await new Promise((resolve) => setTimeout(resolve, 25));
    return heard.includes(name);
  };
  expect(await told('before')).toBe(true);
  await kams.post('/role-assignments/revoke', { subjectId: subjectOf('analyst'), role: 'analyst', reason: 'left' }, root);
  expect(await told('afterwards')).toBe(false);
  left.abort();
  await reading;
});

afterAll(() => console.log(`rights  roles=${ALL.length} cells=${asked} wrong=${wrongInAll}`));
