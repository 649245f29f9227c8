// Who has been given which roles: a row a subject and tenant.
import { roleAssignmentContract } from '@kams/contracts/accounts/role-assignment';
import { projection, table, type RowOf } from '@kams/eventing';

export const roleAssignmentTable = table(
  'role_assignment',
  { tenant_id: 'text', id: 'uuid', revision: 'int', subject: 'text', roles: 'json', changed_at: 'instant' },
  { primaryKey: ['tenant_id', 'id'], groupBy: 'id', indexes: ['id', 'tenant_id, subject, id'] },
);

export interface GrantedAs {
  readonly role: string;
  readonly accountId: string | null;
  readonly grantedAt: string;
  readonly grantedBy: string;
}
const others = (row: RowOf<typeof roleAssignmentTable> | undefined, role: string, accountId: string | null): GrantedAs[] =>
  ((row?.roles ?? []) as GrantedAs[]).filter((it) => it.role !== role || it.accountId !== accountId);

export const roleAssignments = projection({
  name: 'role_assignments',
  from: [roleAssignmentContract],
  table: roleAssignmentTable,
})({
  RoleGranted: (row, { id, tenantId, revision, occurredAt, recordedAt, actor, data: { subjectId, role, scope } }) => {
    const accountId = scope?.accountId ?? null;
    const granted = { role, accountId, grantedAt: occurredAt, grantedBy: actor };
    const roles = [...others(row, role, accountId), granted];
    return { tenant_id: tenantId, id, revision, subject: subjectId, roles, changed_at: recordedAt };
  },
  RoleRevoked: (row, { recordedAt, data: { role, scope } }) =>
    row && { ...row, roles: others(row, role, scope?.accountId ?? null), changed_at: recordedAt },
});
