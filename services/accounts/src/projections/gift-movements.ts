// 礼品台账: what each gift took of its recipient's cap and gave back, in order, with what was used after it.
import { quote, type Reader } from '@kams/platform';
import { giftTable } from './gifts';

export interface GiftMovement {
  readonly giftId: string;
  readonly at: string;
  readonly what: 'reserved' | 'delivered' | 'returned' | 'lapsed' | 'out_of_window';
  readonly currency: string;
  readonly change: number;
  readonly used: number;
}

/**
 * Up to and with `asOf`. At one instant what ends comes before what begins: a gift counts until its end and not at it. The same
 * reckoning as `capUse` of the methods, of all instants at once.
 */
export const giftMovements = (reader: Reader, schema: string, recipient: string, asOf: string): Promise<GiftMovement[]> =>
  reader.query<GiftMovement>(
    `with counted as (
       select * from ${quote(schema)}.${quote(giftTable.name)}
        where tenant_id = $1 and recipient = $2 and approved_at is not null and ($4::uuid[] is null or account_id = any($4))
     ), movement as (
       select id, ccy, approved_at as at, 2 as step, 'reserved' as what, value as change from counted
       union all
       select id, ccy, delivered_at, 3, 'delivered', 0 from counted where delivered_at is not null
       union all
       select id, ccy, counts_until, 1, case when delivered_at is null then status else 'out_of_window' end, -value
         from counted where counts_until is not null
     )
     select id as "giftId", to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at, what, ccy as currency,
            change::float8 as change, sum(change) over (partition by ccy order by at, step, id)::float8 as used
       from movement where at <= $3::timestamptz order by movement.at, step, id`,
    [reader.tenantId, recipient, asOf, reader.accounts],
  );
