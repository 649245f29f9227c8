// 商机: what an account may buy, through the stages of the funnel to the win or the loss, with its tender and its delivery.
import { z } from 'zod';
import { command, contract, event, field } from '../define';
import { foreignKey, localDate, money, text } from '../values';
import { externalId, unknownAccount } from './account';
import { deliveryCommands, deliveryEvents, deliveryRefusals } from './opportunity-delivery';
import { accountId, anOpportunity, competitorId, opportunityId, ownerId, reason } from './opportunity-fields';
import { tenderCommands, tenderEvents, tenderRefusals } from './opportunity-tender';
import { purchaseContract } from './purchase';
import { probability, stageCode } from './sales-pipeline';

/** 10 billion of a currency with cents: nine thousand of these still add up exactly. */
const MOST_MINOR = 1_000_000_000_000;
const amount = field(
  money().extend({ minor: z.int().min(0).max(MOST_MINOR) }),
  'Amount',
  '金额',
  'What it is worth to us; absent: not known yet.',
);
const productRefs = field(
  z
    .array(foreignKey(80))
    .max(50)
    .refine((it) => new Set(it).size === it.length, 'names a product twice'),
  'Products',
  '产品',
);
const dealFields = {
  name: field(text(200), 'Name', '名称', 'Of the project; of no person.'),
  productRefs,
  amount,
  expectedClose: field(localDate(), 'Expected close', '预计成交日期'),
  ownerId,
} as const;
export type DealField = keyof typeof dealFields;
const deal = z.strictObject(dealFields).partial();
export type Deal = z.output<typeof deal>;
const clearable = z.enum(Object.keys(dealFields) as [DealField, ...DealField[]]).exclude(['productRefs']);

const lossReasons = z.enum([
  'price',
  'competitor',
  'product_fit',
  'delivery_time',
  'terms',
  'relationship',
  'no_budget',
  'no_decision',
  'withdrawn_by_us',
  'other',
  'not_stated',
]);
const source = field(text(120), 'Source', '信息来源');
const openedOn = field(localDate(), 'Opened on', '开始日期');
const since = field(localDate(), 'Since', '起始日期', 'The day from which it is so; absent: not known.');
const closedOn = field(localDate(), 'Closed on', '成交日期', 'The day on which it was decided, also one that has passed.');
const pipelineVersion = field(z.int().min(0), 'Version of the pipeline', '漏斗阶段版本', '0 is that of the product.');

/** What every public event of an opportunity says. */
const shared = {
  opportunityId,
  accountId,
  productRefs,
  amount: amount.optional(),
  stageTo: field(stageCode, 'To stage', '目标阶段'),
  probability,
};
const stageFrom = field(stageCode, 'From stage', '原阶段');

const aDeal = { productRefs: ['T-800'], amount: { minor: 25_000_000, currency: 'CNY' } };
const anAmount = aDeal.amount;
const moved = { ...anOpportunity, ...aDeal, stageFrom: 'engaging', stageTo: 'proposal', probability: '0.5' };

export const opportunityContract = contract({
  name: 'opportunity',
  plural: 'opportunities',
  label: { en: 'Opportunity', zh: '商机' },
  description: 'What an account may buy: stage, amount, competitors, tender, win or loss, and delivery.',

  commands: {
    Open: command({
      version: 1,
      label: { en: 'Open opportunity', zh: '建立商机' },
      description: 'Begins an opportunity at an account, in the first stage unless another is named.',
      opens: true,
      data: z.strictObject({
        accountId,
        ...deal.shape,
        productRefs,
        stage: stageCode.optional(),
        openedOn: openedOn.optional(),
        source: source.optional(),
      }),
      example: {
        accountId: anOpportunity.accountId,
        name: 'Line 3',
        ...aDeal,
        expectedClose: '2026-06-30',
        ownerId: 'wang.fang',
      },
    }),
    Import: command({
      version: 1,
      label: { en: 'Import opportunity', zh: '导入商机' },
      description:
        'Says what another system knows of an opportunity, its end included: opens it, or brings it up to that. Said again, it changes nothing.',
      opens: true,
      data: z.strictObject({
        externalId: field(externalId, 'External id', '外部标识'),
        account: field(externalId, 'Account, by the other system’s key', '客户外部标识'),
        ...deal.shape,
        productRefs,
        stage: field(stageCode, 'Stage', '阶段', 'Where it stands, or stood when it was decided.'),
        openedOn: openedOn.optional(),
        end: field(
          z.discriminatedUnion('outcome', [
            z.strictObject({ outcome: z.literal('won'), closedOn, amount }),
            z.strictObject({
              outcome: z.literal('lost'),
              closedOn,
              reasonCode: lossReasons.default('not_stated'),
              competitorId: competitorId.optional(),
            }),
          ]),
          'End',
          '结果',
          'Absent: it is open.',
        ).optional(),
        source: source.optional(),
      }),
      example: {
        externalId: { system: 'crm', type: 'opportunity', value: '1C1I7A6R' },
        account: { system: 'crm', type: 'account', value: 'Cancity' },
        productRefs: ['GTX Plus Basic'],
        stage: 'engaging',
        openedOn: '2016-10-20',
        end: { outcome: 'won', closedOn: '2017-03-01', amount: { minor: 105_400, currency: 'USD' } },
        source: 'crm',
      },
      heldKey: ({ externalId: { system, type, value } }) => ({ kind: 'external_id', parts: [system, type, value] }),
    }),
    Move: command({
      version: 1,
      label: { en: 'Move to stage', zh: '推进阶段' },
      description: 'Puts the opportunity into another stage. One step forward needs no reason; a skip and a step back do.',
      data: z.strictObject({ to: field(stageCode, 'To stage', '目标阶段'), since: since.optional(), reason: reason.optional() }),
      example: { to: 'proposal' },
    }),
    Revise: command({
      version: 1,
      label: { en: 'Revise opportunity', zh: '修订商机' },
      description: 'Changes or clears what is known of an opportunity that is open.',
      data: z.strictObject({
        set: field(deal, 'New values', '新值').optional(),
        clear: field(z.array(clearable).max(10), 'Fields to clear', '清空字段').optional(),
      }),
      example: { set: { amount: anAmount, expectedClose: '2026-07-31' } },
    }),
    NameCompetitor: command({
      version: 1,
      label: { en: 'Name competitor', zh: '登记竞争对手' },
      description: 'Notes who else wants it.',
      data: z.strictObject({ competitorId }),
      example: { competitorId: 'rival-1' },
    }),
    Win: command({
      version: 1,
      label: { en: 'Win', zh: '赢单' },
      description: 'The customer buys. From another stage than the last it is a skip, which needs a reason.',
      data: z.strictObject({ amount, closedOn, reason: reason.optional() }),
      example: { amount: anAmount, closedOn: '2026-06-12' },
    }),
    Lose: command({
      version: 1,
      label: { en: 'Lose', zh: '丢单' },
      description: 'The customer does not buy, or not from us: why, and from whom instead.',
      data: z.strictObject({
        reasonCode: field(lossReasons.exclude(['not_stated']), 'Reason', '丢单原因'),
        competitorId: competitorId.optional(),
        closedOn,
        note: reason.optional(),
      }),
      example: { reasonCode: 'competitor', competitorId: 'rival-1', closedOn: '2026-06-12' },
    }),
    Reopen: command({
      version: 1,
      label: { en: 'Reopen', zh: '重新打开商机' },
      description: 'It is not decided after all: back to the stage in which it stood.',
      data: z.strictObject({ reason }),
      example: { reason: 'The winner withdrew' },
    }),
    ...tenderCommands,
    ...deliveryCommands,
  },

  events: {
    OpportunityOpened: event({
      version: 1,
      label: { en: 'Opportunity opened', zh: '商机已建立' },
      description: 'An account may buy something.',
      public: 'opportunity.opened',
      data: z.strictObject({
        ...shared,
        name: dealFields.name.optional(),
        expectedClose: dealFields.expectedClose.optional(),
        ownerId: ownerId.optional(),
        pipelineVersion,
        since: since.optional(),
        externalId: externalId.optional(),
        source: source.optional(),
      }),
      example: {
        ...anOpportunity,
        name: 'Line 3',
        ...aDeal,
        stageTo: 'prospecting',
        probability: '0.1',
        pipelineVersion: 0,
        since: '2026-03-02',
      },
    }),
    OpportunityStageChanged: event({
      version: 1,
      label: { en: 'Stage changed', zh: '商机阶段已变更' },
      description: 'The opportunity is in another stage, with the probability that the pipeline gives it.',
      public: 'opportunity.stage_changed',
      data: z.strictObject({ ...shared, stageFrom, pipelineVersion, since: since.optional(), reason: reason.optional() }),
      example: { ...moved, pipelineVersion: 0, since: '2026-04-02' },
    }),
    OpportunityRevised: event({
      version: 1,
      label: { en: 'Opportunity revised', zh: '商机已修订' },
      description: 'What is known of the opportunity changed.',
      data: z.strictObject({
        opportunityId,
        accountId,
        ...deal.shape,
        cleared: field(z.array(clearable), 'Cleared', '已清空'),
      }),
      example: { ...anOpportunity, amount: anAmount, cleared: ['expectedClose'] },
    }),
    CompetitorNamed: event({
      version: 1,
      label: { en: 'Competitor named', zh: '竞争对手已登记' },
      description: 'Somebody else wants it.',
      data: z.strictObject({ opportunityId, accountId, competitorId }),
      example: { ...anOpportunity, competitorId: 'rival-1' },
    }),
    OpportunityWon: event({
      version: 1,
      label: { en: 'Opportunity won', zh: '商机已赢单' },
      description: 'The customer buys, for this amount.',
      public: 'opportunity.won',
      data: z.strictObject({ ...shared, amount, stageFrom, closedOn, reason: reason.optional() }),
      example: { ...moved, stageFrom: 'negotiation', stageTo: 'won', probability: '1', closedOn: '2026-06-12' },
    }),
    OpportunityLost: event({
      version: 1,
      label: { en: 'Opportunity lost', zh: '商机已丢单' },
      description: 'The customer does not buy, or not from us. The amount is what it was thought to be worth.',
      public: 'opportunity.lost',
      data: z.strictObject({
        ...shared,
        stageFrom,
        closedOn,
        reasonCode: field(lossReasons, 'Reason', '丢单原因'),
        competitorId: competitorId.optional(),
        note: reason.optional(),
      }),
      example: {
        ...moved,
        stageFrom: 'negotiation',
        stageTo: 'lost',
        probability: '0',
        closedOn: '2026-06-12',
        reasonCode: 'competitor',
        competitorId: 'rival-1',
      },
    }),
    OpportunityReopened: event({
      version: 1,
      label: { en: 'Opportunity reopened', zh: '商机已重新打开' },
      description: 'It is not decided after all. The deadline is that of a tender without a bid; a plan of delivery is void.',
      public: 'opportunity.reopened',
      data: z.strictObject({
        ...shared,
        stageFrom,
        reason,
        deadline: tenderEvents.TenderAnnounced.data.shape.deadline.nullable(),
      }),
      example: {
        ...moved,
        stageFrom: 'lost',
        stageTo: 'negotiation',
        probability: '0.75',
        reason: 'The winner withdrew',
        deadline: null,
      },
    }),
    ...tenderEvents,
    ...deliveryEvents,
  },

  refusals: {
    'unknown-account': unknownAccount,
    'unknown-currency': purchaseContract.refusals['unknown-currency'],
    'opportunity-exists': {
      en: 'This opportunity is open already. Revise it instead: revise.',
      zh: '该商机已建立，请改为修订。',
    },
    'other-account': {
      en: 'This opportunity belongs to another account. An opportunity stays with its account: import it under another key.',
      zh: '该商机属于其他客户。商机不能更换客户，请以其他标识导入。',
    },
    'opportunity-closed': {
      en: 'The opportunity is won or lost. Reopen it first: reopen.',
      zh: '该商机已赢单或丢单，请先重新打开。',
    },
    'opportunity-open': { en: 'The opportunity is open. There is nothing to reopen.', zh: '该商机未关闭，无需重新打开。' },
    'unknown-stage': {
      en: 'The pipeline in force has no such stage. Take one of "stages", or win and lose.',
      zh: '现行漏斗没有该阶段，请使用 stages 中的阶段，或登记赢单、丢单。',
      status: 422,
    },
    'skip-needs-reason': {
      en: 'Stages keep their order. To skip one, give the reason.',
      zh: '阶段须按顺序推进。跳过阶段请说明原因。',
      status: 422,
    },
    'back-needs-reason': {
      en: 'The opportunity has been further than this stage. To take it back, give the reason.',
      zh: '商机阶段后退须说明原因。',
      status: 422,
    },
    'competitor-needed': {
      en: 'It was lost to a competitor: say to which, or give another reason.',
      zh: '丢单原因为竞争对手时，请注明是哪一家，或改选其他原因。',
      status: 422,
    },
    'in-the-future': {
      en: 'This is still to come, and so not a fact. Give a day or an instant that has passed.',
      zh: '该时间尚未到来，请给出已经过去的日期或时间。',
      status: 422,
    },
    'closed-before-opened': {
      en: 'It can not be decided before the day on which it was opened. Correct one of the two.',
      zh: '成交日期早于商机开始日期，请更正其中之一。',
      status: 422,
    },
    ...tenderRefusals,
    ...deliveryRefusals,
  },
});
export type OpportunityContract = typeof opportunityContract;
