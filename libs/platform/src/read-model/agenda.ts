// The pending timers of a service in its schema, and those whose command came to nothing.
import { table, type Agenda, type Due, type Timer } from '@kams/eventing';
import type { DataSource } from 'typeorm';
import { changingTables, ensureTable } from './changing-tables';
import { quote, selectList } from './ddl';
import { fence } from './leases';

interface PendingRow {
  readonly tenant_id: string;
  readonly id: string;
  readonly due_at: string;
  readonly data: unknown;
  readonly traceparent: string | null;
}

const notedTable = table(
  'timer_noted',
  { timer: 'text', tenant_id: 'text', id: 'text', due_at: 'instant', outcome: 'text' },
  { primaryKey: ['tenant_id', 'timer', 'id', 'due_at'], groupBy: 'id' },
);

/** An earlier release began the key with the timer. */
const beginWithTenant = (noted: string): string => `
  do $$ begin
    if exists (select from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
                where i.indrelid = '${noted}'::regclass and i.indisprimary and a.attname <> 'tenant_id') then
      alter table ${noted} drop constraint timer_noted_pkey, add primary key (${notedTable.primaryKey.join(', ')});
    end if;
  end $$`;

/** The table of the timer's projection must be there. */
export async function postgresAgenda(source: DataSource, schema: string, { name, pending }: Timer): Promise<Agenda> {
  const noted = `${quote(schema)}.${quote(notedTable.name)}`;
  const pendingTable = `${quote(schema)}.${quote(pending.table.name)}`;
  await changingTables(source, schema, async (manager) => {
    await ensureTable(manager, schema, notedTable);
    await manager.query(beginWithTenant(noted));
  });
  return {
    async due(now, limit) {
      const rows = await source.query<PendingRow[]>(
        `select ${selectList(pending.table, 'p.')} from ${pendingTable} p
          where due_at <= $1 and not exists (
            select from ${noted} n where n.timer = $2 and n.tenant_id = p.tenant_id and n.id = p.id and n.due_at = p.due_at)
          order by due_at, p.id limit $3`,
        [now, name, limit],
      );
      return rows.map(
        // As commands have instants, so that a rule may compare them as text.
        ({ tenant_id, id, due_at, data, traceparent }): Due => ({
          tenantId: tenant_id,
          id,
          at: new Date(due_at).toISOString(),
          data,
          traceparent: traceparent ?? undefined,
        }),
      );
    },
    async note({ tenantId, id, at }, outcome, proof) {
      const { sql, values } = fence(schema, proof, 6);
      await source.query(`${sql} insert into ${noted} select $1, $2, $3, $4::timestamptz, $5 from mine on conflict do nothing`, [
        name,
        tenantId,
        id,
        at,
        outcome,
        ...values,
      ]);
    },
  };
}
