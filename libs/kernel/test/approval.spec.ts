import type { Role } from '@kams/contracts/policy';
import type { EventOf } from '@kams/contracts/define';
import type { ApprovalContract } from '@kams/contracts/kernel/approval';
import { given } from '@kams/testing/given';
import { approval } from '../src/domain/approval';

const approvalId = '00000000-0000-7000-8000-000000000001';
const request = {
  subject: { kind: 'gift_request', id: '0190f5a0-0000-7000-8000-0000000000e2' },
  rule: 'gift-over-cap',
  approverRole: 'compliance_officer' as const,
  ask: 'A gift above the cap',
  amount: { minor: 80_000, currency: 'CNY' },
};
const matter = { approvalId, subject: request.subject, rule: request.rule, requestedBy: 'user-1' };
const decider = { approverId: 'user-2', approverRole: request.approverRole };
const requested = { type: 'ApprovalRequested' as const, data: { approvalId, ...request, requestedBy: 'user-1' } };
const granted = { type: 'ApprovalGranted' as const, data: { ...matter, ...decider } };
const rejected = { type: 'ApprovalRejected' as const, data: { ...matter, ...decider, reason: 'No' } };
const withdrawn = { type: 'ApprovalWithdrawn' as const, data: { ...matter, reason: 'Put off' } };

const it = given(approval('accounts'));
const as = (actor: string, ...facts: EventOf<ApprovalContract>[]) => it(...facts).at({ actor });

test('a request says what is asked, under which rule, of whom', () => it().when('Request', request).then(requested));

test('it is asked once', () => it(requested).when('Request', request).refused('approval-exists'));

test('another person says yes or no', () => {
  as('user-2', requested).when('Grant', {}).then(granted);
  as('user-2', requested).when('Reject', { reason: 'No' }).then(rejected);
});

test('who decides has the role that the request names, and no other one will do', () => {
  const holding = (...roles: Role[]) => it(requested).at({ actor: 'user-2', holds: (role) => roles.includes(role) });
  const missing = { approverRole: 'compliance_officer' };
  for (const roles of [[], ['administrator', 'finance', 'executive_sponsor', 'regional_manager']] as Role[][]) {
    holding(...roles)
      .when('Grant', {})
      .refused('not-the-approver', missing);
    holding(...roles)
      .when('Reject', { reason: 'No' })
      .refused('not-the-approver', missing);
  }
  holding('compliance_officer').when('Grant', {}).then(granted);
});

test('the role is asked for at the account that it is about', () => {
  const accountId = '0190f5a0-0000-7000-8000-000000000001';
  const ofAccount = { ...requested, data: { ...requested.data, accountId, approverRole: 'regional_manager' as const } };
  const at = (account: string) =>
    it(ofAccount).at({ actor: 'user-2', holds: (role, where) => role === 'regional_manager' && where === account });
  expect(at(accountId).when('Grant', {}).facts).toMatchObject([{ data: { accountId, approverRole: 'regional_manager' } }]);
  at('0190f5a0-0000-7000-8000-000000000002').when('Grant', {}).refused('not-the-approver');
});

test.each(['executive_sponsor', 'regional_manager'] as const)(
  'a %s is one of an account: what belongs to none can not wait for them',
  (approverRole) => {
    it()
      .when('Request', { ...request, approverRole })
      .refused('approver-needs-account', { approverRole });
    const accountId = '0190f5a0-0000-7000-8000-000000000001';
    expect(it().when('Request', { ...request, approverRole, accountId }).facts).toHaveLength(1);
  },
);

test('a decision repeats what it is about, and says why', () =>
  as('user-2', requested)
    .when('Grant', { note: 'Within budget' })
    .then({ ...granted, data: { ...granted.data, note: 'Within budget' } }));

test('who asked may not decide, neither way, whatever their roles', () => {
  as('user-1', requested).when('Grant', {}).refused('four-eyes');
  as('user-1', requested).when('Reject', { reason: 'No' }).refused('four-eyes');
});

test('who asked may take it back, and nobody else', () => {
  as('user-1', requested).when('Withdraw', { reason: 'Put off' }).then(withdrawn);
  as('user-2', requested).when('Withdraw', { reason: 'Put off' }).refused('not-the-requester');
});

test.each([
  ['granted', granted],
  ['rejected', rejected],
  ['withdrawn', withdrawn],
] as const)('what is %s is decided: there is no second decision', (state, decided) => {
  for (const actor of ['user-1', 'user-2', 'user-3']) {
    as(actor, requested, decided).when('Grant', {}).refused('approval-decided', { state });
    as(actor, requested, decided).when('Reject', { reason: 'No' }).refused('approval-decided', { state });
    as(actor, requested, decided).when('Withdraw', { reason: 'No' }).refused('approval-decided', { state });
  }
});
