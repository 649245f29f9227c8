import { Controller } from '@nestjs/common';
import { currency, localDate } from '@kams/contracts/values';
import { datesOf, asOfAndKnownAt, Asked, paging, positionToken, Problem, Read, Runtime, type AskedFor } from '@kams/platform';
import { z } from 'zod';
import { accountHistory } from '../projections/account-history';
import { accounts } from '../projections/accounts';
import { purchases } from '../projections/purchases';
import { currenciesOf, valueRanking } from '../projections/value-ranking';
import { SCHEMA } from '../schema';
import { rankingPage, tierPage } from './answers';
import { tierCounts, tierList } from './tiers';

/** The day that it is where it is latest (UTC+14): nothing that was sold today is missing, wherever. */
const latestDay = (now: Date): string => new Date(now.getTime() + 14 * 3_600_000).toISOString().slice(0, 10);

const query = z.strictObject({
  ...paging,
  asOf: localDate().optional().meta({ description: 'All history up to and with this day.' }),
  knownAt: asOfAndKnownAt.knownAt,
  currency: currency().optional().meta({ description: 'Needed where purchases are in more than one: nothing is converted.' }),
});

const tierQuery = z.strictObject({ ...paging, ...asOfAndKnownAt, tier: z.string().max(8).optional() });

@Controller('rankings')
export class RankingsController {
  constructor(private readonly runtime: Runtime) {}

  @Read('value', {
    summary: 'Accounts by what they bought, net of returns (RFM)',
    resource: 'ranking',
    asksBy: { currency: null },
    account: 'accountId',
    description: 'Frequency and recency ignore returns; the monetary value is net. Quintiles: 5 is best.',
    query,
    answer: rankingPage,
    shows: [accounts, purchases],
  })
  async value(@Asked() { query: { asOf, knownAt, currency: asked, limit, cursor }, reader }: AskedFor<typeof query>) {
    const day = asOf ?? latestDay(this.runtime.now());
    const { known, knownAt: knownAtInstant } = datesOf({ knownAt }, this.runtime.now());
    const after = cursor === undefined ? [0] : reader.valuesAt(cursor);
    if (typeof after?.[0] !== 'number') throw new Problem('cursor-invalid');

    const currencies = await currenciesOf(reader, SCHEMA);
    if (asked === undefined && currencies.length > 1) {
      throw new Problem('invalid', {
        errors: [{ pointer: '/currency', reason: `is needed: there are purchases in ${currencies.join(', ')}` }],
      });
    }
    const ccy = asked ?? currencies[0] ?? 'CNY';
    const position = positionToken(this.runtime.epoch, this.runtime.projector(purchases.name)!.position());
    const question = { schema: SCHEMA, ccy, asOf: day, knownAt: known, limit: limit + 1, afterRank: after[0] };
    const rows = await valueRanking(reader, question);
    const items = rows.slice(0, limit).map(({ monetary, ...it }) => ({ ...it, monetary: { minor: monetary, currency: ccy } }));
    const last = items.at(-1);
    return {
      items,
      next: rows.length > limit && last ? reader.cursorAt([last.rank]) : null,
      asOf: day,
      knownAt: knownAtInstant,
      position,
    };
  }

  @Read('tiers', {
    summary: 'Accounts with a tier',
    resource: 'account',
    account: 'accountId',
    description: 'As of a day or an instant (valid), by what was known on another (recorded): both at once, or either alone.',
    query: tierQuery,
    answer: tierPage,
    shows: [accounts, accountHistory],
  })
  async tiers(@Asked() { query, reader }: AskedFor<typeof tierQuery>) {
    const { tier, limit, cursor } = query;
    const { knownAt, ...at } = datesOf(query, this.runtime.now());
    const after = cursor === undefined ? [''] : reader.valuesAt(cursor);
    if (typeof after?.[0] !== 'string') throw new Problem('cursor-invalid');
    const rows = await tierList(reader, { ...at, tier, after: after[0], limit: limit + 1 });
    const items = rows.slice(0, limit);
    return {
      items,
      next: rows.length > limit ? reader.cursorAt([items.at(-1)!.accountId]) : null,
      asOf: at.asOf,
      knownAt,
      counts: await tierCounts(reader, at),
    };
  }
}
