// What counts, how much, and which score is which tier. A published version never changes.
import { scoringModelContract, type ScoringModelContent } from '@kams/contracts/accounts/scoring-model';
import { aggregate, refusing } from '@kams/eventing/pure';
import { drafted, latest, noPolicy, published, retired, version, type PolicyState } from '@kams/methods/policy';
import { checkModel } from '@kams/methods/scorecard';
import { checkLadder } from '@kams/methods/tier-ladder';

export type ScoringModel = PolicyState<ScoringModelContent>;

const refuse = refusing(scoringModelContract);

function sound(content: ScoringModelContent): ScoringModelContent {
  const ladder = checkLadder(content.ladder).map((it) => ({ ...it, pointer: `/ladder${it.pointer}` }));
  const problems = [...checkModel(content), ...ladder];
  return problems.length === 0 ? content : refuse('model-unsound', { problems });
}

export const scoringModel = aggregate(
  scoringModelContract,
  noPolicy as ScoringModel,
)({
  decide: {
    Draft: (it, { content }, { id: modelId }) =>
      it.is === 'none' ? [{ type: 'ScoringModelDrafted', data: { modelId, content: sound(content) } }] : refuse('model-exists'),

    Revise: (_, { content }, { id: modelId }) => [{ type: 'ScoringModelDrafted', data: { modelId, content: sound(content) } }],

    Publish: (it, _, { id: modelId }) => {
      const content = (it.is === 'policy' ? it.draft : undefined) ?? refuse('no-draft');
      return [{ type: 'ScoringModelPublished', data: { modelId, version: (latest(it)?.version ?? 0) + 1, content } }];
    },

    Retire: (it, { version: n, reason }, { id: modelId }) => {
      const found = version(it, n);
      if (!found || found.retiredAt !== undefined) return refuse('no-such-version', { version: n });
      return [{ type: 'ScoringModelRetired', data: { modelId, version: n, reason } }];
    },
  },

  evolve: {
    ScoringModelDrafted: (it, { content }) => drafted(it, content),
    ScoringModelPublished: (it, _, { occurredAt }) => published(it, occurredAt),
    ScoringModelRetired: (it, { version: n }, { occurredAt }) => retired(it, n, occurredAt),
  },
});
