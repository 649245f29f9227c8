// 交易记录: what an account bought or gave back, as an ERP recorded it.
import { z } from 'zod';
import { command, contract, event, field } from '../define';
import { code, currency, decimal, foreignKey, instant, localDate, minor, text, uuid, zone } from '../values';
import { externalId, unknownAccount } from './account';

const accountId = field(uuid(), 'Account', '客户');
const sourceSystem = field(code(40), 'Source system', '来源系统');
const txnId = field(foreignKey(80), 'Transaction', '交易编号');
const kind = field(z.enum(['sale', 'return']), 'Kind', '类型');
const reverses = field(
  foreignKey(80),
  'Reverses',
  '冲销交易',
  'The transaction that a return takes back, where the source says so.',
);
const reason = field(text(500), 'Reason', '原因');

const line = z.strictObject({
  sku: field(foreignKey(80), 'Article', '货号'),
  description: field(text(300), 'Description', '品名').optional(),
  qty: field(z.int(), 'Quantity', '数量'),
  unitPrice: field(decimal(), 'Unit price', '单价'),
  category: field(code(60), 'Category', '品类').optional(),
});
const lines = <S extends z.ZodType>(of: S) => field(z.array(of).min(1).max(2_000), 'Lines', '明细');

const recorded = {
  purchaseId: field(uuid(), 'Purchase', '交易'),
  accountId,
  sourceSystem,
  txnId,
  kind,
  lines: lines(line.extend({ amount: field(minor(), 'Amount', '金额') })),
  total: field(minor(), 'Total', '合计', 'Minor units; the sum of the lines.'),
  ccy: field(currency(), 'Currency', '币种'),
  txnDate: field(localDate(), 'Date', '交易日期', 'The day in the zone of the source.'),
};

const aPurchase = {
  purchaseId: '0190f5a0-0000-7000-8000-0000000000bb',
  accountId: '0190f5a0-0000-7000-8000-000000000001',
  sourceSystem: 'erp',
  txnId: '536365',
  kind: 'sale' as const,
  lines: [{ sku: '85123A', qty: 6, unitPrice: '2.55', amount: 1530 }],
  total: 1530,
  ccy: 'GBP',
  txnDate: '2010-12-01',
};

export const purchaseContract = contract({
  name: 'purchase',
  plural: 'purchases',
  label: { en: 'Purchase', zh: '交易' },
  description: 'A sale or a return, with its lines. One for each transaction of a source system.',

  commands: {
    Record: command({
      version: 1,
      label: { en: 'Record purchase', zh: '记录交易' },
      description:
        'Records a sale, or a return with negative quantities. Recorded again with the same content, it changes nothing.',
      opens: true,
      data: z.strictObject({
        sourceSystem,
        txnId,
        account: field(z.union([z.strictObject({ accountId: uuid() }), z.strictObject({ externalId })]), 'Account', '客户'),
        kind,
        lines: lines(line),
        ccy: field(currency(), 'Currency', '币种'),
        txnAt: field(instant(), 'Instant', '交易时间'),
        zone: field(zone(), 'Zone of the source', '来源时区'),
        reverses: reverses.optional(),
      }),
      example: {
        sourceSystem: 'erp',
        txnId: '536365',
        account: { externalId: { system: 'erp', type: 'customer', value: '17850' } },
        kind: 'sale',
        lines: [{ sku: '85123A', qty: 6, unitPrice: '2.55' }],
        ccy: 'GBP',
        txnAt: '2010-12-01T08:26:00Z',
        zone: 'Europe/London',
      },
      naturalKey: ({ sourceSystem, txnId }) => [sourceSystem, txnId],
      occurredAt: ({ txnAt }) => txnAt,
    }),
    Reverse: command({
      version: 1,
      label: { en: 'Reverse purchase', zh: '冲销交易' },
      description: 'Takes the whole purchase back, as of an instant: the source recorded what did not happen.',
      data: z.strictObject({
        reversedAt: field(instant(), 'Instant', '冲销时间'),
        zone: field(zone(), 'Zone of the source', '来源时区'),
        reason,
      }),
      example: { reversedAt: '2010-12-03T10:00:00Z', zone: 'Europe/London', reason: 'Booked twice' },
      occurredAt: ({ reversedAt }) => reversedAt,
    }),
  },

  events: {
    PurchaseRecorded: event({
      version: 1,
      label: { en: 'Purchase recorded', zh: '交易已记录' },
      description: 'An account bought, or gave back.',
      public: 'purchase.recorded',
      data: z.strictObject({ ...recorded, reverses: reverses.optional() }),
      example: aPurchase,
    }),
    PurchaseReversed: event({
      version: 1,
      label: { en: 'Purchase reversed', zh: '交易已冲销' },
      description: 'A purchase was taken back as a whole: its lines again, with the opposite sign.',
      public: 'purchase.reversed',
      data: z.strictObject({ ...recorded, reverses, reason }),
      example: {
        ...aPurchase,
        kind: 'return',
        lines: [{ sku: '85123A', qty: -6, unitPrice: '2.55', amount: -1530 }],
        total: -1530,
        txnDate: '2010-12-03',
        reverses: '536365',
        reason: 'Booked twice',
      },
    }),
  },

  refusals: {
    'unknown-account': unknownAccount,
    'purchase-differs': {
      en: 'This transaction is recorded already, with other content. Reverse it, and record the right one under its own number.',
      zh: '该交易已记录且内容不同，请先冲销。',
    },
    'sign-contradicts-kind': {
      en: 'A return comes to nothing or less, and a sale to nothing or more. Give the quantities of a return a minus, or change "kind".',
      zh: '退货的合计不得为正，销售的合计不得为负。请将退货数量记为负数，或更正 kind。',
      status: 422,
    },
    'already-reversed': { en: 'The purchase is reversed already.', zh: '该交易已被冲销。' },
    'amount-too-large': {
      en: 'The amounts go beyond what is exact. Split the purchase.',
      zh: '金额超出精确范围，请拆分交易。',
      status: 422,
    },
    'unknown-currency': {
      en: 'There is no such currency in ISO 4217. Name one such as CNY.',
      zh: '没有该币种，请使用 ISO 4217 代码，例如 CNY。',
      status: 422,
    },
  },
});
export type PurchaseContract = typeof purchaseContract;
