// Who has which role where, folded from the facts of three contracts: small, so it is kept in memory, and asked at every request.
import { accountTeamContract } from '@kams/contracts/accounts/account-team';
import { hierarchyContract } from '@kams/contracts/accounts/hierarchy';
import { roleAssignmentContract } from '@kams/contracts/accounts/role-assignment';
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
    const it = data as Readonly<Record<string, string | null>> & { readonly scope?: { readonly accountId: string } | null };
    const at = (id: unknown): string => `${tenantId} ${String(id)}`;
    switch (type) {
      case 'RoleGranted':
        return this.#give(at(it['subjectId']), { role: it['role'] as Role, accountId: it.scope?.accountId ?? null });
      case 'RoleRevoked':
        return this.#take(at(it['subjectId']), { role: it['role'] as Role, accountId: it.scope?.accountId ?? null });
      case 'AccountTeamMemberAssigned':
        return this.#give(at(it['memberId']), { role: it['role'] as Role, accountId: it['accountId']! });
      case 'AccountTeamMemberReleased':
        return this.#take(at(it['memberId']), { role: it['role'] as Role, accountId: it['accountId']! });
      case 'AccountHierarchyLinked':
      case 'AccountHierarchyUnlinked': {
        const { parentId, validFrom, validTo } = it as unknown as Link;
        const account = at(it['accountId']);
        const others = (this.#links.get(account) ?? []).filter((link) => link.validFrom !== validFrom);
        this.#links.set(
          account,
          validTo !== null && validTo <= validFrom ? others : [...others, { parentId, validFrom, validTo }],
        );
        const children = this.#children.get(at(parentId)) ?? new Set();
        this.#children.set(at(parentId), children.add(String(it['accountId'])));
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

  #give(who: string, held: Held): void {
    this.#held.set(who, [...(this.#held.get(who) ?? []).filter(differsFrom(held)), held]);
  }

  #take(who: string, held: Held): void {
    this.#held.set(who, (this.#held.get(who) ?? []).filter(differsFrom(held)));
  }
}

const differsFrom = (held: Held) => (other: Held) => other.role !== held.role || other.accountId !== held.accountId;
