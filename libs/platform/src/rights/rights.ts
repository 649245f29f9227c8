// What one subject may do, by the policy and the roles held.
import type { Role, Rule } from '@kams/contracts/policy';
import type { Held, RolesHeld } from './roles-held';

export const READ_ACTION = 'read';
export const STREAM_ACTION = 'stream';
export const OPERATIONS = 'operations';

/** Names of fields; each stands for all below it. */
export type Fields = ReadonlySet<string> | 'all';

interface Allowed {
  readonly rule: Rule;
  readonly accountId: string | null;
}

export interface Who {
  readonly tenantId: string;
  readonly held: readonly Held[];
  /** May its operators operate the installation? That is not one tenant's alone. */
  readonly operates: boolean;
  /** The day, in UTC, that the hierarchy is looked at on. */
  readonly day: string;
}

export class Rights {
  readonly #allowed: readonly Allowed[];

  constructor(
    policy: readonly Rule[],
    private readonly roles: RolesHeld,
    readonly who: Who,
  ) {
    this.#allowed = who.held.flatMap(({ role, accountId }) =>
      policy.filter((rule) => rule.role === role).map((rule) => ({ rule, accountId })),
    );
  }

  /** This role, at this account or in the whole tenant? Without an account: in the whole tenant. */
  readonly holds = (role: Role, accountId?: string): boolean =>
    this.who.held.some(
      (it) =>
        it.role === role &&
        (it.accountId === null || (accountId !== undefined && this.#isWithin(new Set([it.accountId]), accountId))),
    );

  /** To anything at all? */
  may(resource: string, action: string): boolean {
    if (resource === OPERATIONS && !this.who.operates) return false;
    return this.#allowed.some(({ rule }) => concerns(rule, resource, action));
  }

  /** To the things of any resource? */
  mayAny(action: string): boolean {
    return this.#allowed.some(({ rule }) => rule.actions === 'all' || rule.actions.includes(action));
  }

  /** To the things of every account of the tenant? */
  isEverywhere(resource: string, action: string): boolean {
    return this.#allowed.some(({ rule, accountId }) => accountId === null && concerns(rule, resource, action));
  }

  /** To the things of this account? */
  reaches(resource: string, action: string, accountId: string): boolean {
    const roots = this.#rootsOf(resource, action, []);
    return roots === null || this.#isWithin(roots, accountId);
  }

  /**
   * The accounts whose things it may be done to by someone who reads these fields of them; null: all of the tenant. By a field
   * that is not seen of an account, that account is not found.
   */
  accounts(resource: string, action: string, fields: readonly string[] = []): readonly string[] | null {
    const roots = this.#rootsOf(resource, action, fields);
    return roots && this.roles.within(this.who.tenantId, roots, this.who.day);
  }

  /** May each of these fields be read of anything at all? The first that may not. */
  firstUnseen(resource: string, fields: readonly string[]): string | undefined {
    return fields.find(
      (field) => !this.#allowed.some(({ rule }) => concerns(rule, resource, READ_ACTION) && includes(rule.fields, field)),
    );
  }

  /** What may be read of the things of this account, or of things without one. */
  fields(resource: string, accountId: string | undefined): Fields {
    const all = new Set<string>();
    for (const { rule, accountId: root } of this.#allowed) {
      if (!concerns(rule, resource, READ_ACTION)) continue;
      if (root !== null && accountId !== undefined && !this.#isWithin(new Set([root]), accountId)) continue;
      if (!rule.fields) return 'all';
      for (const field of rule.fields) all.add(field);
    }
    return all;
  }

  sees(resource: string, field: string, accountId: string): boolean {
    const fields = this.fields(resource, accountId);
    return fields === 'all' || includes([...fields], field);
  }

  /** Does each of their roles show all fields? Then there is nothing to leave out. */
  seesAll(resource: string): boolean {
    return this.#allowed.every(({ rule }) => !concerns(rule, resource, READ_ACTION) || !rule.fields);
  }

  #isWithin(roots: ReadonlySet<string>, accountId: string): boolean {
    return this.roles.isWithin(this.who.tenantId, roots, accountId, this.who.day);
  }

  #rootsOf(resource: string, action: string, fields: readonly string[]): ReadonlySet<string> | null {
    const roots = new Set<string>();
    for (const { rule, accountId } of this.#allowed) {
      if (!concerns(rule, resource, action) || !fields.every((it) => includes(rule.fields, it))) continue;
      if (accountId === null) return null;
      roots.add(accountId);
    }
    return roots;
  }
}

const concerns = ({ resource, actions }: Rule, wanted: string, action: string): boolean =>
  (resource === '*' || resource === wanted) && (actions === 'all' || actions.includes(action));

const includes = (fields: readonly string[] | undefined, field: string): boolean =>
  fields === undefined || fields.some((it) => field === it || field.startsWith(`${it}.`));
