import { Controller, Res, type Type } from '@nestjs/common';
import { formContract } from '@kams/contracts/kernel/form';
import { subject } from '@kams/contracts/kernel/subject';
import { uuid } from '@kams/contracts/values';
import type { Projection, RowOf } from '@kams/eventing';
import { Asked, list, one, pageOf, paging, Read, Runtime, sortBy, type AskedFor } from '@kams/platform';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { formTable, type Step } from '../projections/forms';
import { named } from './named';

const instant = z.iso.datetime({ precision: null });

const listQuery = z.strictObject({
  ...paging,
  sort: sortBy('submittedAt').default('submittedAt'),
  templateId: uuid().optional(),
  version: z.coerce.number().int().min(1).max(1_000_000).optional(),
  subjectKind: z.string().max(40).optional(),
  subjectId: uuid().optional(),
  accountId: uuid().optional(),
});

const answers = z.record(z.string(), z.unknown()).meta({
  description: 'By the code of the field; what was written in words is `[erased]` once it is forgotten.',
});
const score = z
  .object({
    total: z.string(),
    coverage: z.string(),
    fields: z.array(z.object({ field: z.string(), score: z.string(), weight: z.string(), contribution: z.string() })),
  })
  .nullable();
const formItem = z.object({
  id: z.uuid(),
  revision: z.int(),
  templateId: z.uuid(),
  version: z.int(),
  subject,
  accountId: z.uuid().nullable(),
  completeness: z.int(),
  score,
  corrections: z.int(),
  submittedBy: z.string(),
  submittedAt: instant,
  erasedAt: instant.nullable(),
  changedAt: instant,
});
const formFile = formItem.extend({
  answers,
  history: z
    .array(
      z.object({
        eventId: z.uuid(),
        by: z.string(),
        at: instant,
        supersedes: z.uuid().nullable(),
        reason: z.string().nullable(),
        answers,
        cleared: z.array(z.string()),
        completeness: z.int(),
        score,
      }),
    )
    .meta({ description: 'The submission, then each correction with what was said by it.' }),
});

type FormRow = RowOf<typeof formTable>;
const item = (row: FormRow) => ({
  id: row.id,
  revision: row.revision,
  templateId: row.template_id,
  version: row.version,
  subject: { kind: row.subject_kind, id: row.subject_id },
  accountId: row.account_id,
  completeness: row.completeness,
  score: row.score,
  corrections: (row.steps as Step[]).length - 1,
  submittedBy: row.submitted_by,
  submittedAt: row.submitted_at,
  erasedAt: row.erased_at,
  changedAt: row.changed_at,
});

/** The queries of a service's forms. */
export function formsController(service: string, forms: Projection): Type {
  const { plural, name: resource } = formContract(service);
  const FROM = { schema: service, table: formTable, account: 'account_id' } as const;

  @Controller(plural)
  class FormsController {
    constructor(private readonly runtime: Runtime) {}

    @Read('', {
      summary: 'Forms',
      description: 'Without their answers: those are in the form itself.',
      resource,
      account: 'accountId',
      asksBy: { subjectKind: 'subject', subjectId: 'subject' },
      query: listQuery,
      answer: pageOf(formItem),
      shows: [forms],
    })
    async list(@Asked() { query, reader }: AskedFor<typeof listQuery>) {
      const { sort, limit, cursor, ...equal } = query;
      const page = await list(reader, { ...FROM, equal, sort, limit, cursor });
      return { items: page.items.map(item), next: page.next };
    }

    @Read(':id', {
      summary: 'A form with its corrections',
      resource,
      account: 'accountId',
      answer: formFile,
      shows: [forms],
    })
    async file(@Asked() { id, reader }: AskedFor, @Res({ passthrough: true }) reply: FastifyReply) {
      const row = await one(reader, FROM, id);
      const { tenantId } = reader;
      reply.header('etag', `"${row.revision}"`);
      const history = (row.steps as Step[]).map(async ({ texts, answers, reason, score = null, ...it }) => ({
        ...it,
        answers: await this.opened(tenantId, { answers, texts }),
        reason: await this.runtime.vault.openText(tenantId, reason),
        score,
      }));
      return {
        ...item(row),
        answers: await this.opened(tenantId, row as Pick<Step, 'answers' | 'texts'>),
        history: await Promise.all(history),
      };
    }

    /** Answers by their fields, those in words open. */
    private async opened(tenantId: string, { answers, texts }: Pick<Step, 'answers' | 'texts'>) {
      const open = texts.map(async ({ field, text }) => [field, await this.runtime.vault.openText(tenantId, text)] as const);
      return Object.fromEntries([...answers.map(({ field, value }) => [field, value]), ...(await Promise.all(open))]);
    }
  }
  return named(service, FormsController);
}
