import { Controller, Res } from '@nestjs/common';
import { instant, uuid } from '@kams/contracts/values';
import { Asked, list, one, paging, Problem, Read, Runtime, sortBy, type AskedFor } from '@kams/platform';
import type { RowOf } from '@kams/eventing';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { visits, visitTable, type ReportWritten } from '../projections/visits';
import { SCHEMA } from '../schema';
import { VISIT_STATES, visitItem, visitPage } from './answers';

const listQuery = z.strictObject({
  ...paging,
  sort: sortBy('startsAt').default('startsAt'),
  from: instant().optional().meta({ description: 'Those that begin at this instant or later.' }),
  to: instant().optional().meta({ description: 'Those that begin before this instant.' }),
  owner: z.string().max(255).optional(),
  accountId: uuid().optional(),
  contactId: uuid().optional().meta({ description: 'Those that this contact is to be met at, or took part in.' }),
  status: z.enum(VISIT_STATES).optional(),
});

const FROM = { schema: SCHEMA, table: visitTable, account: 'account_id' } as const;

@Controller('visits')
export class VisitsController {
  constructor(private readonly runtime: Runtime) {}

  @Read('', {
    summary: 'The calendar of visits',
    resource: 'visit',
    account: 'accountId',
    asksBy: { from: 'startsAt', to: 'startsAt', owner: 'ownerId', contactId: 'contactIds' },
    query: listQuery,
    answer: visitPage,
    shows: [visits],
  })
  async list(@Asked() { query, reader }: AskedFor<typeof listQuery>) {
    const { from, to, owner: ownerId, accountId, contactId, status, sort, limit, cursor } = query;
    if (from !== undefined && to !== undefined && to <= from) {
      throw new Problem('invalid', { errors: [{ pointer: '/to', reason: 'is not after from' }] });
    }
    const page = await list(reader, {
      ...FROM,
      equal: { ownerId, accountId, status },
      where: [
        ...(from === undefined ? [] : [{ sql: 'starts_at >= ?', values: [from] }]),
        ...(to === undefined ? [] : [{ sql: 'starts_at < ?', values: [to] }]),
        ...(contactId === undefined
          ? []
          : [
              {
                sql: '(contact_ids @> ? or participants @> ?)',
                values: [JSON.stringify([contactId]), JSON.stringify([{ contactId }])],
              },
            ]),
      ],
      sort,
      limit,
      cursor,
    });
    return { items: await Promise.all(page.items.map((row) => this.item(row))), next: page.next };
  }

  @Read(':id', { summary: 'A visit', resource: 'visit', account: 'accountId', answer: visitItem, shows: [visits] })
  async one(@Asked() { id, reader }: AskedFor, @Res({ passthrough: true }) reply: FastifyReply) {
    const row = await one(reader, FROM, id);
    reply.header('etag', `"${row.revision}"`);
    return this.item(row);
  }

  private async item(row: RowOf<typeof visitTable>) {
    const open = <T extends string | null>(text: T) => this.runtime.vault.openText(row.tenant_id, text);
    const report = row.report as ReportWritten | null;
    return {
      id: row.id,
      revision: row.revision,
      accountId: row.account_id,
      ownerId: row.owner_id,
      contactIds: row.contact_ids,
      startsAt: row.starts_at,
      endsAt: row.ends_at,
      place: row.place,
      goal: await open(row.goal),
      status: row.status,
      reason: await open(row.reason),
      participants: row.participants,
      startedAt: row.started_at,
      durationMin: row.duration_min,
      sentiment: row.sentiment,
      reportDueAt: row.report_due_at,
      reportOverdueAt: row.report_overdue_at,
      report: report && { ...report, outcome: await open(report.outcome), nextStep: await open(report.nextStep) },
      plannedBy: row.planned_by,
      plannedAt: row.planned_at,
      changedAt: row.changed_at,
    };
  }
}
