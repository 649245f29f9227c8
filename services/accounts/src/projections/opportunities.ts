// 商机: one row an opportunity, as it stands now. The list, the page, the funnel and what history says are made of it.
import type { End } from '../domain/opportunity-state';
import { opportunityContract } from '@kams/contracts/accounts/opportunity';
import { projection, table, type RowOf } from '@kams/eventing';

/** Sorts behind every day that somebody expects. */
export const NOT_EXPECTED = '9999-12-31';

export const opportunityTable = table(
  'opportunity',
  {
    tenant_id: 'text',
    id: 'uuid',
    revision: 'int',
    account_id: 'uuid',
    name: 'text?',
    owner_id: 'text?',
    external_id: 'json?',
    product_refs: 'json',
    state: 'text',
    /** Where it stands, or stood when it was decided, and since when. */
    stage: 'text',
    stage_since: 'date?',
    probability: 'text',
    pipeline_version: 'int',
    /** All stages that it has been in, each once. */
    stages: 'json',
    /** In minor units: of the contract once it is won. 0 without a currency: not known. */
    amount: 'bigint',
    ccy: 'text?',
    opened_on: 'date?',
    expected_close: 'date',
    closed_on: 'date?',
    reason_code: 'text?',
    /** To whom it was lost. */
    competitor_id: 'text?',
    competitors: 'json',
    tender: 'json?',
    milestones: 'json',
    delivered_at: 'instant?',
    opened_at: 'instant',
    changed_at: 'instant',
  },
  {
    primaryKey: ['tenant_id', 'id'],
    groupBy: 'id',
    indexes: [
      'id',
      'tenant_id, changed_at, id',
      'tenant_id, account_id',
      'tenant_id, state, expected_close, id',
      'using gin (tenant_id, product_refs jsonb_path_ops)',
    ],
  },
);
type Row = RowOf<typeof opportunityTable>;
type Amount = Extract<End, { outcome: 'won' }>['amount'];

export interface Tender {
  readonly reference: string;
  readonly state: string;
  readonly documents: unknown;
  readonly deadline: string;
  readonly submittedAt?: string;
  readonly late?: boolean;
  readonly openedAt?: string;
  readonly decidedAt?: string;
  readonly competitorId?: string;
}
export interface Milestone {
  readonly code: string;
  readonly name: string;
  readonly dueAt: string;
  readonly ownerId?: string;
  readonly late: boolean;
  readonly completedAt?: string;
}

const change = (row: Row | undefined, { recordedAt }: { readonly recordedAt: string }, to: Partial<Row>): Row | undefined =>
  row && { ...row, ...to, changed_at: recordedAt };
const worth = (amount: Amount | undefined) => ({ amount: amount?.minor ?? 0, ccy: amount?.currency ?? null });
const inTender = (row: Row | undefined, event: { readonly recordedAt: string }, to: Partial<Tender>): Row | undefined =>
  change(row, event, { tender: { ...(row?.tender as object), ...to } });
const milestonesOf = (row: Row | undefined): readonly Milestone[] => (row?.milestones ?? []) as Milestone[];
const withMilestone = (row: Row | undefined, event: { readonly recordedAt: string }, code: string, to: Partial<Milestone>) =>
  change(row, event, { milestones: milestonesOf(row).map((it) => (it.code === code ? { ...it, ...to } : it)) });
const without = (all: unknown, some: readonly string[]): string[] => (all as string[]).filter((it) => !some.includes(it));

export const opportunities = projection({
  name: 'opportunities',
  from: [opportunityContract],
  table: opportunityTable,
})({
  OpportunityOpened: (_, { id, tenantId, revision, occurredAt, recordedAt, data }) => ({
    tenant_id: tenantId,
    id,
    revision,
    account_id: data.accountId,
    name: data.name ?? null,
    owner_id: data.ownerId ?? null,
    external_id: data.externalId ?? null,
    product_refs: data.productRefs,
    state: 'open',
    stage: data.stageTo,
    stage_since: data.since ?? null,
    probability: data.probability,
    pipeline_version: data.pipelineVersion,
    stages: [data.stageTo],
    ...worth(data.amount),
    opened_on: data.since ?? null,
    expected_close: data.expectedClose ?? NOT_EXPECTED,
    closed_on: null,
    reason_code: null,
    competitor_id: null,
    competitors: [],
    tender: null,
    milestones: [],
    delivered_at: null,
    opened_at: occurredAt,
    changed_at: recordedAt,
  }),
  OpportunityStageChanged: (row, event) => {
    const { stageTo, probability, pipelineVersion, since = null } = event.data;
    return change(row, event, {
      stage: stageTo,
      stage_since: since,
      probability,
      pipeline_version: pipelineVersion,
      stages: [...without(row?.stages ?? [], [stageTo]), stageTo],
    });
  },
  OpportunityRevised: (row, event) => {
    const { name, productRefs, amount, expectedClose, ownerId, cleared } = event.data;
    return change(row, event, {
      ...(name !== undefined && { name }),
      ...(productRefs && { product_refs: productRefs }),
      ...(amount && worth(amount)),
      ...(expectedClose !== undefined && { expected_close: expectedClose }),
      ...(ownerId !== undefined && { owner_id: ownerId }),
      ...(cleared.includes('name') && { name: null }),
      ...(cleared.includes('amount') && worth(undefined)),
      ...(cleared.includes('expectedClose') && { expected_close: NOT_EXPECTED }),
      ...(cleared.includes('ownerId') && { owner_id: null }),
    });
  },
  CompetitorNamed: (row, event) =>
    change(row, event, { competitors: [...((row?.competitors ?? []) as string[]), event.data.competitorId] }),
  OpportunityWon: (row, event) =>
    change(row, event, { state: 'won', closed_on: event.data.closedOn, ...worth(event.data.amount) }),
  OpportunityLost: (row, event) => {
    const { closedOn, reasonCode, competitorId = null } = event.data;
    return change(row, event, { state: 'lost', closed_on: closedOn, reason_code: reasonCode, competitor_id: competitorId });
  },
  OpportunityReopened: (row, event) => {
    const undone = { closed_on: null, reason_code: null, competitor_id: null, milestones: [] };
    return change(row, event, { state: 'open', ...undone, ...worth(event.data.amount) });
  },
  TenderAnnounced: (row, event) => {
    const { reference, documents, deadline } = event.data;
    return change(row, event, { tender: { reference, documents, deadline, state: 'announced' } });
  },
  TenderChanged: (row, event) => {
    const { documents, deadline } = event.data;
    const isMoved = (row?.tender as Tender | undefined)?.deadline !== deadline;
    return inTender(row, event, { documents, deadline, ...(isMoved && { state: 'announced' }) });
  },
  BidSubmitted: (row, event) => {
    const { submittedAt, late } = event.data;
    return inTender(row, event, { state: 'submitted', submittedAt, late });
  },
  BidsOpened: (row, event) => inTender(row, event, { state: 'opened', openedAt: event.data.openedAt }),
  TenderAwarded: (row, event) => inTender(row, event, { state: 'awarded', decidedAt: event.data.decidedAt }),
  TenderNotAwarded: (row, event) => {
    const { decidedAt, competitorId } = event.data;
    return inTender(row, event, { state: 'not_awarded', decidedAt, ...(competitorId !== undefined && { competitorId }) });
  },
  TenderDeadlineMissed: (row, event) => inTender(row, event, { state: 'missed' }),
  DeliveryPlanned: (row, event) => {
    const before = milestonesOf(row);
    const isLate = ({ code, dueAt }: { code: string; dueAt: string }) =>
      before.some((it) => it.late && it.code === code && it.dueAt === dueAt);
    const planned = event.data.milestones.map((it) => ({ ...it, late: isLate(it) }));
    return change(row, event, { milestones: [...before.filter((it) => it.completedAt !== undefined), ...planned] });
  },
  MilestoneCompleted: (row, event) => withMilestone(row, event, event.data.milestone, { completedAt: event.data.completedAt }),
  MilestoneLate: (row, event) => withMilestone(row, event, event.data.milestone, { late: true }),
  OpportunityDelivered: (row, event) => change(row, event, { delivered_at: event.data.deliveredAt }),
});
