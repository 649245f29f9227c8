// Who belonged to whom on any day, as it was known on any other.
import { hierarchyContract } from '@kams/contracts/accounts/hierarchy';
import { history } from '@kams/eventing';

const startOfDay = (day: string): string => `${day}T00:00:00.000000Z`;

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
