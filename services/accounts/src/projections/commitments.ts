// 承诺台账: one row a promise, as it now stands. What was written in words stands in it as it does in the log, sealed.
import { commitmentContract } from '@kams/contracts/accounts/commitment';
import { projection, table, type RowOf } from '@kams/eventing';

export const commitmentTable = table(
  'commitment',
  {
    tenant_id: 'text',
    id: 'uuid',
    revision: 'int',
    account_id: 'uuid',
    owner_id: 'text',
    contact_id: 'uuid?',
    what: 'text',
    made_in: 'json',
    due_at: 'instant',
    status: 'text',
    /** When it was said that the present due time has passed. */
    overdue_at: 'instant?',
    postponements: 'json',
    /** Of one that was kept or broken. */
    closed_at: 'instant?',
    is_late: 'boolean?',
    broken_because: 'text?',
    note: 'text?',
    made_by: 'text',
    made_at: 'instant',
    changed_at: 'instant',
  },
  {
    primaryKey: ['tenant_id', 'id'],
    groupBy: 'id',
    indexes: [
      'id',
      'tenant_id, status, due_at, id',
      'tenant_id, account_id, due_at, id',
      'tenant_id, owner_id, due_at, id',
      'tenant_id, due_at, id',
    ],
  },
);
type CommitmentRow = RowOf<typeof commitmentTable>;

export interface Postponement {
  readonly from: string;
  readonly to: string;
  /** Sealed. */
  readonly reason: string;
  readonly by: string;
  readonly at: string;
}

const change = (row: CommitmentRow | undefined, { recordedAt }: { recordedAt: string }, to: Partial<CommitmentRow>) =>
  row && { ...row, ...to, changed_at: recordedAt };

export const commitments = projection({ name: 'commitments', from: [commitmentContract], table: commitmentTable })({
  CommitmentMade: (_, { id, tenantId, revision, actor, occurredAt, recordedAt, data }) => ({
    tenant_id: tenantId,
    id,
    revision,
    account_id: data.accountId,
    owner_id: data.ownerId,
    contact_id: data.contactId ?? null,
    what: data.what,
    made_in: data.madeIn,
    due_at: data.dueAt,
    status: 'open',
    overdue_at: null,
    postponements: [],
    closed_at: null,
    is_late: null,
    broken_because: null,
    note: null,
    made_by: actor,
    made_at: occurredAt,
    changed_at: recordedAt,
  }),
  CommitmentReassigned: (row, event) => change(row, event, { owner_id: event.data.ownerId }),
  CommitmentPostponed: (row, event) => {
    const { from, dueAt: to, reason } = event.data;
    const postponement: Postponement = { from, to, reason, by: event.actor, at: event.occurredAt };
    const postponements = [...((row?.postponements ?? []) as Postponement[]), postponement];
    return change(row, event, { due_at: to, overdue_at: null, postponements });
  },
  CommitmentOverdue: (row, event) => change(row, event, { overdue_at: event.occurredAt }),
  CommitmentFulfilled: (row, event) => {
    const { isLate, note = null } = event.data;
    return change(row, event, { status: 'fulfilled', closed_at: event.occurredAt, is_late: isLate, note });
  },
  CommitmentBroken: (row, event) => {
    const { because, note = null } = event.data;
    return change(row, event, { status: 'broken', closed_at: event.occurredAt, broken_because: because, note });
  },
  CommitmentErased: (row, event) => change(row, event, {}),
});
