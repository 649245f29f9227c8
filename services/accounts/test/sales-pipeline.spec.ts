import type { SalesPipelineContract } from '@kams/contracts/accounts/sales-pipeline';
import type { EventOf } from '@kams/contracts/define';
import { given, stateAfter } from '@kams/testing/given';
import { salesPipeline, stagesAt } from '../src/domain/sales-pipeline';

const stage = (code: string, probability: string) => ({ code, label: { en: code, zh: '阶段' }, probability });
const content = { stages: [stage('qualified', '0.2'), stage('negotiation', '0.7')] };
const drafted = { type: 'SalesPipelineDrafted' as const, data: { content } };
const published = { type: 'SalesPipelinePublished' as const, data: { version: 1, content } };
const pipeline = (...facts: EventOf<SalesPipelineContract>[]) => given(salesPipeline)(...facts);

test('a pipeline is drafted, then published as the next version', () => {
  pipeline().when('Draft', { content }).then(drafted);
  pipeline(drafted).when('Publish', {}).then(published);
  pipeline(drafted, published, drafted)
    .when('Publish', {})
    .then({ type: 'SalesPipelinePublished', data: { version: 2, content } });
});

test('what is published once is no draft any more', () => {
  pipeline().when('Publish', {}).refused('no-pipeline-draft');
  pipeline(drafted, published).when('Publish', {}).refused('no-pipeline-draft');
});

test('a pipeline that can not order anything is refused with its problems', () =>
  pipeline()
    .when('Draft', { content: { stages: [stage('late', '0.9'), stage('early', '0.1')] } })
    .refused('pipeline-unsound', { problems: [expect.objectContaining({ code: 'not-upwards' })] }));

test('until one is published, that of the product decides, as version 0', () => {
  const codes = (at: string, ...facts: EventOf<SalesPipelineContract>[]) => {
    const { version, stages } = stagesAt(stateAfter(salesPipeline, facts), at);
    return [version, ...stages.map((it) => it.code)];
  };
  const builtIn = [0, 'prospecting', 'engaging', 'proposal', 'negotiation'];
  expect(codes('2026-03-02T09:00:00.000Z', drafted)).toEqual(builtIn);
  expect(codes('2026-03-02T09:00:00.000Z', drafted, published)).toEqual([1, 'qualified', 'negotiation']);
  expect(codes('2026-03-02T08:59:59.999Z', drafted, published)).toEqual(builtIn);
});
