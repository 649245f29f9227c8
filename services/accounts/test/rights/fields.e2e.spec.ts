// P16: a field that a role may not read leaves by no channel.
import { ROLES, type Role } from '@kams/contracts/policy';
import { startTestServices, type TestServices } from '@kams/testing';
import { accountsService } from '../../src/accounts.module';
import { isInTable, showsField } from './expected';
import { MARKS, ROOT, subjectOf, worldOf } from './world';

const ALL = Object.keys(ROLES) as Role[];

let kams: TestServices;
beforeAll(async () => {
  kams = await startTestServices([accountsService], { administrators: [{ tenantId: '*', subject: ROOT }] });
}, 60_000);
afterAll(() => kams?.stop());

const written = (mark: string | number): string => (typeof mark === 'number' ? String(mark) : JSON.stringify(mark).slice(1, -1));
const RESOURCES: Readonly<Record<string, readonly string[]>> = {
  contact: ['person', 'consents'],
  purchase: ['lines', 'total'],
  accounts_approval: ['ask', 'amount'],
  accounts_form: ['answers', 'history', 'score'],
  gift_ledger: ['what'],
  reception: ['agenda', 'result'],
  opportunity: ['productRefs', 'tender', 'competitors'],
  interaction: ['outcome', 'nextStep'],
  visit: ['goal', 'report'],
  commitment: ['postponements'],
  relationship: ['stages', 'plan'],
};
const resourceOf = (field: string): string =>
  Object.keys(RESOURCES).find((it) => RESOURCES[it]!.includes(field.split('.')[0]!)) ?? 'account';

/** Parameters that ask by a field. */
const ASKING: readonly (readonly [path: string, resource: string, field: string, body?: object])[] = [
  ['/accounts?search=Own', 'account', 'name'],
  ['/accounts?externalId=erp:customer:Own', 'account', 'externalIds'],
  ['/accounts?tier=A', 'account', 'tier'],
  ['/accounts?sector=technology', 'account', 'sector'],
  ['/accounts?country=China', 'account', 'country'],
  ['/accounts?ownerId=li', 'account', 'ownerId'],
  ['/accounts?keyAccount=no', 'account', 'keyAccount'],
  ['/accounts?sort=-changedAt', 'account', 'changedAt'],
  ['/contacts?role=approver', 'contact', 'role'],
  ['/contacts?sort=registeredAt', 'contact', 'registeredAt'],
  ['/contacts/search', 'contact', 'person.name', { name: MARKS['person.name'] }],
  ['/contacts/search', 'contact', 'person.email', { email: MARKS['person.email'] }],
  ['/contacts/search', 'contact', 'person.phone', { phone: MARKS['person.phone'] }],
  ['/purchases?kind=sale', 'purchase', 'kind'],
  ['/purchases?from=2026-01-01', 'purchase', 'txnDate'],
  ['/purchases?txnId=Own', 'purchase', 'txnId'],
  ['/account-teams?memberId=li', 'account_team', 'members'],
  ['/gifts?status=delivered', 'gift_ledger', 'status'],
  ['/gifts?sort=-value', 'gift_ledger', 'value'],
  ['/gifts?requestedBy=root', 'gift_ledger', 'requestedBy'],
  ['/receptions?from=2026-01-01', 'reception', 'on'],
  ['/receptions?explained=false', 'reception', 'explained'],
  ['/accounts-approvals?state=open', 'accounts_approval', 'state'],
  ['/accounts-approvals?sort=-requestedAt', 'accounts_approval', 'requestedAt'],
  ['/accounts-approvals?approverRole=finance', 'accounts_approval', 'approverRole'],
  ['/accounts-approvals?requestedBy=root', 'accounts_approval', 'requestedBy'],
  ['/accounts-forms?version=1', 'accounts_form', 'version'],
  ['/accounts-forms?subjectKind=account', 'accounts_form', 'subject'],
  ['/accounts-form-templates?sort=-name', 'accounts_form_template', 'name'],
  ['/opportunities?sort=amount', 'opportunity', 'amount'],
  ['/opportunities?currency=CNY&amountFrom=1', 'opportunity', 'amount'],
  ['/opportunities?product=T-800', 'opportunity', 'productRefs'],
  ['/opportunities?expectedFrom=2026-01-01', 'opportunity', 'expectedClose'],
  ['/opportunities?stage=proposal', 'opportunity', 'stage'],
  ['/opportunities?ownerId=li', 'opportunity', 'ownerId'],
  ['/visits?from=2026-01-01T00:00:00Z', 'visit', 'startsAt'],
  ['/visits?owner=root', 'visit', 'ownerId'],
  ['/visits?status=planned', 'visit', 'status'],
  ['/visits?contactId=0190f5a0-0000-7000-8000-0000000000c1', 'visit', 'contactIds'],
  ['/commitments?dueBefore=2027-01-01T00:00:00Z', 'commitment', 'dueAt'],
  ['/commitments?owner=root', 'commitment', 'ownerId'],
  ['/commitments?sort=-madeAt', 'commitment', 'madeAt'],
  ['/relationships?stage=basic', 'relationship', 'stage'],
];

let cells = 0;
let leaks = 0;
test.each(ALL)('P16 what %s may not read leaves by no list, file, history, search or stream', async (role) => {
  const world = await worldOf(kams, `f_${role}`, [role]);
  const as = { subject: subjectOf(role), tenantId: world.tenantId };
  const {
    account,
    contact,
    purchase,
    approval,
    form,
    gift,
    ledger,
    reception,
    opportunity,
    interaction,
    visit,
    commitment,
    relationship,
  } = world.own;
  const [registered] = await kams.store.read(`account-${account}`);
  const channels = [
    ...['/accounts?limit=200', `/accounts/${account}`, `/accounts/${account}/history`, `/accounts/${account}/as-of`],
    ...[`/accounts/${account}/hierarchy`, '/contacts', `/contacts/${contact}`, '/purchases', `/purchases/${purchase}`],
    ...[
      `/accounts/${account}/effective-tier`,
      `/accounts/${account}/tier/explain`,
      `/accounts/${account}/events/${registered!.id}`,
    ],
    ...['/rankings/value', '/rankings/tiers', '/events?limit=10000', '/account-teams', '/role-assignments', '/me'],
    ...['/accounts-approvals', `/accounts-approvals/${approval}`, '/accounts-forms', `/accounts-forms/${form}`],
    ...['/gifts', `/gifts/${gift}`, `/gift-ledgers/${ledger}`, `/contacts/${contact}/gifts`, '/gift-policy'],
    ...['/receptions', `/receptions/${reception}`],
    ...[`/accounts/${account}/timeline`, `/interactions/${interaction}`, '/visits', `/visits/${visit}`],
    ...['/commitments', `/commitments/${commitment}`],
    ...['/relationships', `/relationships/${relationship}`, `/accounts/${account}/relationship`],
    ...['/accounts-form-templates', `/accounts-form-templates/${world.template}`],
    ...['/opportunities', `/opportunities/${opportunity}`, '/funnel', '/funnel/win-rates', '/funnel/velocity', '/funnel/won'],
  ];
  const answers = new Map<string, string>();
  for (const path of channels) {
    const after = path.startsWith('/events') || path === '/me' ? '' : `${path.includes('?') ? '&' : '?'}after=${world.position}`;
    answers.set(path, (await kams.ask(`${path}${after}`, { as })).text);
  }
  answers.set('search', (await kams.post('/contacts/search', { email: MARKS['person.email'] }, { as })).text);
  answers.set('refused', (await kams.post(`/accounts/${account}/override-tier`, { tier: '?' }, { as })).text);

  const leaked: string[] = [];
  const missing: string[] = [];
  for (const [key, mark] of Object.entries(MARKS)) {
    // `resource:field` where several have a field of that name.
    const [field, named] = key.split(':').toReversed() as [string, string?];
    const resource = named ?? resourceOf(field);
    const shown = showsField(role, resource, field);
    const streamed = isInTable(role, resource, 'stream');
    const found = [...answers].filter(([, text]) => text.includes(written(mark))).map(([channel]) => channel);
    cells += answers.size;
    // The value of what was bought is the ranking's as well.
    const allowed = (channel: string) =>
      channel.startsWith('/events') ? streamed : channel === '/rankings/value' ? isInTable(role, 'ranking', 'read') : shown;
    leaked.push(...found.filter((channel) => !allowed(channel)).map((channel) => `${field} in ${channel}`));
    if (shown && !found.some((channel) => !channel.startsWith('/events'))) missing.push(field);
  }
  leaks += leaked.length;
  expect({ leaked, missing }).toEqual({ leaked: [], missing: [] });

  for (const [path, resource, field, body] of ASKING) {
    const { status } = await (body ? kams.post(path, body, { as }) : kams.ask(path, { as }));
    const shown = isInTable(role, resource, 'read') && showsField(role, resource, field);
    cells++;
    expect([path, field, status]).toEqual([path, field, shown ? 200 : 403]);
  }
});

afterAll(() => console.log(`P16 ${leaks === 0 ? 'pass' : 'FAIL'} roles=${ALL.length} cells=${cells} leaks=${leaks}`));
