// The profile, the tier and the standing of an account on any day, as it was known on any other.
import { accountContract } from '@kams/contracts/accounts/account';
import { history, startOfDay } from '@kams/eventing';

export const accountHistory = history({
  name: 'account_history',
  from: [accountContract],
})({
  // What was true when the file was opened is held true for all days before: nothing else is known of them.
  AccountRegistered: ({ data: { accountId: _id, externalIds: _ids, ownerId: _owner, source: _source, ...profile } }) =>
    Object.entries(profile).map(([attribute, value]) => ({ attribute, value })),
  AccountProfileUpdated: ({ data, occurredAt }) =>
    data.changes.map(({ field, new: value, validFrom }) => ({
      attribute: field,
      value,
      from: validFrom === undefined ? occurredAt : startOfDay(validFrom),
    })),
  KeyAccountNominated: ({ occurredAt }) => [{ attribute: 'keyAccount', value: 'nominated', from: occurredAt }],
  KeyAccountDesignated: ({ occurredAt }) => [{ attribute: 'keyAccount', value: 'designated', from: occurredAt }],
  KeyAccountDeclined: ({ occurredAt }) => [{ attribute: 'keyAccount', value: null, from: occurredAt }],
  KeyAccountReleased: ({ occurredAt }) => [{ attribute: 'keyAccount', value: null, from: occurredAt }],
  AccountTierChanged: ({ data, occurredAt }) => [{ attribute: 'tier', value: data.to, from: occurredAt }],
});
