// The leases of a service in its schema, a row each. A write renews its own in the statement that moves the checkpoint, so the
// row is locked until that write is committed, and nobody can take it in between.
import type { LeaseRows, Proof } from '@kams/eventing';
import type { DataSource } from 'typeorm';
import { quote } from './ddl';

const tableOf = (schema: string): string => `${quote(schema)}.lease`;

export const leaseTable = (schema: string): string =>
  `create table if not exists ${tableOf(schema)} (
     name text collate "C" primary key, owner text collate "C" not null, fencing bigint not null,
     expires_at timestamptz not null) with (fillfactor = 50)`;

const fromNow = (ms: string): string => `clock_timestamp() + ${ms} * interval '1 millisecond'`;

/**
 * `with mine as (...)` has a row while the proof holds, and renews it; without one it holds for everybody. The parameters begin
 * with number `first`.
 */
export function fence(
  schema: string,
  proof: Proof | undefined,
  first: number,
): { readonly sql: string; readonly values: unknown[] } {
  if (!proof) return { sql: 'with mine as (select 1)', values: [] };
  return {
    sql: `with mine as (update ${tableOf(schema)} set expires_at = ${fromNow(`$${first}`)}
            where name = $${first + 1} and owner = $${first + 2} and fencing = $${first + 3} returning 1)`,
    values: [proof.leaseMs, proof.name, proof.owner, proof.fencing],
  };
}

export interface Holding {
  readonly name: string;
  readonly owner: string;
  readonly fencing: number;
}

export interface PostgresLeases extends LeaseRows {
  /** Who holds what now. */
  held(): Promise<readonly Holding[]>;
}

/** The table must be there. */
export function postgresLeases(source: DataSource, schema: string): PostgresLeases {
  const table = tableOf(schema);
  return {
    async take(names, owner, leaseMs, evenIfHeld) {
      // Asked without a lock first: most times there is nothing to take.
      const free = await source.query<{ name: string }[]>(
        `select name from unnest($1::text[]) name
          where $2 or not exists (select from ${table} l where l.name = name.name and l.expires_at > clock_timestamp())`,
        [names, evenIfHeld],
      );
      if (free.length === 0) return new Map();
      return source.transaction(async (manager) => {
        // A number that a crash of the server takes back would be given twice.
        await manager.query('set local synchronous_commit = on');
        // Only where there is none: a conflict would wait for whoever writes there.
        await manager.query(
          `insert into ${table} select name, '', 0, '-infinity' from unnest($1::text[]) name
            where not exists (select from ${table} l where l.name = name.name) order by name on conflict do nothing`,
          [free.map((it) => it.name)],
        );
        const [rows] = await manager.query<[{ name: string; fencing: string }[], number]>(
          `with free as (
             select name from ${table} where name = any($1) and ($4 or expires_at <= clock_timestamp())
              order by name for no key update skip locked)
           update ${table} l set owner = $2, fencing = fencing + 1, expires_at = ${fromNow('$3')}
             from free where l.name = free.name returning l.name, l.fencing`,
          [free.map((it) => it.name), owner, leaseMs, evenIfHeld],
        );
        return new Map(rows.map(({ name, fencing }) => [name, Number(fencing)]));
      });
    },

    async renew(proofs) {
      const names = proofs.map((it) => it.name);
      const values = [names, proofs.map((it) => it.fencing), proofs[0]!.owner];
      const mine = `l.name = p.name and l.fencing = p.fencing and l.owner = $3`;
      const given = `unnest($1::text[], $2::bigint[]) p (name, fencing)`;
      // Past what is locked: that is a write of this process, which renews it, or it is lost.
      const [renewed] = await source.query<[{ name: string }[], number]>(
        `with mine as (select l.name from ${table} l join ${given} on ${mine} order by 1 for no key update of l skip locked)
         update ${table} l set expires_at = ${fromNow('$4')} from mine where l.name = mine.name returning l.name`,
        [...values, proofs[0]!.leaseMs],
      );
      const held = new Map(renewed.map((it) => [it.name, true]));
      if (held.size < names.length) {
        const others = await source.query<{ name: string }[]>(`select l.name from ${table} l join ${given} on ${mine}`, values);
        for (const { name } of others) if (!held.has(name)) held.set(name, false);
      }
      return held;
    },

    async giveBack({ name, owner, fencing }) {
      await source.query(`update ${table} set expires_at = '-infinity' where name = $1 and owner = $2 and fencing = $3`, [
        name,
        owner,
        fencing,
      ]);
    },

    async held() {
      const rows = await source.query<{ name: string; owner: string; fencing: string }[]>(
        `select name, owner, fencing from ${table} where expires_at > clock_timestamp() order by name`,
      );
      return rows.map((it) => ({ ...it, fencing: Number(it.fencing) }));
    },
  };
}
