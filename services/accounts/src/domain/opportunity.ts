// What an account may buy. Stages keep their order, what is decided stays so until it is reopened, and what is won is delivered.
import { opportunityContract, type Deal, type DealField, type OpportunityContract } from '@kams/contracts/accounts/opportunity';
import type { CommandData, EventData } from '@kams/contracts/define';
import { aggregate, keyOf, via, type Circumstances, type Found } from '@kams/eventing/pure';
import { isCurrency } from '@kams/methods/money';
import { account } from './account';
import { deliveryDecisions, deliveryEvolutions, noDelivery } from './delivery';
import { known, passed, refuse, whenOpen, type End, type Facts, type Known, type Opportunity } from './opportunity-state';
import { salesPipeline, stagesAt, type SalesPipeline } from './sales-pipeline';
import { tenderDecisions, tenderEvolutions } from './tender';

type Contract = OpportunityContract;
type Cleared = EventData<Contract, 'OpportunityRevised'>['cleared'];
type At = Circumstances & { readonly pipeline: Found<SalesPipeline> };

const byPipeline = (_: object, { tenantId }: Circumstances) => ({ pipeline: { of: salesPipeline, id: tenantId } });
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** @throws Refusal `unknown-currency` */
function inCurrency<A extends Deal['amount']>(amount: A): A {
  if (amount && !isCurrency(amount.currency)) refuse('unknown-currency', { currency: amount.currency });
  return amount;
}

/** A stage of the pipeline in force, with its probability and its place. */
function stageIn({ pipeline, at }: At, code: string) {
  const { version, stages } = stagesAt(pipeline.state, at);
  const codes = stages.map((it) => it.code);
  const place = codes.indexOf(code);
  const stage = stages[place] ?? refuse('unknown-stage', { stage: code, stages: codes });
  return { code, probability: String(stage.probability), pipelineVersion: version, place, codes };
}

/** What every event says of the opportunity that goes from one stage to another. */
const step = ({ accountId, deal }: Known, opportunityId: string, stageFrom: string, stageTo: string, probability: string) => ({
  opportunityId,
  accountId,
  productRefs: deal.productRefs,
  amount: deal.amount,
  stageFrom,
  stageTo,
  probability,
});

function moved(it: Known, at: At, to: string, since: string | undefined, reason: string | undefined): Facts {
  if (to === it.stage) return [];
  const { probability, pipelineVersion, place, codes } = stageIn(at, to);
  const from = codes.indexOf(it.stage);
  if (reason === undefined && place < from) return refuse('back-needs-reason', { from: it.stage, to });
  // A stage that the pipeline does not know any more is left like one that is skipped.
  if (reason === undefined && (from < 0 || place > from + 1)) return refuse('skip-needs-reason', { from: it.stage, to });
  passed(since, at.at);
  return [
    { type: 'OpportunityStageChanged', data: { ...step(it, at.id, it.stage, to, probability), pipelineVersion, since, reason } },
  ];
}

function revised(it: Known, opportunityId: string, set: Deal, clear: Cleared): Facts {
  inCurrency(set.amount);
  const fields = (Object.keys(set) as DealField[]).filter(
    (field) => set[field] !== undefined && !same(set[field], it.deal[field]),
  );
  const cleared = clear.filter((field) => it.deal[field] !== undefined && set[field] === undefined);
  if (fields.length === 0 && cleared.length === 0) return [];
  const changes = Object.fromEntries(fields.map((field) => [field, set[field]])) as Deal;
  return [{ type: 'OpportunityRevised', data: { opportunityId, accountId: it.accountId, ...changes, cleared } }];
}

function ended(it: Known, { id, at }: Circumstances, end: End, said: { reason?: string; note?: string } = {}): Facts {
  const { closedOn } = end;
  passed(closedOn, at);
  if (it.openedOn !== undefined && closedOn < it.openedOn) return refuse('closed-before-opened', { openedOn: it.openedOn });
  if (end.outcome === 'won') {
    const won = { ...step(it, id, it.stage, 'won', '1'), amount: inCurrency(end.amount), closedOn, reason: said.reason };
    return [{ type: 'OpportunityWon', data: won }];
  }
  const { reasonCode, competitorId } = end;
  if (reasonCode === 'competitor' && competitorId === undefined) return refuse('competitor-needed');
  const lost = { ...step(it, id, it.stage, 'lost', '0'), closedOn, reasonCode, competitorId, note: said.note };
  return [{ type: 'OpportunityLost', data: lost }];
}

function reopened(it: Known, opportunityId: string, reason: string): Facts {
  if (it.is === 'open') return refuse('opportunity-open');
  if (Object.keys(it.delivery.completed).length > 0) return refuse('delivery-begun');
  const deadline = it.tender?.is === 'announced' ? it.tender.deadline : null;
  const data = { ...step(it, opportunityId, it.is, it.stage, it.probability), reason, deadline };
  return [{ type: 'OpportunityReopened', data }];
}

/** What brings it up to what another system says: reopened if it was decided otherwise, moved, revised, and decided. */
function broughtUp(it: Known, said: CommandData<Contract, 'Import'>, at: At): Facts {
  const { externalId, account: _account, stage, openedOn: _openedOn, end, source, ...deal } = said;
  if (it.is !== 'open' && same(it.end, end) && stage === it.stage) return [];
  const reason = `As ${source ?? externalId.system} says`;
  let now: Opportunity = it;
  const facts: Facts[number][] = [];
  const then = (more: Facts) => {
    for (const fact of more) now = evolve(now, fact);
    facts.push(...more);
  };
  if (it.is !== 'open') then(reopened(it, at.id, reason));
  then(moved(now as Known, at, stage, undefined, reason));
  then(revised(now as Known, at.id, deal, []));
  if (end) then(ended(now as Known, at, end as End));
  return facts;
}

const evolve = (it: Opportunity, { type, data }: Facts[number]): Opportunity =>
  (opportunity.evolve[type] as (it: Opportunity, data: object) => Opportunity)(it, data);

export const opportunity = aggregate(opportunityContract, { is: 'none' } as Opportunity)({
  accounts: (_id, it, data) => (it.is !== 'none' ? [it.accountId] : 'accountId' in data ? [data.accountId] : undefined),

  look: {
    Open: ({ accountId }, at) => ({ ...byPipeline({}, at), buyer: { of: account, id: accountId } }),
    Import: ({ account: { system, type, value } }, at) => ({
      ...byPipeline({}, at),
      buyer: via(keyOf('account', at.tenantId, { kind: 'external_id', parts: [system, type, value] }), ({ holder }) =>
        holder === undefined ? undefined : { of: account, id: holder },
      ),
    }),
    Move: byPipeline,
    Win: byPipeline,
  },

  claims: {
    Import: ({ externalId: { system, type, value } }) => [{ kind: 'external_id', parts: [system, type, value] }],
  },

  decide: {
    Open: (it, { accountId, stage, openedOn, amount, ...said }, at) => {
      if (it.is !== 'none') return refuse('opportunity-exists');
      if (at.buyer.revision < 0) return refuse('unknown-account', { accountId });
      const since = openedOn ?? at.at.slice(0, 10);
      passed(since, at.at);
      const first = stagesAt(at.pipeline.state, at.at).stages[0]!.code;
      const { code: stageTo, probability, pipelineVersion } = stageIn(at, stage ?? first);
      const place = { stageTo, probability, pipelineVersion, since };
      const data = { opportunityId: at.id, accountId, ...said, amount: inCurrency(amount), ...place };
      return [{ type: 'OpportunityOpened', data }];
    },

    Import: (it, said, at) => {
      const { externalId, account: by, stage, openedOn: since, end, amount, ...deal } = said;
      if (!at.buyer || at.buyer.revision < 0) return refuse('unknown-account', { account: by });
      const accountId = at.buyer.id;
      if (it.is !== 'none') {
        return it.accountId === accountId ? broughtUp(it, said, at) : refuse('other-account', { accountId: it.accountId });
      }
      passed(since, at.at);
      const { code: stageTo, probability, pipelineVersion } = stageIn(at, stage);
      const place = { stageTo, probability, pipelineVersion, since };
      const data = { opportunityId: at.id, accountId, ...deal, amount: inCurrency(amount), ...place, externalId };
      const opened = { type: 'OpportunityOpened' as const, data };
      return [opened, ...(end ? ended(evolve(it, opened) as Known, at, end as End) : [])];
    },

    Move: whenOpen((it, { to, since, reason }, at: At) => moved(it, at, to, since ?? at.at.slice(0, 10), reason)),

    Revise: whenOpen((it, { set = {}, clear = [] }, { id }) => revised(it, id, set, clear)),

    NameCompetitor: whenOpen(({ accountId, competitors }, { competitorId }, { id: opportunityId }) =>
      competitors.includes(competitorId) ? [] : [{ type: 'CompetitorNamed', data: { opportunityId, accountId, competitorId } }],
    ),

    Win: whenOpen((it, { amount, closedOn, reason }, at: At) => {
      if (it.tender && it.tender.is !== 'awarded') return refuse('tender-not-awarded', { state: it.tender.is });
      const last = stagesAt(at.pipeline.state, at.at).stages.at(-1)!.code;
      if (it.stage !== last && reason === undefined) return refuse('skip-needs-reason', { from: it.stage, to: 'won' });
      return ended(it, at, { outcome: 'won', closedOn, amount }, { reason });
    }),

    Lose: whenOpen((it, { note, ...end }, at) => ended(it, at, { outcome: 'lost', ...end }, { note })),

    Reopen: (it, { reason }, { id }) => (it.is === 'none' ? [] : reopened(it, id, reason)),

    ...tenderDecisions,
    ...deliveryDecisions,
  },

  evolve: {
    OpportunityOpened: (_, { accountId, name, productRefs, amount, expectedClose, ownerId, stageTo, probability, since }) => ({
      is: 'open',
      accountId,
      deal: { name, productRefs, amount, expectedClose, ownerId },
      openedOn: since,
      stage: stageTo,
      probability,
      competitors: [],
      delivery: noDelivery,
    }),
    OpportunityStageChanged: (it, { stageTo: stage, probability }) => known(it, (open) => ({ ...open, stage, probability })),
    OpportunityRevised: (it, { opportunityId: _id, accountId: _account, cleared, ...set }) =>
      known(it, (open) => {
        const kept = Object.entries(open.deal).filter(([field]) => !cleared.includes(field as Cleared[number]));
        return { ...open, deal: { ...Object.fromEntries(kept), ...set } as Known['deal'] };
      }),
    CompetitorNamed: (it, { competitorId }) =>
      known(it, (open) => ({ ...open, competitors: [...open.competitors, competitorId] })),
    OpportunityWon: (it, { amount, closedOn }) =>
      known(it, (open) => ({ ...open, is: 'won', end: { outcome: 'won', closedOn, amount } })),
    OpportunityLost: (it, { closedOn, reasonCode, competitorId }) =>
      known(it, (open) => ({ ...open, is: 'lost', end: { outcome: 'lost', closedOn, reasonCode, competitorId } })),
    OpportunityReopened: (it) => known(it, ({ end: _end, ...closed }) => ({ ...closed, is: 'open', delivery: noDelivery })),
    ...tenderEvolutions,
    ...deliveryEvolutions,
  },
});
