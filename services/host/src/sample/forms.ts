// A form of the sample: the visit report (客户拜访日报表), filled in and corrected.
import type { FormTemplateContent } from '@kams/contracts/kernel/form-template';
import { accountId, formId, onForm, onTemplate, VISIT_REPORT_ID, type Act } from './act';
import { at } from './calendar';

const label = (en: string, zh: string) => ({ en, zh });

const visitReport: FormTemplateContent = {
  name: label('Customer visit report', '客户拜访日报表'),
  sections: [
    {
      code: 'visit',
      label: label('Visit', '拜访情况'),
      fields: [
        { kind: 'date', code: 'day', label: label('Day', '拜访日期'), required: true },
        {
          kind: 'choice',
          code: 'purpose',
          label: label('Purpose', '拜访目的'),
          required: true,
          choices: [
            { code: 'first', label: label('First visit', '首次拜访') },
            { code: 'follow-up', label: label('Follow-up', '跟进') },
            { code: 'service', label: label('Service', '服务') },
          ],
        },
        { kind: 'longText', code: 'outcome', label: label('Outcome', '拜访结果'), required: true },
        { kind: 'date', code: 'next', label: label('Next visit', '下次拜访'), required: false },
      ],
    },
    {
      code: 'rating',
      label: label('How it stands', '情况评估'),
      fields: [
        {
          kind: 'scale',
          code: 'interest',
          label: label('Interest', '客户意向'),
          help: label('1: none, 5: an order is near.', '1 为无意向，5 为即将下单。'),
          required: false,
          steps: 5,
          weight: '2',
        },
        { kind: 'scale', code: 'trust', label: label('Trust', '信任程度'), required: false, steps: 5, weight: '1' },
      ],
    },
  ],
};

/** Whose report was corrected. */
export const CORRECTED = 'balnibarbi';

const about = (key: string) => ({
  templateId: VISIT_REPORT_ID,
  subject: { kind: 'account', id: accountId(key) },
  accountId: accountId(key),
});

export const formActs = (days: readonly string[]): readonly Act[] => [
  onTemplate('Draft', VISIT_REPORT_ID, 'sample-sales-director', at(days[0], '11:00'), { content: visitReport }),
  onTemplate('Publish', VISIT_REPORT_ID, 'sample-sales-director', at(days[0], '12:00'), {}),
  onForm('Submit', formId(CORRECTED), 'sample-kam-1', at(days[40], '17:00'), {
    ...about(CORRECTED),
    answers: {
      day: days[40]!,
      purpose: 'follow-up',
      outcome: 'They asked for an offer for the next year.',
      interest: 5,
      trust: 4,
    },
  }),
  onForm('Correct', formId(CORRECTED), 'sample-kam-1', at(days[41], '09:30'), {
    set: { interest: 4, next: days[60]! },
    reason: 'The offer is for half a year first.',
  }),
];
