// 价值排名: recency, frequency and net value of every account as of a day (F-11), straight from the purchases.
import { quote, type Reader } from '@kams/platform';
import { purchaseTable } from './purchases';
import { accountTable } from './accounts';

export interface Ranked {
  readonly rank: number;
  readonly accountId: string;
  readonly name: string | null;
  readonly externalIds: unknown;
  readonly recencyDays: number | null;
  readonly frequency: number;
  readonly monetary: number;
  readonly r: number;
  readonly f: number;
  readonly m: number;
}

export interface RankingQuestion {
  readonly schema: string;
  readonly ccy: string;
  /** All history up to this day, in the zone of each source. */
  readonly asOf: string;
  /** By what was recorded up to this instant. */
  readonly knownAt: string;
  readonly limit: number;
  readonly afterRank: number;
}

/**
 * Frequency and recency look at sales alone; the monetary value is the sum of all lines, a return with its own amount, a
 * reversed purchase with its amount again and the opposite sign from the day of its reversal on.
 *
 * A quintile comes from the rank p (1 is best, equals share the lowest position) among n accounts: 5 - floor((p - 1) * 5 / n).
 * An account with returns only has no recency, and stands behind all that have one. Ranked by net value, then frequency, then
 * recency, then id. The same formula as `rfm` of the methods, in SQL, so that 100,000 accounts do not pass through the process.
 */
export async function valueRanking(reader: Reader, it: RankingQuestion): Promise<Ranked[]> {
  const purchase = `${quote(it.schema)}.${quote(purchaseTable.name)}`;
  const account = `${quote(it.schema)}.${quote(accountTable.name)}`;
  return reader.query<Ranked>(
    `with facts as (
       select account_id, kind, txn_date, total from ${purchase}
        where tenant_id = $1 and ccy = $2 and txn_date <= $3::date and recorded_at <= $4
       union all
       select account_id, 'return', reversed_on, -total from ${purchase}
        where tenant_id = $1 and ccy = $2 and reversed_on <= $3::date and reversed_recorded_at <= $4
     ), measured as (
       select account_id,
              $3::date - max(txn_date) filter (where kind = 'sale') as recency,
              count(*) filter (where kind = 'sale')::int as frequency,
              sum(total)::float8 as monetary
         from facts group by account_id
     ), scored as (
       select *,
              case when recency is null then 1 else 5 - (rank() over (order by recency nulls last) - 1) * 5 / count(*) over () end::int as r,
              (5 - (rank() over (order by frequency desc) - 1) * 5 / count(*) over ())::int as f,
              (5 - (rank() over (order by monetary desc) - 1) * 5 / count(*) over ())::int as m,
              row_number() over (order by monetary desc, frequency desc, recency nulls last, account_id)::int as rank
         from measured
     )
     select rank, account_id as "accountId", a.name, coalesce(a.external_ids, '[]') as "externalIds",
            recency as "recencyDays", frequency, monetary, r, f, m
       from scored left join ${account} a on a.tenant_id = $1 and a.id = account_id
      where rank > $5 and ($7::uuid[] is null or account_id = any($7)) order by rank limit $6`,
    [reader.tenantId, it.ccy, it.asOf, it.knownAt, it.afterRank, it.limit, reader.accounts],
  );
}

/** The currencies that purchases of the tenant are in. */
export async function currenciesOf(reader: Reader, schema: string): Promise<string[]> {
  const rows = await reader.query<{ ccy: string }>(
    `select distinct ccy from ${quote(schema)}.${quote(purchaseTable.name)} where tenant_id = $1 and ($2::uuid[] is null or account_id = any($2)) order by ccy`,
    [reader.tenantId, reader.accounts],
  );
  return rows.map((it) => it.ccy);
}
