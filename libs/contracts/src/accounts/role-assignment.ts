// 角色授权: what somebody is for the whole tenant, or for a part of its accounts. One stream a person.
import { z } from 'zod';
import { command, contract, event, field } from '../define';
import { GRANTED_ROLES } from '../policy';
import { text, uuid } from '../values';
import { unknownAccount } from './account';

const subjectId = field(text(255), 'Subject', '用户', 'As the token names it: `sub`.');
const role = field(z.enum(GRANTED_ROLES), 'Role', '角色');
const scope = field(
  z.strictObject({ accountId: field(uuid(), 'Account', '客户') }),
  'Scope',
  '范围',
  'The account, with all below it, that a role holds for which does not hold for the tenant.',
);
const reason = field(text(500), 'Reason', '原因');

const anAccount = '0190f5a0-0000-7000-8000-000000000001';
const roleAssignmentId = field(uuid(), 'Role assignment', '授权');
const aRoleAssignment = '0190f5a0-0000-7000-8000-0000000000b1';

export const roleAssignmentContract = contract({
  name: 'role_assignment',
  plural: 'role-assignments',
  label: { en: 'Role assignment', zh: '角色授权' },
  description: 'What somebody may do here: the roles of a subject. A change acts at once.',

  commands: {
    Grant: command({
      version: 1,
      label: { en: 'Grant role', zh: '授予角色' },
      description: 'Gives a role to a subject. Nobody gives one to themselves.',
      opens: true,
      data: z.strictObject({ subjectId, role, scope: scope.optional(), reason: reason.optional() }),
      naturalKey: ({ subjectId }) => [subjectId],
      example: { subjectId: 'li.na', role: 'regional_manager', scope: { accountId: anAccount }, reason: 'Region East' },
    }),
    Revoke: command({
      version: 1,
      label: { en: 'Revoke role', zh: '撤销角色' },
      description: 'Takes a role back.',
      opens: true,
      data: z.strictObject({ subjectId, role, scope: scope.optional(), reason }),
      naturalKey: ({ subjectId }) => [subjectId],
      example: {
        subjectId: 'li.na',
        role: 'regional_manager',
        scope: { accountId: anAccount },
        reason: 'Moved to another region',
      },
    }),
  },

  events: {
    RoleGranted: event({
      version: 1,
      label: { en: 'Role granted', zh: '角色已授予' },
      description: 'Somebody has a role from now on.',
      public: 'role.granted',
      data: z.strictObject({ roleAssignmentId, subjectId, role, scope: scope.nullable(), reason: text(500).optional() }),
      example: {
        roleAssignmentId: aRoleAssignment,
        subjectId: 'li.na',
        role: 'regional_manager',
        scope: { accountId: anAccount },
      },
    }),
    RoleRevoked: event({
      version: 1,
      label: { en: 'Role revoked', zh: '角色已撤销' },
      description: 'Somebody has a role no longer.',
      public: 'role.revoked',
      data: z.strictObject({ roleAssignmentId, subjectId, role, scope: scope.nullable(), reason: text(500) }),
      example: {
        roleAssignmentId: aRoleAssignment,
        subjectId: 'li.na',
        role: 'regional_manager',
        scope: { accountId: anAccount },
        reason: 'Moved to another region',
      },
    }),
  },

  refusals: {
    'unknown-account': unknownAccount,
    'own-roles': {
      en: 'Nobody changes their own roles. Ask another administrator.',
      zh: '不能更改自己的角色，请联系其他管理员。',
    },
    'scope-needed': {
      en: 'This role holds for an account and all below it. Name the account in "scope".',
      zh: '该角色须指定客户范围，请填写 scope。',
      status: 422,
    },
    'scope-not-taken': {
      en: 'This role holds for the whole tenant. Leave "scope" out.',
      zh: '该角色适用于整个租户，请去掉 scope。',
      status: 422,
    },
    'not-granted': { en: 'The subject does not have this role in this scope.', zh: '该用户在此范围内没有该角色。' },
  },
});
export type RoleAssignmentContract = typeof roleAssignmentContract;
