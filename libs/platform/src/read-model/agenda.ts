// The pending timers of a service in its schema, and those whose command came to nothing.
import type { Agenda, Due, Timer } from '@kams/eventing';
import type { DataSource } from 'typeorm';
import { quote, selectList } from './ddl';

interface PendingRow {
  readonly tenant_id: string;
  readonly id: string;
  readonly due_at: string;
  readonly data: unknown;
}

/** The table of the timer's projection must be there. */
export async function postgresAgenda(source: DataSource, schema: string, { name, pending }: Timer): Promise<Agenda> {
  const noted = `${quote(schema)}.timer_noted`;
  const table = `${quote(schema)}.${quote(pending.table.name)}`;
  await source.query(`create table if not exists ${noted} (
    timer text collate "C" not null, tenant_id text collate "C" not null, id text collate "C" not null, due_at timestamptz not null,
    outcome text not null, primary key (timer, tenant_id, id, due_at))`);
  return {
    async due(now, limit) {
      const rows = await source.query<PendingRow[]>(
        `select ${selectList(pending.table, 'p.')} from ${table} p
          where due_at <= $1 and not exists (
            select from ${noted} n where n.timer = $2 and n.tenant_id = p.tenant_id and n.id = p.id and n.due_at = p.due_at)
          order by due_at, p.id limit $3`,
        [now, name, limit],
      );
      return rows.map(
        // As commands have instants, so that a rule may compare them as text.
        ({ tenant_id, id, due_at, data }): Due => ({ tenantId: tenant_id, id, at: new Date(due_at).toISOString(), data }),
      );
    },
    async note({ tenantId, id, at }, outcome) {
      await source.query(`insert into ${noted} values ($1, $2, $3, $4, $5) on conflict do nothing`, [
        name,
        tenantId,
        id,
        at,
        outcome,
      ]);
    },
  };
}
