// The caps of gifts, and of whom compliance decides: versions that never change, with a default before the first.
import { DEFAULT_GIFT_POLICY, giftPolicyContract, type GiftPolicyContent } from '@kams/contracts/accounts/gift-policy';
import { HOSPITALITY_APPROVERS, type HospitalityApprover } from '@kams/contracts/accounts/gift-ledger';
import { aggregate, refusing, type Circumstances } from '@kams/eventing/pure';
import { isSectorOf } from '@kams/methods/gift-cap';
import { isCurrency } from '@kams/methods/money';
import { drafted, inForce, latest, noPolicy, published, type PolicyState } from '@kams/methods/policy';
import type { Account } from './account';

export type GiftPolicy = PolicyState<GiftPolicyContent>;

const refuse = refusing(giftPolicyContract);

/** What is decided by at an instant. */
export const giftPolicyAt = (state: GiftPolicy, at: string): { readonly version: number; readonly content: GiftPolicyContent } =>
  inForce(state, at) ?? { version: 0, content: DEFAULT_GIFT_POLICY };

/** The roles of which one decides what is given to people of this account. */
export function approversOf(account: Account, { complianceSectors }: GiftPolicyContent): readonly HospitalityApprover[] {
  const sector = account.is === 'open' ? account.profile.sector : undefined;
  return isSectorOf(sector, complianceSectors) ? ['compliance_officer'] : HOSPITALITY_APPROVERS;
}

/** The one of these roles in which somebody decides for the account; undefined: it is not theirs to decide. */
export const approverRole = (
  roles: readonly HospitalityApprover[],
  accountId: string,
  { holds }: Pick<Circumstances, 'holds'>,
): HospitalityApprover | undefined => roles.find((role) => holds(role, accountId));

export const giftPolicy = aggregate(
  giftPolicyContract,
  noPolicy as GiftPolicy,
)({
  // Of no account: whoever may publish reaches the whole tenant.
  decide: {
    Publish: (it, { content }) => {
      if (!isCurrency(content.currency)) return refuse('unknown-currency');
      if (content.perGift > content.perRecipient) return refuse('caps-contradict');
      const before = latest(it);
      if (before && JSON.stringify(before.content) === JSON.stringify(content)) return [];
      return [{ type: 'GiftPolicyPublished', data: { version: (before?.version ?? 0) + 1, content } }];
    },
  },

  evolve: {
    GiftPolicyPublished: (it, { content }, { occurredAt }) => published(drafted(it, content), occurredAt),
  },
});
