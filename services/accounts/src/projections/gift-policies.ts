// 礼品限额规定: every version that a tenant has published.
import { giftPolicyContract, type GiftPolicyContent } from '@kams/contracts/accounts/gift-policy';
import { projection, table, type RowOf } from '@kams/eventing';

export const giftPolicyTable = table(
  'gift_policy',
  { tenant_id: 'text', id: 'text', revision: 'int', versions: 'json', changed_at: 'instant' },
  { primaryKey: ['tenant_id', 'id'], groupBy: 'id', indexes: ['id'] },
);
export interface GiftPolicyVersion {
  readonly version: number;
  readonly content: GiftPolicyContent;
  readonly publishedAt: string;
}

export const giftPolicies = projection({
  name: 'gift_policies',
  from: [giftPolicyContract],
  table: giftPolicyTable,
})({
  GiftPolicyPublished: (row, { id, tenantId, revision, data, occurredAt, recordedAt }): RowOf<typeof giftPolicyTable> => ({
    tenant_id: tenantId,
    id,
    revision,
    versions: [...((row?.versions as GiftPolicyVersion[] | undefined) ?? []), { ...data, publishedAt: occurredAt }],
    changed_at: recordedAt,
  }),
});
