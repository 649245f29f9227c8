// 交易记录: one row a sale or a return. What an account is worth is summed from these.
import { purchaseContract } from '@kams/contracts/accounts/purchase';
import { projection, table } from '@kams/eventing';

export const purchaseTable = table(
  'purchase',
  {
    tenant_id: 'text',
    id: 'uuid',
    revision: 'int',
    account_id: 'uuid',
    source_system: 'text',
    txn_id: 'text',
    kind: 'text',
    txn_date: 'date',
    occurred_at: 'instant',
    recorded_at: 'instant',
    ccy: 'text',
    total: 'bigint',
    lines: 'json',
    reverses: 'text?',
    /** The day on which the whole of it was taken back, and when that was recorded. */
    reversed_on: 'date?',
    reversed_recorded_at: 'instant?',
    reversal_reason: 'text?',
  },
  {
    primaryKey: ['tenant_id', 'id'],
    groupBy: 'id',
    indexes: ['id', 'tenant_id, account_id, occurred_at, id', 'tenant_id, ccy, txn_date'],
  },
);

export const purchases = projection({
  name: 'purchases',
  from: [purchaseContract],
  table: purchaseTable,
})({
  PurchaseRecorded: (_, { id, tenantId, revision, occurredAt, recordedAt, data }) => ({
    tenant_id: tenantId,
    id,
    revision,
    account_id: data.accountId,
    source_system: data.sourceSystem,
    txn_id: data.txnId,
    kind: data.kind,
    txn_date: data.txnDate,
    occurred_at: occurredAt,
    recorded_at: recordedAt,
    ccy: data.ccy,
    total: data.total,
    lines: data.lines,
    reverses: data.reverses ?? null,
    reversed_on: null,
    reversed_recorded_at: null,
    reversal_reason: null,
  }),
  PurchaseReversed: (row, { data, recordedAt }) =>
    row && { ...row, reversed_on: data.txnDate, reversed_recorded_at: recordedAt, reversal_reason: data.reason },
});
