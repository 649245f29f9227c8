// A tenant's rows are shown to that tenant alone, below every condition that a query has: by row level security.
//
// A search is the exception, and has the same condition in a view. Under row level security Postgres uses no index for an
// operator that is not leakproof, which `like`, `%>` and `@>` are not: they might tell somebody who can run functions of his
// own something of rows that are not his. With 100,000 accounts `like` then took 99 ms instead of 0.5, and `%>` 664 instead of
// 0.7. Whoever can run functions here can name another tenant as well, so nothing is lost. Only a superuser could call the
// operators leakproof.
import { ROLES, type Role } from '@kams/eventing/store/postgres/roles';
import type { Table } from '@kams/eventing';
import { quote } from './name';

/** Holds for one transaction: the tenant whose rows a query is shown. */
export const TENANT_SETTING = 'app.tenant';
const OF_TENANT = `tenant_id = current_setting('${TENANT_SETTING}', true)`;

export const hasTenant = ({ columns }: Pick<Table, 'columns'>): boolean => Object.hasOwn(columns, 'tenant_id');

/** Is it asked with operators that only such an index knows? */
export const isSearched = (table: Table): boolean => hasTenant(table) && table.indexes.some((it) => it.startsWith('using'));
export const searchedName = (name: string): string => `${name}__searched`;

/** Who may do what with a table: what `create table` does not say. May run again. */
export function rights(schema: string, name: string, it: Table): string[] {
  const table = `${quote(schema)}.${quote(name)}`;
  const policy = (called: string, rest: string) => [
    `drop policy if exists ${called} on ${table}`,
    `create policy ${called} on ${table} ${rest}`,
  ];
  return [
    `alter table ${table} owner to ${ROLES.owner}`,
    `grant select, insert, update, delete on ${table} to ${ROLES.projector}`,
    ...(hasTenant(it)
      ? [
          `alter table ${table} enable row level security, force row level security`,
          ...policy('all_tenants', `to ${ROLES.projector} using (true) with check (true)`),
          ...policy('one_tenant', `for select to ${ROLES.query} using (${OF_TENANT})`),
          `grant select on ${table} to ${ROLES.query}`,
        ]
      : []),
    ...(isSearched(it)
      ? [...policy('searched', `for select to ${ROLES.search} using (true)`), `grant select on ${table} to ${ROLES.search}`]
      : []),
  ];
}

/** The view that searches read through, where there is one. It is replaced together with its table. */
export function createSearched(schema: string, name: string, it: Table): string[] {
  if (!isSearched(it)) return [];
  const view = `${quote(schema)}.${quote(searchedName(name))}`;
  return [
    `create view ${view} as select * from ${quote(schema)}.${quote(name)} where ${OF_TENANT}`,
    // Who is to own something in a schema must be allowed to create in it at that moment.
    `grant create on schema ${quote(schema)} to ${ROLES.search}`,
    `alter view ${view} owner to ${ROLES.search}`,
    `revoke create on schema ${quote(schema)} from ${ROLES.search}`,
    `grant select on ${view} to ${ROLES.query}`,
  ];
}
export const dropSearched = (schema: string, name: string): string =>
  `drop view if exists ${quote(schema)}.${quote(searchedName(name))}`;

/** As Postgres writes it. */
const OF_TENANT_STORED = `(tenant_id = current_setting('${TENANT_SETTING}'::text, true))`;
const list = (...roles: readonly Role[]): string => roles.map((it) => `'${it}'::regrole`).join(', ');

/**
 * What is wrong with the roles, and with the tables and views that they reach, one sentence each: `$1` limits it to one schema,
 * `$2` to one table. Rows of all tenants are reached only by roles that answer no query.
 */
const FAULTS = `
  with role as (select oid, rolname from pg_roles where oid in (${list(ROLES.append, ROLES.keys, ROLES.projector, ROLES.query)})),
  part as (select oid, nspname from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema' and ($1::text is null or nspname = $1)),
  relation as (
    select c.*, c.oid as id, c.oid::regclass::text as name from pg_class c join part on part.oid = c.relnamespace
     where c.relkind in ('r', 'p', 'v', 'm') and ($2::text is null or c.relname = $2)
       and (c.relowner in (${list(ROLES.owner, ROLES.search)})
            or part.oid in (select oid from pg_namespace where nspowner = ${list(ROLES.owner)})
            or exists (select from role where has_table_privilege(role.oid, c.oid, 'select')))),
  tenants as (
    select r.*, a.attnum from relation r join pg_attribute a on a.attrelid = r.id and a.attname = 'tenant_id' and not a.attisdropped
     where relkind in ('r', 'p'))
  select name || ' has no row level security' as fault from tenants where not relrowsecurity
  union all
  select name || ' shows its owner the rows of all tenants: its row level security is not forced' from tenants where not relforcerowsecurity
  union all
  select t.name || ' is shown to ${ROLES.query} beyond one tenant' from tenants t
   where has_table_privilege(${list(ROLES.query)}, t.id, 'select') and not exists (
     select from pg_policy p where p.polrelid = t.id and ${list(ROLES.query)} = any(p.polroles) and p.polpermissive
        and pg_get_expr(p.polqual, p.polrelid) = $$${OF_TENANT_STORED}$$)
  union all
  select t.name || ' has the policy ' || p.polname || ', which shows more than one tenant' from tenants t join pg_policy p on p.polrelid = t.id
   where p.polroles && array[0::oid, ${list(ROLES.query, ROLES.owner)}] and pg_get_expr(p.polqual, p.polrelid) is distinct from $$${OF_TENANT_STORED}$$
  union all
  select name || ' has no policy for ${ROLES.projector}' from tenants t where has_table_privilege(${list(ROLES.projector)}, t.id, 'select')
     and not exists (select from pg_policy p where p.polrelid = t.id and ${list(ROLES.projector)} = any(p.polroles))
  union all
  select name || ' belongs to ' || relowner::regrole || ' and not to ${ROLES.owner}' from relation where relkind <> 'v' and relowner <> ${list(ROLES.owner)}
  union all
  select t.name || ' has a unique key that does not begin with the tenant: ' || i.indexrelid::regclass
    from tenants t join pg_index i on i.indrelid = t.id where i.indisunique and i.indkey[0] <> t.attnum
  union all
  select name || ' is a view that shows what its owner sees' from relation
   where relkind = 'v' and not coalesce('security_invoker=true' = any(reloptions), false)
     and not (relowner = ${list(ROLES.search)} and pg_get_viewdef(id) ~ ('FROM [a-z_."]+\\s+WHERE ' || $$\\((\\w+\\.)?tenant_id = current_setting\\('${TENANT_SETTING}'::text, true\\)\\);$$ || '$'))
  union all
  select name || ' is a materialized view that ' || role.rolname || ' may read' from relation, role
   where relkind = 'm' and has_table_privilege(role.oid, id, 'select')
  union all
  select name || ' may be changed by ${ROLES.query}' from relation
   where has_table_privilege(${list(ROLES.query)}, id, 'insert, update, delete, truncate')
  union all
  select name || ' may be changed by ${ROLES.append}' from relation join part on part.oid = relnamespace
   where has_table_privilege(${list(ROLES.append)}, id, 'update, delete, truncate') or nspname <> 'es' and has_table_privilege(${list(ROLES.append)}, id, 'select, insert')
  union all
  select nspname || ' may be reached by ' || role.rolname from part, role
   where nspname = 'es' and role.oid <> ${list(ROLES.append)} and has_schema_privilege(role.oid, part.oid, 'usage')
      or nspname = 'keys' and role.oid <> ${list(ROLES.keys)} and has_schema_privilege(role.oid, part.oid, 'usage')
  union all
  select 'in ' || nspname || ' tables may be made by ' || rolname from part, (select * from role union all select oid, rolname from pg_roles where oid = ${list(ROLES.search)}) r
   where has_schema_privilege(r.oid, part.oid, 'create')
  union all
  select rolname || ' may ' || case when rolsuper then 'do everything' when rolbypassrls then 'see the rows of all tenants'
                                    when rolcanlogin then 'log in' else 'make roles or databases' end
    from pg_roles where oid in (${list(...Object.values(ROLES))}) and (rolsuper or rolbypassrls or rolcanlogin or rolcreaterole or rolcreatedb)
  union all
  select member::regrole || ' has the rights of ' || roleid::regrole from pg_auth_members where member in (${list(...Object.values(ROLES))})`;

/** What in the database lets somebody see, or be told of, rows of a tenant that is not his. None: all stands as it must. */
export async function tenantFaults(
  query: (sql: string, values: unknown[]) => Promise<{ fault: string }[]>,
  schema: string | null = null,
  table: string | null = null,
): Promise<string[]> {
  return (await query(FAULTS, [schema, table])).map((it) => it.fault);
}
