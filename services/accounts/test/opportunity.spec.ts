import { found, given } from '@kams/testing/given';
import { account } from '../src/domain/account';
import { opportunity } from '../src/domain/opportunity';
import {
  accountId,
  after,
  amount,
  buyer,
  deal,
  fact,
  inNegotiation,
  lost,
  of,
  opened,
  opportunityId,
  pipeline,
  won,
} from './opportunities';

const stageChanged = (stageFrom: string, stageTo: string, probability: string, more: object = {}) =>
  fact('OpportunityStageChanged', {
    ...deal,
    stageFrom,
    stageTo,
    probability,
    pipelineVersion: 0,
    since: '2026-03-02',
    ...more,
  });
const reopened = (stageFrom: 'won' | 'lost', stageTo: string, probability: string, more: object = {}) =>
  fact('OpportunityReopened', { ...deal, stageFrom, stageTo, probability, reason: 'Not yet', deadline: null, ...more });

describe('an opportunity is opened', () => {
  test('in the first stage, on the day of the command, unless more is said', () => {
    after()
      .when('Open', { accountId, ...deal })
      .then(opened());
    after()
      .when('Open', { accountId, ...deal, stage: 'proposal', openedOn: '2026-02-01' })
      .then(opened({ stageTo: 'proposal', probability: '0.5', since: '2026-02-01' }));
  });

  test('once', () =>
    after(opened())
      .when('Open', { accountId, ...deal })
      .refused('opportunity-exists'));

  test('at an account that is there', () =>
    after()
      .knowing({ buyer: found(account, accountId) })
      .when('Open', { accountId, ...deal })
      .refused('unknown-account'));

  test('in a stage that there is, on a day that has come, in a currency that there is', () => {
    const open = (more: object) => after().when('Open', { accountId, ...deal, ...more });
    open({ stage: 'won' }).refused('unknown-stage', { stages: ['prospecting', 'engaging', 'proposal', 'negotiation'] });
    // It is the 2nd in UTC; on the 3rd it is that day where it is latest only from 10:00 UTC of the 2nd on.
    open({ openedOn: '2026-03-03' }).refused('in-the-future');
    open({ amount: { minor: 1, currency: 'XYZ' } }).refused('unknown-currency');
  });
});

describe('stages keep their order', () => {
  test('one step forward needs no reason', () =>
    after(opened())
      .when('Move', { to: 'engaging' })
      .then(stageChanged('prospecting', 'engaging', '0.25')));

  test('a skip needs one', () => {
    after(opened()).when('Move', { to: 'proposal' }).refused('skip-needs-reason', { from: 'prospecting', to: 'proposal' });
    after(opened())
      .when('Move', { to: 'proposal', reason: 'They asked for an offer', since: '2026-03-01' })
      .then(stageChanged('prospecting', 'proposal', '0.5', { reason: 'They asked for an offer', since: '2026-03-01' }));
  });

  test('a step back needs one', () => {
    after(inNegotiation).when('Move', { to: 'proposal' }).refused('back-needs-reason');
    after(inNegotiation)
      .when('Move', { to: 'proposal', reason: 'Other quantities' })
      .then(stageChanged('negotiation', 'proposal', '0.5', { reason: 'Other quantities' }));
  });

  test('the same stage again is nothing new', () => after(opened()).when('Move', { to: 'prospecting' }).then());

  test('a stage since a day to come is refused', () =>
    after(opened()).when('Move', { to: 'engaging', since: '2027-01-01' }).refused('in-the-future'));

  test('the pipeline in force decides, and the event says which; a stage that it does not know is left with a reason', () => {
    const content = { stages: [{ code: 'contract', label: { en: 'Contract', zh: '合同' }, probability: '0.9' }] };
    const published = pipeline(
      { type: 'SalesPipelineDrafted', data: { content } },
      { type: 'SalesPipelinePublished', data: { version: 1, content } },
    );
    const now = after(opened()).knowing({ pipeline: published });
    now.when('Move', { to: 'engaging' }).refused('unknown-stage', { stages: ['contract'] });
    now.when('Move', { to: 'contract' }).refused('skip-needs-reason');
    now
      .when('Move', { to: 'contract', reason: 'New stages' })
      .then(stageChanged('prospecting', 'contract', '0.9', { reason: 'New stages', pipelineVersion: 1 }));
  });
});

describe('what is known changes', () => {
  const revised = (data: object) => fact('OpportunityRevised', { cleared: [], ...data } as never);

  test('by what is news alone', () => {
    after(opened())
      .when('Revise', { set: { amount: { minor: 1, currency: 'EUR' }, productRefs: ['T-800'] } })
      .then(revised({ amount: { minor: 1, currency: 'EUR' } }));
    after(opened()).when('Revise', { set: deal }).then();
    after(opened({ name: 'Line 3' }))
      .when('Revise', { clear: ['name', 'ownerId'] })
      .then(revised({ cleared: ['name'] }));
    after(opened({ name: 'Line 3' }), revised({ cleared: ['name'] }))
      .when('Revise', { clear: ['name'] })
      .then();
  });

  test('a competitor is named once', () => {
    const named = fact('CompetitorNamed', { competitorId: 'rival-1' });
    after(opened()).when('NameCompetitor', { competitorId: 'rival-1' }).then(named);
    after(opened(), named).when('NameCompetitor', { competitorId: 'rival-1' }).then();
  });

  test('not after it is decided', () => {
    const decided = after(inNegotiation, won());
    decided.when('Revise', { set: { name: 'Other' } }).refused('opportunity-closed', { is: 'won' });
    decided.when('Move', { to: 'proposal', reason: 'No' }).refused('opportunity-closed');
    decided.when('NameCompetitor', { competitorId: 'x' }).refused('opportunity-closed');
    decided.when('Win', { amount, closedOn: '2026-03-02' }).refused('opportunity-closed');
    decided.when('Lose', { reasonCode: 'price', closedOn: '2026-03-02' }).refused('opportunity-closed');
  });
});

describe('an opportunity is decided', () => {
  test('won from the last stage, for the amount of the contract, also on a day that has passed', () => {
    const early = opened({ stageTo: 'negotiation', probability: '0.75', since: '2026-01-02' });
    after(early)
      .when('Win', { amount: { minor: 24_000_000, currency: 'CNY' }, closedOn: '2026-02-14' })
      .then(won({ amount: { minor: 24_000_000, currency: 'CNY' }, closedOn: '2026-02-14' }));
  });

  test('won from an earlier stage with a reason alone', () => {
    after(opened()).when('Win', { amount, closedOn: '2026-03-02' }).refused('skip-needs-reason', { from: 'prospecting' });
    after(opened())
      .when('Win', { amount, closedOn: '2026-03-02', reason: 'They just ordered' })
      .then(won({ stageFrom: 'prospecting', reason: 'They just ordered' }));
  });

  test('lost for a reason of the list; to a competitor it says to which', () => {
    after(opened()).when('Lose', { reasonCode: 'price', closedOn: '2026-03-02' }).then(lost());
    const to = { reasonCode: 'competitor' as const, closedOn: '2026-03-02' };
    after(opened()).when('Lose', to).refused('competitor-needed');
    after(opened())
      .when('Lose', { ...to, competitorId: 'rival-1', note: 'By 3 %' })
      .then(lost({ ...to, competitorId: 'rival-1', note: 'By 3 %' }));
  });

  test('neither before it was opened nor in the future', () => {
    after(inNegotiation)
      .when('Win', { amount, closedOn: '2026-03-01' })
      .refused('closed-before-opened', { openedOn: '2026-03-02' });
    after(inNegotiation).when('Win', { amount, closedOn: '2026-03-04' }).refused('in-the-future');
    after(opened()).when('Lose', { reasonCode: 'price', closedOn: '2026-03-04' }).refused('in-the-future');
  });

  test('and reopened with a reason, in the stage and with the estimate that it had', () => {
    const cheaper = won({ amount: { minor: 1, currency: 'CNY' } });
    after(inNegotiation, cheaper)
      .when('Reopen', { reason: 'Not yet' })
      .then(reopened('won', 'negotiation', '0.75'));
    after(opened(), lost())
      .when('Reopen', { reason: 'Not yet' })
      .then(reopened('lost', 'prospecting', '0.1'));
    after(opened()).when('Reopen', { reason: 'Not yet' }).refused('opportunity-open');
    after(opened(), lost(), reopened('lost', 'prospecting', '0.1'))
      .when('Move', { to: 'engaging' })
      .then(stageChanged('prospecting', 'engaging', '0.25'));
  });
});

describe('another system says', () => {
  const externalId = { system: 'crm', type: 'opportunity', value: '1C1I7A6R' };
  const said = {
    externalId,
    account: { system: 'crm', type: 'account', value: 'Acme' },
    productRefs: ['T-800'],
    stage: 'engaging',
    openedOn: '2026-01-20',
  };
  const end = { outcome: 'won' as const, closedOn: '2026-03-01', amount };
  const began = fact('OpportunityOpened', {
    productRefs: ['T-800'],
    stageTo: 'engaging',
    probability: '0.25',
    pipelineVersion: 0,
    since: '2026-01-20',
    externalId,
  });
  const ended = fact('OpportunityWon', {
    ...deal,
    stageFrom: 'engaging',
    stageTo: 'won',
    probability: '1',
    closedOn: '2026-03-01',
  });

  test('the whole of an opportunity, its end included', () => {
    after().when('Import', said).then(began);
    after()
      .when('Import', { ...said, end })
      .then(began, ended);
  });

  test('the same again, and nothing changes', () => {
    after(began).when('Import', said).then();
    after(began, ended)
      .when('Import', { ...said, end })
      .then();
  });

  test('that it went on, and it is moved, revised and decided', () =>
    after(began)
      .when('Import', { ...said, stage: 'negotiation', ownerId: 'moses', end: { ...end, closedOn: '2026-03-02' } })
      .then(
        fact('OpportunityStageChanged', {
          productRefs: ['T-800'],
          stageFrom: 'engaging',
          stageTo: 'negotiation',
          probability: '0.75',
          pipelineVersion: 0,
          reason: 'As crm says',
        }),
        fact('OpportunityRevised', { ownerId: 'moses', cleared: [] }),
        won(),
      ));

  test('that it was decided otherwise, and it is reopened and decided again', () =>
    after(began, ended)
      .when('Import', { ...said, end: { outcome: 'lost', closedOn: '2026-03-01', reasonCode: 'not_stated' } })
      .then(
        fact('OpportunityReopened', {
          productRefs: ['T-800'],
          stageFrom: 'won',
          stageTo: 'engaging',
          probability: '0.25',
          reason: 'As crm says',
          deadline: null,
        }),
        fact('OpportunityLost', {
          productRefs: ['T-800'],
          stageFrom: 'engaging',
          stageTo: 'lost',
          probability: '0',
          closedOn: '2026-03-01',
          reasonCode: 'not_stated',
        }),
      ));

  test('what can not be, and it is refused', () => {
    after().knowing({ buyer: undefined }).when('Import', said).refused('unknown-account', { account: said.account });
    after(opened())
      .knowing({
        buyer: found(account, of.opportunityId, {
          type: 'AccountRegistered',
          data: { accountId: opportunityId, name: 'B', externalIds: [] },
        }),
      })
      .when('Import', said)
      .refused('other-account', { accountId });
    after()
      .when('Import', { ...said, stage: 'Won' })
      .refused('unknown-stage');
    after()
      .when('Import', { ...said, end: { ...end, closedOn: '2026-01-19' } })
      .refused('closed-before-opened');
    after()
      .when('Import', { ...said, openedOn: '2027-01-19' })
      .refused('in-the-future');
    after()
      .when('Import', { ...said, end: { ...end, amount: { minor: 1, currency: 'XYZ' } } })
      .refused('unknown-currency');
  });
});

test('the account of an opportunity is known from its first command on', () => {
  const accounts = (state: object, data: object) => opportunity.accounts!(opportunityId, state as never, data as never);
  expect(accounts({ is: 'none' }, { accountId })).toEqual([accountId]);
  expect(accounts({ is: 'none' }, { account: {} })).toBeUndefined();
  expect(accounts({ is: 'open', accountId }, {})).toEqual([accountId]);
  given(opportunity)().knowing({ buyer, pipeline: pipeline() }).when('Reopen', { reason: 'x' }).then();
});
