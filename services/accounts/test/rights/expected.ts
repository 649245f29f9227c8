// What the policy says, read a second time: from the same table, by code that shares nothing with the guard's.
import { accountsPolicy } from '@kams/contracts/accounts/policy';
import { approvalPolicy, formPolicy } from '@kams/contracts/kernel/policy';
import { GENERAL_POLICY, ROLES, type Role } from '@kams/contracts/policy';

export type Whose = 'own' | 'other' | 'foreign';
export type Verdict = 'allowed' | 'forbidden' | 'hidden';

const TABLE = [...GENERAL_POLICY, ...accountsPolicy, ...approvalPolicy('accounts'), ...formPolicy('accounts')];

/** Every cell that the table fills: `role resource action`. */
const cells = new Set<string>();
for (const { role, resource, actions } of TABLE)
  for (const action of actions === 'all' ? ['*'] : actions) cells.add(`${role} ${resource} ${action}`);

export const isInTable = (role: Role, resource: string, action: string): boolean =>
  [`${resource} ${action}`, `${resource} *`, '* *'].some((cell) => cells.has(`${role} ${cell}`));

/** Of a thing of an account of one's own, of another one, or of another tenant. */
export function verdict(role: Role, resource: string, action: string, whose: Whose): Verdict {
  if (!isInTable(role, resource, action)) return 'forbidden';
  if (whose === 'foreign') return 'hidden';
  return whose === 'own' || ROLES[role].at === 'tenant' ? 'allowed' : 'hidden';
}

/** May this role read the field `profile.revenue` of such things, or sort and filter by it? */
export function showsField(role: Role, resource: string, field: string): boolean {
  const rows = TABLE.filter((it) => it.role === role && isInTable(role, resource, 'read'));
  const own = rows.filter((it) => it.resource === resource || it.resource === '*');
  if (own.some((it) => it.fields === undefined && (it.actions === 'all' || it.actions.includes('read')))) return true;
  const [top] = field.split('.');
  return own.some(({ fields = [] }) => fields.includes(field) || fields.includes(top!));
}
