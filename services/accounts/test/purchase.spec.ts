import type { PurchaseContract } from '@kams/contracts/accounts/purchase';
import type { EventOf } from '@kams/contracts/define';
import { found, given } from '@kams/testing/given';
import { account } from '../src/domain/account';
import { purchase } from '../src/domain/purchase';

const accountId = '00000000-0000-7000-8000-0000000000aa';
const purchaseId = '00000000-0000-7000-8000-000000000001';
const buyer = found(account, accountId, { type: 'AccountRegistered', data: { accountId, name: 'Acme', externalIds: [] } });
const sale = {
  sourceSystem: 'erp',
  txnId: '536365',
  account: { accountId },
  kind: 'sale' as const,
  lines: [
    { sku: '85123A', qty: 6, unitPrice: '2.55' },
    { sku: '71053', qty: 1, unitPrice: '0.001' },
  ],
  ccy: 'GBP',
  txnAt: '2010-12-01T08:26:00Z',
  zone: 'Europe/London',
};
const recorded = {
  type: 'PurchaseRecorded' as const,
  data: {
    purchaseId,
    accountId,
    sourceSystem: 'erp',
    txnId: '536365',
    kind: 'sale' as const,
    lines: [
      { sku: '85123A', qty: 6, unitPrice: '2.55', amount: 1530 },
      { sku: '71053', qty: 1, unitPrice: '0.001', amount: 0 },
    ],
    total: 1530,
    ccy: 'GBP',
    txnDate: '2010-12-01',
  },
};
const reversed = {
  type: 'PurchaseReversed' as const,
  data: {
    ...recorded.data,
    kind: 'return' as const,
    lines: [
      { sku: '85123A', qty: -6, unitPrice: '2.55', amount: -1530 },
      { sku: '71053', qty: -1, unitPrice: '0.001', amount: 0 },
    ],
    total: -1530,
    txnDate: '2010-12-03',
    reverses: '536365',
    reason: 'Booked twice',
  },
};
const reverse = { reversedAt: '2010-12-03T10:00:00Z', zone: 'Europe/London', reason: 'Booked twice' };
const with_ = (...facts: EventOf<PurchaseContract>[]) => given(purchase)(...facts).knowing({ buyer });

test('a sale is recorded with the amount of each line and their sum', () => with_().when('Record', sale).then(recorded));

test('the same transaction with the same content changes nothing', () => with_(recorded).when('Record', sale).then());

test('the same transaction with other content is refused', () =>
  with_(recorded)
    .when('Record', { ...sale, ccy: 'EUR' })
    .refused('purchase-differs', { purchaseId }));

test('a return carries its own negative amount', () =>
  expect(
    with_().when('Record', { ...sale, kind: 'return', lines: [{ sku: '85123A', qty: -2, unitPrice: '2.55' }] }).facts[0]!.data,
  ).toMatchObject({ kind: 'return', total: -510 }));

test('the day of a purchase is the day at its source', () =>
  expect(with_().when('Record', { ...sale, txnAt: '2011-06-30T23:30:00Z' }).facts[0]!.data).toMatchObject({
    txnDate: '2011-07-01',
  }));

test('nothing is recorded for an account that is not there', () => {
  given(purchase)()
    .knowing({ buyer: found(account, accountId) })
    .when('Record', sale)
    .refused('unknown-account');
  given(purchase)().knowing({ buyer: undefined }).when('Record', sale).refused('unknown-account');
});

test('an unknown currency and an amount that is not exact are refused', () => {
  with_()
    .when('Record', { ...sale, ccy: 'XYZ' })
    .refused('unknown-currency');
  with_()
    .when('Record', { ...sale, lines: [{ sku: 'x', qty: 9_007_199_254_740_991, unitPrice: '2' }] })
    .refused('amount-too-large');
});

test('a reversal takes everything back, on its own day', () => with_(recorded).when('Reverse', reverse).then(reversed));

test('a purchase is reversed once', () => with_(recorded, reversed).when('Reverse', reverse).refused('already-reversed'));
