import { Controller } from '@nestjs/common';
import { DEFAULT_PIPELINE } from '@kams/methods/funnel';
import { Asked, quote, Read, selectList, type AskedFor, type Reader } from '@kams/platform';
import type { RowOf } from '@kams/eventing';
import { salesPipelines, salesPipelineTable, type PipelineVersion } from '../projections/sales-pipelines';
import { SCHEMA } from '../schema';
import { pipelineView } from './answers';

/** In force until a tenant publishes one. */
const BUILT_IN = { version: 0, content: DEFAULT_PIPELINE, publishedAt: null };

/** The version in force, the draft, and all that were published. */
export async function pipelineOf(reader: Reader) {
  const [row] = await reader.query<RowOf<typeof salesPipelineTable>>(
    `select ${selectList(salesPipelineTable)} from ${quote(SCHEMA)}.${quote(salesPipelineTable.name)} where tenant_id = $1`,
    [reader.tenantId],
  );
  const versions = (row?.versions ?? []) as PipelineVersion[];
  const { version, content, publishedAt } = versions.at(-1) ?? BUILT_IN;
  return { version, stages: content.stages, publishedAt, draft: row?.draft ?? null, versions };
}

@Controller('sales-pipeline')
export class SalesPipelineController {
  @Read('', {
    summary: 'The stages of the sales pipeline, and all versions of it',
    resource: 'sales_pipeline',
    answer: pipelineView,
    shows: [salesPipelines],
  })
  async pipeline(@Asked() { reader }: AskedFor) {
    return pipelineOf(reader);
  }
}
