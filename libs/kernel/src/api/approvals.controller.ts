import { Controller, Res, type Type } from '@nestjs/common';
import { approvalContract } from '@kams/contracts/kernel/approval';
import { subject } from '@kams/contracts/kernel/subject';
import { money, uuid } from '@kams/contracts/values';
import type { Projection, RowOf } from '@kams/eventing';
import { Asked, list, one, pageOf, paging, Read, sortBy, type AskedFor } from '@kams/platform';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { approvalTable, type Step } from '../projections/approvals';
import { named } from './named';

const state = z.enum(['open', 'granted', 'rejected', 'withdrawn']);
const instant = z.iso.datetime({ precision: null });

const listQuery = z.strictObject({
  ...paging,
  sort: sortBy('queue', 'requestedAt')
    .default('queue')
    .meta({ description: '`queue`: what waits for its decision first, the longest waiting at the top.' }),
  state: state.optional(),
  subjectKind: z.string().max(40).optional(),
  subjectId: uuid().optional(),
  accountId: uuid().optional(),
  approverRole: z.string().max(40).optional(),
  requestedBy: z.string().max(200).optional(),
});

const approvalItem = z.object({
  id: z.uuid(),
  revision: z.int(),
  state,
  subject,
  accountId: z.uuid().nullable(),
  rule: z.string(),
  approverRole: z.string(),
  ask: z.string(),
  amount: money().nullable(),
  requestedBy: z.string(),
  requestedAt: instant,
  changedAt: instant,
});
const step = z.object({ state, by: z.string(), at: instant, said: z.string().nullable() });
const approvalFile = approvalItem.extend({
  history: z.array(step).meta({ description: 'Who did what and when; `said` is the note or the reason.' }),
});

type ApprovalRow = RowOf<typeof approvalTable>;
const item = (row: ApprovalRow) => ({
  id: row.id,
  revision: row.revision,
  state: row.state,
  subject: { kind: row.subject_kind, id: row.subject_id },
  accountId: row.account_id,
  rule: row.rule,
  approverRole: row.approver_role,
  ask: row.ask,
  amount: row.amount,
  requestedBy: row.requested_by,
  requestedAt: row.requested_at,
  changedAt: row.changed_at,
});

/** The queries of a service's approvals. */
export function approvalsController(service: string, approvals: Projection): Type {
  const { plural, name: resource } = approvalContract(service);
  const FROM = { schema: service, table: approvalTable, account: 'account_id' } as const;

  @Controller(plural)
  class ApprovalsController {
    @Read('', {
      summary: 'Approvals',
      description: 'What waits for its decision, then what is decided.',
      resource,
      account: 'accountId',
      asksBy: { queue: 'state', subjectKind: 'subject', subjectId: 'subject' },
      query: listQuery,
      answer: pageOf(approvalItem),
      shows: [approvals],
    })
    async list(@Asked() { query, reader }: AskedFor<typeof listQuery>) {
      const { sort, limit, cursor, ...equal } = query;
      const page = await list(reader, { ...FROM, equal, sort, limit, cursor });
      return { items: page.items.map(item), next: page.next };
    }

    @Read(':id', {
      summary: 'An approval with its history',
      resource,
      account: 'accountId',
      answer: approvalFile,
      shows: [approvals],
    })
    async file(@Asked() { id, reader }: AskedFor, @Res({ passthrough: true }) reply: FastifyReply) {
      const row = await one(reader, FROM, id);
      reply.header('etag', `"${row.revision}"`);
      return { ...item(row), history: row.history as Step[] };
    }
  }
  return named(service, ApprovalsController);
}
