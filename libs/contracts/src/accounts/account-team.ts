// 客户团队: who of us works for an account, and as what. One stream an account.
import { z } from 'zod';
import { command, contract, event, field } from '../define';
import { TEAM_ROLES } from '../policy';
import { text, uuid } from '../values';
import { unknownAccount } from './account';

const accountId = field(uuid(), 'Account', '客户');
const memberId = field(text(255), 'Member', '成员', 'As the token names them: `sub`.');
const role = field(z.enum(TEAM_ROLES), 'Role', '角色');
const reason = field(text(500), 'Reason', '原因');
const anAccount = '0190f5a0-0000-7000-8000-000000000001';

export const accountTeamContract = contract({
  name: 'account_team',
  plural: 'account-teams',
  label: { en: 'Account team', zh: '客户团队' },
  description: 'Who of us works for an account. Its members reach the account and all below it. A change acts at once.',

  commands: {
    Assign: command({
      version: 1,
      label: { en: 'Assign team member', zh: '指派团队成员' },
      description: 'Puts somebody on the team of an account.',
      opens: true,
      data: z.strictObject({ accountId, memberId, role }),
      naturalKey: ({ accountId }) => [accountId],
      example: { accountId: anAccount, memberId: 'wang.fang', role: 'key_account_manager' },
    }),
    Release: command({
      version: 1,
      label: { en: 'Release team member', zh: '解除团队成员' },
      description: 'Takes somebody off the team of an account.',
      opens: true,
      data: z.strictObject({ accountId, memberId, role, reason }),
      naturalKey: ({ accountId }) => [accountId],
      example: { accountId: anAccount, memberId: 'wang.fang', role: 'key_account_manager', reason: 'Another task' },
    }),
  },

  events: {
    AccountTeamMemberAssigned: event({
      version: 1,
      label: { en: 'Team member assigned', zh: '团队成员已指派' },
      description: 'Somebody works for the account from now on.',
      public: 'account.team_member_assigned',
      data: z.strictObject({ accountId, memberId, role }),
      example: { accountId: anAccount, memberId: 'wang.fang', role: 'key_account_manager' },
    }),
    AccountTeamMemberReleased: event({
      version: 1,
      label: { en: 'Team member released', zh: '团队成员已解除' },
      description: 'Somebody works for the account no longer.',
      public: 'account.team_member_released',
      data: z.strictObject({ accountId, memberId, role, reason }),
      example: { accountId: anAccount, memberId: 'wang.fang', role: 'key_account_manager', reason: 'Another task' },
    }),
  },

  refusals: {
    'unknown-account': unknownAccount,
    'own-team-role': {
      status: 403,
      en: 'Nobody gives themselves a role at an account. Ask somebody else who may.',
      zh: '不能为自己授予客户团队角色，请由他人授予。',
    },
    'sponsor-from-above': {
      status: 403,
      en: 'A sponsor approves what the team proposes, so the team does not appoint one. Ask a regional manager of the account or an administrator.',
      zh: '高层发起人负责审批团队的提议，须由该客户的区域经理或管理员指定。',
    },
    'not-a-member': { en: 'This person is not on the team in this role.', zh: '该成员在团队中没有该角色。' },
  },
});
export type AccountTeamContract = typeof accountTeamContract;
