import { Controller, Param, Res } from '@nestjs/common';
import { accountContract } from '@kams/contracts/accounts/account';
import { text } from '@kams/contracts/values';
import { BEGINNING, beliefsOf, END, holdsSql, storeFeed, type HistoryRow, type RowOf } from '@kams/eventing';
import {
  asOfAndKnownAt,
  datesOf,
  Asked,
  list,
  paging,
  one,
  Problem,
  quote,
  Read,
  Runtime,
  selectList,
  sortBy,
  type AskedFor,
} from '@kams/platform';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { accountHistory } from '../projections/account-history';
import { accounts, accountTable } from '../projections/accounts';
import { hierarchyHistory } from '../projections/hierarchy-history';
import { scoringModels } from '../projections/scoring-models';
import { searchFor } from '../projections/searched';
import { valueRecord } from '../projections/value-record';
import { SCHEMA } from '../schema';
import {
  accountAsOf,
  accountFile,
  accountPage,
  effectiveTierAnswer,
  hierarchyView,
  historyPage,
  storedEvent,
  tierExplained,
} from './answers';
import { explained, modelIdOf, type ModelOf } from './explain';
import { modelsOf } from './models';
import { effectiveTier, valueRecordOf } from './tiers';

const listQuery = z.strictObject({
  ...paging,
  sort: sortBy('name', 'changedAt').default('name'),
  search: text(200)
    .optional()
    .meta({
      description:
        'Part of a name: Latin or Chinese, 有限公司 and full or half width do not matter. First come the names that hold it, as ' +
        '`sort` says. Behind all of those come the names that are near to it, if it is Latin and a word of it has four letters: ' +
        'the nearest first, equally near ones as `sort` says.',
    }),
  externalId: z
    .string()
    .regex(/^[^:]{1,40}:[^:]{1,40}:.{1,120}$/, 'is not system:type:value')
    .optional()
    .meta({ description: 'The key of another system: `system:type:value`.' }),
  tier: z.string().max(8).optional(),
  keyAccount: z.enum(['no', 'nominated', 'designated']).optional(),
  sector: z.string().max(80).optional(),
  country: z.string().max(80).optional(),
  ownerId: z.string().max(80).optional(),
});
const FROM = { schema: SCHEMA, table: accountTable, account: 'id' } as const;

/** Of the history's attributes these two are the account's own; the others are of its profile. */
const fieldOf = (attribute: string): string =>
  attribute === 'tier' || attribute === 'keyAccount' ? attribute : `profile.${attribute}`;

const bothDates = z.strictObject(asOfAndKnownAt);

type AccountRow = RowOf<typeof accountTable>;
const item = (row: AccountRow) => ({
  id: row.id,
  revision: row.revision,
  name: row.name,
  sector: row.sector,
  country: row.country,
  tier: row.tier,
  keyAccount: row.key_account,
  externalIds: row.external_ids,
  changedAt: row.changed_at,
});

@Controller('accounts')
export class AccountsController {
  constructor(private readonly runtime: Runtime) {}

  @Read('', {
    summary: 'Accounts',
    resource: 'account',
    account: 'id',
    asksBy: { search: 'name', externalId: 'externalIds' },
    query: listQuery,
    answer: accountPage,
    shows: [accounts],
  })
  async list(@Asked() { query, reader }: AskedFor<typeof listQuery>) {
    const { search, externalId, sort, limit, cursor, tier, keyAccount, sector, country, ownerId } = query;
    const [system, type, ...value] = externalId?.split(':') ?? [];
    const page = await list(reader, {
      ...FROM,
      equal: { tier, keyAccount, sector, country, ownerId },
      where: [
        ...(externalId === undefined
          ? []
          : [{ sql: 'external_ids @> ?', values: [JSON.stringify([{ system, type, value: value.join(':') }])] }]),
      ],
      search: search === undefined ? undefined : searchFor(search),
      sort,
      limit,
      cursor,
    });
    return { items: page.items.map(item), next: page.next };
  }

  @Read(':id', {
    summary: 'The file of an account',
    resource: 'account',
    account: 'id',
    answer: accountFile,
    shows: [accounts],
  })
  async file(@Asked() { id, reader }: AskedFor, @Res({ passthrough: true }) reply: FastifyReply) {
    const row = await one(reader, FROM, id);
    reply.header('etag', `"${row.revision}"`);
    return {
      ...item(row),
      programme: row.programme,
      ownerId: row.owner_id,
      profile: row.profile,
      ratings: row.ratings,
      assessment: row.assessment,
      registeredAt: row.registered_at,
    };
  }

  @Read(':id/as-of', {
    summary: 'An account as it was',
    resource: 'account',
    account: 'id',
    description: 'As of a day or an instant (valid), by what was known on another (recorded).',
    query: bothDates,
    answer: accountAsOf,
    shows: [accounts, accountHistory],
  })
  async asOf(@Asked() { id, reader, query }: AskedFor<typeof bothDates>) {
    await one(reader, FROM, id);
    const { asOf, knownAt, known } = datesOf(query, this.runtime.now());
    const rows = await reader.query<Pick<HistoryRow, 'attributes'>>(
      `select attributes from ${quote(SCHEMA)}.account_history h where tenant_id = $1 and key = $2 and ${holdsSql('h', 3, 4)}`,
      [reader.tenantId, id, asOf, known],
    );
    const values = rows.flatMap(({ attributes }) => Object.entries(attributes)).filter(([, value]) => value !== null);
    const { tier = null, keyAccount = 'no', ...profile } = Object.fromEntries(values.sort(([a], [b]) => (a < b ? -1 : 1)));
    return { id, asOf, knownAt, profile, tier, keyAccount };
  }

  @Read(':id/history', {
    summary: 'Every value that an account ever had, and when that was known',
    resource: 'account',
    account: 'id',
    leavesOut: true,
    answer: historyPage,
    shows: [accounts, accountHistory],
  })
  async history(@Asked() { id, reader }: AskedFor) {
    await one(reader, FROM, id);
    const rows = await reader.query<HistoryRow>(
      `select ${selectList(accountHistory.table)} from ${quote(SCHEMA)}.account_history
        where tenant_id = $1 and key = $2 order by recorded_from, valid_from`,
      [reader.tenantId, id],
    );
    const until = (instant: string): string | null => (instant === END ? null : instant);
    return {
      items: beliefsOf(rows)
        .toSorted((a, b) => (a.attribute < b.attribute ? -1 : Number(a.attribute > b.attribute)))
        .filter(({ attribute }) => reader.sees(fieldOf(attribute), id))
        .map((it) => ({
          attribute: it.attribute,
          value: it.value,
          validFrom: it.valid_from === BEGINNING ? null : it.valid_from,
          validTo: until(it.valid_to),
          recordedFrom: it.recorded_from,
          recordedTo: until(it.recorded_to),
        })),
    };
  }

  @Read(':id/hierarchy', {
    summary: 'Above and below an account',
    resource: 'hierarchy',
    account: 'accountId',
    description: 'Of the accounts that one reaches. As of a day or an instant (valid), by what was known on another (recorded).',
    query: bothDates,
    answer: hierarchyView,
    shows: [accounts, hierarchyHistory],
  })
  async hierarchy(@Asked() { id, reader, query }: AskedFor<typeof bothDates>) {
    await one(reader, FROM, id);
    const { asOf, knownAt, known } = datesOf(query, this.runtime.now());
    const links = `select h.key::uuid as child, (parent->>'parentId')::uuid as parent, parent->>'linkType' as link_type
                     from ${quote(SCHEMA)}.hierarchy_history h, jsonb_extract_path(h.attributes, 'parent') parent
                    where h.tenant_id = $1 and jsonb_typeof(parent) = 'object' and ${holdsSql('h', 3, 4)}`;
    const values = [reader.tenantId, id, asOf, known, reader.accounts];
    const named = `left join ${quote(SCHEMA)}.account a on a.tenant_id = $1 and a.id = walk.id`;
    const reached = '($5::uuid[] is null or walk.id = any($5))';
    const ancestors = await reader.query(
      `with recursive links as materialized (${links}), walk as (
         select parent as id, link_type, 1 as distance from links where child = $2
         union all select links.parent, links.link_type, distance + 1 from walk join links on links.child = walk.id where distance < 100)
       select walk.id as "accountId", a.name, link_type as "linkType", distance from walk ${named} where ${reached} order by distance`,
      values,
    );
    const descendants = await reader.query(
      `with recursive links as materialized (${links}), walk as (
         select child as id, parent, link_type, 1 as distance from links where parent = $2
         union all select links.child, links.parent, links.link_type, distance + 1 from walk join links on links.parent = walk.id where distance < 100)
       select walk.id as "accountId", parent as "parentId", a.name, link_type as "linkType", distance
         from walk ${named} where ${reached} order by distance, a.name, walk.id limit 1000`,
      values,
    );
    return { accountId: id, asOf, knownAt, ancestors, descendants };
  }

  @Read(':id/effective-tier', {
    summary: 'The tier by which an account is served: that of the nearest key account at or above it',
    resource: 'account',
    account: 'id',
    description: 'Without a key account above it, its own. As of a day or an instant (valid), by what was known on another.',
    query: bothDates,
    answer: effectiveTierAnswer,
    shows: [accounts, accountHistory, hierarchyHistory],
  })
  async effectiveTier(@Asked() { id, reader, query }: AskedFor<typeof bothDates>) {
    await one(reader, FROM, id);
    const { asOf, knownAt, known } = datesOf(query, this.runtime.now());
    const { via, ...found } = await effectiveTier(reader, id, { asOf, known });
    const isSeen = reader.accounts === null || reader.accounts.includes(via);
    return { id, asOf, knownAt, ...found, via: isSeen ? via : null };
  }

  @Read(':id/tier/explain', {
    summary: 'Why an account has its tier',
    resource: 'account',
    account: 'id',
    description:
      'From the tier through the assessment and its criteria to the events that say so: `GET /accounts/{id}/events/{eventId}`. ' +
      'As of a day or an instant (valid), by what was known on another (recorded).',
    query: bothDates,
    answer: tierExplained,
    shows: [accounts, valueRecord, scoringModels],
  })
  async explain(@Asked() { id, reader, query }: AskedFor<typeof bothDates>) {
    await one(reader, FROM, id);
    const { asOf, knownAt, known } = datesOf(query, this.runtime.now());
    const rows = await valueRecordOf(reader, id, { asOf, known });
    const models = await modelsOf(reader, [...new Set(rows.flatMap((it) => modelIdOf(it) ?? []))]);
    const modelOf: ModelOf = (ref) => models.get(ref.modelId)?.find((it) => it.version === ref.version)?.content;
    return { id, asOf, knownAt, ...explained(rows, modelOf) };
  }

  @Read(':id/events/:eventId', {
    summary: 'An event of an account, as it was stored',
    resource: 'account',
    account: 'id',
    answer: storedEvent,
    shows: [accounts],
  })
  async event(@Asked() { id, reader }: AskedFor, @Param('eventId') eventId: string) {
    await one(reader, FROM, id);
    const events = await storeFeed(this.runtime.store, [accountContract]).stream(accountContract.name, id, 0);
    const found = events.find((it) => it.eventId === eventId);
    if (!found) throw new Problem('not-found');
    const { type, schema, revision, occurredAt, recordedAt, actor: by, data } = found;
    return { id, eventId, type, schema, revision, occurredAt, recordedAt, by, data };
  }
}
