// Who of us works for an account.
import { accountTeamContract } from '@kams/contracts/accounts/account-team';
import { aggregate, refusing } from '@kams/eventing/pure';
import { account } from './account';

/** `role memberId` */
type Team = ReadonlySet<string>;

const refuse = refusing(accountTeamContract);
const nameOf = ({ role, memberId }: { readonly role: string; readonly memberId: string }): string => `${role} ${memberId}`;

/** Who appoints a sponsor, who approves what the team proposes. */
const ABOVE = ['regional_manager', 'administrator'] as const;

export const accountTeam = aggregate(
  accountTeamContract,
  new Set() as Team,
)({
  accounts: (_id, _state, { accountId }) => [accountId],

  look: {
    Assign: ({ accountId }) => ({ found: { of: account, id: accountId } }),
  },

  decide: {
    Assign: (it, data, { found, actor, holds }) => {
      // Nor an administrator: they would decide in that role what they ask for in the other.
      if (data.memberId === actor) return refuse('own-team-role');
      // Or else who asks appoints who decides.
      if (data.role === 'executive_sponsor' && !ABOVE.some((role) => holds(role, data.accountId)))
        return refuse('sponsor-from-above');
      if (found.revision < 0) return refuse('unknown-account', { accountId: data.accountId });
      return it.has(nameOf(data)) ? [] : [{ type: 'AccountTeamMemberAssigned', data }];
    },
    Release: (it, data) =>
      it.has(nameOf(data)) ? [{ type: 'AccountTeamMemberReleased', data }] : refuse('not-a-member', { memberId: data.memberId }),
  },

  evolve: {
    AccountTeamMemberAssigned: (it, data) => new Set([...it, nameOf(data)]),
    AccountTeamMemberReleased: (it, data) => new Set([...it].filter((name) => name !== nameOf(data))),
  },
});
