// 礼品申请失效: what is not decided in time, and what is approved and not delivered in time, lapses; the cap is free again.
import { giftLedgerContract } from '@kams/contracts/accounts/gift-ledger';
import { timer } from '@kams/eventing';
import { giftLedger } from '../domain/gift-ledger';
import { giftRow } from '../projections/gifts';

export const giftLapses = timer({
  name: 'gift-lapses',
  from: [giftLedgerContract],
  of: giftRow,
  give: ({ data }) => ({ to: giftLedger, type: 'LapseGift', data: data as { giftId: string } }),
})({
  GiftRequested: ({ data: { lapsesAt, giftId } }) => ({ at: lapsesAt, data: { giftId } }),
  GiftApproved: ({ data: { lapsesAt, giftId } }) => ({ at: lapsesAt, data: { giftId } }),
  GiftRejected: () => null,
  GiftDelivered: () => null,
  GiftReturned: () => null,
  GiftLapsed: () => null,
});
