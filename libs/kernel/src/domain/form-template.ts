// Which questions a form asks. A published version never changes, so what was answered can always be read.
import { formTemplateContract, type FormTemplateContent } from '@kams/contracts/kernel/form-template';
import { aggregate, refusing } from '@kams/eventing/pure';
import { checkTemplate } from '@kams/methods/forms';
import { drafted, latest, noPolicy, published, retired, version, type PolicyState } from '@kams/methods/policy';

export type FormTemplate = PolicyState<FormTemplateContent>;

/** The form templates of a service. */
export function formTemplate(service: string) {
  const contract = formTemplateContract(service);
  const refuse = refusing(contract);

  const sound = (content: FormTemplateContent): FormTemplateContent => {
    const problems = checkTemplate(content).map((it) => ({ ...it, pointer: `/content${it.pointer}` }));
    return problems.length === 0 ? content : refuse('template-unsound', { problems });
  };

  return aggregate(
    contract,
    noPolicy as FormTemplate,
  )({
    decide: {
      Draft: (it, { content }, { id: templateId }) =>
        it.is === 'none'
          ? [{ type: 'FormTemplateDrafted', data: { templateId, content: sound(content) } }]
          : refuse('template-exists'),

      Revise: (_, { content }, { id: templateId }) => [
        { type: 'FormTemplateDrafted', data: { templateId, content: sound(content) } },
      ],

      Publish: (it, _, { id: templateId }) => {
        const content = (it.is === 'policy' ? it.draft : undefined) ?? refuse('no-template-draft');
        return [{ type: 'FormTemplatePublished', data: { templateId, version: (latest(it)?.version ?? 0) + 1, content } }];
      },

      Retire: (it, { version: n, reason }, { id: templateId }) => {
        const found = version(it, n);
        if (!found || found.retiredAt !== undefined) return refuse('no-such-template-version', { version: n });
        return [{ type: 'FormTemplateRetired', data: { templateId, version: n, reason } }];
      },
    },

    evolve: {
      FormTemplateDrafted: (it, { content }) => drafted(it, content),
      FormTemplatePublished: (it, _, { occurredAt }) => published(it, occurredAt),
      FormTemplateRetired: (it, { version: n }, { occurredAt }) => retired(it, n, occurredAt),
    },
  });
}
