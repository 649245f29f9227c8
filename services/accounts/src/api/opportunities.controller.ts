import { Controller, Res } from '@nestjs/common';
import { currency, localDate, uuid } from '@kams/contracts/values';
import type { RowOf } from '@kams/eventing';
import { Asked, list, one, paging, Problem, Read, sortBy, type AskedFor } from '@kams/platform';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { NOT_EXPECTED, opportunities, opportunityTable } from '../projections/opportunities';
import { SCHEMA } from '../schema';
import { opportunityFile, opportunityPage } from './answers';

const minor = z.coerce.number().int().min(0).optional();
const listQuery = z.strictObject({
  ...paging,
  sort: sortBy('changedAt', 'expectedClose', 'amount')
    .default('-changedAt')
    .meta({ description: 'By amount: of one currency, name it; what has none comes first.' }),
  accountId: uuid().optional(),
  state: z.enum(['open', 'won', 'lost']).optional(),
  stage: z.string().max(40).optional(),
  ownerId: z.string().max(255).optional(),
  product: z.string().max(80).optional(),
  expectedFrom: localDate().optional().meta({ description: 'The first day of the expected close.' }),
  expectedTo: localDate().optional().meta({ description: 'The last day of the expected close.' }),
  currency: currency().optional(),
  amountFrom: minor.meta({ description: 'In minor units; of a currency.' }),
  amountTo: minor.meta({ description: 'In minor units; of a currency.' }),
});

const FROM = { schema: SCHEMA, table: opportunityTable, account: 'account_id' } as const;
type Row = RowOf<typeof opportunityTable>;

const item = (row: Row) => ({
  id: row.id,
  revision: row.revision,
  accountId: row.account_id,
  name: row.name,
  ownerId: row.owner_id,
  productRefs: row.product_refs,
  state: row.state,
  stage: row.stage,
  stageSince: row.stage_since,
  probability: row.probability,
  amount: row.ccy === null ? null : { minor: row.amount, currency: row.ccy },
  openedOn: row.opened_on,
  expectedClose: row.expected_close === NOT_EXPECTED ? null : row.expected_close,
  closedOn: row.closed_on,
  changedAt: row.changed_at,
});
const file = (row: Row) => ({
  ...item(row),
  externalId: row.external_id,
  pipelineVersion: row.pipeline_version,
  stages: row.stages,
  reasonCode: row.reason_code,
  competitorId: row.competitor_id,
  competitors: row.competitors,
  tender: row.tender,
  milestones: row.milestones,
  deliveredAt: row.delivered_at,
});

const invalid = (name: string, reason: string): Problem => new Problem('invalid', { errors: [{ pointer: `/${name}`, reason }] });

@Controller('opportunities')
export class OpportunitiesController {
  @Read('', {
    summary: 'Opportunities',
    resource: 'opportunity',
    account: 'accountId',
    asksBy: {
      product: 'productRefs',
      expectedFrom: 'expectedClose',
      expectedTo: 'expectedClose',
      currency: 'amount',
      amountFrom: 'amount',
      amountTo: 'amount',
    },
    query: listQuery,
    answer: opportunityPage,
    shows: [opportunities],
  })
  async list(@Asked() { query, reader }: AskedFor<typeof listQuery>) {
    const { accountId, state, stage, ownerId, product, expectedFrom, expectedTo, amountFrom, amountTo, ...it } = query;
    const { currency: ccy, sort, limit, cursor } = it;
    if (expectedFrom !== undefined && expectedTo !== undefined && expectedTo < expectedFrom)
      throw invalid('expectedTo', 'is before expectedFrom');
    if (amountFrom !== undefined && amountTo !== undefined && amountTo < amountFrom)
      throw invalid('amountTo', 'is less than amountFrom');
    if (ccy === undefined && (amountFrom !== undefined || amountTo !== undefined))
      throw invalid('currency', 'is needed: amounts of different currencies are not compared');
    const conditions: readonly (readonly [sql: string, value: unknown])[] = [
      ['product_refs @> ?', product === undefined ? undefined : JSON.stringify([product])],
      ['expected_close >= ?', expectedFrom],
      ['expected_close <= ?', expectedTo],
      ['amount >= ?', amountFrom],
      ['amount <= ?', amountTo],
    ];
    const page = await list(reader, {
      ...FROM,
      equal: { accountId, state, stage, ownerId, ccy },
      where: [
        ...conditions.flatMap(([sql, value]) => (value === undefined ? [] : [{ sql, values: [value] }])),
        // What nobody expects on a day is not expected after one.
        ...(expectedFrom === undefined ? [] : [{ sql: 'expected_close < ?', values: [NOT_EXPECTED] }]),
      ],
      sort,
      limit,
      cursor,
    });
    return { items: page.items.map(item), next: page.next };
  }

  @Read(':id', {
    summary: 'An opportunity, with its tender and its delivery',
    resource: 'opportunity',
    account: 'accountId',
    answer: opportunityFile,
    shows: [opportunities],
  })
  async one(@Asked() { id, reader }: AskedFor, @Res({ passthrough: true }) reply: FastifyReply) {
    const row = await one(reader, FROM, id);
    reply.header('etag', `"${row.revision}"`);
    return file(row);
  }
}
