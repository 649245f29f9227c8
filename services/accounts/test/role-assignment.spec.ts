import { found, given } from '@kams/testing/given';
import { account } from '../src/domain/account';
import { roleAssignment } from '../src/domain/role-assignment';

const roleAssignmentId = '00000000-0000-7000-8000-000000000001';
const accountId = '00000000-0000-7000-8000-0000000000aa';
const region = { accountId };
const root = found(account, accountId, { type: 'AccountRegistered', data: { accountId, name: 'Acme', externalIds: [] } });
const nothing = found(account, accountId);
const desk = { roleAssignmentId, subjectId: 'li', role: 'service_desk' as const, scope: null };
const manager = { roleAssignmentId, subjectId: 'li', role: 'regional_manager' as const, scope: region };

test('a role is given once, for the tenant or for an account and all below it', () => {
  const li = given(roleAssignment)().knowing({ root });
  li.when('Grant', { subjectId: 'li', role: 'service_desk' }).then({ type: 'RoleGranted', data: desk });
  li.when('Grant', { subjectId: 'li', role: 'regional_manager', scope: region }).then({ type: 'RoleGranted', data: manager });
  given(roleAssignment)({ type: 'RoleGranted', data: desk })
    .knowing({ root })
    .when('Grant', { subjectId: 'li', role: 'service_desk' })
    .then();
});

test('a role that holds at an account needs one that is there, and no other role takes one', () => {
  const li = given(roleAssignment)();
  li.knowing({ root: nothing }).when('Grant', { subjectId: 'li', role: 'regional_manager' }).refused('scope-needed');
  li.knowing({ root: nothing })
    .when('Grant', { subjectId: 'li', role: 'regional_manager', scope: region })
    .refused('unknown-account', { accountId });
  li.knowing({ root }).when('Grant', { subjectId: 'li', role: 'finance', scope: region }).refused('scope-not-taken');
});

test('nobody gives or takes roles of their own', () => {
  const me = given(roleAssignment)({ type: 'RoleGranted', data: { ...desk, subjectId: 'user-1' } }).knowing({ root });
  me.when('Grant', { subjectId: 'user-1', role: 'administrator' }).refused('own-roles');
  me.when('Revoke', { subjectId: 'user-1', role: 'service_desk', reason: 'x' }).refused('own-roles');
});

test('what is taken must have been given, in that scope, and can be given again', () => {
  const li = given(roleAssignment)({ type: 'RoleGranted', data: manager }).knowing({ root });
  li.when('Revoke', { subjectId: 'li', role: 'regional_manager', reason: 'moved' }).refused('not-granted');
  const revoked = { ...manager, reason: 'moved' };
  li.when('Revoke', { subjectId: 'li', role: 'regional_manager', scope: region, reason: 'moved' }).then({
    type: 'RoleRevoked',
    data: revoked,
  });
  given(roleAssignment)({ type: 'RoleGranted', data: manager }, { type: 'RoleRevoked', data: revoked })
    .knowing({ root })
    .when('Grant', { subjectId: 'li', role: 'regional_manager', scope: region })
    .then({ type: 'RoleGranted', data: manager });
});
