// 关系评估记录: a row a judgement. What the relationship was on any day is computed from these.
import { relationshipContract } from '@kams/contracts/accounts/relationship';
import { projection, table } from '@kams/eventing';

export const judgementTable = table(
  'relationship_judgement',
  {
    tenant_id: 'text',
    event_id: 'uuid',
    account_id: 'uuid',
    contact_id: 'uuid',
    by: 'text',
    judged: 'json',
    occurred_at: 'instant',
    recorded_at: 'instant',
  },
  {
    primaryKey: ['tenant_id', 'event_id'],
    groupBy: 'event_id',
    indexes: ['event_id', 'tenant_id, account_id, occurred_at'],
  },
);

export const relationshipJudgements = projection({
  name: 'relationship_judgements',
  from: [relationshipContract],
  table: judgementTable,
  key: ({ type, eventId }) => (type === 'RelationshipAssessed' ? eventId : undefined),
})({
  RelationshipAssessed: (_, { tenantId, eventId, occurredAt, recordedAt, data }) => ({
    tenant_id: tenantId,
    event_id: eventId,
    account_id: data.accountId,
    contact_id: data.contactId,
    by: data.by,
    judged: data.judged,
    occurred_at: occurredAt,
    recorded_at: recordedAt,
  }),
});
