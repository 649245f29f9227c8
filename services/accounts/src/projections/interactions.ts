// 互动时间线: one row an interaction, as it now is. What was written in words stands in it as it does in the log, sealed.
import { interactionContract, type InteractionContract } from '@kams/contracts/accounts/interaction';
import type { EventData } from '@kams/contracts/define';
import { projection, table } from '@kams/eventing';

export const interactionTable = table(
  'interaction',
  {
    tenant_id: 'text',
    id: 'uuid',
    revision: 'int',
    account_id: 'uuid',
    kind: 'text',
    direction: 'text',
    occurred_at: 'instant',
    participants: 'json',
    sentiment: 'int?',
    duration_min: 'int?',
    campaign_id: 'uuid?',
    visit_id: 'uuid?',
    outcome: 'text?',
    next_step: 'text?',
    /** `logged`, or `withdrawn`, and why. */
    status: 'text',
    withdrawn_because: 'text?',
    logged_by: 'text',
    logged_at: 'instant',
    changed_at: 'instant',
  },
  {
    primaryKey: ['tenant_id', 'id'],
    groupBy: 'id',
    indexes: ['id', 'tenant_id, account_id, occurred_at, id', 'using gin (participants jsonb_path_ops)'],
  },
);

type Content = Omit<EventData<InteractionContract, 'InteractionLogged'>, 'interactionId' | 'accountId'>;
const asColumns = (it: Content) => ({
  kind: it.kind,
  direction: it.direction,
  occurred_at: it.occurredAt,
  participants: it.participants,
  sentiment: it.sentiment ?? null,
  duration_min: it.durationMin ?? null,
  campaign_id: it.campaignId ?? null,
  visit_id: it.visitId ?? null,
  outcome: it.outcome ?? null,
  next_step: it.nextStep ?? null,
});

export const interactions = projection({ name: 'interactions', from: [interactionContract], table: interactionTable })({
  InteractionLogged: (_, { id, tenantId, revision, actor, occurredAt, recordedAt, data }) => ({
    tenant_id: tenantId,
    id,
    revision,
    account_id: data.accountId,
    ...asColumns(data),
    status: 'logged',
    withdrawn_because: null,
    logged_by: actor,
    logged_at: occurredAt,
    changed_at: recordedAt,
  }),
  InteractionCorrected: (row, { recordedAt, data }) => row && { ...row, ...asColumns(data), changed_at: recordedAt },
  InteractionWithdrawn: (row, { recordedAt, data }) =>
    row && { ...row, status: 'withdrawn', withdrawn_because: data.because, changed_at: recordedAt },
  InteractionErased: (row, { recordedAt }) => row && { ...row, changed_at: recordedAt },
});
