// 客户团队: who works for an account, and since when: a row an account.
import { accountTeamContract } from '@kams/contracts/accounts/account-team';
import { projection, table, type RowOf } from '@kams/eventing';

export const accountTeamTable = table(
  'account_team',
  { tenant_id: 'text', id: 'uuid', revision: 'int', account_id: 'uuid', members: 'json', changed_at: 'instant' },
  {
    primaryKey: ['tenant_id', 'id'],
    groupBy: 'id',
    indexes: ['id', 'tenant_id, account_id', 'using gin (members jsonb_path_ops)'],
  },
);

interface Member {
  readonly memberId: string;
  readonly role: string;
  readonly since: string;
}
const others = (row: RowOf<typeof accountTeamTable> | undefined, { memberId, role }: Omit<Member, 'since'>): Member[] =>
  ((row?.members ?? []) as Member[]).filter((it) => it.memberId !== memberId || it.role !== role);

export const accountTeams = projection({ name: 'account_teams', from: [accountTeamContract], table: accountTeamTable })({
  AccountTeamMemberAssigned: (row, { id, tenantId, revision, occurredAt, recordedAt, data: { accountId, memberId, role } }) => {
    const members = [...others(row, { memberId, role }), { memberId, role, since: occurredAt }];
    return { tenant_id: tenantId, id, revision, account_id: accountId, members, changed_at: recordedAt };
  },
  AccountTeamMemberReleased: (row, { recordedAt, data }) => row && { ...row, members: others(row, data), changed_at: recordedAt },
});
