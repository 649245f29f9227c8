import type { ReceptionContract } from '@kams/contracts/accounts/reception';
import type { EventOf } from '@kams/contracts/define';
import type { Role } from '@kams/contracts/policy';
import { naturalId } from '@kams/eventing/pure';
import { found, given } from '@kams/testing/given';
import { account } from '../src/domain/account';
import { contact } from '../src/domain/contact';
import { giftPolicy } from '../src/domain/gift-policy';
import { reception } from '../src/domain/reception';

const receptionId = '00000000-0000-7000-8000-000000000001';
const accountId = '00000000-0000-7000-8000-0000000000aa';
const [li, ma] = ['c1', 'c2'].map((it) => `00000000-0000-7000-8000-0000000000${it}`) as [string, string];
const employerIn = (sector?: string) =>
  found(account, accountId, { type: 'AccountRegistered', data: { accountId, name: 'Acme', sector, externalIds: [] } });
const guest = (contactId: string) =>
  found(contact, contactId, { type: 'ContactRegistered', data: { contactId, accountId, name: 'Li Wei' } });
const policy = found(giftPolicy, 'acme');
const cny = (minor: number) => ({ minor, currency: 'CNY' });

const asked = { accountId, guestIds: [li, ma], on: '2026-03-20', agenda: 'Tour of the plant', budget: cny(500_000) };
const requested = { type: 'ReceptionRequested' as const, data: { receptionId, ...asked, requestedBy: 'wang.fang' } };
const by = { approverId: 'user-1', approverRole: 'executive_sponsor' as const };
const approved = { type: 'ReceptionApproved' as const, data: { receptionId, accountId, budget: cny(500_000), ...by } };
const rejected = { type: 'ReceptionRejected' as const, data: { receptionId, accountId, reason: 'No', ...by } };
const reported = (minor: number, overrun = 0, explanation?: string) => ({
  type: 'ReceptionReported' as const,
  data: {
    ...{ receptionId, accountId, value: cny(minor), budget: cny(500_000), capUsed: minor - overrun, overrun },
    ...{ recipients: [li, ma].map((it) => naturalId('acme', 'pseudonym', [it])), result: 'They want an offer' },
    ...{ approverId: 'user-1', ...(explanation && { explanation }) },
  },
});
const explained = (overrun: number, explanation: string) => ({
  type: 'ReceptionOverrunExplained' as const,
  data: { receptionId, accountId, overrun, explanation },
});

const file = (...facts: EventOf<ReceptionContract>[]) =>
  given(reception)(...facts).knowing({ employer: employerIn(), policy, [li]: guest(li), [ma]: guest(ma) });
const holding = (...roles: Role[]) => ({ holds: (role: Role) => roles.includes(role) });
const report = (minor: number, explanation?: string) => ({ cost: cny(minor), result: 'They want an offer', explanation });

test('a reception is requested for contacts of the account, each once', () => {
  const it = file().at({ actor: 'wang.fang' });
  it.when('Request', asked).then(requested);
  it.when('Request', { ...asked, guestIds: [li, ma, li] }).then(requested);
  it.knowing({ [ma]: found(contact, ma) })
    .when('Request', asked)
    .refused('unknown-guest', { contactId: ma });
  it.knowing({ employer: found(account, accountId) })
    .when('Request', asked)
    .refused('unknown-account');
  it.when('Request', { ...asked, budget: { minor: 1, currency: 'XXX' } }).refused('unknown-currency');
  file(requested).when('Request', asked).refused('reception-exists');
});

test('it is decided once, by another person who stands behind the account', () => {
  file(requested).when('Approve', {}).then(approved);
  file(requested).when('Reject', { reason: 'No' }).then(rejected);
  file(requested).at({ actor: 'wang.fang' }).when('Approve', {}).refused('four-eyes');
  file(requested).at({ actor: 'wang.fang' }).when('Reject', { reason: 'No' }).refused('four-eyes');
  file(requested).at(holding('administrator', 'key_account_manager')).when('Approve', {}).refused('not-an-approver');
  for (const state of [approved, rejected]) file(requested, state).when('Approve', {}).refused('reception-decided');
  file(requested).at({ at: '2026-03-01T00:00:00.000Z' }).when('Approve', {}).refused('dated-too-early');
});

test('of guests of government and state-owned enterprises compliance decides alone', () => {
  const it = file(requested).knowing({ employer: employerIn('国有企业') });
  it.at(holding('executive_sponsor', 'regional_manager')).when('Approve', {}).refused('compliance-decides');
  it.at(holding('executive_sponsor')).when('Reject', { reason: 'No' }).refused('compliance-decides');
  it.at(holding('compliance_officer'))
    .when('Approve', {})
    .then({ ...approved, data: { ...approved.data, approverRole: 'compliance_officer' } });
});

test('what it cost is reported once, in the currency of the budget, and only when it was approved', () => {
  file(requested, approved).when('Report', report(500_000)).then(reported(500_000));
  file(requested).when('Report', report(1)).refused('reception-decided', { state: 'requested' });
  file(requested, rejected).when('Report', report(1)).refused('reception-decided');
  file(requested, approved, reported(1)).when('Report', report(1)).refused('reception-decided');
  file(requested, approved)
    .when('Report', { ...report(1), cost: { minor: 1, currency: 'EUR' } })
    .refused('cost-in-another-currency', { currency: 'CNY' });
});

test('a cost above the budget is recorded and flagged, with its explanation or before it', () => {
  file(requested, approved).when('Report', report(500_001)).then(reported(500_001, 1));
  file(requested, approved)
    .when('Report', report(500_001, 'More guests'))
    .then(reported(500_001, 1, 'More guests'));
  file(requested, approved, reported(500_001, 1))
    .when('ExplainOverrun', { explanation: 'More guests' })
    .then(explained(1, 'More guests'));
  file(requested, approved, reported(500_001, 1, 'More guests'))
    .when('ExplainOverrun', { explanation: 'More guests' })
    .then();
});

test('where nothing was overrun there is nothing to explain', () => {
  file(requested, approved).when('Report', report(1, 'Cheap')).then(reported(1));
  file(requested, approved, reported(500_000)).when('ExplainOverrun', { explanation: 'x' }).refused('no-overrun');
  file(requested, approved).when('ExplainOverrun', { explanation: 'x' }).refused('reception-decided');
});
