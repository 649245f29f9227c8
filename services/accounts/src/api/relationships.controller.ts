import { Controller, Res } from '@nestjs/common';
import { STAGES } from '@kams/contracts/accounts/relationship';
import { uuid } from '@kams/contracts/values';
import type { RowOf } from '@kams/eventing';
import { asOfAndKnownAt, datesOf, Asked, list, one, paging, Read, Runtime, sortBy, type AskedFor } from '@kams/platform';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { accountHistory } from '../projections/account-history';
import { accounts, accountTable } from '../projections/accounts';
import { buyingCentreHistory } from '../projections/buying-centre-history';
import { contacts } from '../projections/contacts';
import { interactions } from '../projections/interactions';
import { relationshipJudgements } from '../projections/relationship-judgements';
import { relationships, relationshipTable, type StageAssessed } from '../projections/relationships';
import { SCHEMA } from '../schema';
import { relationshipItem, relationshipOfAccount, relationshipPage } from './answers';
import { relationshipAt } from './relationship';

const listQuery = z.strictObject({
  ...paging,
  sort: sortBy('changedAt').default('-changedAt'),
  accountId: uuid().optional(),
  stage: z.enum(STAGES).optional(),
});
const WINDOW_DAYS = { default: 90, most: 365 };
const ofAccountQuery = z.strictObject({
  ...asOfAndKnownAt,
  windowDays: z.coerce
    .number()
    .int()
    .min(1)
    .max(WINDOW_DAYS.most)
    .default(WINDOW_DAYS.default)
    .meta({ description: 'A contact counts as reached when there was a two-way interaction in so many days.' }),
});

const FROM = { schema: SCHEMA, table: relationshipTable, account: 'account_id' } as const;
const ACCOUNT = { schema: SCHEMA, table: accountTable, account: 'id' } as const;

const item = (row: RowOf<typeof relationshipTable>) => ({
  id: row.id,
  revision: row.revision,
  accountId: row.account_id,
  stage: row.stage,
  stages: (row.stages as StageAssessed[]).map(({ recordedAt: _recorded, ...it }) => it),
  goal: row.goal,
  plan: row.plan,
  changedAt: row.changed_at,
});

@Controller()
export class RelationshipsController {
  constructor(private readonly runtime: Runtime) {}

  @Read('relationships', {
    summary: 'Relationships: their stages, goals and plans',
    resource: 'relationship',
    account: 'accountId',
    query: listQuery,
    answer: relationshipPage,
    shows: [relationships],
  })
  async list(@Asked() { query, reader }: AskedFor<typeof listQuery>) {
    const { sort, limit, cursor, ...equal } = query;
    const page = await list(reader, { ...FROM, equal, sort, limit, cursor });
    return { items: page.items.map(item), next: page.next };
  }

  @Read('relationships/:id', {
    summary: 'A relationship: its stages, its goal and its plan',
    resource: 'relationship',
    account: 'accountId',
    answer: relationshipItem,
    shows: [relationships],
  })
  async one(@Asked() { id, reader }: AskedFor, @Res({ passthrough: true }) reply: FastifyReply) {
    const row = await one(reader, FROM, id);
    reply.header('etag', `"${row.revision}"`);
    return item(row);
  }

  @Read('accounts/:id/relationship', {
    summary: 'How good the relationship with an account is, and what that is made of',
    description:
      'The index over the buying centre, with what each contact brings to it, in three layers (普遍, 关键 and 组织关系), and whether ' +
      'one person carries it all. As of a day or an instant (valid), by what was known on another (recorded).',
    resource: 'relationship',
    account: 'accountId',
    query: ofAccountQuery,
    answer: relationshipOfAccount,
    shows: [accounts, accountHistory, contacts, buyingCentreHistory, interactions, relationshipJudgements, relationships],
  })
  async ofAccount(@Asked() { id: accountId, query, reader }: AskedFor<typeof ofAccountQuery>) {
    await one(reader, ACCOUNT, accountId);
    const { asOf, knownAt, known } = datesOf(query, this.runtime.now());
    return { accountId, asOf, knownAt, ...(await relationshipAt(reader, accountId, { asOf, known }, query.windowDays)) };
  }
}
