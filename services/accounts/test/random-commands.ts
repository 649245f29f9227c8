// Commands of every kind, from a seed. A lane is one caller: its accounts are its own, so what it sends makes sense in its order.
import { accountContract } from '@kams/contracts/accounts/account';
import { accountTeamContract } from '@kams/contracts/accounts/account-team';
import { commitmentContract } from '@kams/contracts/accounts/commitment';
import { contactContract } from '@kams/contracts/accounts/contact';
import { giftLedgerContract } from '@kams/contracts/accounts/gift-ledger';
import { DEFAULT_GIFT_POLICY, giftPolicyContract } from '@kams/contracts/accounts/gift-policy';
import { hierarchyContract } from '@kams/contracts/accounts/hierarchy';
import { opportunityContract } from '@kams/contracts/accounts/opportunity';
import { interactionContract } from '@kams/contracts/accounts/interaction';
import { purchaseContract } from '@kams/contracts/accounts/purchase';
import { receptionContract } from '@kams/contracts/accounts/reception';
import { relationshipContract } from '@kams/contracts/accounts/relationship';
import { roleAssignmentContract } from '@kams/contracts/accounts/role-assignment';
import { salesPipelineContract } from '@kams/contracts/accounts/sales-pipeline';
import { scoringModelContract } from '@kams/contracts/accounts/scoring-model';
import { visitContract } from '@kams/contracts/accounts/visit';
import type { AnyContract } from '@kams/contracts/define';
import { approvalContract } from '@kams/contracts/kernel/approval';
import { formContract } from '@kams/contracts/kernel/form';
import { formTemplateContract } from '@kams/contracts/kernel/form-template';
import { naturalId, type AnyAggregate, type Command } from '@kams/eventing';
import { approval as approvalOf } from '@kams/kernel/domain/approval';
import { form as formOf } from '@kams/kernel/domain/form';
import { formTemplate as formTemplateOf } from '@kams/kernel/domain/form-template';
import { chance as chanceOf } from '@kams/testing/faults/chance';
import { account } from '../src/domain/account';
import { accountTeam } from '../src/domain/account-team';
import { commitment } from '../src/domain/commitment';
import { contact } from '../src/domain/contact';
import { giftLedger } from '../src/domain/gift-ledger';
import { giftPolicy } from '../src/domain/gift-policy';
import { hierarchy } from '../src/domain/hierarchy';
import { opportunity } from '../src/domain/opportunity';
import { interaction } from '../src/domain/interaction';
import { purchase } from '../src/domain/purchase';
import { reception } from '../src/domain/reception';
import { relationship } from '../src/domain/relationship';
import { roleAssignment } from '../src/domain/role-assignment';
import { salesPipeline } from '../src/domain/sales-pipeline';
import { scoringModel } from '../src/domain/scoring-model';
import { visit } from '../src/domain/visit';

export interface Sent {
  readonly aggregate: AnyAggregate;
  readonly command: Command;
}

export const TENANTS = ['acme', 'globex', 'initech'] as const;
export const CONTRACTS: readonly AnyContract[] = [
  accountContract,
  contactContract,
  hierarchyContract,
  purchaseContract,
  scoringModelContract,
  accountTeamContract,
  roleAssignmentContract,
  giftLedgerContract,
  giftPolicyContract,
  receptionContract,
  salesPipelineContract,
  opportunityContract,
  interactionContract,
  visitContract,
  commitmentContract,
  relationshipContract,
  approvalContract('accounts'),
  formTemplateContract('accounts'),
  formContract('accounts'),
];
const approval = approvalOf('accounts');
const formTemplate = formTemplateOf('accounts');
const form = formOf('accounts', formTemplate);

/** Chance with the values that these commands are made of. */
function chance(seed: number) {
  const dice = chanceOf(seed);
  const { upTo } = dice;
  const uuid = (): string => {
    const hex = Array.from({ length: 32 }, () => upTo(15).toString(16)).join('');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-7${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
  };
  const day = (): string => new Date(Date.UTC(2015 + upTo(10), upTo(11), 1 + upTo(27))).toISOString().slice(0, 10);
  return { ...dice, uuid, day };
}

const NAMES = [
  'Müller GmbH',
  '中国石油天然气集团有限公司',
  'Acme Corporation',
  'İstanbul Çelik A.Ş.',
  'Société Générale',
  'O’Neill & Sons',
];
const CURRENCIES = ['CNY', 'EUR', 'GBP'];
const ZONES = ['Asia/Shanghai', 'Europe/London', 'America/New_York'];

/** Without end. Some of it is refused, as in life. */
export function* randomCommands(seed: number, lane: number): Generator<Sent, never> {
  const { upTo, of, uuid, day } = chance(seed * 1_000 + lane);
  const tenantId = TENANTS[lane % TENANTS.length]!;
  const accounts: string[] = [];
  const purchases: string[] = [];
  const models: string[] = [];
  const contacts: string[] = [];
  const approvals: string[] = [];
  const templates: string[] = [];
  const forms: string[] = [];
  const opportunities: string[] = [];
  let count = 0;

  const say = (aggregate: AnyAggregate, type: string, data: object, id?: string): Sent => ({
    aggregate,
    command: {
      type,
      data: aggregate.contract.commands[type]!.data.parse(data) as object,
      id,
      tenantId,
      actor: of(['user-1', 'user-2', 'user-3']),
      holds: () => true,
      ...(upTo(3) === 0 && { occurredAt: `${day()}T0${upTo(9)}:30:00.${upTo(9)}Z` }),
    },
  });
  const once = (aggregate: AnyAggregate, type: string, from: readonly string[], data: object) =>
    from.length === 0 ? register() : say(aggregate, type, data, of(from));
  const key = () => ({ system: of(['erp', 'crm']), type: 'customer', value: `${lane}-${upTo(60)}` });
  /** The fields of the objects come in an order that a database does not keep. */
  const fields = () => ({
    ...(upTo(1) && { employees: upTo(5) * 100 }),
    ...(upTo(1) && { industry: { scheme: 'ISIC', code: String(upTo(4)) } }),
    ...(upTo(1) && {
      revenue: { minor: upTo(4) * 1_000_000, currency: of(CURRENCIES), ...(upTo(1) && { year: 2020 + upTo(3) }) },
    }),
    ...(upTo(2) === 0 && { sector: of(['energy', 'finance']) }),
    ...(upTo(2) === 0 && { country: of(['China', 'Türkiye']) }),
    ...(upTo(3) === 0 && { nameZh: of(['某某集团有限公司', '示例公司']) }),
  });
  const profile = () => ({ name: `${of(NAMES)} ${lane}-${upTo(999)}`, ...fields() });

  function register(): Sent {
    const id = uuid();
    accounts.push(id);
    const keys = Array.from({ length: upTo(2) }, () => ({ system: 'erp', type: 'debtor', value: `${lane}-${count}-${upTo(1)}` }));
    return say(account, 'Register', { profile: profile(), externalIds: keys, ...(upTo(1) && { ownerId: 'user-1' }) }, id);
  }
  const person = () => ({
    name: `${of(['李伟', 'Žofia Nováková', 'O’Neill'])} ${upTo(99)}`,
    ...(upTo(1) && { email: `p${upTo(99)}@example.com` }),
    ...(upTo(1) && { jobTitle: of(['Buyer', '采购经理']) }),
  });
  function meet(): Sent {
    const id = uuid();
    contacts.push(id);
    return say(contact, 'Register', { accountId: of(accounts), person: person() }, id);
  }
  const content = () => {
    const share = 1 + upTo(8);
    return {
      name: `Value ${lane}-${upTo(99)}`,
      criteria: [
        {
          code: 'influence',
          label: { en: 'Influence', zh: '影响力' },
          weight: `0.${share}`,
          normaliser: { kind: 'linear', lo: '0', hi: '100', clamp: true },
          missing: 'exclude',
        },
        {
          code: 'strategic',
          label: { en: 'Strategic', zh: '战略' },
          weight: `0.${10 - share}`,
          normaliser: { kind: 'boolean', whenTrue: '100', whenFalse: '20' },
          missing: 'zero',
        },
      ],
      minCoverage: '0',
      ladder: {
        rungs: [
          { tier: 'A', from: '70' },
          { tier: 'B', from: '40' },
          { tier: 'C', from: '0' },
        ],
        hysteresis: '3',
        demoteAfter: 1,
      },
    };
  };
  function draft(): Sent {
    const id = uuid();
    models.push(id);
    return say(scoringModel, 'Draft', { content: content() }, id);
  }
  function askFor(): Sent {
    const id = uuid();
    approvals.push(id);
    const subject = { kind: of(['budget', 'gift_request']), id: uuid() };
    const request = { subject, rule: 'over-limit', approverRole: of(['finance', 'compliance_officer']), ask: of(NAMES) };
    const more = { ...(upTo(1) && { accountId: of(accounts), amount: { currency: of(CURRENCIES), minor: upTo(9_999) } }) };
    return say(approval, 'Request', { ...request, ...more }, id);
  }
  const label = { en: 'Question', zh: '问题' };
  const visitReport = () => ({
    name: { en: `Visit ${upTo(99)}`, zh: '拜访表' },
    sections: [
      {
        code: 'visit',
        label,
        fields: [
          { kind: 'longText', code: 'outcome', label, required: upTo(1) === 1 },
          { kind: 'scale', code: 'interest', label, required: false, steps: 5, weight: `0.${1 + upTo(8)}` },
          { kind: 'choices', code: 'topics', label, required: false, choices: [{ code: 'price', label }] },
        ],
      },
    ],
  });
  const answers = () => ({
    ...(upTo(3) && { outcome: of(NAMES) }),
    ...(upTo(1) && { interest: 1 + upTo(4) }),
    ...(upTo(1) && { topics: ['price'] }),
  });
  function draftForm(): Sent {
    const id = uuid();
    templates.push(id);
    return say(formTemplate, 'Draft', { content: visitReport() }, id);
  }
  function fillIn(): Sent {
    if (templates.length === 0) return draftForm();
    const id = uuid();
    forms.push(id);
    const subject = { kind: of(['account', 'contact']), id: of(accounts) };
    const about = { templateId: of(templates), version: 1, subject };
    return say(form, 'Submit', { ...about, answers: answers(), ...(upTo(1) && { accountId: of(accounts) }) }, id);
  }
  function record(): Sent {
    const txnId = `T${lane}-${++count}`;
    purchases.push(naturalId(tenantId, 'purchase', ['erp', txnId]));
    const sign = upTo(5) === 0 ? -1 : 1;
    return say(purchase, 'Record', {
      sourceSystem: 'erp',
      txnId,
      account: { accountId: of(accounts) },
      kind: sign < 0 ? 'return' : 'sale',
      lines: Array.from({ length: 1 + upTo(4) }, (_, i) => ({
        sku: `S-${i}`,
        qty: sign * (1 + upTo(9)),
        unitPrice: `${upTo(99)}.${upTo(9)}5`,
      })),
      ccy: of(CURRENCIES),
      txnAt: `${day()}T${10 + upTo(9)}:00:00+08:00`,
      zone: of(ZONES),
    });
  }
  const amount = () => ({ minor: upTo(9) * 100_000, currency: of(CURRENCIES) });
  const deal = () => ({
    productRefs: of([['T-800'], ['T-800', '样机'], []]),
    ...(upTo(1) && { amount: amount() }),
    ...(upTo(1) && { expectedClose: day() }),
    ...(upTo(1) && { ownerId: 'user-1' }),
  });
  function sell(): Sent {
    const id = uuid();
    opportunities.push(id);
    return say(opportunity, 'Open', { accountId: of(accounts), name: of(NAMES), ...deal() }, id);
  }
  const stages = () => ({
    stages: ['prospecting', 'engaging', 'proposal', 'negotiation'].map((code, i) => ({
      code,
      label: { en: code, zh: '阶段' },
      probability: `0.${1 + 2 * i + upTo(1)}`,
    })),
  });
  const subject = () => `subject-${lane}-${upTo(3)}`;
  const member = () => ({ memberId: subject(), role: of(['key_account_manager', 'service_lead']) });
  const role = () =>
    upTo(1) ? { role: of(['finance', 'analyst']) } : { role: 'regional_manager', scope: { accountId: of(accounts.slice(0, 2)) } };
  const reason = { reason: 'As agreed' };
  const actions: readonly (() => Sent)[] = [
    register,
    register,
    () => say(account, 'Import', { externalId: key(), profile: profile(), source: 'erp' }),
    () => once(account, 'UpdateProfile', accounts, { set: fields(), ...(upTo(1) && { validFrom: day() }) }),
    () => once(account, 'UpdateProfile', accounts, { set: fields(), clear: ['website', 'foundedYear'], validFrom: day() }),
    () => once(account, 'UpdateProfile', accounts, { clear: [of(['industry', 'sector', 'revenue'])], validFrom: day() }),
    () => once(account, 'AssignExternalId', accounts, key()),
    () => once(account, 'NominateKeyAccount', accounts, { programme: 'strategic', modelId: of(models), ...reason }),
    () => once(account, 'DesignateKeyAccount', accounts, reason),
    () => once(account, 'DeclineKeyAccount', accounts, reason),
    () => once(account, 'ReleaseKeyAccount', accounts, reason),
    () => once(account, 'RateCriterion', accounts, { code: 'influence', raw: String(upTo(100)) }),
    () => once(account, 'RateCriterion', accounts, { code: 'influence', raw: String(upTo(100)), note: 'Seen' }),
    () => once(account, 'RateCriterion', accounts, { code: 'strategic', raw: upTo(1) === 1 }),
    () => once(account, 'AssessValue', accounts, { modelId: of(models), scheduled: true }),
    () => once(account, 'AssessValue', accounts, { modelId: of(models), scheduled: upTo(1) === 1 }),
    () => once(account, 'ApproveTier', accounts, reason),
    () => once(account, 'OverrideTier', accounts, { tier: of(['A', 'B', 'C']), until: '2026-12-31T00:00:00Z', ...reason }),
    () => once(account, 'ApproveTierOverride', accounts, reason),
    () => once(account, 'EndTierOverride', accounts, {}),
    () => say(hierarchy, 'Link', { accountId: of(accounts), parentId: of(accounts), linkType: 'subsidiary', validFrom: day() }),
    () => say(hierarchy, 'Link', { accountId: of(accounts), parentId: of(accounts), linkType: 'branch', validFrom: day() }),
    () => say(hierarchy, 'Unlink', { accountId: of(accounts), validTo: day(), ...reason }),
    meet,
    meet,
    () => once(contact, 'Change', contacts, { set: person(), clear: ['phone', ...(upTo(1) ? ['email'] : [])] }),
    () => once(contact, 'SetRole', contacts, { role: of(['approver', 'user']), power: 1 + upTo(4), stance: upTo(4) - 2 }),
    () =>
      once(contact, 'ChangeConsent', contacts, {
        channel: 'email',
        purpose: 'survey',
        status: of(['granted', 'withdrawn']),
        basis: 'form',
      }),
    () => (upTo(2) === 0 ? once(contact, 'Depart', contacts, { on: day(), reason: 'Left' }) : meet()),
    () => (upTo(2) === 0 ? once(contact, 'Erase', contacts, { request: 'dsr' }) : meet()),
    askFor,
    () => once(approval, 'Grant', approvals, upTo(1) ? { note: 'Seen' } : {}),
    () => once(approval, 'Reject', approvals, reason),
    () => once(approval, 'Withdraw', approvals, reason),
    draftForm,
    () => once(formTemplate, 'Revise', templates, { content: visitReport() }),
    () => once(formTemplate, 'Publish', templates, {}),
    () => (upTo(2) === 0 ? once(formTemplate, 'Retire', templates, { version: 1, ...reason }) : fillIn()),
    fillIn,
    () => once(form, 'Correct', forms, { set: answers(), ...reason }),
    () => once(form, 'Correct', forms, { clear: ['interest', 'topics'], ...reason }),
    () => once(form, 'Erase', forms, { request: 'dsr' }),
    record,
    record,
    record,
    () => once(purchase, 'Reverse', purchases, { reversedAt: `${day()}T12:00:00Z`, zone: of(ZONES), ...reason }),
    () => once(scoringModel, 'Revise', models, { content: content() }),
    () => once(scoringModel, 'Publish', models, {}),
    () => (upTo(3) === 0 ? once(scoringModel, 'Retire', models, { version: 1 + upTo(2), ...reason }) : draft()),
    sell,
    () => {
      const externalId = { ...key(), type: 'opportunity' };
      const end = { outcome: 'won', closedOn: '2015-01-01', amount: amount() };
      return say(opportunity, 'Import', { externalId, account: key(), ...deal(), stage: 'engaging', ...(upTo(1) && { end }) });
    },
    () => once(opportunity, 'Move', opportunities, { to: of(['engaging', 'proposal']), ...(upTo(1) && reason) }),
    () => once(opportunity, 'Revise', opportunities, { set: deal(), ...(upTo(1) && { clear: ['amount', 'ownerId'] }) }),
    () =>
      upTo(5) === 0
        ? say(
            salesPipeline,
            ...of<[string, object]>([
              ['Draft', { content: stages() }],
              ['Publish', {}],
            ]),
          )
        : sell(),
    () => say(accountTeam, 'Assign', { accountId: of(accounts), ...member() }),
    () => say(accountTeam, 'Release', { accountId: of(accounts), ...member(), ...reason }),
    () => say(accountTeam, 'Assign', { accountId: of(accounts.slice(0, 2)), ...member() }),
    () => say(accountTeam, 'Release', { accountId: of(accounts.slice(0, 2)), ...member(), ...reason }),
    () => say(roleAssignment, 'Grant', { subjectId: subject(), ...role() }),
    () => say(roleAssignment, upTo(1) ? 'Grant' : 'Revoke', { subjectId: subject(), ...role(), ...reason }),
  ];

  /** What chance alone hardly ever brings to its end: every step has to follow from the one before. */
  function* career(): Generator<Sent> {
    const id = of(accounts);
    const modelId = of(models);
    const as = (actor: string, it: Sent): Sent => ({ ...it, command: { ...it.command, actor, occurredAt: undefined } });
    yield say(account, 'DeclineKeyAccount', reason, id);
    yield say(account, 'ReleaseKeyAccount', reason, id);
    yield say(scoringModel, 'Publish', {}, modelId);
    if (upTo(1)) {
      yield as('user-1', say(account, 'NominateKeyAccount', { programme: 'regional', modelId, ...reason }, id));
      yield say(account, 'DeclineKeyAccount', reason, id);
    }
    yield fillIn();
    if (forms.length > 0) yield say(form, 'Erase', { request: 'dsr' }, forms.at(-1));
    yield as('user-1', say(account, 'NominateKeyAccount', { programme: 'regional', modelId, ...reason }, id));
    yield as('user-2', say(account, 'AssessValue', { modelId, scheduled: true }, id));
    yield as('user-3', say(account, 'DesignateKeyAccount', reason, id));
    if (upTo(1)) yield as('user-1', say(account, 'ReleaseKeyAccount', reason, id));
    const at = (day: string, it: Sent): Sent => ({ ...it, command: { ...it.command, occurredAt: `${day}T00:00:00.000Z` } });
    const override = { tier: of(['A', 'B', 'C']), until: '2026-02-01T00:00:00Z', ...reason };
    yield at('2026-01-01', as('user-1', say(account, 'OverrideTier', override, id)));
    yield at('2026-01-01', as('user-2', say(account, 'ApproveTierOverride', reason, id)));
    yield at('2026-02-01', say(account, 'EndTierOverride', {}, id));
    const granted = { subjectId: `analyst-${upTo(9)}`, role: 'analyst' };
    yield say(roleAssignment, 'Grant', granted);
    yield say(roleAssignment, 'Revoke', { ...granted, ...reason });
  }

  /** Gifts to a person, and a reception: what is done with each follows from what was done before. */
  function* hospitality(): Generator<Sent> {
    const [accountId, contactId] = [of(accounts), uuid()];
    const by = (actor: string, it: Sent, occurredAt?: string): Sent => ({ ...it, command: { ...it.command, actor, occurredAt } });
    const content = { ...DEFAULT_GIFT_POLICY, perRecipient: 300_000 + upTo(9) * 1_000 };
    yield say(giftPolicy, 'Publish', { content });
    yield by('user-1', say(contact, 'Register', { accountId, person: person() }, contactId));
    for (const end of ['DeliverGift', 'ReturnGift', 'LapseGift', 'RejectGift', of(['DeliverGift', 'LapseGift'])]) {
      const gift = { giftId: uuid() };
      const value = { minor: 1 + upTo(99_999), currency: 'CNY' };
      const words = { what: of(NAMES), ...(upTo(1) && { occasion: of(NAMES) }) };
      yield by('user-1', say(giftLedger, 'RequestGift', { ...gift, accountId, contactId, value, ...words }));
      if (end !== 'RejectGift') yield by('user-2', say(giftLedger, 'ApproveGift', gift));
      const ends = say(giftLedger, end, /Return|Reject/.test(end) ? { ...gift, ...reason } : gift);
      yield by('user-3', ends, end === 'LapseGift' ? '2099-01-01T00:00:00.000Z' : undefined);
    }
    for (const command of ['Approve', 'Reject']) {
      const id = uuid();
      const budget = { minor: 1 + upTo(500_000), currency: of(CURRENCIES) };
      const planned = { accountId, guestIds: [contactId], on: day(), agenda: of(NAMES), budget };
      yield by('user-1', say(reception, 'Request', planned, id));
      yield by('user-2', say(reception, command, command === 'Reject' ? reason : {}, id));
      yield by('user-1', say(reception, 'Report', { cost: { ...budget, minor: upTo(999_999) }, result: of(NAMES) }, id));
      yield by('user-1', say(reception, 'ExplainOverrun', { explanation: of(NAMES) }, id));
    }
    contacts.push(contactId);
  }
  /** Of an opportunity from its beginning to its end. */
  function* dealing(): Generator<Sent> {
    const id = uuid();
    const on = (date: string, type: string, data: object): Sent => {
      const it = say(opportunity, type, data, id);
      return { ...it, command: { ...it.command, occurredAt: `2026-01-${date}T00:00:00.000Z` } };
    };
    const january = (date: string): string => `2026-01-${date}T00:00:00Z`;
    yield on('02', 'Open', { accountId: of(accounts), ...deal() });
    yield on('03', 'NameCompetitor', { competitorId: 'rival-1' });
    yield on('03', 'AnnounceTender', { reference: 'HZ-42', documents: [], deadline: january('10') });
    if (upTo(1)) yield on('04', 'ChangeTender', { deadline: january('11') });
    else yield on('10', 'NoteDeadlineMissed', {});
    yield on('12', 'SubmitBid', { submittedAt: january('12'), late: reason });
    yield on('13', 'OpenBids', { openedAt: january('13') });
    yield on('14', 'AwardTender', { awarded: upTo(2) > 0, decidedAt: january('14') });
    yield on('15', 'Win', { amount: amount(), closedOn: '2026-01-14', ...reason });
    if (upTo(1)) yield on('16', 'Reopen', reason);
    yield on('17', 'Lose', { reasonCode: 'price', closedOn: '2026-01-16' });
    const due = (code: string, date: string) => ({ code, name: code, dueAt: january(date) });
    yield on('18', 'PlanDelivery', { milestones: [due('site', '20'), due('accepted', '25')] });
    if (upTo(1)) yield on('20', 'NoteMilestonesLate', {});
    yield on('21', 'CompleteMilestone', { milestone: 'site', completedAt: january('21') });
    yield on('22', 'CompleteMilestone', { milestone: 'accepted', completedAt: january('22') });
  }
  /** What is said and promised on a visit, and what time makes of another one: in its order, or the rules refuse it. */
  function* touch(accountId: string): Generator<Sent> {
    const at = (instant: string, it: Sent): Sent => ({
      ...it,
      command: { ...it.command, occurredAt: `2026-03-${instant}.000Z` },
    });
    const contactId = uuid();
    yield say(contact, 'Register', { accountId, person: person() }, contactId);
    const words = () => ({ ...(upTo(1) && { outcome: of(NAMES) }), ...(upTo(1) && { nextStep: of(NAMES) }) });

    const [held, missed, calledOff] = [uuid(), uuid(), uuid()];
    const times = { startsAt: '2026-03-04T01:00:00Z', endsAt: `2026-03-04T0${2 + upTo(7)}:30:00Z` };
    const plan = {
      accountId,
      contactIds: upTo(1) ? [contactId] : [],
      ...times,
      goal: of(NAMES),
      ...(upTo(1) && { place: 'Gate 2' }),
    };
    for (const id of [held, missed, calledOff]) yield at('01T00:00:00', say(visit, 'Plan', plan, id));
    const later = { startsAt: '2026-03-04T02:00:00Z', endsAt: '2026-03-04T10:00:00Z', ...(upTo(1) && reason) };
    yield at('02T00:00:00', say(visit, 'Reschedule', later, held));
    yield at('02T00:00:00', say(visit, 'Cancel', upTo(1) ? reason : {}, calledOff));
    yield at('04T11:00:00', say(visit, 'Complete', upTo(1) ? { sentiment: upTo(4) - 2 } : {}, held));
    yield at('05T11:00:00', say(visit, 'Miss', {}, missed));
    if (upTo(1)) yield at('06T10:00:00', say(visit, 'NoteReportOverdue', {}, held));
    yield at('09T10:00:00', say(visit, 'Report', { outcome: of(NAMES), ...words() }, held));
    yield say(visit, 'Erase', { request: 'dsr' }, missed);

    const [called, twice] = [uuid(), uuid()];
    const call = { accountId, kind: of(['call', 'mail']), occurredAt: '2026-03-05T03:00:00Z', direction: 'two_way', ...words() };
    const participants = [{ contactId }, { userId: 'user-1' }];
    const more = { participants, ...(upTo(1) && { durationMin: 20 }) };
    yield at('05T04:00:00', say(interaction, 'LogInteraction', { ...call, ...more }, called));
    yield at('05T04:00:00', say(interaction, 'LogInteraction', { ...call, participants: [{ userId: 'user-2' }] }, twice));
    const correction = { set: { ...words(), sentiment: -1 }, clear: ['durationMin'], ...reason };
    yield at('06T00:00:00', say(interaction, 'Correct', correction, called));
    yield say(interaction, 'Withdraw', { because: of(['logged_twice', 'did_not_happen']) }, twice);
    yield say(interaction, 'Erase', { request: 'dsr' }, twice);

    const [kept, broken] = [uuid(), uuid()];
    const promise = { accountId, what: of(NAMES), dueAt: '2026-03-06T10:00:00Z', madeIn: { kind: 'visit', ref: held } };
    yield at('04T11:00:00', say(commitment, 'Make', { ...promise, contactId }, kept));
    yield at('04T11:00:00', say(commitment, 'Make', promise, broken));
    yield at('05T00:00:00', say(commitment, 'Reassign', { ownerId: 'user-3' }, kept));
    yield at('06T10:00:00', say(commitment, 'NoteOverdue', {}, kept));
    yield at('07T00:00:00', say(commitment, 'Postpone', { dueAt: '2026-03-20T10:00:00Z', ...reason }, kept));
    yield at('21T00:00:00', say(commitment, 'Fulfil', upTo(1) ? { note: of(NAMES) } : {}, kept));
    yield say(commitment, 'Break', { because: 'forgotten', ...(upTo(1) && { note: of(NAMES) }) }, broken);
    yield say(commitment, 'Erase', { request: 'dsr' }, broken);
    if (upTo(2) === 0) yield say(contact, 'Erase', { request: 'dsr' }, contactId);
  }

  /** How the relationship with an account grows, and falls back. */
  function* relating(accountId: string): Generator<Sent> {
    const contactId = uuid();
    yield say(contact, 'Register', { accountId, person: person() }, contactId);
    yield say(contact, 'SetRole', { role: of(['decision_maker', 'user']), power: 1 + upTo(4), stance: 1 }, contactId);
    const points = () => 1 + upTo(4);
    const judge = (actor: string, trust: number): Sent => {
      const judged = { trust, commitment: points(), satisfaction: points(), openness: points(), access: points() };
      const it = say(relationship, 'AssessContact', { accountId, contactId, ...judged });
      return { ...it, command: { ...it.command, actor, occurredAt: `2026-03-0${1 + upTo(8)}T09:00:00.000Z` } };
    };
    yield judge('user-1', 1);
    yield judge('user-2', 5);
    const evidence = [of(NAMES)];
    yield say(relationship, 'AssessStage', { accountId, stage: 'cooperative', evidence });
    yield say(relationship, 'AssessStage', { accountId, stage: of(['exploratory', 'basic']), evidence });
    const goal = { stageTarget: 'integrated', ...(upTo(1) && { npsTarget: 40 }), until: '2999-12-31' };
    yield say(relationship, 'SetGoal', { accountId, ...goal });
    const actions = [{ what: of(NAMES), ownerId: 'user-1', dueOn: day() }];
    yield say(relationship, 'PlanStrengthening', { accountId, actions });
  }

  /** A model and a member of a team that are there for a while: chance seldom takes away what it has given. */
  function* whatGoesAgain(): Generator<Sent> {
    yield draft();
    const model = models.at(-1);
    yield say(scoringModel, 'Publish', {}, model);
    yield say(scoringModel, 'Retire', { version: 1, ...reason }, model);
    const leaver = { accountId: of(accounts), memberId: 'leaver', role: 'service_lead' };
    yield say(accountTeam, 'Assign', leaver);
    yield say(accountTeam, 'Release', { ...leaver, ...reason });
  }

  yield draft();
  yield say(scoringModel, 'Publish', {}, models[0]);
  yield say(salesPipeline, 'Draft', { content: stages() });
  yield say(salesPipeline, 'Publish', {});
  for (let i = 0; i < 3; i++) yield register();
  yield* whatGoesAgain();
  if (lane % 4 === 0) yield* touch(of(accounts));
  if (lane % 4 === 1) yield* relating(of(accounts));
  for (let steps = 0; ; steps++) {
    if (upTo(40) === 0) yield* career();
    else if (lane % 4 === 3 && steps % 300 === 0) yield* hospitality();
    else if (upTo(50) === 0) yield* dealing();
    else if (upTo(150) === 0) yield* touch(of(accounts));
    else if (upTo(150) === 0) yield* relating(of(accounts));
    else yield of(actions)();
    if (accounts.length > 40) accounts.shift();
    if (models.length > 4) models.shift();
    if (contacts.length > 20) contacts.shift();
    if (approvals.length > 4) approvals.shift();
    if (templates.length > 2) templates.shift();
    if (forms.length > 8) forms.shift();
    if (opportunities.length > 8) opportunities.shift();
  }
}
