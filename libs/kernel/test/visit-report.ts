import type { FormField, FormTemplateContent } from '@kams/contracts/kernel/form-template';

const label = (en: string, zh: string) => ({ en, zh });
const choice = (code: string, score: string) => ({ code, label: label(code, `${code}级`), score });

const fields: FormField[] = [
  { kind: 'date', code: 'day', label: label('Day', '拜访日期'), required: true },
  { kind: 'longText', code: 'outcome', label: label('Outcome', '拜访结果'), required: true },
  { kind: 'scale', code: 'interest', label: label('Interest', '客户意向'), required: false, steps: 5, weight: '1' },
  {
    kind: 'choice',
    code: 'grade',
    label: label('Grade', '评级'),
    required: false,
    choices: [choice('a', '100'), choice('b', '40'), choice('c', '0')],
    weight: '1',
  },
  {
    kind: 'choice',
    code: 'phase',
    label: label('Phase', '阶段'),
    required: false,
    choices: [{ code: 'first', label: label('First', '首次') }],
  },
];

/** 客户拜访日报表: two fields are required, two count half each. */
export const visitReport: FormTemplateContent = {
  name: label('Customer visit report', '客户拜访日报表'),
  sections: [{ code: 'visit', label: label('Visit', '拜访情况'), fields }],
};
