// 表单模板: which questions a form asks, in sections, and which of them count for a score. A published version never changes.
import { z } from 'zod';
import { command, contract, event, field } from '../define';
import { code, decimal, text, uuid } from '../values';

const label = z.strictObject({ en: text(200), zh: text(200) });
const fieldCode = code(40);

const question = {
  code: field(fieldCode, 'Code', '字段代码'),
  label: field(label, 'Label', '字段名称'),
  help: field(z.strictObject({ en: text(500), zh: text(500) }), 'Help', '填写说明').optional(),
  required: field(z.boolean(), 'Required', '必填'),
};
const choice = z.strictObject({
  code: field(fieldCode, 'Code', '选项代码'),
  label: field(label, 'Label', '选项名称'),
  score: field(decimal(), 'Score', '分值', 'From 0 to 100.').optional(),
});
const choices = field(z.array(choice).min(1).max(50), 'Choices', '选项');
const weight = field(decimal(), 'Weight', '权重', 'What it counts in the score; without one it does not.').optional();

export const formField = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('text'), ...question }),
  z.strictObject({ kind: z.literal('longText'), ...question }),
  z.strictObject({
    kind: z.literal('number'),
    ...question,
    unit: field(text(20), 'Unit', '单位').optional(),
    min: field(decimal(), 'At least', '最小值').optional(),
    max: field(decimal(), 'At most', '最大值').optional(),
  }),
  z.strictObject({ kind: z.literal('choice'), ...question, choices, weight }),
  z.strictObject({ kind: z.literal('choices'), ...question, choices }),
  z.strictObject({ kind: z.literal('date'), ...question }),
  z.strictObject({ kind: z.literal('yesNo'), ...question }),
  z.strictObject({ kind: z.literal('scale'), ...question, steps: field(z.int().min(2).max(10), 'Steps', '级数'), weight }),
]);
export type FormField = z.output<typeof formField>;

export const formTemplateContent = z.strictObject({
  name: field(label, 'Name', '表单名称'),
  sections: field(
    z
      .array(
        z.strictObject({
          code: field(fieldCode, 'Code', '分组代码'),
          label: field(label, 'Label', '分组名称'),
          fields: field(z.array(formField).min(1).max(100), 'Fields', '字段'),
        }),
      )
      .min(1)
      .max(20),
    'Sections',
    '分组',
  ),
});
export type FormTemplateContent = z.output<typeof formTemplateContent>;

const templateId = field(uuid(), 'Form template', '表单模板');
const version = field(z.int().min(1), 'Version', '版本');

const aTemplate = '0190f5a0-0000-7000-8000-0000000000f1';
const content: z.input<typeof formTemplateContent> = {
  name: { en: 'Customer visit report', zh: '客户拜访日报表' },
  sections: [
    {
      code: 'visit',
      label: { en: 'Visit', zh: '拜访情况' },
      fields: [
        { kind: 'date', code: 'day', label: { en: 'Day', zh: '拜访日期' }, required: true },
        { kind: 'longText', code: 'outcome', label: { en: 'Outcome', zh: '拜访结果' }, required: true },
        {
          kind: 'scale',
          code: 'interest',
          label: { en: 'Interest', zh: '客户意向' },
          help: { en: '1: none, 5: an order is near.', zh: '1 为无意向，5 为即将下单。' },
          required: false,
          steps: 5,
          weight: '1',
        },
      ],
    },
  ],
};

/** The form templates of a service. */
export const formTemplateContract = (service: string) =>
  contract({
    name: `${service}_form_template`,
    plural: `${service}-form-templates`,
    label: { en: 'Form template', zh: '表单模板' },
    description: 'A policy: the questions of a form, in sections, and what counts for its score.',

    commands: {
      Draft: command({
        version: 1,
        label: { en: 'Draft form template', zh: '起草表单模板' },
        description: 'Begins a template.',
        opens: true,
        data: z.strictObject({ content: field(formTemplateContent, 'Content', '内容') }),
        example: { content },
      }),
      Revise: command({
        version: 1,
        label: { en: 'Revise draft', zh: '修改草案' },
        description: 'Replaces the draft; what is published stays as it is.',
        data: z.strictObject({ content: field(formTemplateContent, 'Content', '内容') }),
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
        description: 'Ends a version for new forms; those that were submitted keep it.',
        data: z.strictObject({ version, reason: field(text(500), 'Reason', '原因') }),
        example: { version: 1, reason: 'Replaced' },
      }),
    },

    events: {
      FormTemplateDrafted: event({
        version: 1,
        label: { en: 'Form template drafted', zh: '表单模板已起草' },
        description: 'There is a draft, or another one.',
        data: z.strictObject({ templateId, content: formTemplateContent }),
        example: { templateId: aTemplate, content },
      }),
      FormTemplatePublished: event({
        version: 1,
        label: { en: 'Form template published', zh: '表单模板已发布' },
        description: 'A version is in force, and here is the whole of it.',
        public: 'form_template.published',
        data: z.strictObject({ templateId, version, content: formTemplateContent }),
        example: { templateId: aTemplate, version: 1, content },
      }),
      FormTemplateRetired: event({
        version: 1,
        label: { en: 'Form template retired', zh: '表单模板已停用' },
        description: 'A version takes no new forms.',
        public: 'form_template.retired',
        data: z.strictObject({ templateId, version, reason: text(500) }),
        example: { templateId: aTemplate, version: 1, reason: 'Replaced' },
      }),
    },

    refusals: {
      'template-exists': {
        en: 'This template is there already. Change its draft with revise.',
        zh: '该模板已存在，请修改其草案。',
      },
      'template-unsound': {
        en: 'The template can not be filled in as it stands. Mend what "problems" lists.',
        zh: '模板存在问题，请按 problems 修改。',
      },
      'no-template-draft': {
        en: 'There is no draft to publish. Revise the template first.',
        zh: '没有可发布的草案，请先修改模板。',
      },
      'no-such-template-version': {
        en: 'There is no such version in force. Look up the versions of the template.',
        zh: '没有该有效版本，请查询模板的版本。',
      },
    },
  });
export type FormTemplateContract = ReturnType<typeof formTemplateContract>;
