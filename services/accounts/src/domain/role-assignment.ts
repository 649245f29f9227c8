// What somebody may do here. Who gives and takes roles is an administrator; nobody does it for themselves.
import { roleAssignmentContract, type RoleAssignmentContract } from '@kams/contracts/accounts/role-assignment';
import type { CommandData } from '@kams/contracts/define';
import { ROLES } from '@kams/contracts/policy';
import { aggregate, refusing, type Circumstances } from '@kams/eventing/pure';
import { account } from './account';

type Named = Pick<CommandData<RoleAssignmentContract, 'Grant'>, 'role' | 'scope'>;
/** `role` or `role accountId`. */
type Roles = ReadonlySet<string>;

const refuse = refusing(roleAssignmentContract);
const nameOf = ({ role, scope }: { role: string; scope?: Named['scope'] | null }): string =>
  scope ? `${role} ${scope.accountId}` : role;

function ensureOther(subjectId: string, { actor }: Pick<Circumstances, 'actor'>): void {
  if (subjectId === actor) refuse('own-roles');
}

export const roleAssignment = aggregate(
  roleAssignmentContract,
  new Set() as Roles,
)({
  look: {
    // Without a scope, of nothing: no account has the id of a role assignment.
    Grant: ({ scope }, { id }) => ({ root: { of: account, id: scope?.accountId ?? id } }),
  },

  decide: {
    Grant: (it, data, at) => {
      const { subjectId, role, scope = null, reason } = data;
      ensureOther(subjectId, at);
      if (ROLES[role].at === 'account' && !scope) return refuse('scope-needed', { role });
      if (ROLES[role].at === 'tenant' && scope) return refuse('scope-not-taken', { role });
      if (scope && at.root.revision < 0) return refuse('unknown-account', { accountId: at.root.id });
      if (it.has(nameOf(data))) return [];
      return [{ type: 'RoleGranted', data: { roleAssignmentId: at.id, subjectId, role, scope, ...(reason && { reason }) } }];
    },

    Revoke: (it, data, at) => {
      const { subjectId, role, scope = null, reason } = data;
      ensureOther(subjectId, at);
      if (!it.has(nameOf(data))) return refuse('not-granted', { subjectId, role });
      return [{ type: 'RoleRevoked', data: { roleAssignmentId: at.id, subjectId, role, scope, reason } }];
    },
  },

  evolve: {
    RoleGranted: (it, data) => new Set([...it, nameOf(data)]),
    RoleRevoked: (it, data) => new Set([...it].filter((name) => name !== nameOf(data))),
  },
});
