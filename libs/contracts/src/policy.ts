// Who may do what, as data: role x action x resource x field. A service lists the rules of its resources; what no rule allows is
// refused.

/** What people are here. A role of the tenant holds for all of it; one at an account for that account and all below it. */
export const ROLES = {
  key_account_manager: { en: 'Key-account manager', zh: '大客户经理', at: 'account' },
  executive_sponsor: { en: 'Executive sponsor', zh: '高层发起人', at: 'account' },
  service_lead: { en: 'Service lead', zh: '服务负责人', at: 'account' },
  marketing_lead: { en: 'Marketing lead', zh: '营销负责人', at: 'account' },
  regional_manager: { en: 'Regional manager', zh: '区域经理', at: 'account' },
  service_desk: { en: 'Service desk', zh: '服务台', at: 'tenant' },
  club_desk: { en: 'Club desk', zh: '俱乐部服务台', at: 'tenant' },
  compliance_officer: { en: 'Compliance officer', zh: '合规专员', at: 'tenant' },
  finance: { en: 'Finance', zh: '财务', at: 'tenant' },
  analyst: { en: 'Analyst', zh: '分析师', at: 'tenant' },
  operator: { en: 'Operator', zh: '运维', at: 'tenant' },
  administrator: { en: 'Administrator', zh: '管理员', at: 'tenant' },
} as const;
export type Role = keyof typeof ROLES;

/** The roles that one has as a member of an account's team. */
export const TEAM_ROLES = ['key_account_manager', 'executive_sponsor', 'service_lead', 'marketing_lead'] as const;
export type TeamRole = (typeof TEAM_ROLES)[number];
/** The roles that are granted by themselves. */
export const GRANTED_ROLES = [
  'regional_manager',
  'service_desk',
  'club_desk',
  'compliance_officer',
  'finance',
  'analyst',
  'operator',
  'administrator',
] as const satisfies readonly Exclude<Role, TeamRole>[];

export interface Rule {
  readonly role: Role;
  /** The name of a contract, or of what a query calls its own. */
  readonly resource: string;
  /** Names of commands; `read`; `stream` for its events. */
  readonly actions: readonly string[] | 'all';
  /**
   * What may be read, by its name in the answers: `name`, `person.phone`; a name stands for all below it. Absent: all. By a field
   * that one may not read one may not sort, filter or search either.
   */
  readonly fields?: readonly string[];
}

/** Whatever the service. */
export const GENERAL_POLICY: readonly Rule[] = [
  { role: 'administrator', resource: '*', actions: 'all' },
  { role: 'operator', resource: 'operations', actions: ['operate'] },
];
