// Who belongs to whom, since when: one ledger a tenant, so that no account ever stands above itself.
import { hierarchyContract, type HierarchyContract } from '@kams/contracts/accounts/hierarchy';
import type { EventData } from '@kams/contracts/define';
import { aggregate, refusing } from '@kams/eventing/pure';
import { account } from './account';

type Link = Pick<EventData<HierarchyContract, 'AccountHierarchyLinked'>, 'parentId' | 'linkType' | 'validFrom' | 'validTo'>;
/** Links by account, in shards: a ledger of 100,000 links copies some hundred of them for a change, not all. */
type Hierarchy = { readonly shards: ReadonlyMap<string, ReadonlyMap<string, readonly Link[]>> };

const refuse = refusing(hierarchyContract);

const shardOf = (accountId: string): string => accountId.slice(-2);
const linksOf = ({ shards }: Hierarchy, accountId: string): readonly Link[] =>
  shards.get(shardOf(accountId))?.get(accountId) ?? [];
function withLinks({ shards }: Hierarchy, accountId: string, links: readonly Link[]): Hierarchy {
  const shard = new Map(shards.get(shardOf(accountId))).set(accountId, links);
  return { shards: new Map(shards).set(shardOf(accountId), shard) };
}

const holdsOn = (day: string) => (link: Link) => link.validFrom <= day && (link.validTo === null || day < link.validTo);

/** The accounts from `from` up to `target`, if a chain of links that hold on one and the same day in [start, end) leads there. */
function pathUp(it: Hierarchy, from: string, target: string, start: string, end: string | null): string[] | undefined {
  if (from === target) return [from];
  for (const link of linksOf(it, from)) {
    const later = link.validFrom > start ? link.validFrom : start;
    const earlier = link.validTo === null ? end : end === null || link.validTo < end ? link.validTo : end;
    if (earlier !== null && later >= earlier) continue;
    const rest = pathUp(it, link.parentId, target, later, earlier);
    if (rest) return [from, ...rest];
  }
  return undefined;
}

export const hierarchy = aggregate(hierarchyContract, { shards: new Map() } as Hierarchy)({
  accounts: (_id, _it, data) => ('parentId' in data ? [data.accountId, data.parentId] : [data.accountId]),

  look: {
    Link: ({ accountId, parentId }) => ({ child: { of: account, id: accountId }, parent: { of: account, id: parentId } }),
  },

  decide: {
    Link: (it, { accountId, parentId, linkType, validFrom }, { child, parent }) => {
      for (const found of [child, parent]) if (found.revision < 0) refuse('unknown-account', { accountId: found.id });
      const links = linksOf(it, accountId);
      const before = links.find(holdsOn(validFrom));
      if (before?.parentId === parentId && before.linkType === linkType) return [];
      const validTo = links.find((link) => link.validFrom > validFrom)?.validFrom ?? null;
      const path = pathUp(it, parentId, accountId, validFrom, validTo);
      if (path) refuse('hierarchy-cycle', { path: [accountId, ...path] });
      return [
        ...(before && before.validFrom < validFrom
          ? [{ type: 'AccountHierarchyUnlinked' as const, data: { ...before, accountId, validTo: validFrom } }]
          : []),
        { type: 'AccountHierarchyLinked', data: { accountId, parentId, linkType, validFrom, validTo } },
      ];
    },

    Unlink: (it, { accountId, validTo, reason }) => {
      const links = linksOf(it, accountId);
      const link = links.find(holdsOn(validTo)) ?? refuse('not-linked', { accountId, day: validTo });
      return [{ type: 'AccountHierarchyUnlinked', data: { ...link, accountId, validTo, reason } }];
    },
  },

  evolve: {
    AccountHierarchyLinked: (it, { accountId, ...link }) => {
      const others = linksOf(it, accountId).filter((other) => other.validFrom !== link.validFrom);
      return withLinks(
        it,
        accountId,
        [...others, link].sort((a, b) => (a.validFrom < b.validFrom ? -1 : 1)),
      );
    },
    AccountHierarchyUnlinked: (it, { accountId, validFrom, validTo }) =>
      withLinks(
        it,
        accountId,
        linksOf(it, accountId)
          .map((link) => (link.validFrom === validFrom ? { ...link, validTo } : link))
          .filter((link) => link.validTo === null || link.validFrom < link.validTo),
      ),
  },
});
