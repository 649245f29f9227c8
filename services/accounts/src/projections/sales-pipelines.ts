// 漏斗阶段: every version of a tenant's pipeline, with its draft.
import { salesPipelineContract, type PipelineContent } from '@kams/contracts/accounts/sales-pipeline';
import { projection, table } from '@kams/eventing';

export const salesPipelineTable = table(
  'sales_pipeline',
  { tenant_id: 'text', id: 'text', revision: 'int', draft: 'json?', versions: 'json' },
  { primaryKey: ['tenant_id', 'id'], groupBy: 'id', indexes: ['id'] },
);
export interface PipelineVersion {
  readonly version: number;
  readonly content: PipelineContent;
  readonly publishedAt: string;
}

export const salesPipelines = projection({
  name: 'sales_pipelines',
  from: [salesPipelineContract],
  table: salesPipelineTable,
})({
  SalesPipelineDrafted: (row, { id, tenantId, revision, data: { content } }) => ({
    tenant_id: tenantId,
    id,
    revision,
    draft: content,
    versions: row?.versions ?? [],
  }),
  SalesPipelinePublished: (row, { data: { version, content }, occurredAt }) =>
    row && {
      ...row,
      draft: null,
      versions: [...(row.versions as PipelineVersion[]), { version, content, publishedAt: occurredAt }],
    },
});
