// Facts of an opportunity at one account, for the tests of its rules.
import type { OpportunityContract } from '@kams/contracts/accounts/opportunity';
import type { SalesPipelineContract } from '@kams/contracts/accounts/sales-pipeline';
import type { EventData, EventName, EventOf } from '@kams/contracts/define';
import { found, given } from '@kams/testing/given';
import { account } from '../src/domain/account';
import { opportunity } from '../src/domain/opportunity';
import { salesPipeline } from '../src/domain/sales-pipeline';

export const accountId = '00000000-0000-7000-8000-0000000000aa';
export const opportunityId = '00000000-0000-7000-8000-000000000001';
export const of = { opportunityId, accountId };
export const buyer = found(account, accountId, {
  type: 'AccountRegistered',
  data: { accountId, name: 'Acme', externalIds: [] },
});
export const amount = { minor: 25_000_000, currency: 'CNY' };
export const deal = { productRefs: ['T-800'], amount };

type Fact = EventOf<OpportunityContract>;
export const fact = <N extends EventName<OpportunityContract>>(
  type: N,
  data: Omit<EventData<OpportunityContract, N>, 'opportunityId' | 'accountId'>,
): Fact => ({ type, data: { ...of, ...data } }) as unknown as Fact;

export const opened = (more: object = {}): Fact =>
  fact('OpportunityOpened', {
    ...deal,
    stageTo: 'prospecting',
    probability: '0.1',
    pipelineVersion: 0,
    since: '2026-03-02',
    ...more,
  });
export const inNegotiation = opened({ stageTo: 'negotiation', probability: '0.75' });
export const won = (more: object = {}): Fact =>
  fact('OpportunityWon', {
    ...deal,
    stageFrom: 'negotiation',
    stageTo: 'won',
    probability: '1',
    closedOn: '2026-03-02',
    ...more,
  });
export const lost = (more: object = {}): Fact =>
  fact('OpportunityLost', {
    ...deal,
    stageFrom: 'prospecting',
    stageTo: 'lost',
    probability: '0',
    closedOn: '2026-03-02',
    reasonCode: 'price',
    ...more,
  });

/** Under the pipeline of the product, or one that was published. */
export const pipeline = (...facts: EventOf<SalesPipelineContract>[]) => found(salesPipeline, 'acme', ...facts);
export const after = (...facts: Fact[]) => given(opportunity)(...facts).knowing({ buyer, pipeline: pipeline() });
