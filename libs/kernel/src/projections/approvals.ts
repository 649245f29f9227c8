// 审批列表: one row an approval, with what was said of it in order.
import { approvalContract } from '@kams/contracts/kernel/approval';
import { projection, table, type Projection, type RowOf } from '@kams/eventing';

export const approvalTable = table(
  'approval',
  {
    tenant_id: 'text',
    id: 'uuid',
    revision: 'int',
    state: 'text',
    /** What waits comes before what is decided, and what waits longest first. */
    queue: 'text',
    subject_kind: 'text',
    subject_id: 'uuid',
    account_id: 'uuid?',
    rule: 'text',
    approver_role: 'text',
    ask: 'text',
    amount: 'json?',
    requested_by: 'text',
    requested_at: 'instant',
    history: 'json',
    changed_at: 'instant',
  },
  {
    primaryKey: ['tenant_id', 'id'],
    groupBy: 'id',
    indexes: [
      'id',
      'tenant_id, queue, id',
      'tenant_id, approver_role, queue, id',
      'tenant_id, subject_id',
      'tenant_id, account_id',
      'tenant_id, requested_at, id',
    ],
  },
);
type ApprovalRow = RowOf<typeof approvalTable>;

export interface Step {
  readonly state: string;
  readonly by: string;
  readonly at: string;
  /** The note or the reason that was given with it. */
  readonly said: string | null;
}

interface Happened {
  readonly actor: string;
  readonly occurredAt: string;
  readonly recordedAt: string;
}
const step = (state: string, { actor, occurredAt }: Happened, said: string | null): Step => ({
  state,
  by: actor,
  at: occurredAt,
  said,
});

const decided = (row: ApprovalRow | undefined, event: Happened, state: string, said: string | null) =>
  row && {
    ...row,
    state,
    queue: `2 ${event.occurredAt}`,
    history: [...(row.history as Step[]), step(state, event, said)],
    changed_at: event.recordedAt,
  };

/** The approvals of a service. */
export const approvalsOf = (service: string): Projection =>
  projection({
    name: `${service}_approvals`,
    from: [approvalContract(service)],
    table: approvalTable,
  })({
    ApprovalRequested: (_, event): ApprovalRow => {
      const { subject, accountId, rule, approverRole, ask, amount, requestedBy } = event.data;
      return {
        tenant_id: event.tenantId,
        id: event.id,
        revision: event.revision,
        state: 'open',
        queue: `1 ${event.occurredAt}`,
        subject_kind: subject.kind,
        subject_id: subject.id,
        account_id: accountId ?? null,
        rule,
        approver_role: approverRole,
        ask,
        amount: amount ?? null,
        requested_by: requestedBy,
        requested_at: event.occurredAt,
        history: [step('open', event, null)],
        changed_at: event.recordedAt,
      };
    },
    ApprovalGranted: (row, event) => decided(row, event, 'granted', event.data.note ?? null),
    ApprovalRejected: (row, event) => decided(row, event, 'rejected', event.data.reason),
    ApprovalWithdrawn: (row, event) => decided(row, event, 'withdrawn', event.data.reason),
  });
