// 客户关系: one row an account, with its stages, its goal and its plan.
import { relationshipContract, type STAGES } from '@kams/contracts/accounts/relationship';
import { projection, table, type RowOf } from '@kams/eventing';

export const relationshipTable = table(
  'relationship',
  {
    tenant_id: 'text',
    id: 'uuid',
    revision: 'int',
    account_id: 'uuid',
    stage: 'text?',
    /** Every assessment of the stage, the oldest first. */
    stages: 'json',
    goal: 'json?',
    plan: 'json?',
    changed_at: 'instant',
  },
  {
    primaryKey: ['tenant_id', 'id'],
    groupBy: 'id',
    indexes: ['id', 'tenant_id, account_id, id', 'tenant_id, stage, changed_at, id', 'tenant_id, changed_at, id'],
  },
);
type RelationshipRow = RowOf<typeof relationshipTable>;

export interface StageAssessed {
  readonly stage: (typeof STAGES)[number];
  readonly evidence: readonly string[];
  readonly by: string;
  readonly at: string;
  readonly recordedAt: string;
}

interface About {
  readonly id: string;
  readonly tenantId: string;
  readonly revision: number;
  readonly recordedAt: string;
  readonly data: { readonly accountId: string };
}
const change = (row: RelationshipRow | undefined, it: About, to: Partial<RelationshipRow> = {}): RelationshipRow => ({
  tenant_id: it.tenantId,
  id: it.id,
  revision: it.revision,
  account_id: it.data.accountId,
  stage: null,
  stages: [],
  goal: null,
  plan: null,
  ...row,
  ...to,
  changed_at: it.recordedAt,
});

export const relationships = projection({ name: 'relationships', from: [relationshipContract], table: relationshipTable })({
  RelationshipAssessed: (row, event) => change(row, event),
  AssessmentDisputed: (row, event) => change(row, event),
  RelationshipStageAssessed: (row, event) => {
    const { stage, evidence, by } = event.data;
    const assessed: StageAssessed = { stage, evidence, by, at: event.occurredAt, recordedAt: event.recordedAt };
    return change(row, event, { stage, stages: [...((row?.stages ?? []) as StageAssessed[]), assessed] });
  },
  RelationshipStageRegressed: (row, event) => change(row, event),
  RelationshipGoalSet: (row, event) => {
    const { relationshipId: _id, accountId: _account, ...goal } = event.data;
    return change(row, event, { goal: { ...goal, at: event.occurredAt } });
  },
  StrengtheningPlanned: (row, event) => {
    const { actions, by } = event.data;
    return change(row, event, { plan: { actions, by, at: event.occurredAt } });
  },
});
