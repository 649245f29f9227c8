// 礼品馈赠申请: what is given to a person, and how much of the cap that takes. One stream a recipient: the cap is a rule over all
// gifts of one. What leaves the service knows the recipient by a pseudonym alone.
import { z } from 'zod';
import { command, contract, event, field } from '../define';
import { personal } from '../personal';
import type { Role } from '../policy';
import { currency, instant, text, uuid } from '../values';

/** Who may decide a gift or a reception; of a sector that the policy names, compliance alone. Who answers for an account does not. */
export const HOSPITALITY_APPROVERS = ['executive_sponsor', 'regional_manager', 'compliance_officer'] as const satisfies Role[];
export type HospitalityApprover = (typeof HOSPITALITY_APPROVERS)[number];

const actor = text(255);
const amount = z.int().min(0);
export const positiveMoney = z.strictObject({ minor: z.int().min(1), currency: currency() });
export const approverId = field(actor, 'Approver', '审批人');
export const approverRole = field(z.enum(HOSPITALITY_APPROVERS), 'Role of the approver', '审批角色');
export const requestedBy = field(actor, 'Requested by', '申请人');

const giftId = field(
  uuid(),
  'Gift',
  '礼品',
  'Chosen by who requests it: requested again under the same id, it is the same gift.',
);
const accountId = field(uuid(), 'Account', '客户');
const contactId = field(uuid(), 'Recipient', '受赠人', 'A contact of the account.');
const recipient = field(uuid(), 'Recipient, by pseudonym', '受赠人化名');
const value = field(positiveMoney, 'Value', '价值', 'Minor units.');
const what = field(personal(text(300)), 'Gift', '礼品内容', 'What is given.');
const occasion = field(personal(text(300)), 'Occasion', '馈赠事由');
/** What somebody writes of a gift may say something of whom it is for. */
const reason = field(personal(text(500)), 'Reason', '原因');
const lapsesAt = field(instant(), 'Lapses at', '失效时间', 'Before this instant it has to be decided, or delivered.');
const capUsed = field(amount, 'Cap used', '已用限额', 'Minor units, with this gift, at the instant of the event.');
const policyVersion = field(amount, 'Version of the policy', '规定版本', '0: the default.');

const aGift = '0190f5a0-0000-7000-8000-0000000000a1';
const anAccount = '0190f5a0-0000-7000-8000-000000000001';
const aContact = '0190f5a0-0000-7000-8000-0000000000c1';
const aRecipient = '6f1d2c9e-5a54-5b6e-9f0a-0d7f6f1c0d11';
const aValue = { minor: 80_000, currency: 'CNY' };
const aRequest = { giftId: aGift, accountId: anAccount, contactId: aContact, value: aValue, what: 'Porcelain tea set' };
const known = { giftId: aGift, accountId: anAccount, recipient: aRecipient };
const ofAPerson = { ...known, contactId: aContact };
const person = ({ contactId }: { contactId: string }): string => contactId;

/** A command says the gift; the ledger that holds it is found by that. */
const ofGift = { opens: true, heldKey: ({ giftId }: { giftId: string }) => giftKey(giftId) } as const;
/** The key under which a recipient's ledger holds a gift. */
export const giftKey = (giftId: string) => ({ kind: 'gift', parts: [giftId] });

/** The same for gifts and receptions. */
export const fourEyes = {
  en: 'Who proposed may not decide. Ask another person to do it.',
  zh: '提议人不能自行批准，请由他人决定。',
} as const;
export const complianceDecides = {
  status: 403,
  en: 'The account belongs to a sector of which compliance decides (government, state-owned). Ask a compliance officer.',
  zh: '该客户属于须合规审批的领域（政府、国有企业等），请联系合规专员。',
} as const;
export const notAnApprover = {
  status: 403,
  en: 'This is decided by one of the roles in "roles", at the account, and you have none of them there. Ask somebody who has.',
  zh: '须由 roles 所示角色之一在该客户审批，您不具备，请联系具备该角色的人员。',
} as const;
export const datedTooEarly = {
  status: 422,
  en: 'It is dated before what it follows on, which was at "after". Mend Occurred-At.',
  zh: '发生时间早于其前一步（见 after），请更正 Occurred-At。',
} as const;

export const giftLedgerContract = contract({
  name: 'gift_ledger',
  plural: 'gift-ledgers',
  label: { en: 'Gift ledger', zh: '礼品台账' },
  description: 'The gifts of one recipient, and what they take of the cap: reserved at approval, released when not delivered.',

  commands: {
    RequestGift: command({
      version: 1,
      label: { en: 'Request gift', zh: '申请礼品馈赠' },
      description: 'Asks to give something to a contact. Requested again with the same content, it changes nothing.',
      opens: true,
      data: z.strictObject({ giftId, accountId, contactId, value, what, occasion: occasion.optional() }),
      naturalKey: ({ contactId }) => [contactId],
      example: { ...aRequest, occasion: 'Mid-autumn festival' },
    }),
    ApproveGift: command({
      version: 1,
      label: { en: 'Approve gift', zh: '批准礼品馈赠' },
      description:
        'Says yes, and reserves the cap of the recipient. Another person than who asked: a sponsor or regional manager, or compliance.',
      ...ofGift,
      data: z.strictObject({ giftId }),
      example: { giftId: aGift },
    }),
    RejectGift: command({
      version: 1,
      label: { en: 'Reject gift', zh: '驳回礼品馈赠' },
      description: 'Says no, and why. Another person than who asked, who might have said yes.',
      ...ofGift,
      data: z.strictObject({ giftId, reason }),
      example: { giftId: aGift, reason: 'The tender is still open' },
    }),
    DeliverGift: command({
      version: 1,
      label: { en: 'Note delivery', zh: '登记礼品送达' },
      description: 'The gift was given. It counts for the 12 months from this day on.',
      ...ofGift,
      data: z.strictObject({ giftId }),
      example: { giftId: aGift },
    }),
    ReturnGift: command({
      version: 1,
      label: { en: 'Return gift', zh: '退回礼品' },
      description: 'The gift is not given after all. What it reserved of the cap is free again.',
      ...ofGift,
      data: z.strictObject({ giftId, reason }),
      example: { giftId: aGift, reason: 'The recipient may not accept it' },
    }),
    LapseGift: command({
      version: 1,
      label: { en: 'Let gift lapse', zh: '礼品申请失效' },
      description: 'It was not decided or not delivered in time. Given by a timer.',
      ...ofGift,
      data: z.strictObject({ giftId }),
      example: { giftId: aGift },
    }),
  },

  events: {
    GiftRequested: event({
      version: 1,
      label: { en: 'Gift requested', zh: '礼品馈赠已申请' },
      description: 'Somebody asks to give this to the recipient.',
      data: z.strictObject({
        giftId,
        accountId,
        contactId,
        recipient,
        value,
        what,
        occasion: occasion.optional(),
        requestedBy,
        lapsesAt,
        policyVersion,
      }),
      example: {
        ...aRequest,
        recipient: aRecipient,
        occasion: 'Mid-autumn festival',
        requestedBy: 'wang.fang',
        lapsesAt: '2026-10-01T16:00:00.000Z',
        policyVersion: 0,
      },
      person,
    }),
    GiftApproved: event({
      version: 1,
      label: { en: 'Gift approved', zh: '礼品馈赠已批准' },
      description: 'Another person said yes. From now on it takes its value of the cap.',
      public: 'gift.approved',
      data: z.strictObject({
        giftId,
        accountId,
        recipient,
        value,
        capUsed,
        cap: field(amount, 'Cap of the recipient', '个人年度限额', 'Minor units, by the policy that decided.'),
        policyVersion,
        requestedBy,
        approverId,
        approverRole,
        lapsesAt,
      }),
      example: {
        ...known,
        value: aValue,
        capUsed: 80_000,
        cap: 200_000,
        policyVersion: 0,
        requestedBy: 'wang.fang',
        approverId: 'chen.jie',
        approverRole: 'regional_manager',
        lapsesAt: '2026-10-08T16:00:00.000Z',
      },
    }),
    GiftRejected: event({
      version: 1,
      label: { en: 'Gift rejected', zh: '礼品馈赠已驳回' },
      description: 'Another person said no.',
      data: z.strictObject({ giftId, accountId, contactId, recipient, reason, approverId, approverRole }),
      example: {
        ...ofAPerson,
        reason: 'The tender is still open',
        approverId: 'chen.jie',
        approverRole: 'regional_manager',
      },
      person,
    }),
    GiftDelivered: event({
      version: 1,
      label: { en: 'Gift delivered', zh: '礼品已送达' },
      description: 'The recipient has it.',
      public: 'gift.delivered',
      data: z.strictObject({
        giftId,
        accountId,
        recipient,
        value,
        capUsed,
        policyVersion,
        approverId,
        countsUntil: field(instant(), 'Counts until', '计入限额至', 'From this instant on it takes nothing of the cap.'),
      }),
      example: {
        ...known,
        value: aValue,
        capUsed: 80_000,
        policyVersion: 0,
        approverId: 'chen.jie',
        countsUntil: '2027-09-24T16:00:00.000Z',
      },
    }),
    GiftReturned: event({
      version: 1,
      label: { en: 'Gift returned', zh: '礼品已退回' },
      description: 'It is not given. It takes nothing of the cap any more.',
      data: z.strictObject({ giftId, accountId, contactId, recipient, reason }),
      example: { ...ofAPerson, reason: 'The recipient may not accept it' },
      person,
    }),
    GiftLapsed: event({
      version: 1,
      label: { en: 'Gift lapsed', zh: '礼品申请已失效' },
      description: 'It was not decided or not delivered in time. It takes nothing of the cap any more.',
      data: z.strictObject({ giftId, accountId, recipient }),
      example: known,
    }),
  },

  refusals: {
    'unknown-gift': {
      status: 404,
      en: 'There is no gift with this id. Look it up: GET /gifts.',
      zh: '没有该礼品申请，请查询 GET /gifts。',
    },
    'unknown-recipient': {
      status: 404,
      en: 'The account has no such contact. Register the recipient first.',
      zh: '该客户没有此联系人，请先登记受赠人。',
    },
    'recipient-erased': {
      en: 'What was known of the recipient was erased, so nothing more can be given to them. Return or leave the request.',
      zh: '受赠人的个人信息已删除，不能再向其馈赠。',
    },
    'gift-differs': {
      en: 'A gift with this id was requested already, with other content. Choose another id.',
      zh: '该编号的礼品已申请且内容不同，请另选编号。',
    },
    'gift-in-another-currency': {
      status: 422,
      en: 'The caps are in the currency in "currency", and nothing is converted. Give the value in that one, at the rate of the day.',
      zh: '限额以 currency 所示币种计，不作换算。请按当日汇率以该币种填写价值。',
    },
    'caps-in-another-currency': {
      en: 'Gifts of this recipient that still count are in another currency than the caps are now. Wait until they count no longer, or let the caps be published in that one.',
      zh: '该受赠人仍计入限额的礼品币种与现行限额不同。请待其不再计入，或以该币种发布限额。',
    },
    'over-cap-of-gift': {
      en: 'The gift is worth more than the cap of a gift: "cap". Choose one of less value.',
      zh: '礼品价值超过单件限额（见 cap），请选择价值较低的礼品。',
    },
    'over-cap-of-recipient': {
      en: 'With this gift the recipient would have more than the cap of 12 months: "left" is left of it. Choose one of less value, or wait until an earlier one counts no longer.',
      zh: '批准后将超过该受赠人 12 个月限额，余额见 left。请选择价值较低的礼品，或待较早的礼品不再计入。',
    },
    'gift-decided': {
      en: 'It is too late or too early for this: "state" says how the gift stands. Request another one if it is still to be given.',
      zh: '礼品当前状态（见 state）不允许此操作。如仍需馈赠，请另行申请。',
    },
    'gift-lapsed': {
      en: 'The gift lapsed at "lapsedAt": it was not decided or not delivered in time. Request it again under another id.',
      zh: '该礼品已于 lapsedAt 失效，请以其他编号重新申请。',
    },
    'gift-not-due': {
      en: 'It lapses at "lapsesAt" and not before. Return it instead.',
      zh: '尚未到失效时间 lapsesAt，请改为退回。',
    },
    'dated-too-early': datedTooEarly,
    'four-eyes': fourEyes,
    'compliance-decides': complianceDecides,
    'not-an-approver': notAnApprover,
  },
});
export type GiftLedgerContract = typeof giftLedgerContract;
