// 客户接待: one row a reception, from its request to its cost.
import { receptionContract } from '@kams/contracts/accounts/reception';
import { projection, table, type RowOf } from '@kams/eventing';

export const receptionTable = table(
  'reception',
  {
    tenant_id: 'text',
    id: 'uuid',
    revision: 'int',
    account_id: 'uuid',
    status: 'text',
    guest_ids: 'json',
    /** The day. */
    on: 'date',
    agenda: 'text',
    ccy: 'text',
    budget: 'bigint',
    cost: 'bigint?',
    /** Minor units above the budget; `explained` is what is asked for then. */
    overrun: 'bigint?',
    explained: 'boolean?',
    explanation: 'text?',
    result: 'text?',
    requested_by: 'text',
    requested_at: 'instant',
    approver_id: 'text?',
    approver_role: 'text?',
    decided_at: 'instant?',
    reason: 'text?',
    reported_at: 'instant?',
    changed_at: 'instant',
  },
  {
    primaryKey: ['tenant_id', 'id'],
    groupBy: 'id',
    indexes: ['id', 'tenant_id, account_id', 'tenant_id, requested_at, id', 'tenant_id, "on", id'],
  },
);
type ReceptionRow = RowOf<typeof receptionTable>;

type Happened = { readonly occurredAt: string; readonly recordedAt: string };
const change = (row: ReceptionRow | undefined, { recordedAt }: Happened, to: Partial<ReceptionRow>) =>
  row && { ...row, ...to, changed_at: recordedAt };

export const receptions = projection({
  name: 'receptions',
  from: [receptionContract],
  table: receptionTable,
})({
  ReceptionRequested: (_, { id, tenantId, revision, data, occurredAt, recordedAt }) => ({
    tenant_id: tenantId,
    id,
    revision,
    account_id: data.accountId,
    status: 'requested',
    guest_ids: data.guestIds,
    on: data.on,
    agenda: data.agenda,
    ccy: data.budget.currency,
    budget: data.budget.minor,
    cost: null,
    overrun: null,
    explained: null,
    explanation: null,
    result: null,
    requested_by: data.requestedBy,
    requested_at: occurredAt,
    approver_id: null,
    approver_role: null,
    decided_at: null,
    reason: null,
    reported_at: null,
    changed_at: recordedAt,
  }),
  ReceptionApproved: (row, event) => {
    const { approverId, approverRole } = event.data;
    return change(row, event, {
      status: 'approved',
      approver_id: approverId,
      approver_role: approverRole,
      decided_at: event.occurredAt,
    });
  },
  ReceptionRejected: (row, event) => {
    const { approverId, approverRole, reason } = event.data;
    return change(row, event, {
      status: 'rejected',
      approver_id: approverId,
      approver_role: approverRole,
      decided_at: event.occurredAt,
      reason,
    });
  },
  ReceptionReported: (row, event) => {
    const { value, overrun, result, explanation } = event.data;
    return change(row, event, {
      status: 'reported',
      cost: value.minor,
      overrun,
      explained: overrun > 0 ? explanation !== undefined : null,
      explanation: explanation ?? null,
      result,
      reported_at: event.occurredAt,
    });
  },
  ReceptionOverrunExplained: (row, event) => change(row, event, { explained: true, explanation: event.data.explanation }),
});
