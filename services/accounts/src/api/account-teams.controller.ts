import { Controller } from '@nestjs/common';
import { uuid } from '@kams/contracts/values';
import { Asked, itemOf, list, one, paging, Read, sortBy, type AskedFor } from '@kams/platform';
import { z } from 'zod';
import { accountTeams, accountTeamTable } from '../projections/account-teams';
import { SCHEMA } from '../schema';
import { accountTeamItem, accountTeamPage } from './answers';

const FROM = { schema: SCHEMA, table: accountTeamTable, account: 'account_id' } as const;
const listQuery = z.strictObject({
  ...paging,
  sort: sortBy('accountId').default('accountId'),
  accountId: uuid().optional(),
  memberId: z.string().max(255).optional().meta({ description: 'The teams that this person is a member of.' }),
});

@Controller('account-teams')
export class AccountTeamsController {
  @Read('', {
    summary: 'The teams of accounts',
    resource: 'account_team',
    account: 'accountId',
    asksBy: { memberId: 'members' },
    query: listQuery,
    answer: accountTeamPage,
    shows: [accountTeams],
  })
  async list(@Asked() { query, reader }: AskedFor<typeof listQuery>) {
    const { accountId, memberId, sort, limit, cursor } = query;
    const page = await list(reader, {
      ...FROM,
      equal: { accountId },
      where: memberId === undefined ? [] : [{ sql: 'members @> ?', values: [JSON.stringify([{ memberId }])] }],
      sort,
      limit,
      cursor,
    });
    return { items: page.items.map(itemOf), next: page.next };
  }

  @Read(':id', {
    summary: 'The team of an account',
    resource: 'account_team',
    account: 'accountId',
    answer: accountTeamItem,
    shows: [accountTeams],
  })
  async one(@Asked() { id, reader }: AskedFor) {
    return itemOf(await one(reader, FROM, id));
  }
}
