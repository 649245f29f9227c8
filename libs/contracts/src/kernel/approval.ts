// 审批: one person asks, another one decides, once. The same for tiers, budgets, gifts, goodwill, whatever a service needs it for.
import { z } from 'zod';
import { command, contract, event, field } from '../define';
import type { Role } from '../policy';
import { code, money, text, uuid } from '../values';
import { accountId, subject } from './subject';

const approvalId = field(uuid(), 'Approval', '审批');
const rule = field(code(80), 'Rule', '审批规则', 'The rule that asks for a second person: `gift-over-cap`.');
/** Who may be named to decide. Who answers for an account approves nothing that concerns it. */
export const APPROVER_ROLES = [
  'executive_sponsor',
  'regional_manager',
  'compliance_officer',
  'finance',
  'administrator',
] as const satisfies readonly Role[];
const approverRole = field(z.enum(APPROVER_ROLES), 'Role of the approver', '审批角色', 'Who decides has it, at the account.');
const ask = field(text(1_000), 'What is asked', '申请内容', 'In words. They name no person: the subject does, by its id.');
const amount = field(money(), 'Amount', '金额');
const actor = text(200);
const requestedBy = field(actor, 'Requested by', '申请人');
const note = field(text(500), 'Note', '备注');
const reason = field(text(500), 'Reason', '原因');

const asked = {
  subject: field(subject, 'Subject', '审批事项'),
  accountId: accountId.optional(),
  rule,
  approverRole,
  ask,
  amount: amount.optional(),
};
/** What a decision repeats of the request, so that whoever waits for it needs no look-up. */
const decided = { approvalId, subject, accountId: accountId.optional(), rule, requestedBy };

const anApproval = '0190f5a0-0000-7000-8000-0000000000e1';
const anAccount = '0190f5a0-0000-7000-8000-000000000001';
const aRequest = {
  subject: { kind: 'gift_request', id: '0190f5a0-0000-7000-8000-0000000000e2' },
  accountId: anAccount,
  rule: 'gift-over-cap',
  approverRole: 'compliance_officer' as const,
  ask: 'A gift at the opening of the new plant, above the cap of the year',
  amount: { minor: 80_000, currency: 'CNY' },
};
const aDecision = {
  approvalId: anApproval,
  subject: aRequest.subject,
  accountId: anAccount,
  rule: aRequest.rule,
  requestedBy: 'user-1',
};

/** The approvals of a service. */
export const approvalContract = (service: string) =>
  contract({
    name: `${service}_approval`,
    plural: `${service}-approvals`,
    label: { en: 'Approval', zh: '审批' },
    description: 'What one person asks and another one decides, once.',

    commands: {
      Request: command({
        version: 1,
        label: { en: 'Request approval', zh: '申请审批' },
        description: 'Asks for a decision by another person.',
        opens: true,
        data: z.strictObject(asked),
        example: aRequest,
      }),
      Grant: command({
        version: 1,
        label: { en: 'Grant approval', zh: '批准' },
        description: 'Says yes. Another person than the one who asked, in the role that the request names.',
        data: z.strictObject({ note: note.optional() }),
        example: { note: 'Within the budget of the year' },
      }),
      Reject: command({
        version: 1,
        label: { en: 'Reject approval', zh: '驳回' },
        description: 'Says no, and why. Another person than the one who asked, in the role that the request names.',
        data: z.strictObject({ reason }),
        example: { reason: 'The recipient is in public office' },
      }),
      Withdraw: command({
        version: 1,
        label: { en: 'Withdraw approval', zh: '撤回申请' },
        description: 'Takes the request back before it is decided. The one who asked, and nobody else.',
        data: z.strictObject({ reason }),
        example: { reason: 'The opening was put off' },
      }),
    },

    events: {
      ApprovalRequested: event({
        version: 1,
        label: { en: 'Approval requested', zh: '审批已申请' },
        description: 'Somebody asked for a decision by another person.',
        public: 'approval.requested',
        data: z.strictObject({ approvalId, ...asked, requestedBy }),
        example: { approvalId: anApproval, ...aRequest, requestedBy: 'user-1' },
      }),
      ApprovalGranted: event({
        version: 1,
        label: { en: 'Approval granted', zh: '审批已通过' },
        description: 'Another person said yes.',
        public: 'approval.granted',
        data: z.strictObject({ ...decided, approverId: actor, approverRole, note: note.optional() }),
        example: {
          ...aDecision,
          approverId: 'user-2',
          approverRole: aRequest.approverRole,
          note: 'Within the budget of the year',
        },
      }),
      ApprovalRejected: event({
        version: 1,
        label: { en: 'Approval rejected', zh: '审批已驳回' },
        description: 'Another person said no.',
        public: 'approval.rejected',
        data: z.strictObject({ ...decided, approverId: actor, approverRole, reason }),
        example: {
          ...aDecision,
          approverId: 'user-2',
          approverRole: aRequest.approverRole,
          reason: 'The recipient is in public office',
        },
      }),
      ApprovalWithdrawn: event({
        version: 1,
        label: { en: 'Approval withdrawn', zh: '申请已撤回' },
        description: 'The one who asked took it back.',
        public: 'approval.withdrawn',
        data: z.strictObject({ ...decided, reason }),
        example: { ...aDecision, reason: 'The opening was put off' },
      }),
    },

    refusals: {
      'approval-exists': {
        en: 'This approval was requested already. Request another one.',
        zh: '该审批已申请，请另行申请。',
      },
      'approver-needs-account': {
        en: 'Nobody has this role but at an account, so nobody could decide. Name the account, or a role of the tenant.',
        zh: '该角色只在具体客户上授予，请指明客户，或改用租户级角色。',
      },
      'not-the-approver': {
        status: 403,
        en: 'This is decided by the role in "approverRole", at the account if it has one, and you do not have it there. Ask somebody who has.',
        zh: '该审批须由 approverRole 所示角色决定，您不具备该角色，请联系具备该角色的人员。',
      },
      'approval-decided': {
        en: 'This approval is no longer open: "state" says how it ended. Request another one.',
        zh: '该审批已结束，结果见 state，请另行申请。',
      },
      'four-eyes': { en: 'Who proposed may not decide. Ask another person to do it.', zh: '提议人不能自行批准，请由他人决定。' },
      'not-the-requester': {
        en: 'Only the one who asked may take it back. To say no, reject it.',
        zh: '只有申请人可以撤回；如不同意，请驳回。',
      },
    },
  });
export type ApprovalContract = ReturnType<typeof approvalContract>;
