// What the readers of all services hold back, for those who mend it: lists, and what may be asked of whichever process owns it.
import type { Position } from '@kams/eventing';
import type { DataSource } from 'typeorm';
import { quote } from './ddl';

export interface ParkedEvent {
  readonly id: string;
  readonly service: string;
  /** A projection, or `reaction:<name>`. */
  readonly reader: string;
  /** The group of rows, or the stream, that waits. */
  readonly key: string;
  readonly eventId: string;
  readonly type: string;
  readonly tenantId: string;
  readonly stream: string;
  readonly revision: number;
  readonly position: Position;
  /** Events that wait, this one included. */
  readonly waiting: number;
  readonly tries: number;
  readonly error: string;
  readonly since: string;
  /** Not tried again by itself any more. */
  readonly parked: boolean;
  /** Somebody has asked, and the owner has not got to it yet. */
  readonly wanted: boolean;
}

export interface Parked {
  /** The longest parked first, after one that was the last of a page. */
  list(limit: number, after?: Pick<ParkedEvent, 'since' | 'id'>): Promise<readonly ParkedEvent[]>;
  /** Also one that is still being tried. */
  find(id: string): Promise<ParkedEvent | undefined>;
  /** Has its owner try it now. False: there is no such. */
  retry(id: string): Promise<boolean>;
  /** Leaves this one event out for good, and goes on behind it. False: there is no such. */
  skip(id: string, by: string, reason: string): Promise<boolean>;
  /** How many are parked, by reader; those without any are left out. */
  counts(): Promise<ReadonlyMap<string, number>>;
}

const SINCE = `to_char(since at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

/** The services must have been started once: their tables are there. */
export function parkedOf(source: DataSource, services: readonly string[]): Parked {
  const everywhere = services
    .map(
      (name) =>
        `select id, '${name}' as service, reader, key, event_id as "eventId", event_type as type, tenant_id as "tenantId",
                category || '-' || aggregate as stream, revision::float8 as revision, position, waiting::float8 as waiting, tries, error,
                ${SINCE} as since, parked, wanted
           from ${quote(name)}.parked where side = 'live'`,
    )
    .join(' union all ');

  async function find(id: string): Promise<ParkedEvent | undefined> {
    const [it] = await source.query<ParkedEvent[]>(`select * from (${everywhere}) p where id = $1`, [id]);
    return it;
  }

  return {
    find,
    list: (limit, after) =>
      source.query<ParkedEvent[]>(
        `select * from (${everywhere}) p where parked and (since, id) > ($2, $3::uuid) order by since, id limit $1`,
        [limit, after?.since ?? '', after?.id ?? '00000000-0000-0000-0000-000000000000'],
      ),

    async retry(id) {
      const it = await find(id);
      if (!it) return false;
      await source.query(`update ${quote(it.service)}.parked set wanted = true where id = $1`, [id]);
      return true;
    },

    async skip(id, by, reason) {
      const it = await find(id);
      if (!it) return false;
      const schema = quote(it.service);
      const [, count] = await source.query<[unknown[], number]>(
        `with left_out as (
           insert into ${schema}.skipped (reader, event_id, event_type, tenant_id, category, aggregate, position, reason, by, at)
             select reader, event_id, event_type, tenant_id, category, aggregate, position, $3, $2, clock_timestamp()
               from ${schema}.parked where id = $1 and event_id = $4
             on conflict do nothing)
         update ${schema}.parked set wanted = true where id = $1 and event_id = $4`,
        [id, by, reason, it.eventId],
      );
      return count === 1;
    },

    async counts() {
      const rows = await source.query<{ reader: string; n: number }[]>(
        `select reader, count(*)::int as n from (${everywhere}) p where parked group by reader`,
      );
      return new Map(rows.map(({ reader, n }) => [reader, n]));
    },
  };
}
