// 评分模型: every version of every model, with its draft.
import { scoringModelContract, type ScoringModelContent } from '@kams/contracts/accounts/scoring-model';
import { projection, table, type RowOf } from '@kams/eventing';

export const scoringModelTable = table(
  'scoring_model',
  { tenant_id: 'text', id: 'uuid', revision: 'int', name: 'text', draft: 'json?', versions: 'json', changed_at: 'instant' },
  { primaryKey: ['tenant_id', 'id'], groupBy: 'id', indexes: ['id', 'tenant_id, name, id'] },
);
type Row = RowOf<typeof scoringModelTable>;
interface Version {
  readonly version: number;
  readonly content: ScoringModelContent;
  readonly publishedAt: string;
  readonly retiredAt: string | null;
}

export const scoringModels = projection({
  name: 'scoring_models',
  from: [scoringModelContract],
  table: scoringModelTable,
})({
  ScoringModelDrafted: (row, { id, tenantId, revision, recordedAt, data: { content } }): Row => ({
    tenant_id: tenantId,
    id,
    revision,
    name: content.name,
    draft: content,
    versions: row?.versions ?? [],
    changed_at: recordedAt,
  }),
  ScoringModelPublished: (row, { data: { version, content }, occurredAt, recordedAt }) =>
    row && {
      ...row,
      draft: null,
      versions: [...(row.versions as Version[]), { version, content, publishedAt: occurredAt, retiredAt: null }],
      changed_at: recordedAt,
    },
  ScoringModelRetired: (row, { data: { version }, occurredAt, recordedAt }) =>
    row && {
      ...row,
      versions: (row.versions as Version[]).map((it) => (it.version === version ? { ...it, retiredAt: occurredAt } : it)),
      changed_at: recordedAt,
    },
});
