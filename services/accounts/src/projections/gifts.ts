// 礼品清单: one row a gift. Its recipient stands in it by the pseudonym, and what says something of the person sealed.
import { giftLedgerContract } from '@kams/contracts/accounts/gift-ledger';
import { projection, table, toMicroseconds, type RowOf } from '@kams/eventing';

export const giftTable = table(
  'gift',
  {
    tenant_id: 'text',
    id: 'uuid',
    /** The ledger and the gift: who asks chooses the id of a gift, so in another tenant there may be another one with it. */
    row: 'text',
    ledger_id: 'uuid',
    account_id: 'uuid',
    recipient: 'uuid',
    status: 'text',
    value: 'bigint',
    ccy: 'text',
    what: 'text',
    occasion: 'text?',
    requested_by: 'text',
    requested_at: 'instant',
    approver_id: 'text?',
    approver_role: 'text?',
    /** Of the policy that decided last. */
    policy_version: 'int',
    lapses_at: 'instant',
    /** From when until when it takes its value of the cap. */
    approved_at: 'instant?',
    delivered_at: 'instant?',
    counts_until: 'instant?',
    /** When it was rejected, returned or lapsed. */
    ended_at: 'instant?',
    reason: 'text?',
    changed_at: 'instant',
  },
  {
    primaryKey: ['tenant_id', 'id'],
    groupBy: 'row',
    indexes: [
      'row',
      'tenant_id, recipient',
      'tenant_id, ledger_id',
      'tenant_id, account_id',
      'tenant_id, status, requested_at, id',
      'tenant_id, requested_at, id',
    ],
  },
);
type GiftRow = RowOf<typeof giftTable>;

/** The name of a gift's row. */
export const giftRow = ({ id, data }: { readonly id: string; readonly data: { readonly giftId: string } }): string =>
  `${id} ${data.giftId}`;

type Happened = { readonly occurredAt: string; readonly recordedAt: string };
const change = (row: GiftRow | undefined, { recordedAt }: Happened, to: Partial<GiftRow>) =>
  row && { ...row, ...to, changed_at: recordedAt };
/** What takes nothing of the cap from this instant on. */
const ended = (row: GiftRow | undefined, event: Happened, to: Partial<GiftRow>) =>
  change(row, event, { ...to, ended_at: event.occurredAt, counts_until: row?.approved_at && event.occurredAt });

export const gifts = projection({
  name: 'gifts',
  from: [giftLedgerContract],
  table: giftTable,
  key: giftRow,
})({
  GiftRequested: (_, event): GiftRow => {
    const { giftId, accountId, recipient, value, what, occasion, requestedBy, lapsesAt, policyVersion } = event.data;
    return {
      tenant_id: event.tenantId,
      id: giftId,
      row: giftRow(event),
      ledger_id: event.id,
      account_id: accountId,
      recipient,
      status: 'requested',
      value: value.minor,
      ccy: value.currency,
      what,
      occasion: occasion ?? null,
      requested_by: requestedBy,
      requested_at: event.occurredAt,
      approver_id: null,
      approver_role: null,
      policy_version: policyVersion,
      lapses_at: toMicroseconds(lapsesAt),
      approved_at: null,
      delivered_at: null,
      counts_until: null,
      ended_at: null,
      reason: null,
      changed_at: event.recordedAt,
    };
  },
  GiftApproved: (row, event) => {
    const { approverId, approverRole, policyVersion, lapsesAt } = event.data;
    return change(row, event, {
      status: 'approved',
      approver_id: approverId,
      approver_role: approverRole,
      policy_version: policyVersion,
      lapses_at: toMicroseconds(lapsesAt),
      approved_at: event.occurredAt,
    });
  },
  GiftRejected: (row, event) => {
    const { approverId, approverRole, reason } = event.data;
    return ended(row, event, { status: 'rejected', approver_id: approverId, approver_role: approverRole, reason });
  },
  GiftDelivered: (row, event) =>
    change(row, event, {
      status: 'delivered',
      policy_version: event.data.policyVersion,
      delivered_at: event.occurredAt,
      counts_until: toMicroseconds(event.data.countsUntil),
    }),
  GiftReturned: (row, event) => ended(row, event, { status: 'returned', reason: event.data.reason }),
  GiftLapsed: (row, event) => ended(row, event, { status: 'lapsed' }),
});
