import { Controller, Res, type Type } from '@nestjs/common';
import { formTemplateContent, formTemplateContract } from '@kams/contracts/kernel/form-template';
import type { Projection, RowOf } from '@kams/eventing';
import { Asked, list, one, pageOf, paging, Problem, Read, sortBy, type AskedFor } from '@kams/platform';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { formTemplateTable, type Version } from '../projections/form-templates';
import { named } from './named';

const listQuery = z.strictObject({ ...paging, sort: sortBy('name').default('name') });
const versionQuery = z.strictObject({
  version: z.coerce.number().int().min(1).max(1_000_000).optional().meta({ description: 'Absent: the one in force.' }),
});

const instant = z.iso.datetime({ precision: null });
const versionFile = z.object({
  version: z.int(),
  content: formTemplateContent,
  publishedAt: instant,
  retiredAt: instant.nullable(),
});
const templateItem = z.object({
  id: z.uuid(),
  revision: z.int(),
  name: z.object({ en: z.string(), zh: z.string() }),
  hasDraft: z.boolean(),
  versions: z.array(versionFile.omit({ content: true })),
});
const templateFile = templateItem.extend({ draft: formTemplateContent.nullable(), versions: z.array(versionFile) });

type TemplateRow = RowOf<typeof formTemplateTable>;
const item = ({ id, revision, name, name_zh, draft, versions }: TemplateRow) => ({
  id,
  revision,
  name: { en: name, zh: name_zh },
  hasDraft: draft !== null,
  versions: (versions as Version[]).map(({ version, publishedAt, retiredAt }) => ({ version, publishedAt, retiredAt })),
});

/** The queries of a service's form templates. */
export function formTemplatesController(service: string, templates: Projection): Type {
  const { plural, name: resource } = formTemplateContract(service);
  const FROM = { schema: service, table: formTemplateTable, account: null } as const;

  @Controller(plural)
  class FormTemplatesController {
    @Read('', { summary: 'Form templates', resource, query: listQuery, answer: pageOf(templateItem), shows: [templates] })
    async list(@Asked() { query, reader }: AskedFor<typeof listQuery>) {
      const page = await list(reader, { ...FROM, ...query });
      return { items: page.items.map(item), next: page.next };
    }

    @Read(':id', { summary: 'A form template with all its versions', resource, answer: templateFile, shows: [templates] })
    async file(@Asked() { id, reader }: AskedFor, @Res({ passthrough: true }) reply: FastifyReply) {
      const row = await one(reader, FROM, id);
      reply.header('etag', `"${row.revision}"`);
      return { ...item(row), draft: row.draft, versions: row.versions as Version[] };
    }

    @Read(':id/version', {
      summary: 'One version of a form template',
      description: 'What a form is filled in by: the fields with their kinds, names and help, in sections.',
      resource,
      query: versionQuery,
      answer: versionFile,
      shows: [templates],
    })
    async version(@Asked() { id, reader, query: { version } }: AskedFor<typeof versionQuery>) {
      const versions = (await one(reader, FROM, id)).versions as Version[];
      const newest = versions.at(-1);
      const found =
        version === undefined ? (newest?.retiredAt === null ? newest : undefined) : versions.find((it) => it.version === version);
      if (!found) throw new Problem('not-found');
      return found;
    }
  }
  return named(service, FormTemplatesController);
}
