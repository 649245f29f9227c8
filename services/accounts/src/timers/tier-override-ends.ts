// 人工调整到期: an override ends at its instant, also when nothing ran at that moment.
import { accountContract } from '@kams/contracts/accounts/account';
import { timer } from '@kams/eventing';
import { account } from '../domain/account';

export const tierOverrideEnds = timer({
  name: 'tier-override-ends',
  from: [accountContract],
  give: ({ id }) => ({ to: account, type: 'EndTierOverride', id, data: {} }),
})({
  TierOverrideApproved: ({ data }) => ({ at: data.until }),
  TierOverrideEnded: () => null,
});
