// The roles of the database. Nobody logs in as one: the connected user makes those that are missing, and each pool works as the
// one that it needs. So what a statement may do does not hang on this product's own conditions alone.
//
// Roles belong to the whole cluster: every installation in it has the same ones, with rights in its own database only.
import type { ClientBase } from 'pg';

export const ROLES = {
  /** Owns every schema and table. No pool works as it. */
  owner: 'kams_owner',
  /** The event store: reads it and inserts events, changes and deletes none. */
  append: 'kams_append',
  /** The keys of persons. */
  keys: 'kams_keys',
  /** Writes the rows of read models, of all tenants. */
  projector: 'kams_projector',
  /** Answers queries: reads the rows of the one tenant that its transaction names. */
  query: 'kams_query',
  /** Owns the views that searches read through, and nothing else. No pool works as it. */
  search: 'kams_search',
} as const;
export type Role = (typeof ROLES)[keyof typeof ROLES];

/** The connected user may not make the roles. The message holds the SQL that an administrator runs once. */
export class RolesRefused extends Error {}

interface Roles {
  readonly user: string;
  /** Those that are not there. */
  readonly missing: readonly Role[];
  /** Those that the user can not take, or whose rights it has not. */
  readonly notGranted: readonly Role[];
}

/** How the roles stand for the connected user. */
export async function rolesOf(client: ClientBase): Promise<Roles> {
  // Since Postgres 16 a member may be one that can not take the role.
  const { rows } = await client.query<{ user: string; role: Role; there: boolean; granted: boolean | null }>(
    `select session_user::text as user, role, r.oid is not null as there,
            pg_has_role(session_user, r.oid, 'usage') and pg_has_role(session_user, r.oid,
              case when current_setting('server_version_num')::int >= 160000 then 'set' else 'member' end) as granted
       from unnest($1::text[]) role left join pg_roles r on r.rolname = role`,
    [Object.values(ROLES)],
  );
  const named = (which: (it: (typeof rows)[number]) => boolean) => rows.filter(which).map((it) => it.role);
  return { user: rows[0]!.user, missing: named((it) => !it.there), notGranted: named((it) => it.granted !== true) };
}

const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** What makes them stand right; empty: they do. */
export const rolesSql = ({ user, missing, notGranted }: Roles): string =>
  [
    ...missing.map((role) => `create role ${role} nologin;`),
    ...(notGranted.length > 0 ? [`grant ${notGranted.join(', ')} to ${identifier(user)};`] : []),
  ].join('\n');

const INSUFFICIENT_PRIVILEGE = '42501';
const TRIES = 5;

/**
 * Makes the roles that are missing, and grants them to the connected user. To be called outside of a transaction.
 * @throws RolesRefused
 */
export async function ensureRoles(client: ClientBase): Promise<void> {
  for (let tries = 1; ; tries++) {
    const roles = await rolesOf(client);
    const sql = rolesSql(roles);
    if (sql === '') return;
    try {
      await client.query(sql);
    } catch (error) {
      if ((error as { code?: string }).code === INSUFFICIENT_PRIVILEGE) {
        throw new RolesRefused(
          `the user ${roles.user} may not make the roles of the database: let an administrator run, once:\n${sql}`,
          { cause: error },
        );
      }
      // Another process, perhaps in another database, makes them at this moment.
      if (tries === TRIES) throw error;
    }
  }
}

/** Everything in a schema belongs to the owner, whoever made it: also what an earlier release made. Run by the connected user. */
export const handOver = (schema: string): string => `
  do $$ declare it record; begin
    if (select nspowner <> '${ROLES.owner}'::regrole from pg_namespace where nspname = '${schema}') then
      alter schema ${schema} owner to ${ROLES.owner};
    end if;
    for it in
      select case relkind when 'v' then 'view' when 'm' then 'materialized view' when 'S' then 'sequence' else 'table' end as kind,
             oid::regclass::text as name
        from pg_class where relnamespace = '${schema}'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'S')
         and relowner not in ('${ROLES.owner}'::regrole, '${ROLES.search}'::regrole)
      union all
      select 'routine', oid::regprocedure::text from pg_proc
       where pronamespace = '${schema}'::regnamespace and proowner <> '${ROLES.owner}'::regrole
    loop
      execute format('alter %s %s owner to ${ROLES.owner}', it.kind, it.name);
    end loop;
  end $$`;

/** To be awaited with each new connection, before it is used. */
export const workAs =
  (role: Role) =>
  async (client: ClientBase): Promise<void> => {
    await client.query(`set role ${role}`);
  };
