import { given } from '@kams/testing/given';
import { scoringModel } from '../src/domain/scoring-model';
import { content } from './scoring-models';

const modelId = '00000000-0000-7000-8000-000000000001';
const drafted = { type: 'ScoringModelDrafted' as const, data: { modelId, content } };
const published = (version: number) => ({ type: 'ScoringModelPublished' as const, data: { modelId, version, content } });
const retired = (version: number) => ({ type: 'ScoringModelRetired' as const, data: { modelId, version, reason: 'Replaced' } });
const model = given(scoringModel);

test('a model begins as a draft', () => model().when('Draft', { content }).then(drafted));

test('weights that do not sum to 1 are refused, with where and why', () =>
  model()
    .when('Draft', { content: { ...content, criteria: [{ ...content.criteria[0]!, weight: '0.9' }] } })
    .refused('model-unsound', {
      problems: [expect.objectContaining({ code: 'weights-do-not-sum-to-1', pointer: '/criteria' })],
    }));

test('a ladder that does not go down to 0 is refused', () =>
  model()
    .when('Draft', { content: { ...content, ladder: { ...content.ladder, rungs: [{ tier: 'S', from: '85' }] } } })
    .refused('model-unsound', { problems: [expect.objectContaining({ pointer: '/ladder/rungs/0/from' })] }));

test('publishing makes the draft the next version', () => model(drafted).when('Publish', {}).then(published(1)));

test('what is published can not be published again without a draft', () =>
  model(drafted, published(1)).when('Publish', {}).refused('no-draft'));

test('a revised draft becomes version 2, and version 1 stays as it is', () => {
  const revised = { ...content, name: 'KAV-2' };
  model(drafted, published(1), { type: 'ScoringModelDrafted', data: { modelId, content: revised } })
    .when('Publish', {})
    .then({ type: 'ScoringModelPublished', data: { modelId, version: 2, content: revised } });
});

test('a model is drafted once; later drafts are revisions', () =>
  model(drafted).when('Draft', { content }).refused('model-exists'));

test('a version is retired once', () => {
  model(drafted, published(1)).when('Retire', { version: 1, reason: 'Replaced' }).then(retired(1));
  model(drafted, published(1), retired(1)).when('Retire', { version: 1, reason: 'Again' }).refused('no-such-version');
  model(drafted).when('Retire', { version: 1, reason: 'None yet' }).refused('no-such-version');
});
