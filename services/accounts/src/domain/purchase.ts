// What an account bought or gave back. The source system's transaction is the key: it is recorded once.
import { purchaseContract, type PurchaseContract } from '@kams/contracts/accounts/purchase';
import type { CommandData, EventData } from '@kams/contracts/define';
import { aggregate, keyOf, refusing, via } from '@kams/eventing/pure';
import { localDateOf } from '@kams/methods/dates';
import { lineAmount, sum } from '@kams/methods/money';
import { MethodRefused } from '@kams/methods/refusal';
import { account } from './account';

type Content = EventData<PurchaseContract, 'PurchaseRecorded'>;
type Purchase = { is: 'none' } | { is: 'recorded' | 'reversed'; content: Content };

const refuse = refusing(purchaseContract);

/** Every line with its amount, rounded half-even to minor units, and their sum. */
function priced(lines: CommandData<PurchaseContract, 'Record'>['lines'], ccy: string): Pick<Content, 'lines' | 'total'> {
  try {
    const amounts = lines.map(({ qty, unitPrice }) => lineAmount(qty, unitPrice, ccy));
    return { lines: lines.map((line, i) => ({ ...line, amount: amounts[i]!.minor })), total: sum(amounts, ccy).minor };
  } catch (error) {
    if (!(error instanceof MethodRefused)) throw error;
    return refuse(error.code === 'unknown-currency' ? 'unknown-currency' : 'amount-too-large');
  }
}

export const purchase = aggregate(purchaseContract, { is: 'none' } as Purchase)({
  accounts: (_id, it, data) => {
    if (it.is !== 'none') return [it.content.accountId];
    return 'account' in data && 'accountId' in data.account ? [data.account.accountId] : undefined;
  },

  look: {
    Record: ({ account: by }, { tenantId }) =>
      'accountId' in by
        ? { buyer: { of: account, id: by.accountId } }
        : {
            buyer: via(
              keyOf('account', tenantId, {
                kind: 'external_id',
                parts: [by.externalId.system, by.externalId.type, by.externalId.value],
              }),
              ({ holder }) => (holder === undefined ? undefined : { of: account, id: holder }),
            ),
          },
  },

  decide: {
    Record: (it, { account: by, lines, txnAt, zone, ccy, kind, sourceSystem, txnId, reverses }, { id, buyer }) => {
      if (!buyer || buyer.revision < 0) return refuse('unknown-account', { account: by });
      const content: Content = {
        purchaseId: id,
        accountId: buyer.id,
        sourceSystem,
        txnId,
        kind,
        ...priced(lines, ccy),
        ccy,
        txnDate: localDateOf(txnAt, zone),
        ...(reverses !== undefined && { reverses }),
      };
      if (kind === 'return' ? content.total > 0 : content.total < 0)
        return refuse('sign-contradicts-kind', { kind, total: content.total });
      if (it.is === 'none') return [{ type: 'PurchaseRecorded', data: content }];
      return JSON.stringify(it.content) === JSON.stringify(content) ? [] : refuse('purchase-differs', { purchaseId: id });
    },

    Reverse: (it, { reversedAt, zone, reason }) => {
      if (it.is === 'reversed') return refuse('already-reversed');
      if (it.is === 'none') return [];
      const { content } = it;
      return [
        {
          type: 'PurchaseReversed',
          data: {
            ...content,
            kind: 'return',
            lines: content.lines.map((line) => ({ ...line, qty: 0 - line.qty, amount: 0 - line.amount })),
            total: 0 - content.total,
            txnDate: localDateOf(reversedAt, zone),
            reverses: content.txnId,
            reason,
          },
        },
      ];
    },
  },

  evolve: {
    PurchaseRecorded: (_, content) => ({ is: 'recorded', content }),
    PurchaseReversed: (it) => (it.is === 'none' ? it : { ...it, is: 'reversed' }),
  },
});
