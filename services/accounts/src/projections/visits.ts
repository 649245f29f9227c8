// 拜访日历: one row a visit, as it now stands. What was written in words stands in it as it does in the log, sealed.
import { visitContract } from '@kams/contracts/accounts/visit';
import { projection, table, type RowOf } from '@kams/eventing';

export const visitTable = table(
  'visit',
  {
    tenant_id: 'text',
    id: 'uuid',
    revision: 'int',
    account_id: 'uuid',
    owner_id: 'text',
    /** Who is to be met. */
    contact_ids: 'json',
    starts_at: 'instant',
    ends_at: 'instant',
    place: 'text?',
    goal: 'text',
    status: 'text',
    /** Why it was moved or called off, the last one. */
    reason: 'text?',
    /** Of one that took place. */
    participants: 'json?',
    started_at: 'instant?',
    duration_min: 'int?',
    sentiment: 'int?',
    report_due_at: 'instant?',
    /** When it was said that the report is overdue. */
    report_overdue_at: 'instant?',
    report: 'json?',
    planned_by: 'text',
    planned_at: 'instant',
    changed_at: 'instant',
  },
  {
    primaryKey: ['tenant_id', 'id'],
    groupBy: 'id',
    indexes: [
      'id',
      'tenant_id, starts_at, id',
      'tenant_id, account_id, starts_at, id',
      'tenant_id, owner_id, starts_at, id',
      'using gin (contact_ids jsonb_path_ops)',
    ],
  },
);
type VisitRow = RowOf<typeof visitTable>;

/** As it was written, sealed, and when. */
export interface ReportWritten {
  readonly outcome: string;
  readonly nextStep: string | null;
  readonly by: string;
  readonly at: string;
  readonly isLate: boolean;
}

const change = (row: VisitRow | undefined, { recordedAt }: { recordedAt: string }, to: Partial<VisitRow>) =>
  row && { ...row, ...to, changed_at: recordedAt };

export const visits = projection({ name: 'visits', from: [visitContract], table: visitTable })({
  VisitPlanned: (_, { id, tenantId, revision, actor, occurredAt, recordedAt, data }) => ({
    tenant_id: tenantId,
    id,
    revision,
    account_id: data.accountId,
    owner_id: data.ownerId,
    contact_ids: data.contactIds,
    starts_at: data.startsAt,
    ends_at: data.endsAt,
    place: data.place ?? null,
    goal: data.goal,
    status: 'planned',
    reason: null,
    participants: null,
    started_at: null,
    duration_min: null,
    sentiment: null,
    report_due_at: null,
    report_overdue_at: null,
    report: null,
    planned_by: actor,
    planned_at: occurredAt,
    changed_at: recordedAt,
  }),
  VisitRescheduled: (row, event) => {
    const { startsAt, endsAt, reason = null } = event.data;
    return change(row, event, { starts_at: startsAt, ends_at: endsAt, reason });
  },
  VisitCancelled: (row, event) => change(row, event, { status: 'cancelled', reason: event.data.reason ?? null }),
  VisitMissed: (row, event) => change(row, event, { status: 'missed' }),
  VisitCompleted: (row, event) =>
    change(row, event, {
      status: 'completed',
      participants: event.data.participants,
      started_at: event.data.startedAt,
      duration_min: event.data.durationMin,
      sentiment: event.data.sentiment ?? null,
      report_due_at: event.data.reportDueAt,
    }),
  VisitReported: (row, event) => {
    const { outcome, nextStep = null, isLate } = event.data;
    const report: ReportWritten = { outcome, nextStep, by: event.actor, at: event.occurredAt, isLate };
    return change(row, event, { status: 'reported', report });
  },
  VisitReportOverdue: (row, event) => change(row, event, { report_overdue_at: event.occurredAt }),
  VisitErased: (row, event) => change(row, event, {}),
});
