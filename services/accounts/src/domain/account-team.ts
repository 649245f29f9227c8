// Who of us works for an account.
import { accountTeamContract } from '@kams/contracts/accounts/account-team';
import { aggregate, refusing } from '@kams/eventing/pure';
import { account } from './account';

/** `role memberId` */
type Team = ReadonlySet<string>;

const refuse = refusing(accountTeamContract);
const nameOf = ({ role, memberId }: { readonly role: string; readonly memberId: string }): string => `${role} ${memberId}`;

export const accountTeam = aggregate(
  accountTeamContract,
  new Set() as Team,
)({
  accounts: (_id, _state, { accountId }) => [accountId],

  look: {
    Assign: ({ accountId }) => ({ found: { of: account, id: accountId } }),
  },

  decide: {
    Assign: (it, data, { found, actor }) => {
      // Nor an administrator: they would decide in that role what they ask for in the other.
      if (data.memberId === actor) return refuse('own-team-role');
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
