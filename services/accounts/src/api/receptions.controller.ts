import { Controller, Res } from '@nestjs/common';
import { localDate, money, uuid } from '@kams/contracts/values';
import type { RowOf } from '@kams/eventing';
import { Asked, list, one, pageOf, paging, Read, sortBy, type AskedFor } from '@kams/platform';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { receptions, receptionTable } from '../projections/receptions';
import { SCHEMA } from '../schema';
import { inOrder } from './in-order';

const status = z.enum(['requested', 'approved', 'rejected', 'reported']);
const instant = z.iso.datetime({ precision: null });

const listQuery = z.strictObject({
  ...paging,
  sort: sortBy('requestedAt', 'on').default('-requestedAt'),
  status: status.optional(),
  accountId: uuid().optional(),
  requestedBy: z.string().max(255).optional(),
  explained: z
    .enum(['true', 'false'])
    .optional()
    .meta({ description: 'Of those that cost more than was approved: `false` are the ones that still have to be explained.' }),
  from: localDate().optional().meta({ description: 'The first day.' }),
  to: localDate().optional().meta({ description: 'The last day.' }),
});

const receptionItem = z.object({
  id: z.uuid(),
  revision: z.int(),
  accountId: z.uuid(),
  status,
  guestIds: z.array(z.uuid()),
  on: z.iso.date(),
  agenda: z.string(),
  budget: money(),
  cost: money().nullable(),
  overrun: money().nullable(),
  explained: z.boolean().nullable().meta({ description: 'Null: there is nothing to explain.' }),
  explanation: z.string().nullable(),
  result: z.string().nullable(),
  requestedBy: z.string(),
  requestedAt: instant,
  approverId: z.string().nullable(),
  approverRole: z.string().nullable(),
  decidedAt: instant.nullable(),
  reason: z.string().nullable(),
  reportedAt: instant.nullable(),
  changedAt: instant,
});

const FROM = { schema: SCHEMA, table: receptionTable, account: 'account_id' } as const;

function item(row: RowOf<typeof receptionTable>) {
  const inCurrency = (minor: number | null) => (minor === null ? null : { minor, currency: row.ccy });
  return {
    id: row.id,
    revision: row.revision,
    accountId: row.account_id,
    status: row.status,
    guestIds: row.guest_ids,
    on: row.on,
    agenda: row.agenda,
    budget: inCurrency(row.budget),
    cost: inCurrency(row.cost),
    overrun: inCurrency(row.overrun),
    explained: row.explained,
    explanation: row.explanation,
    result: row.result,
    requestedBy: row.requested_by,
    requestedAt: row.requested_at,
    approverId: row.approver_id,
    approverRole: row.approver_role,
    decidedAt: row.decided_at,
    reason: row.reason,
    reportedAt: row.reported_at,
    changedAt: row.changed_at,
  };
}

@Controller('receptions')
export class ReceptionsController {
  @Read('', {
    summary: 'Receptions',
    resource: 'reception',
    account: 'accountId',
    asksBy: { from: 'on', to: 'on' },
    query: listQuery,
    answer: pageOf(receptionItem),
    shows: [receptions],
  })
  async list(@Asked() { query, reader }: AskedFor<typeof listQuery>) {
    const { sort, limit, cursor, from, to, ...equal } = inOrder(query);
    const page = await list(reader, {
      ...FROM,
      equal,
      where: [
        ...(from === undefined ? [] : [{ sql: '"on" >= ?', values: [from] }]),
        ...(to === undefined ? [] : [{ sql: '"on" <= ?', values: [to] }]),
      ],
      sort,
      limit,
      cursor,
    });
    return { items: page.items.map(item), next: page.next };
  }

  @Read(':id', {
    summary: 'A reception',
    resource: 'reception',
    account: 'accountId',
    answer: receptionItem,
    shows: [receptions],
  })
  async file(@Asked() { id, reader }: AskedFor, @Res({ passthrough: true }) reply: FastifyReply) {
    const row = await one(reader, FROM, id);
    reply.header('etag', `"${row.revision}"`);
    return item(row);
  }
}
