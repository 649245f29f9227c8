import type { EventOf } from '@kams/contracts/define';
import type { FormContract } from '@kams/contracts/kernel/form';
import type { FormTemplateContent, FormTemplateContract } from '@kams/contracts/kernel/form-template';
import { found, given } from '@kams/testing/given';
import { form } from '../src/domain/form';
import { formTemplate } from '../src/domain/form-template';
import { visitReport } from './visit-report';

const id = '00000000-0000-7000-8000-000000000001';
const templateId = '0190f5a0-0000-7000-8000-0000000000f1';
const account = { kind: 'account', id: '0190f5a0-0000-7000-8000-000000000001' };
const contact = { kind: 'contact', id: '0190f5a0-0000-7000-8000-0000000000c1' };

const template = formTemplate('accounts');
const drafted = (content: FormTemplateContent = visitReport, of = id) =>
  ({ type: 'FormTemplateDrafted', data: { templateId: of, content } }) as const;
const published = (version: number, content = visitReport, of = id) =>
  ({ type: 'FormTemplatePublished', data: { templateId: of, version, content } }) as const;
const retired = (version: number, of = id) =>
  ({ type: 'FormTemplateRetired', data: { templateId: of, version, reason: 'Replaced' } }) as const;

describe('a form template', () => {
  const it = given(template);

  test('begins as a draft, and is drafted once', () => {
    it().when('Draft', { content: visitReport }).then(drafted());
    it(drafted()).when('Draft', { content: visitReport }).refused('template-exists');
  });

  test('that could not be filled in is refused, with where and why', () => {
    const section = visitReport.sections[0]!;
    const twice = { ...visitReport, sections: [section, section] };
    it()
      .when('Draft', { content: twice })
      .refused('template-unsound', {
        problems: expect.arrayContaining([expect.objectContaining({ pointer: '/content/sections/1/code' })]),
      });
    it(drafted()).when('Revise', { content: twice }).refused('template-unsound');
  });

  test('is published as the next version; what is published stays as it is', () => {
    it(drafted()).when('Publish', {}).then(published(1));
    it(drafted(), published(1)).when('Publish', {}).refused('no-template-draft');
    const other = { ...visitReport, name: { en: 'Visit 2', zh: '拜访表二' } };
    it(drafted(), published(1), drafted(other)).when('Publish', {}).then(published(2, other));
  });

  test('is retired a version at a time, and once', () => {
    it(drafted(), published(1)).when('Retire', { version: 1, reason: 'Replaced' }).then(retired(1));
    it(drafted(), published(1), retired(1)).when('Retire', { version: 1, reason: 'x' }).refused('no-such-template-version');
    it(drafted()).when('Retire', { version: 1, reason: 'x' }).refused('no-such-template-version');
  });
});

const forms = form('accounts', template);
const knowing = (...facts: EventOf<FormTemplateContract>[]) => ({ template: found(template, templateId, ...facts) });
const inForce = knowing(drafted(visitReport, templateId), published(1, visitReport, templateId));
const submit = { templateId, subject: account, answers: { day: '2026-03-02', outcome: 'An offer', interest: 4 } };
const about = { formId: id, templateId, version: 1, subject: account };
const score = {
  total: '75.000000',
  coverage: '0.500000',
  fields: [{ field: 'interest', score: '75.000000', weight: '0.500000', contribution: '75.000000' }],
};
const submitted = {
  type: 'FormSubmitted' as const,
  data: {
    ...about,
    answers: [
      { field: 'day', value: '2026-03-02' },
      { field: 'interest', value: 4 },
    ],
    texts: [{ field: 'outcome', text: 'An offer' }],
    completeness: 60,
    score,
  },
};
const erased = { type: 'FormErased' as const, data: { formId: id, subject: account, request: 'dsr' } };

describe('a form', () => {
  const it = (...facts: EventOf<FormContract>[]) => given(forms)(...facts).knowing(inForce);

  test('says what was answered under which version, what was written in words apart', () =>
    it().when('Submit', submit).then(submitted));

  test('takes the version in force, or one that is named and not retired', () => {
    const two = [
      drafted(visitReport, templateId),
      published(1, visitReport, templateId),
      drafted(visitReport, templateId),
      published(2, visitReport, templateId),
    ] as const;
    const at = (...facts: EventOf<FormTemplateContract>[]) => given(forms)().knowing(knowing(...facts));
    expect(at(...two).when('Submit', submit).facts[0]!.data).toMatchObject({ version: 2 });
    expect(at(...two).when('Submit', { ...submit, version: 1 }).facts[0]!.data).toMatchObject({ version: 1 });
    at(...two, retired(1, templateId))
      .when('Submit', { ...submit, version: 1 })
      .refused('unknown-form-template');
    at(...two, retired(2, templateId))
      .when('Submit', submit)
      .refused('unknown-form-template');
    at(...two)
      .when('Submit', { ...submit, version: 3 })
      .refused('unknown-form-template', { version: 3 });
    at(two[0]).when('Submit', submit).refused('unknown-form-template', { version: null });
  });

  test('that does not fit is refused, with an error for each field and at most twenty', () => {
    it()
      .when('Submit', { ...submit, answers: { day: 'today', interest: 9, colour: 'red' } })
      .refused('answers-invalid', {
        errors: [
          { pointer: '/answers/day', reason: expect.any(String) },
          { pointer: '/answers/outcome', reason: 'is required' },
          { pointer: '/answers/interest', reason: expect.any(String) },
          { pointer: '/answers/colour', reason: expect.any(String) },
        ],
      });
    const many = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`none${i}`, true]));
    const refusal = it().when('Submit', { ...submit, answers: many });
    refusal.refused('answers-invalid');
    expect(() => refusal.facts).toThrow(/none17/);
    expect(() => refusal.facts).not.toThrow(/none18/);
  });

  test('is submitted once', () => it(submitted).when('Submit', submit).refused('form-exists'));

  test('is corrected with a reason; the correction says what it supersedes, and what the form now amounts to', () =>
    it(submitted)
      .when('Correct', { set: { interest: 5, outcome: 'An order', grade: 'b' }, clear: ['phase'], reason: 'Misread' })
      .then({
        type: 'FormCorrected',
        data: {
          ...about,
          supersedes: '00000000-0000-7000-9000-000000000000',
          reason: 'Misread',
          answers: [
            { field: 'interest', value: 5 },
            { field: 'grade', value: 'b' },
          ],
          texts: [{ field: 'outcome', text: 'An order' }],
          cleared: [],
          completeness: 80,
          score: {
            total: '70.000000',
            coverage: '1.000000',
            fields: [
              { field: 'interest', score: '100.000000', weight: '0.500000', contribution: '50.000000' },
              { field: 'grade', score: '40.000000', weight: '0.500000', contribution: '20.000000' },
            ],
          },
        },
      }));

  test('is corrected under the version that it was submitted with, retired or replaced', () => {
    const stricter = {
      ...visitReport,
      sections: [{ ...visitReport.sections[0]!, fields: [visitReport.sections[0]!.fields[0]!] }],
    };
    const since = knowing(
      drafted(visitReport, templateId),
      published(1, visitReport, templateId),
      retired(1, templateId),
      drafted(stricter, templateId),
      published(2, stricter, templateId),
    );
    expect(
      given(forms)(submitted)
        .knowing(since)
        .when('Correct', { set: { interest: 1 }, reason: 'x' }).facts[0],
    ).toMatchObject({
      data: { version: 1, answers: [{ field: 'interest', value: 1 }] },
    });
  });

  test('that is corrected to what it was has nothing to do', () => {
    it(submitted)
      .when('Correct', { set: { interest: 4 }, clear: ['grade'], reason: 'x' })
      .then();
    it(submitted).when('Correct', { reason: 'x' }).then();
  });

  test('can not be corrected to what does not fit', () => {
    const refused = (data: object, ...pointers: string[]) =>
      it(submitted)
        .when('Correct', { ...data, reason: 'x' })
        .refused('answers-invalid', { errors: pointers.map((pointer) => ({ pointer, reason: expect.any(String) })) });
    refused({ set: { interest: 6 } }, '/set/interest');
    refused({ clear: ['outcome'] }, '/set/outcome');
    refused({ clear: ['grade', 'colour'] }, '/clear/1');
  });

  test('forgets what was taken back', () => {
    const cleared = it(submitted).when('Correct', { clear: ['interest'], reason: 'x' }).facts;
    expect(cleared[0]!.data).toMatchObject({ cleared: ['interest'], completeness: 40 });
    expect(cleared[0]!.data).not.toHaveProperty('score');
    it(submitted, ...cleared)
      .when('Correct', { clear: ['interest'], reason: 'x' })
      .then();
  });

  test('supersedes the correction before it', () => {
    const first = it(submitted).when('Correct', { set: { interest: 5 }, reason: 'x' }).facts;
    expect(it(submitted, ...first).when('Correct', { set: { interest: 3 }, reason: 'y' }).facts[0]!.data).toMatchObject({
      supersedes: '00000000-0000-7000-9000-000000000001',
    });
  });

  test('is erased once, and not corrected after that', () => {
    it(submitted).when('Erase', { request: 'dsr' }).then(erased);
    it(submitted, erased).when('Erase', { request: 'dsr' }).then();
    it(submitted, erased)
      .when('Correct', { set: { interest: 5 }, reason: 'x' })
      .refused('form-erased');
  });

  test('about a contact is forgotten with the person, and not by itself', () => {
    const aboutLi = { ...submitted, data: { ...submitted.data, subject: contact } };
    it(aboutLi).when('Erase', { request: 'dsr' }).refused('erase-the-contact', { contactId: contact.id });
    const { person } = forms.contract.events.FormSubmitted;
    expect([person!(aboutLi.data), person!(submitted.data)]).toEqual([contact.id, id]);
  });
});
