import { Controller } from '@nestjs/common';
import { localDate, uuid } from '@kams/contracts/values';
import { Asked, list, one, paging, Read, sortBy, type AskedFor } from '@kams/platform';
import type { RowOf } from '@kams/eventing';
import { z } from 'zod';
import { purchases, purchaseTable } from '../projections/purchases';
import { SCHEMA } from '../schema';
import { purchaseItem, purchasePage } from './answers';
import { inOrder } from './in-order';

const listQuery = z.strictObject({
  ...paging,
  sort: sortBy('occurredAt').default('-occurredAt'),
  accountId: uuid().optional(),
  sourceSystem: z.string().max(40).optional(),
  txnId: z.string().max(80).optional(),
  kind: z.enum(['sale', 'return']).optional(),
  from: localDate().optional().meta({ description: 'The first day.' }),
  to: localDate().optional().meta({ description: 'The last day.' }),
});

const FROM = { schema: SCHEMA, table: purchaseTable, account: 'account_id' } as const;
const item = (row: RowOf<typeof purchaseTable>) => ({
  id: row.id,
  accountId: row.account_id,
  sourceSystem: row.source_system,
  txnId: row.txn_id,
  kind: row.kind,
  txnDate: row.txn_date,
  occurredAt: row.occurred_at,
  total: { minor: row.total, currency: row.ccy },
  lines: row.lines,
  reverses: row.reverses,
  reversedOn: row.reversed_on,
});

@Controller('purchases')
export class PurchasesController {
  @Read('', {
    summary: 'Purchases',
    resource: 'purchase',
    account: 'accountId',
    asksBy: { from: 'txnDate', to: 'txnDate' },
    query: listQuery,
    answer: purchasePage,
    shows: [purchases],
  })
  async list(@Asked() { query, reader }: AskedFor<typeof listQuery>) {
    const { accountId, sourceSystem, txnId, kind, from, to, sort, limit, cursor } = inOrder(query);
    const page = await list(reader, {
      ...FROM,
      equal: { accountId, sourceSystem, txnId, kind },
      where: [
        ...(from === undefined ? [] : [{ sql: 'txn_date >= ?', values: [from] }]),
        ...(to === undefined ? [] : [{ sql: 'txn_date <= ?', values: [to] }]),
      ],
      sort,
      limit,
      cursor,
    });
    return { items: page.items.map(item), next: page.next };
  }

  @Read(':id', {
    summary: 'A purchase',
    resource: 'purchase',
    account: 'accountId',
    answer: purchaseItem,
    shows: [purchases],
  })
  async one(@Asked() { id, reader }: AskedFor) {
    return item(await one(reader, FROM, id));
  }
}
