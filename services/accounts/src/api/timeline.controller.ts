import { Controller, Res } from '@nestjs/common';
import { INTERACTION_KINDS } from '@kams/contracts/accounts/interaction';
import { uuid } from '@kams/contracts/values';
import { Asked, list, one, paging, Read, Runtime, type AskedFor } from '@kams/platform';
import type { RowOf } from '@kams/eventing';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { accounts, accountTable } from '../projections/accounts';
import { interactions, interactionTable } from '../projections/interactions';
import { SCHEMA } from '../schema';
import { interactionItem, interactionPage } from './answers';

const timelineQuery = z.strictObject({
  ...paging,
  kind: z.enum(INTERACTION_KINDS).optional(),
  contactId: uuid().optional().meta({ description: 'Those that this contact took part in.' }),
  status: z.enum(['logged', 'withdrawn']).default('logged').meta({ description: 'Withdrawn ones only when they are asked for.' }),
});

const FROM = { schema: SCHEMA, table: interactionTable, account: 'account_id' } as const;
const ACCOUNT = { schema: SCHEMA, table: accountTable, account: 'id' } as const;

@Controller()
export class TimelineController {
  constructor(private readonly runtime: Runtime) {}

  @Read('accounts/:id/timeline', {
    summary: 'When we were in touch with an account',
    description: 'The latest first. A visit is there when it took place; what came of it is in its report.',
    resource: 'interaction',
    account: 'accountId',
    asksBy: { contactId: 'participants' },
    query: timelineQuery,
    answer: interactionPage,
    shows: [accounts, interactions],
  })
  async timeline(@Asked() { id: accountId, query, reader }: AskedFor<typeof timelineQuery>) {
    await one(reader, ACCOUNT, accountId);
    const { kind, contactId, status, limit, cursor } = query;
    const page = await list(reader, {
      ...FROM,
      equal: { accountId, kind, status },
      where: contactId === undefined ? [] : [{ sql: 'participants @> ?', values: [JSON.stringify([{ contactId }])] }],
      sort: '-occurredAt',
      limit,
      cursor,
    });
    return { items: await Promise.all(page.items.map((row) => this.item(row))), next: page.next };
  }

  @Read('interactions/:id', {
    summary: 'An interaction',
    resource: 'interaction',
    account: 'accountId',
    answer: interactionItem,
    shows: [interactions],
  })
  async one(@Asked() { id, reader }: AskedFor, @Res({ passthrough: true }) reply: FastifyReply) {
    const row = await one(reader, FROM, id);
    reply.header('etag', `"${row.revision}"`);
    return this.item(row);
  }

  private async item(row: RowOf<typeof interactionTable>) {
    const open = (text: string | null) => this.runtime.vault.openText(row.tenant_id, text);
    return {
      id: row.id,
      revision: row.revision,
      accountId: row.account_id,
      kind: row.kind,
      direction: row.direction,
      occurredAt: row.occurred_at,
      participants: row.participants,
      sentiment: row.sentiment,
      durationMin: row.duration_min,
      campaignId: row.campaign_id,
      visitId: row.visit_id,
      outcome: await open(row.outcome),
      nextStep: await open(row.next_step),
      status: row.status,
      withdrawnBecause: row.withdrawn_because,
      loggedBy: row.logged_by,
      loggedAt: row.logged_at,
      changedAt: row.changed_at,
    };
  }
}
