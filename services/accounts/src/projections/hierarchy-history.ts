// Who belonged to whom on any day, as it was known on any other.
import { hierarchyContract } from '@kams/contracts/accounts/hierarchy';
import { history, startOfDay } from '@kams/eventing';

export const hierarchyHistory = history({
  name: 'hierarchy_history',
  from: [hierarchyContract],
  key: ({ data }) => data.accountId,
})({
  AccountHierarchyLinked: ({ data: { parentId, linkType, validFrom } }) => [
    { attribute: 'parent', value: { parentId, linkType }, from: startOfDay(validFrom) },
  ],
  AccountHierarchyUnlinked: ({ data: { validTo } }) => [{ attribute: 'parent', value: null, from: startOfDay(validTo) }],
});
