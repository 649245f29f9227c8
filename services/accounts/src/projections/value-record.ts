// 价值记录: a row a fact that the value and the tier of an account rest on. They are explained and replayed from these.
import { accountContract } from '@kams/contracts/accounts/account';
import { projection, table, type Occurrence } from '@kams/eventing';

export const valueRecordTable = table(
  'value_record',
  {
    tenant_id: 'text',
    account_id: 'uuid',
    revision: 'int',
    event_id: 'uuid',
    type: 'text',
    occurred_at: 'instant',
    recorded_at: 'instant',
    actor: 'text',
    data: 'json',
  },
  { primaryKey: ['tenant_id', 'account_id', 'revision'], groupBy: 'event_id', indexes: ['event_id'] },
);

const row = (_: unknown, { tenantId, id, revision, eventId, type, occurredAt, recordedAt, actor, data }: Occurrence) => ({
  tenant_id: tenantId,
  account_id: id,
  revision,
  event_id: eventId,
  type,
  occurred_at: occurredAt,
  recorded_at: recordedAt,
  actor,
  data,
});

const handlers = {
  CriterionRated: row,
  AccountScored: row,
  TierOverrideApproved: row,
  TierOverrideEnded: row,
  AccountTierChanged: row,
};

export const valueRecord = projection({
  name: 'value_record',
  from: [accountContract],
  table: valueRecordTable,
  key: ({ type, eventId }) => (type in handlers ? eventId : undefined),
})(handlers);
