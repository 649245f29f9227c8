// 表单模板: every version of every template, with its draft.
import { formTemplateContract, type FormTemplateContent } from '@kams/contracts/kernel/form-template';
import { projection, table, type Projection, type RowOf } from '@kams/eventing';

export const formTemplateTable = table(
  'form_template',
  {
    tenant_id: 'text',
    id: 'uuid',
    revision: 'int',
    name: 'text',
    name_zh: 'text',
    draft: 'json?',
    versions: 'json',
    changed_at: 'instant',
  },
  { primaryKey: ['tenant_id', 'id'], groupBy: 'id', indexes: ['id', 'tenant_id, name, id'] },
);
type Row = RowOf<typeof formTemplateTable>;
export interface Version {
  readonly version: number;
  readonly content: FormTemplateContent;
  readonly publishedAt: string;
  readonly retiredAt: string | null;
}

/** The form templates of a service. */
export const formTemplatesOf = (service: string): Projection =>
  projection({
    name: `${service}_form_templates`,
    from: [formTemplateContract(service)],
    table: formTemplateTable,
  })({
    FormTemplateDrafted: (row, { id, tenantId, revision, recordedAt, data: { content } }): Row => ({
      tenant_id: tenantId,
      id,
      revision,
      name: content.name.en,
      name_zh: content.name.zh,
      draft: content,
      versions: row?.versions ?? [],
      changed_at: recordedAt,
    }),
    FormTemplatePublished: (row, { data: { version, content }, occurredAt, recordedAt }) =>
      row && {
        ...row,
        draft: null,
        versions: [...(row.versions as Version[]), { version, content, publishedAt: occurredAt, retiredAt: null }],
        changed_at: recordedAt,
      },
    FormTemplateRetired: (row, { data: { version }, occurredAt, recordedAt }) =>
      row && {
        ...row,
        versions: (row.versions as Version[]).map((it) => (it.version === version ? { ...it, retiredAt: occurredAt } : it)),
        changed_at: recordedAt,
      },
  });
