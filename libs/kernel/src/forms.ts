// 表单: versioned templates, and what was answered to them. `POST /accounts-form-templates`, `POST /accounts-forms`.
import { formPolicy } from '@kams/contracts/kernel/policy';
import type { Part } from '@kams/platform';
import { formTemplatesController } from './api/form-templates.controller';
import { formsController } from './api/forms.controller';
import { form } from './domain/form';
import { formTemplate } from './domain/form-template';
import { formTemplatesOf } from './projections/form-templates';
import { formsOf } from './projections/forms';

export function forms(service: string): Part {
  const template = formTemplate(service);
  const [templatesView, formsView] = [formTemplatesOf(service), formsOf(service)];
  return {
    aggregates: [template, form(service, template)],
    projections: [templatesView, formsView],
    policy: formPolicy(service),
    controllers: [formTemplatesController(service, templatesView), formsController(service, formsView)],
  };
}
