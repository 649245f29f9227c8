// Which tier, since when and why: as of an instant (valid), by what was known at another one (recorded).
import { holdsSql, type RowOf } from '@kams/eventing';
import { quote, selectList, type Reader } from '@kams/platform';
import { accountHistory } from '../projections/account-history';
import { hierarchyHistory } from '../projections/hierarchy-history';
import { valueRecordTable } from '../projections/value-record';
import { SCHEMA } from '../schema';

const [HISTORY, LINKS, RECORD] = [accountHistory.table, hierarchyHistory.table, valueRecordTable].map(
  ({ name }) => `${quote(SCHEMA)}.${quote(name)}`,
);

export interface AtDates {
  readonly asOf: string;
  readonly known: string;
}

export interface InTier {
  readonly accountId: string;
  readonly name: string;
  readonly tier: string;
  readonly keyAccount: string;
  readonly since: string;
}

/** The accounts that have a tier, by their ids. */
export const tierList = (
  reader: Reader,
  { asOf, known, tier, after, limit }: AtDates & { tier: string | undefined; after: string; limit: number },
): Promise<InTier[]> =>
  reader.query(
    `select key as "accountId", max(attributes->>'name') as name, max(attributes->>'tier') as tier,
            coalesce(max(attributes->>'keyAccount'), 'no') as "keyAccount",
            to_char(max(valid_from) filter (where attributes ? 'tier') at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as since
       from ${HISTORY} h
      where tenant_id = $1 and ${holdsSql('h', 2, 3)} and key > $4 and ($5::uuid[] is null or key = any($5::text[]))
      group by key having max(attributes->>'tier') is not null and ($6::text is null or max(attributes->>'tier') = $6)
      order by key limit $7`,
    [reader.tenantId, asOf, known, after, reader.accounts, tier ?? null, limit],
  );

/** How many accounts each tier has. */
export async function tierCounts(reader: Reader, { asOf, known }: AtDates): Promise<Readonly<Record<string, number>>> {
  const rows = await reader.query<{ tier: string; count: number }>(
    `select attributes->>'tier' as tier, count(*)::int as count from ${HISTORY} h
      where tenant_id = $1 and ${holdsSql('h', 2, 3)} and ($4::uuid[] is null or key = any($4::text[]))
        and attributes->>'tier' is not null
      group by 1 order by 1`,
    [reader.tenantId, asOf, known, reader.accounts],
  );
  return Object.fromEntries(rows.map((it) => [it.tier, it.count]));
}

export interface EffectiveTier {
  readonly tier: string | null;
  /** The account that it is the tier of: the nearest designated one above, or the account itself. */
  readonly via: string;
  readonly isDesignated: boolean;
}

/** 有效等级: that of the nearest key account at or above it, on the structure of that instant; without one, its own. */
export async function effectiveTier(reader: Reader, id: string, { asOf, known }: AtDates): Promise<EffectiveTier> {
  const [row] = await reader.query<EffectiveTier>(
    `with recursive links as materialized (
       select h.key::uuid as child, (parent->>'parentId')::uuid as parent
         from ${LINKS} h, jsonb_extract_path(h.attributes, 'parent') parent
        where h.tenant_id = $1 and jsonb_typeof(parent) = 'object' and ${holdsSql('h', 3, 4)}
     ), up as (
       select $2::uuid as id, 0 as distance
       union all select links.parent, distance + 1 from up join links on links.child = up.id where distance < 100
     )
     select up.id as via, stood.tier, stood.is_designated as "isDesignated" from up, lateral (
       select max(attributes->>'tier') as tier, coalesce(bool_or(attributes->>'keyAccount' = 'designated'), false) as is_designated
         from ${HISTORY} h where h.tenant_id = $1 and h.key = up.id::text and ${holdsSql('h', 3, 4)}) stood
      where stood.is_designated or distance = 0
      order by stood.is_designated desc, distance limit 1`,
    [reader.tenantId, id, asOf, known],
  );
  return row!;
}

export type ValueRow = RowOf<typeof valueRecordTable>;

/** What the record said of the value of an account, in the order in which it was recorded. */
export const valueRecordOf = (reader: Reader, id: string, { asOf, known }: AtDates): Promise<ValueRow[]> =>
  reader.query(
    `select ${selectList(valueRecordTable)} from ${RECORD}
      where tenant_id = $1 and account_id = $2 and occurred_at <= $3 and recorded_at <= $4 order by revision`,
    [reader.tenantId, id, asOf, known],
  );

const OCCURRED = selectList({ ...valueRecordTable, columns: { occurred_at: valueRecordTable.columns.occurred_at } });

/** A page of the records of all accounts that were ever assessed, each account whole, up to an instant that is not in it. */
export const valueRecords = (
  reader: Reader,
  { before, after, accounts }: { before: string; after: string; accounts: number },
): Promise<Pick<ValueRow, 'account_id' | 'type' | 'event_id' | 'occurred_at' | 'data'>[]> =>
  reader.query(
    `with page as (
       select distinct account_id from ${RECORD}
        where tenant_id = $1 and type = 'AccountScored' and occurred_at < $5 and account_id > $2
          and ($3::uuid[] is null or account_id = any($3))
        order by account_id limit $4
     )
     select account_id, type, event_id, ${OCCURRED}, data - 'criteria' as data
       from ${RECORD} join page using (account_id)
      where tenant_id = $1 and occurred_at < $5 order by account_id, revision`,
    [reader.tenantId, after, reader.accounts, accounts, before],
  );
