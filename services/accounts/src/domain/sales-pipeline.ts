// Through which stages an opportunity goes. A published version never changes; without one, that of the product is in force.
import { salesPipelineContract, type PipelineContent } from '@kams/contracts/accounts/sales-pipeline';
import { aggregate, refusing } from '@kams/eventing/pure';
import { checkPipeline, DEFAULT_PIPELINE, type Stage } from '@kams/methods/funnel';
import { drafted, inForce, latest, noPolicy, published, type PolicyState } from '@kams/methods/policy';

export type SalesPipeline = PolicyState<PipelineContent>;

const refuse = refusing(salesPipelineContract);

export const salesPipeline = aggregate(
  salesPipelineContract,
  noPolicy as SalesPipeline,
)({
  decide: {
    Draft: (_, { content }) => {
      const problems = checkPipeline(content);
      return problems.length === 0
        ? [{ type: 'SalesPipelineDrafted', data: { content } }]
        : refuse('pipeline-unsound', { problems });
    },

    Publish: (it) => {
      const content = (it.is === 'policy' ? it.draft : undefined) ?? refuse('no-pipeline-draft');
      return [{ type: 'SalesPipelinePublished', data: { version: (latest(it)?.version ?? 0) + 1, content } }];
    },
  },

  evolve: {
    SalesPipelineDrafted: (it, { content }) => drafted(it, content),
    SalesPipelinePublished: (it, _, { occurredAt }) => published(it, occurredAt),
  },
});

/** The stages that decide at an instant, and of which version. */
export function stagesAt(it: SalesPipeline, at: string): { readonly version: number; readonly stages: readonly Stage[] } {
  const found = inForce(it, at);
  return found ? { version: found.version, stages: found.content.stages } : { version: 0, ...DEFAULT_PIPELINE };
}
