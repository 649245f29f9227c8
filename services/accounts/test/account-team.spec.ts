import { found, given } from '@kams/testing/given';
import { account } from '../src/domain/account';
import { accountTeam } from '../src/domain/account-team';

const accountId = '00000000-0000-7000-8000-0000000000aa';
const there = found(account, accountId, { type: 'AccountRegistered', data: { accountId, name: 'Acme', externalIds: [] } });
const wang = { accountId, memberId: 'wang', role: 'key_account_manager' as const };
const assigned = { type: 'AccountTeamMemberAssigned' as const, data: wang };

test('a member is assigned once a role, to an account that is there', () => {
  given(accountTeam)().knowing({ found: there }).when('Assign', wang).then(assigned);
  given(accountTeam)(assigned).knowing({ found: there }).when('Assign', wang).then();
  given(accountTeam)()
    .knowing({ found: found(account, accountId) })
    .when('Assign', wang)
    .refused('unknown-account', { accountId });
  const sponsor = { ...wang, role: 'executive_sponsor' as const };
  given(accountTeam)(assigned)
    .knowing({ found: there })
    .when('Assign', sponsor)
    .then({ ...assigned, data: sponsor });
});

test('nobody puts themselves on a team', () =>
  given(accountTeam)().knowing({ found: there }).at({ actor: 'wang' }).when('Assign', wang).refused('own-team-role'));

test('a sponsor is appointed by who stands above the team, at that account', () => {
  const sponsor = { ...wang, role: 'executive_sponsor' as const };
  const by = (...held: readonly string[]) =>
    given(accountTeam)()
      .knowing({ found: there })
      .at({ holds: (role, at) => at === accountId && held.includes(role) })
      .when('Assign', sponsor);
  by('key_account_manager', 'executive_sponsor').refused('sponsor-from-above');
  by('regional_manager').then({ ...assigned, data: sponsor });
  by('administrator').then({ ...assigned, data: sponsor });
});

test('who is released was a member in that role', () => {
  const release = { ...wang, reason: 'another task' };
  given(accountTeam)(assigned).when('Release', release).then({ type: 'AccountTeamMemberReleased', data: release });
  given(accountTeam)(assigned)
    .when('Release', { ...release, role: 'service_lead' })
    .refused('not-a-member');
  given(accountTeam)(assigned, { type: 'AccountTeamMemberReleased', data: release })
    .when('Release', release)
    .refused('not-a-member');
});
