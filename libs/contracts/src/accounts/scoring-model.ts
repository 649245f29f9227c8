// 客户价值评分模型: what counts, how much, and which score is which tier. A published version never changes.
import { z } from 'zod';
import { command, contract, event, field } from '../define';
import { code, decimal, text, uuid } from '../values';

const number = decimal();

const normaliser = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('bands'),
    bands: z
      .array(z.strictObject({ from: number.nullable(), to: number.nullable(), score: number }))
      .min(1)
      .max(50),
  }),
  z.strictObject({ kind: z.literal('linear'), lo: number, hi: number, clamp: z.boolean(), reverse: z.boolean().optional() }),
  z.strictObject({ kind: z.literal('enumMap'), scores: z.record(code(40), number) }),
  z.strictObject({ kind: z.literal('boolean'), whenTrue: number, whenFalse: number }),
]);

export const criterion = z.strictObject({
  code: field(code(40), 'Code', '指标代码'),
  label: field(z.strictObject({ en: text(80), zh: text(80) }), 'Name', '指标名称'),
  weight: field(number, 'Weight', '权重'),
  normaliser: field(normaliser, 'Normaliser', '标准化方法'),
  missing: field(z.enum(['exclude', 'zero', 'default', 'block']), 'When missing', '缺失时'),
  default: field(number, 'Default', '默认值').optional(),
});

export const scoringModelContent = z.strictObject({
  name: field(text(120), 'Name', '模型名称'),
  criteria: field(z.array(criterion).min(1).max(60), 'Criteria', '指标'),
  minCoverage: field(number, 'Least coverage', '最低覆盖率'),
  ladder: field(
    z.strictObject({
      rungs: z
        .array(z.strictObject({ tier: z.string().regex(/^[A-Z][A-Z0-9]{0,7}$/), from: number }))
        .min(1)
        .max(12),
      hysteresis: number,
      demoteAfter: z.int().min(1).max(12),
    }),
    'Tier ladder',
    '等级阶梯',
  ),
});
export type ScoringModelContent = z.output<typeof scoringModelContent>;

/** One line of a score: what went in, what came out, and which events say so. */
export const criterionResult = z.strictObject({
  code: code(40),
  raw: z.union([z.string(), z.boolean()]).nullable(),
  normalised: decimal().nullable(),
  weight: decimal(),
  contribution: decimal(),
  sourceEventIds: z.array(uuid()),
  note: text(200).optional(),
});

const modelId = field(uuid(), 'Scoring model', '评分模型');
const version = field(z.int().min(1), 'Version', '版本');

const aModel = '0190f5a0-0000-7000-8000-0000000000aa';
const content: z.input<typeof scoringModelContent> = {
  name: 'Key-account value',
  criteria: [
    {
      code: 'influence',
      label: { en: 'Industry influence', zh: '行业影响力' },
      weight: '1',
      normaliser: { kind: 'linear', lo: '0', hi: '100', clamp: true },
      missing: 'exclude',
    },
  ],
  minCoverage: '0.7',
  ladder: {
    rungs: [
      { tier: 'S', from: '85' },
      { tier: 'A', from: '70' },
      { tier: 'B', from: '50' },
      { tier: 'C', from: '0' },
    ],
    hysteresis: '3',
    demoteAfter: 2,
  },
};

export const scoringModelContract = contract({
  name: 'scoring_model',
  plural: 'scoring-models',
  label: { en: 'Scoring model', zh: '客户价值评分模型' },
  description: 'A policy: criteria with weights, and the ladder that turns a score into a tier.',

  commands: {
    Draft: command({
      version: 1,
      label: { en: 'Draft scoring model', zh: '起草评分模型' },
      description: 'Begins a model, or the next version of it.',
      opens: true,
      data: z.strictObject({ content: field(scoringModelContent, 'Content', '内容') }),
      example: { content },
    }),
    Revise: command({
      version: 1,
      label: { en: 'Revise draft', zh: '修改草案' },
      description: 'Replaces the draft; what is published stays as it is.',
      data: z.strictObject({ content: field(scoringModelContent, 'Content', '内容') }),
      example: { content },
    }),
    Publish: command({
      version: 1,
      label: { en: 'Publish', zh: '发布' },
      description: 'Makes the draft the next version. It never changes again.',
      data: z.strictObject({}),
      example: {},
    }),
    Retire: command({
      version: 1,
      label: { en: 'Retire', zh: '停用' },
      description: 'Ends a version for new decisions; those that were made keep it.',
      data: z.strictObject({ version, reason: field(text(500), 'Reason', '原因') }),
      example: { version: 1, reason: 'Replaced' },
    }),
  },

  events: {
    ScoringModelDrafted: event({
      version: 1,
      label: { en: 'Scoring model drafted', zh: '评分模型已起草' },
      description: 'There is a draft, or another one.',
      data: z.strictObject({ modelId, content: scoringModelContent }),
      example: { modelId: aModel, content },
    }),
    ScoringModelPublished: event({
      version: 1,
      label: { en: 'Scoring model published', zh: '评分模型已发布' },
      description: 'A version is in force, and here is the whole of it.',
      public: 'scoring_model.published',
      data: z.strictObject({ modelId, version, content: scoringModelContent }),
      example: { modelId: aModel, version: 1, content },
    }),
    ScoringModelRetired: event({
      version: 1,
      label: { en: 'Scoring model retired', zh: '评分模型已停用' },
      description: 'A version decides nothing new.',
      public: 'scoring_model.retired',
      data: z.strictObject({ modelId, version, reason: text(500) }),
      example: { modelId: aModel, version: 1, reason: 'Replaced' },
    }),
  },

  refusals: {
    'model-exists': { en: 'This model is there already. Change its draft with revise.', zh: '该模型已存在，请修改其草案。' },
    'model-unsound': {
      en: 'The model can not decide anything as it stands. Mend what "problems" lists.',
      zh: '模型存在问题，请按 problems 修改。',
    },
    'no-draft': { en: 'There is no draft to publish. Revise the model first.', zh: '没有可发布的草案，请先修改模型。' },
    'no-such-version': { en: 'There is no such version in force.', zh: '没有该有效版本。' },
  },
});
export type ScoringModelContract = typeof scoringModelContract;
