// 销售漏斗阶段: through which stages an opportunity goes, and how likely each ends in a win. One ledger a tenant; a published version
// never changes.
import { z } from 'zod';
import { command, contract, event, field } from '../define';
import { code, decimal, text } from '../values';

export const stageCode = field(code(40), 'Stage', '阶段');
export const probability = field(decimal(), 'Probability', '成功概率', 'From 0 to 1.');

export const pipelineContent = z.strictObject({
  stages: field(
    z
      .array(
        z.strictObject({
          code: stageCode,
          label: field(z.strictObject({ en: text(80), zh: text(80) }), 'Name', '阶段名称'),
          probability,
        }),
      )
      .min(1)
      .max(20),
    'Stages',
    '阶段',
    'From the first one to the last before the decision.',
  ),
});
export type PipelineContent = z.output<typeof pipelineContent>;

const content = field(pipelineContent, 'Content', '内容');
const version = field(z.int().min(1), 'Version', '版本');
const example: z.input<typeof pipelineContent> = {
  stages: [
    { code: 'qualified', label: { en: 'Qualified', zh: '需求确认' }, probability: '0.2' },
    { code: 'negotiation', label: { en: 'Negotiation', zh: '商务谈判' }, probability: '0.7' },
  ],
};

export const salesPipelineContract = contract({
  name: 'sales_pipeline',
  plural: 'sales-pipeline',
  label: { en: 'Sales pipeline', zh: '销售漏斗阶段' },
  description:
    'A policy: the stages of an opportunity in their order, with their probabilities. Until one is published, that of the product is in force, as version 0.',
  ledger: true,

  commands: {
    Draft: command({
      version: 1,
      label: { en: 'Draft pipeline', zh: '起草漏斗阶段' },
      description: 'Writes the next version, or replaces its draft; what is in force stays as it is.',
      data: z.strictObject({ content }),
      example: { content: example },
    }),
    Publish: command({
      version: 1,
      label: { en: 'Publish pipeline', zh: '发布漏斗阶段' },
      description: 'Makes the draft the next version. It decides every later move, and never changes again.',
      data: z.strictObject({}),
      example: {},
    }),
  },

  events: {
    SalesPipelineDrafted: event({
      version: 1,
      label: { en: 'Pipeline drafted', zh: '漏斗阶段已起草' },
      description: 'There is a draft, or another one.',
      data: z.strictObject({ content: pipelineContent }),
      example: { content: example },
    }),
    SalesPipelinePublished: event({
      version: 1,
      label: { en: 'Pipeline published', zh: '漏斗阶段已发布' },
      description: 'A version is in force, and here is the whole of it.',
      public: 'sales_pipeline.published',
      data: z.strictObject({ version, content: pipelineContent }),
      example: { version: 1, content: example },
    }),
  },

  refusals: {
    'pipeline-unsound': {
      en: 'The pipeline can not order anything as it stands. Mend what "problems" lists.',
      zh: '漏斗阶段存在问题，请按 problems 修改。',
    },
    'no-pipeline-draft': { en: 'There is no draft to publish. Write one first: draft.', zh: '没有可发布的草案，请先起草。' },
  },
});
export type SalesPipelineContract = typeof salesPipelineContract;
