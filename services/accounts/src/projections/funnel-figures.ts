// 销售漏斗: opportunities counted and added up in the database, for the figures of F-27. Whoever asks counts the accounts that they see.
import type { Ended, FunnelGroup } from '@kams/methods/funnel';
import { quote, type Reader } from '@kams/platform';
import { SCHEMA } from '../schema';
import { accountTable } from './accounts';
import { opportunityTable } from './opportunities';

export interface Chosen {
  readonly accountId?: string;
  readonly ownerId?: string;
  readonly product?: string;
}
/** Days of the decision, both with them. */
export interface Period {
  readonly from?: string;
  readonly to?: string;
}

const opportunity = `${quote(SCHEMA)}.${quote(opportunityTable.name)}`;
const account = `${quote(SCHEMA)}.${quote(accountTable.name)}`;
const WHERE = `o.tenant_id = $1 and ($2::uuid[] is null or o.account_id = any($2))
  and ($3::uuid is null or o.account_id = $3) and ($4::text is null or o.owner_id = $4)
  and ($5::jsonb is null or o.product_refs @> $5)`;
const chosen = ({ tenantId, accounts }: Reader, { accountId, ownerId, product }: Chosen): unknown[] => [
  ...[tenantId, accounts, accountId ?? null, ownerId ?? null],
  product === undefined ? null : JSON.stringify([product]),
];
const DECIDED = `${WHERE} and ($6::date is null or o.closed_on >= $6) and ($7::date is null or o.closed_on <= $7)`;
const decided = (reader: Reader, it: Chosen & Period): unknown[] => [...chosen(reader, it), it.from ?? null, it.to ?? null];

/** What is open, a line a stage, probability with the version of the pipeline that gave it, currency and day of entry. */
export const openGroups = (reader: Reader, it: Chosen): Promise<(FunnelGroup & { readonly pipelineVersion: number })[]> =>
  reader.query(
    `select stage, probability, pipeline_version as "pipelineVersion", ccy as currency, stage_since::text as since,
            sum(amount)::text as minor, count(*)::int as count
       from ${opportunity} o where ${WHERE} and state = 'open' group by 1, 2, 3, 4, 5 order by 1, 4, 2, 3, 5`,
    chosen(reader, it),
  );

export interface WinRate extends Ended {
  readonly stage: string;
  readonly product: string | null;
  readonly tier: string | null;
}

/**
 * How what was in a stage ended, of every stage that it had been in. One with several products counts for each of them. The tier is
 * the one that the account has now.
 */
export const endedGroups = (reader: Reader, by: readonly string[], it: Chosen & Period): Promise<WinRate[]> =>
  reader.query(
    `select s.stage, ${by.includes('product') ? 'p.product' : 'null'} as product, ${by.includes('tier') ? 'a.tier' : 'null'} as tier,
            count(*) filter (where state = 'won')::int as won, count(*) filter (where state = 'lost')::int as lost
       from ${opportunity} o cross join jsonb_array_elements_text(o.stages) s(stage)
       ${by.includes('product') ? 'cross join jsonb_array_elements_text(o.product_refs) p(product)' : ''}
       ${by.includes('tier') ? `left join ${account} a on a.tenant_id = o.tenant_id and a.id = o.account_id` : ''}
      where ${DECIDED} and state <> 'open' group by 1, 2, 3 order by 1, 2, 3`,
    decided(reader, it),
  );

export interface Pace extends Ended {
  readonly open: number;
  readonly wonMinor: string;
  readonly cycles: number;
  readonly cycleDays: number;
}

/** What velocity is made of, in one currency; what is worth nobody knows what counts as well. */
export async function pace(reader: Reader, currency: string, it: Chosen & Period): Promise<Pace> {
  const inPeriod = `($6::date is null or o.closed_on >= $6) and ($7::date is null or o.closed_on <= $7)`;
  const isWon = `state = 'won' and ${inPeriod}`;
  const [row] = await reader.query<Pace>(
    `select count(*) filter (where state = 'open')::int as open,
            count(*) filter (where ${isWon})::int as won,
            count(*) filter (where state = 'lost' and ${inPeriod})::int as lost,
            coalesce(sum(amount) filter (where ${isWon}), 0)::text as "wonMinor",
            count(closed_on - opened_on) filter (where ${isWon})::int as cycles,
            coalesce(sum(closed_on - opened_on) filter (where ${isWon}), 0)::int as "cycleDays"
       from ${opportunity} o where ${WHERE} and (ccy is null or ccy = $8)`,
    [...decided(reader, it), currency],
  );
  return row!;
}

export interface WonInMonth {
  readonly month: string;
  readonly currency: string;
  readonly count: number;
  readonly minor: number;
}

export const wonByMonth = (reader: Reader, it: Chosen & Period): Promise<WonInMonth[]> =>
  reader.query(
    `select to_char(closed_on, 'YYYY-MM') as month, ccy as currency, count(*)::int as count, sum(amount)::float8 as minor
       from ${opportunity} o where ${DECIDED} and state = 'won' group by 1, 2 order by 1, 2`,
    decided(reader, it),
  );

/** The currencies of the opportunities that somebody sees. */
export async function currenciesOf(reader: Reader, it: Chosen): Promise<string[]> {
  const rows = await reader.query<{ ccy: string }>(
    `select distinct ccy from ${opportunity} o where ${WHERE} and ccy is not null order by ccy`,
    chosen(reader, it),
  );
  return rows.map(({ ccy }) => ccy);
}
