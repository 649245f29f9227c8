// 客户接待申请: a visit of the customer to us, what it may cost, and what it did cost. Its guests are contacts.
import { z } from 'zod';
import { command, contract, event, field } from '../define';
import { localDate, money, text, uuid } from '../values';
import { unknownAccount } from './account';
import {
  approverId,
  approverRole,
  complianceDecides,
  datedTooEarly,
  fourEyes,
  notAnApprover,
  positiveMoney,
  requestedBy,
} from './gift-ledger';

const NAMES_NOBODY = 'It names no person: the guests do, by their ids.';

const receptionId = field(uuid(), 'Reception', '接待');
const accountId = field(uuid(), 'Account', '客户');
const guestIds = field(z.array(uuid()).min(1).max(100), 'Guests', '来宾', 'Contacts of the account, each once.');
const on = field(localDate(), 'Day', '接待日期');
const agenda = field(text(1_000), 'Agenda', '接待安排', NAMES_NOBODY);
const budget = field(positiveMoney, 'Budget', '预算', 'Minor units.');
const cost = field(money().extend({ minor: z.int().min(0) }), 'Cost', '实际费用', 'Minor units; 0 if it did not take place.');
const result = field(text(2_000), 'Result', '接待结果', NAMES_NOBODY);
const explanation = field(text(1_000), 'Explanation', '超支说明', `Why it cost more. ${NAMES_NOBODY}`);
const reason = field(text(500), 'Reason', '原因', NAMES_NOBODY);
const recipients = field(z.array(uuid()).min(1), 'Guests, by pseudonym', '来宾化名');
const amount = z.int().min(0);
const ofBudget = field(amount, 'Cap used', '已用预算', 'Minor units: the cost as far as the approved budget covers it.');
const overrun = field(amount, 'Overrun', '超支', 'Minor units: by how much the cost is above the approved budget.');

const aReception = '0190f5a0-0000-7000-8000-0000000000a2';
const anAccount = '0190f5a0-0000-7000-8000-000000000001';
const aBudget = { minor: 500_000, currency: 'CNY' };
const aRequest = {
  accountId: anAccount,
  guestIds: ['0190f5a0-0000-7000-8000-0000000000c1'],
  on: '2026-09-24',
  agenda: 'Tour of the plant, talk with production, dinner',
  budget: aBudget,
};
const known = { receptionId: aReception, accountId: anAccount };
const anApprover = { approverId: 'chen.jie', approverRole: 'regional_manager' as const };

export const receptionContract = contract({
  name: 'reception',
  plural: 'receptions',
  label: { en: 'Reception', zh: '客户接待' },
  description: 'A customer is received: the guests, the agenda, the approved budget, and what it cost in the end.',

  commands: {
    Request: command({
      version: 1,
      label: { en: 'Request reception', zh: '申请客户接待' },
      description: 'Asks to receive guests of an account, for a budget.',
      opens: true,
      data: z.strictObject({ accountId, guestIds, on, agenda, budget }),
      example: aRequest,
    }),
    Approve: command({
      version: 1,
      label: { en: 'Approve reception', zh: '批准客户接待' },
      description: 'Says yes to the budget. Another person than who asked: a sponsor or regional manager, or compliance.',
      data: z.strictObject({}),
      example: {},
    }),
    Reject: command({
      version: 1,
      label: { en: 'Reject reception', zh: '驳回客户接待' },
      description: 'Says no, and why. Another person than who asked, who might have said yes.',
      data: z.strictObject({ reason }),
      example: { reason: 'The tender is still open' },
    }),
    Report: command({
      version: 1,
      label: { en: 'Report reception', zh: '填报接待报告' },
      description:
        'Says what came of it and what it cost. A cost above the budget is a fact: it is recorded, and has to be explained.',
      data: z.strictObject({ cost, result, explanation: explanation.optional() }),
      example: { cost: { minor: 462_000, currency: 'CNY' }, result: 'They ask for an offer until October' },
    }),
    ExplainOverrun: command({
      version: 1,
      label: { en: 'Explain overrun', zh: '说明超支' },
      description: 'Says why it cost more than was approved.',
      data: z.strictObject({ explanation }),
      example: { explanation: 'Two more guests came' },
    }),
  },

  events: {
    ReceptionRequested: event({
      version: 1,
      label: { en: 'Reception requested', zh: '客户接待已申请' },
      description: 'Somebody asks to receive these guests.',
      data: z.strictObject({ receptionId, accountId, guestIds, on, agenda, budget, requestedBy }),
      example: { receptionId: aReception, ...aRequest, requestedBy: 'wang.fang' },
    }),
    ReceptionApproved: event({
      version: 1,
      label: { en: 'Reception approved', zh: '客户接待已批准' },
      description: 'Another person said yes to the budget.',
      data: z.strictObject({ receptionId, accountId, budget, approverId, approverRole }),
      example: { ...known, budget: aBudget, ...anApprover },
    }),
    ReceptionRejected: event({
      version: 1,
      label: { en: 'Reception rejected', zh: '客户接待已驳回' },
      description: 'Another person said no.',
      data: z.strictObject({ receptionId, accountId, reason, approverId, approverRole }),
      example: { ...known, reason: 'The tender is still open', ...anApprover },
    }),
    ReceptionReported: event({
      version: 1,
      label: { en: 'Reception reported', zh: '客户接待已报告' },
      description: 'It took place, and cost this much.',
      public: 'reception.reported',
      data: z.strictObject({
        receptionId,
        accountId,
        recipients,
        value: cost,
        budget,
        capUsed: ofBudget,
        overrun,
        result,
        explanation: explanation.optional(),
        approverId,
      }),
      example: {
        ...known,
        recipients: ['6f1d2c9e-5a54-5b6e-9f0a-0d7f6f1c0d11'],
        value: { minor: 462_000, currency: 'CNY' },
        budget: aBudget,
        capUsed: 462_000,
        overrun: 0,
        result: 'They ask for an offer until October',
        approverId: 'chen.jie',
      },
    }),
    ReceptionOverrunExplained: event({
      version: 1,
      label: { en: 'Overrun explained', zh: '超支已说明' },
      description: 'Why it cost more than was approved.',
      data: z.strictObject({ receptionId, accountId, overrun, explanation }),
      example: { ...known, overrun: 38_000, explanation: 'Two more guests came' },
    }),
  },

  refusals: {
    'unknown-account': unknownAccount,
    'unknown-guest': {
      status: 422,
      en: 'The account has no such contact, or the person was erased: "contactId". Register the guest first, or leave them out.',
      zh: '该客户没有此联系人或其个人信息已删除（见 contactId），请先登记来宾或将其移除。',
    },
    'reception-exists': { en: 'This reception was requested already. Request another one.', zh: '该接待已申请，请另行申请。' },
    'reception-decided': {
      en: 'It is too late or too early for this: "state" says how the reception stands. Request another one if it is needed.',
      zh: '接待当前状态（见 state）不允许此操作。如有需要，请另行申请。',
    },
    'cost-in-another-currency': {
      status: 422,
      en: 'The budget is in the currency in "currency", and nothing is converted. Give the cost in that one, at the rate of the day.',
      zh: '预算以 currency 所示币种计，不作换算。请按当日汇率以该币种填写费用。',
    },
    'unknown-currency': {
      en: 'There is no such currency in ISO 4217. Name one such as CNY.',
      zh: '没有该币种，请使用 ISO 4217 代码，例如 CNY。',
      status: 422,
    },
    'no-overrun': { en: 'There is nothing to explain: it cost no more than was approved.', zh: '费用未超出批准预算，无需说明。' },
    'dated-too-early': datedTooEarly,
    'four-eyes': fourEyes,
    'compliance-decides': complianceDecides,
    'not-an-approver': notAnApprover,
  },
});
export type ReceptionContract = typeof receptionContract;
