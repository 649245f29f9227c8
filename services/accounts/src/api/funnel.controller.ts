import { Controller } from '@nestjs/common';
import { currency, localDate, uuid } from '@kams/contracts/values';
import { funnel, velocity, winProbability } from '@kams/methods/funnel';
import { byText } from '@kams/methods/order';
import { MethodRefused } from '@kams/methods/refusal';
import { Asked, positionToken, Problem, Read, Runtime, type AskedFor, type Reader } from '@kams/platform';
import { z } from 'zod';
import { accounts } from '../projections/accounts';
import { currenciesOf, endedGroups, openGroups, pace, wonByMonth } from '../projections/funnel-figures';
import { opportunities } from '../projections/opportunities';
import { salesPipelines } from '../projections/sales-pipelines';
import { funnelView, velocityView, winRates, wonView } from './answers';
import { inOrder } from './in-order';
import { pipelineOf } from './sales-pipeline.controller';

const chosen = {
  accountId: uuid().optional(),
  ownerId: z.string().max(255).optional(),
  product: z.string().max(80).optional(),
};
const period = {
  from: localDate().optional().meta({ description: 'The first day of the decision.' }),
  to: localDate().optional().meta({ description: 'The last day of the decision.' }),
};

const funnelQuery = z.strictObject({
  ...chosen,
  probability: z.enum(['policy', 'history']).default('policy').meta({
    description:
      'What weighs an amount: the probability that the pipeline gave it, or how what was in its stage has ended (F-27).',
  }),
});
const ratesQuery = z.strictObject({
  ...chosen,
  ...period,
  by: z.enum(['stage', 'stage,product', 'stage,tier', 'stage,product,tier']).default('stage'),
});
const velocityQuery = z.strictObject({
  ...chosen,
  ...period,
  currency: currency().optional().meta({ description: 'Needed where there is more than one: nothing is converted.' }),
});
const wonQuery = z.strictObject({ ...chosen, ...period });

/** What somebody sees of the funnel are the accounts that they see. */
const OF_ACCOUNTS = { resource: 'funnel', account: 'accountId', leavesOut: true } as const;

@Controller('funnel')
export class FunnelController {
  constructor(private readonly runtime: Runtime) {}

  @Read('', {
    summary: 'The sales funnel, by stage and currency',
    ...OF_ACCOUNTS,
    description: 'What is open: how many, for how much, weighted, and since when. Ages are counted to today, in UTC.',
    query: funnelQuery,
    answer: funnelView,
    shows: [opportunities, salesPipelines],
  })
  async funnel(@Asked() { query: { probability, ...it }, reader }: AskedFor<typeof funnelQuery>) {
    const { stages } = await pipelineOf(reader);
    const groups = await openGroups(reader, it);
    const rates = probability === 'history' ? await endedGroups(reader, [], it) : [];
    const fromHistory = new Map(rates.map((rate) => [rate.stage, winProbability(rate)]));
    // A stage that nothing has left yet has the prior alone.
    const weighed = groups.map((group) =>
      probability === 'policy'
        ? group
        : { ...group, probability: fromHistory.get(group.stage) ?? winProbability({ won: 0, lost: 0 }) },
    );
    const place = (code: string): number => stages.findIndex((stage) => stage.code === code) + 1 || stages.length + 1;
    const ordered = weighed.toSorted((a, b) => place(a.stage) - place(b.stage) || byText(a.stage, b.stage));
    const asOf = this.runtime.now().toISOString().slice(0, 10);
    const pipelineVersions = [...new Set(groups.map((group) => group.pipelineVersion))].toSorted((a, b) => a - b);
    return { items: exact(() => funnel(ordered, asOf)), asOf, probability, pipelineVersions, position: this.position() };
  }

  @Read('win-rates', {
    summary: 'P(win) from history, by stage, product and tier',
    ...OF_ACCOUNTS,
    description:
      'How what was in a stage has ended, with a Laplace prior: (won + 1) / (won + lost + 2). The tier is that of now.',
    query: ratesQuery,
    answer: winRates,
    shows: [opportunities, accounts],
  })
  async winRates(@Asked() { query: { by, ...it }, reader }: AskedFor<typeof ratesQuery>) {
    const rates = await endedGroups(reader, by.split(','), inOrder(it));
    return { items: rates.map((rate) => ({ ...rate, probability: winProbability(rate) })), position: this.position() };
  }

  @Read('velocity', {
    summary: 'How fast the funnel is: open x win rate x average value / cycle',
    ...OF_ACCOUNTS,
    description: 'In money a day, of one currency. What is open and has no amount yet counts as well.',
    query: velocityQuery,
    answer: velocityView,
    shows: [opportunities],
  })
  async velocity(@Asked() { query: { currency: asked, ...it }, reader }: AskedFor<typeof velocityQuery>) {
    const ccy = asked ?? (await this.onlyCurrency(reader, it));
    const { open, won, lost, ...figures } = await pace(reader, ccy, inOrder(it));
    const result = exact(() => velocity({ open, won, lost, ...figures }, ccy));
    return { currency: ccy, open, won, lost, ...result, position: this.position() };
  }

  @Read('won', {
    summary: 'What was won, month by month',
    ...OF_ACCOUNTS,
    query: wonQuery,
    answer: wonView,
    shows: [opportunities],
  })
  async won(@Asked() { query, reader }: AskedFor<typeof wonQuery>) {
    const months = await wonByMonth(reader, inOrder(query));
    const items = months.map(({ month, count, minor, currency: ccy }) => ({ month, count, amount: { minor, currency: ccy } }));
    return { items, position: this.position() };
  }

  private async onlyCurrency(reader: Reader, it: Parameters<typeof currenciesOf>[1]): Promise<string> {
    const currencies = await currenciesOf(reader, it);
    if (currencies.length > 1) {
      throw new Problem('invalid', {
        errors: [{ pointer: '/currency', reason: `is needed: there are opportunities in ${currencies.join(', ')}` }],
      });
    }
    return currencies[0] ?? 'CNY';
  }

  private position(): string {
    return positionToken(this.runtime.epoch, this.runtime.projector(opportunities.name)!.position());
  }
}

/** Nine thousand of the largest opportunities still add up. */
function exact<T>(sum: () => T): T {
  try {
    return sum();
  } catch (error) {
    if (!(error instanceof MethodRefused)) throw error;
    throw new Problem('invalid', { errors: [{ pointer: '/accountId', reason: `is needed: ${error.message}` }] });
  }
}
