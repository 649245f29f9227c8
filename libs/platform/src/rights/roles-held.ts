// Who has which role where, folded from the facts of three contracts: small, so it is kept in memory, and asked at every request.
import { accountTeamContract, type AccountTeamContract } from '@kams/contracts/accounts/account-team';
import { hierarchyContract, type HierarchyContract } from '@kams/contracts/accounts/hierarchy';
import { roleAssignmentContract, type RoleAssignmentContract } from '@kams/contracts/accounts/role-assignment';
import type { EventData } from '@kams/contracts/define';
import type { Role } from '@kams/contracts/policy';
import type { Occurrence } from '@kams/eventing';

export interface Held {
  readonly role: Role;
  /** With all below it. Null: the whole tenant. */
  readonly accountId: string | null;
}

interface Link {
  readonly parentId: string;
  readonly validFrom: string;
  readonly validTo: string | null;
}

export const RIGHTS_CONTRACTS = [roleAssignmentContract, accountTeamContract, hierarchyContract] as const;
const DEEPEST = 100;

/** The roles of all subjects of all tenants, and which account is below which. */
export class RolesHeld {
  /** `tenant subject` -> what they hold. */
  readonly #held = new Map<string, readonly Held[]>();
  /** `tenant account` -> its links upwards. */
  readonly #links = new Map<string, readonly Link[]>();
  /** `tenant account` -> those that were ever linked to it. */
  readonly #children = new Map<string, Set<string>>();

  take({ type, tenantId, data }: Pick<Occurrence, 'type' | 'tenantId' | 'data'>): void {
    const at = (id: string): string => `${tenantId} ${id}`;
    switch (type) {
      case 'RoleGranted':
      case 'RoleRevoked': {
        const { subjectId, role, scope } = data as EventData<RoleAssignmentContract, typeof type>;
        return this.#change(type === 'RoleGranted', at(subjectId), { role, accountId: scope?.accountId ?? null });
      }
      case 'AccountTeamMemberAssigned':
      case 'AccountTeamMemberReleased': {
        const { memberId, role, accountId } = data as EventData<AccountTeamContract, typeof type>;
        return this.#change(type === 'AccountTeamMemberAssigned', at(memberId), { role, accountId });
      }
      case 'AccountHierarchyLinked':
      case 'AccountHierarchyUnlinked': {
        const { accountId, parentId, validFrom, validTo } = data as EventData<HierarchyContract, typeof type>;
        const others = (this.#links.get(at(accountId)) ?? []).filter((link) => link.validFrom !== validFrom);
        const isEmpty = validTo !== null && validTo <= validFrom;
        this.#links.set(at(accountId), isEmpty ? others : [...others, { parentId, validFrom, validTo }]);
        this.#children.set(at(parentId), (this.#children.get(at(parentId)) ?? new Set()).add(accountId));
      }
    }
  }

  of(tenantId: string, subject: string): readonly Held[] {
    return this.#held.get(`${tenantId} ${subject}`) ?? [];
  }

  /** Is it one of these accounts, or below one, on this day? */
  isWithin(tenantId: string, roots: ReadonlySet<string>, accountId: string, day: string): boolean {
    let at: string | undefined = accountId;
    for (let distance = 0; at !== undefined && distance <= DEEPEST; distance++) {
      if (roots.has(at)) return true;
      at = this.#parentOf(tenantId, at, day);
    }
    return false;
  }

  /** These accounts, and all below them on this day. */
  within(tenantId: string, roots: Iterable<string>, day: string): readonly string[] {
    const found = new Set(roots);
    for (const at of found) {
      for (const child of this.#children.get(`${tenantId} ${at}`) ?? []) {
        if (this.#parentOf(tenantId, child, day) === at) found.add(child);
      }
    }
    return [...found];
  }

  #parentOf(tenantId: string, accountId: string, day: string): string | undefined {
    const links = this.#links.get(`${tenantId} ${accountId}`) ?? [];
    return links.find((it) => it.validFrom <= day && (it.validTo === null || day < it.validTo))?.parentId;
  }

  #change(isHeld: boolean, who: string, held: Held): void {
    const others = (this.#held.get(who) ?? []).filter((it) => it.role !== held.role || it.accountId !== held.accountId);
    this.#held.set(who, isHeld ? [...others, held] : others);
  }
}
