// A tenant with a group, its subsidiary and another account, with everything that belongs to accounts on each; and one person a
// role, who has it at the group where it is one at accounts.
import { APPROVER_ROLES } from '@kams/contracts/kernel/approval';
import { ROLES, TEAM_ROLES, type Role, type TeamRole } from '@kams/contracts/policy';
import type { TestServices } from '@kams/testing';
import { randomUUID } from 'node:crypto';
import type { Whose } from './expected';
import { content } from '../scoring-models';

export const MARKS = {
  'profile.revenue': 987_654_321,
  'profile.employees': 918_273,
  'profile.website': 'https://marker-website.example',
  ratings: 'marker-rating',
  'person.name': 'Marker-Name',
  'person.email': 'marker-email@example.com',
  'person.phone': '+8613900001234',
  'person.jobTitle': 'marker-job-title',
  'person.birthday': '1971-03-04',
  'person.interests': 'marker-interests',
  'person.notes': 'marker-notes',
  consents: 'marker-legal-basis',
  lines: 'MARKER-SKU',
  total: 7_776_543,
  ask: 'marker-ask',
  amount: 6_655_441,
  answers: 'marker-answer',
  history: 'marker-reason',
  score: '83.417000',
  what: 'marker-gift',
  agenda: 'marker-agenda',
  result: 'marker-result',
  productRefs: 'MARKER-PRODUCT',
  tender: 'MARKER-TENDER',
  competitors: 'marker-competitor',
  outcome: 'marker-outcome',
  nextStep: 'marker-next-step',
  goal: 'marker-goal',
  report: 'marker-report',
  'commitment:what': 'marker-promise',
  postponements: 'marker-postponed',
  stages: 'marker-evidence',
  plan: 'marker-action',
} as const;

export interface Things {
  readonly account: string;
  readonly contact: string;
  /** Whom nobody erases: what is said of a person goes on to be tried. */
  readonly colleague: string;
  readonly purchase: string;
  readonly team: string;
  readonly approval: string;
  readonly form: string;
  readonly gift: string;
  readonly ledger: string;
  readonly reception: string;
  readonly opportunity: string;
  readonly interaction: string;
  readonly visit: string;
  readonly commitment: string;
  readonly relationship: string;
}
export interface World {
  readonly tenantId: string;
  readonly group: string;
  readonly own: Things;
  readonly other: Things;
  readonly model: string;
  readonly template: string;
  readonly roleAssignment: string;
  readonly position: string;
}
export const thingsOf = (world: World, foreign: World, whose: Whose): Things =>
  whose === 'foreign' ? foreign.own : world[whose];

const JUDGED = { trust: 4, commitment: 3, satisfaction: 5, openness: 2, access: 3 };
const IN_YEARS = { startsAt: '2040-03-01T08:00:00Z', endsAt: '2040-03-02T08:00:00Z' };

export const ROOT = 'root';
export const subjectOf = (role: Role): string => `a-${role.replaceAll('_', '-')}`;

const label = { en: 'Label', zh: '标签' };
const TEMPLATE = {
  name: label,
  sections: [
    {
      code: 'visit',
      label,
      fields: [
        { kind: 'longText', code: 'outcome', label, required: true },
        { kind: 'choice', code: 'grade', label, required: true, choices: [{ code: 'a', label, score: '83.417' }], weight: '1' },
      ],
    },
  ],
};
export const ANSWERS = { outcome: MARKS.answers, grade: 'a' };

export async function worldOf(kams: TestServices, tenantId: string, roles: readonly Role[]): Promise<World> {
  const as = { subject: ROOT, tenantId };
  const post = async (path: string, body: object, who = as) => {
    const answer = await kams.post(path, body, { as: who });
    if (answer.status > 201) throw new Error(`${path} ${answer.status} ${answer.text}`);
    return answer.body as { id: string; position: string };
  };

  const { id: model } = await post('/scoring-models', { content });
  await post(`/scoring-models/${model}/publish`, {});
  const { id: template } = await post('/accounts-form-templates', { content: TEMPLATE });
  await post(`/accounts-form-templates/${template}/publish`, {});
  // Decided by the one whom this world is about, if that is somebody who decides.
  const approverRole = APPROVER_ROLES.find((it) => roles.includes(it)) ?? 'finance';
  // What is given and whom we receive is decided already: no rule of who decides comes before what the policy says.
  const decider = { subject: 'decider', tenantId };
  await post('/role-assignments', { subjectId: decider.subject, role: 'compliance_officer' });
  const things = async (name: string): Promise<Things> => {
    const { id: account } = await post('/accounts', {
      profile: {
        name,
        revenue: { minor: MARKS['profile.revenue'], currency: 'CNY' },
        employees: MARKS['profile.employees'],
        website: MARKS['profile.website'],
      },
      externalIds: [{ system: 'erp', type: 'customer', value: name }],
    });
    await post(`/accounts/${account}/rate-criterion`, { code: 'influence', raw: '50', note: MARKS.ratings });
    const { id: contact } = await post('/contacts', {
      accountId: account,
      person: {
        name: MARKS['person.name'],
        email: MARKS['person.email'],
        phone: MARKS['person.phone'],
        jobTitle: MARKS['person.jobTitle'],
        birthday: MARKS['person.birthday'],
        interests: MARKS['person.interests'],
        notes: MARKS['person.notes'],
      },
    });
    const consent = { channel: 'email', purpose: 'marketing', status: 'granted', basis: MARKS.consents };
    await post(`/contacts/${contact}/change-consent`, consent);
    const { id: purchase } = await post('/purchases', {
      ...{ sourceSystem: 'erp', txnId: name, account: { accountId: account }, kind: 'sale', ccy: 'CNY' },
      ...{ lines: [{ sku: MARKS.lines, qty: 1, unitPrice: '77765.43' }], txnAt: '2026-03-01T08:00:00Z', zone: 'Asia/Shanghai' },
    });
    const { id: team } = await post('/account-teams', { accountId: account, memberId: 'somebody', role: 'service_lead' });
    const about = { subject: { kind: 'account', id: account }, accountId: account };
    const { id: approval } = await post('/accounts-approvals', {
      ...about,
      ...{ rule: 'over-limit', approverRole, ask: MARKS.ask, amount: { minor: MARKS.amount, currency: 'CNY' } },
    });
    const { id: form } = await post('/accounts-forms', { ...about, templateId: template, answers: { ...ANSWERS, outcome: 'x' } });
    await post(`/accounts-forms/${form}/correct`, { set: { outcome: MARKS.answers }, reason: MARKS.history });
    const gift = randomUUID();
    const value = { minor: 80_000, currency: 'CNY' };
    const wish = { giftId: gift, accountId: account, contactId: contact, value, what: MARKS.what };
    const { id: ledger } = await post('/gift-ledgers', wish);
    await post('/gift-ledgers/approve-gift', { giftId: gift }, decider);
    await post('/gift-ledgers/deliver-gift', { giftId: gift });
    const hosted = { accountId: account, guestIds: [contact], on: '2026-03-20', agenda: MARKS.agenda, budget: value };
    const { id: reception } = await post('/receptions', hosted);
    await post(`/receptions/${reception}/approve`, {}, decider);
    await post(`/receptions/${reception}/report`, { cost: value, result: MARKS.result });
    const deal = { productRefs: [MARKS.productRefs], amount: { minor: 25_000_000, currency: 'CNY' } };
    const { id: opportunity } = await post('/opportunities', { accountId: account, ...deal });
    const tender = { reference: MARKS.tender, documents: [], deadline: '2999-01-01T00:00:00Z' };
    await post(`/opportunities/${opportunity}/announce-tender`, tender);
    await post(`/opportunities/${opportunity}/name-competitor`, { competitorId: MARKS.competitors });
    const talk = { participants: [{ contactId: contact }], direction: 'two_way', occurredAt: '2026-03-02T09:00:00Z' };
    const { id: interaction } = await post('/interactions', {
      ...{ accountId: account, kind: 'call', ...talk, outcome: MARKS.outcome, nextStep: MARKS.nextStep },
    });
    const visit = await visitOf(account);
    const { id: commitment } = await post('/commitments', {
      ...{
        accountId: account,
        contactId: contact,
        what: MARKS['commitment:what'],
        dueAt: IN_YEARS.startsAt,
        madeIn: { kind: 'call' },
      },
    });
    await post(`/commitments/${commitment}/postpone`, { dueAt: IN_YEARS.endsAt, reason: MARKS.postponements });
    const { id: colleague } = await post('/contacts', { accountId: account, person: { name: 'Colleague' } });
    await post('/relationships', { accountId: account, contactId: colleague, ...JUDGED });
    const stage = { accountId: account, stage: 'basic', evidence: [MARKS.stages] };
    const { id: relationship } = await post('/relationships/assess-stage', stage);
    const actions = [{ what: MARKS.plan, ownerId: 'somebody', dueOn: '2040-03-01' }];
    await post('/relationships/plan-strengthening', { accountId: account, actions });
    return {
      ...{ account, contact, colleague, purchase, team, approval, form, gift, ledger, reception, opportunity },
      ...{ interaction, visit, commitment, relationship },
    };
  };
  /** Planned in time, and then it took place: both are said of an earlier day. */
  const visitOf = async (accountId: string): Promise<string> => {
    const times = { startsAt: '2026-03-04T01:00:00Z', endsAt: '2026-03-04T02:00:00Z' };
    const plan = { accountId, contactIds: [], ...times, goal: MARKS.goal };
    const planned = await kams.post('/visits', plan, { as, headers: { 'occurred-at': '2026-03-01T00:00:00Z' } });
    await post(`/visits/${planned.body.id}/complete`, { report: { outcome: MARKS.report } });
    return planned.body.id;
  };
  const { id: group } = await post('/accounts', { profile: { name: 'Group' } });
  const own = await things('Own');
  const other = await things('Other');
  await post('/hierarchy/link', { accountId: own.account, parentId: group, linkType: 'subsidiary', validFrom: '2020-01-01' });
  for (const role of roles) {
    if (TEAM_ROLES.includes(role as TeamRole)) {
      await post('/account-teams', { accountId: group, memberId: subjectOf(role), role });
    } else {
      const scope = ROLES[role].at === 'account' ? { scope: { accountId: group } } : {};
      await post('/role-assignments', { subjectId: subjectOf(role), role, ...scope });
    }
  }
  const { id: roleAssignment, position } = await post('/role-assignments', { subjectId: 'somebody', role: 'finance' });
  return { tenantId, group, own, other, model, template, roleAssignment, position };
}
