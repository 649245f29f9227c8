import { Controller, Res } from '@nestjs/common';
import { instant, uuid } from '@kams/contracts/values';
import { Asked, list, one, paging, Read, Runtime, sortBy, type AskedFor } from '@kams/platform';
import type { RowOf } from '@kams/eventing';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { commitments, commitmentTable, type Postponement } from '../projections/commitments';
import { SCHEMA } from '../schema';
import { COMMITMENT_STATES, commitmentItem, commitmentPage } from './answers';

const listQuery = z.strictObject({
  ...paging,
  sort: sortBy('dueAt', 'madeAt').default('dueAt'),
  owner: z.string().max(255).optional(),
  accountId: uuid().optional(),
  contactId: uuid().optional(),
  status: z.enum(COMMITMENT_STATES).optional(),
  dueBefore: instant().optional().meta({ description: 'Due before this instant: with status=open and now, what is late.' }),
});

const FROM = { schema: SCHEMA, table: commitmentTable, account: 'account_id' } as const;

@Controller('commitments')
export class CommitmentsController {
  constructor(private readonly runtime: Runtime) {}

  @Read('', {
    summary: 'What was promised',
    resource: 'commitment',
    account: 'accountId',
    asksBy: { owner: 'ownerId', dueBefore: 'dueAt' },
    query: listQuery,
    answer: commitmentPage,
    shows: [commitments],
  })
  async list(@Asked() { query, reader }: AskedFor<typeof listQuery>) {
    const { owner: ownerId, dueBefore, sort, limit, cursor, ...equal } = query;
    const page = await list(reader, {
      ...FROM,
      equal: { ...equal, ownerId },
      where: dueBefore === undefined ? [] : [{ sql: 'due_at < ?', values: [dueBefore] }],
      sort,
      limit,
      cursor,
    });
    return { items: await Promise.all(page.items.map((row) => this.item(row))), next: page.next };
  }

  @Read(':id', {
    summary: 'A commitment',
    resource: 'commitment',
    account: 'accountId',
    answer: commitmentItem,
    shows: [commitments],
  })
  async one(@Asked() { id, reader }: AskedFor, @Res({ passthrough: true }) reply: FastifyReply) {
    const row = await one(reader, FROM, id);
    reply.header('etag', `"${row.revision}"`);
    return this.item(row);
  }

  private async item(row: RowOf<typeof commitmentTable>) {
    const open = <T extends string | null>(text: T) => this.runtime.vault.openText(row.tenant_id, text);
    const postponements = (row.postponements as Postponement[]).map(async (it) => ({ ...it, reason: await open(it.reason) }));
    return {
      id: row.id,
      revision: row.revision,
      accountId: row.account_id,
      ownerId: row.owner_id,
      contactId: row.contact_id,
      what: await open(row.what),
      madeIn: row.made_in,
      dueAt: row.due_at,
      status: row.status,
      overdueAt: row.overdue_at,
      postponements: await Promise.all(postponements),
      closedAt: row.closed_at,
      isLate: row.is_late,
      brokenBecause: row.broken_because,
      note: await open(row.note),
      madeBy: row.made_by,
      madeAt: row.made_at,
      changedAt: row.changed_at,
    };
  }
}
