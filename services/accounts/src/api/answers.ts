// What the queries answer. Money in minor units with its currency; instants in UTC.
import { pageOf } from '@kams/platform';
import { externalId } from '@kams/contracts/accounts/account';
import { means, STAGES } from '@kams/contracts/accounts/relationship';
import { pipelineContent } from '@kams/contracts/accounts/sales-pipeline';
import { scoringModelContent } from '@kams/contracts/accounts/scoring-model';
import { z } from 'zod';

const instant = z.iso.datetime({ precision: null });
const day = z.iso.date();
const tier = z.string().nullable();

export const accountItem = z.object({
  id: z.uuid(),
  revision: z.int(),
  name: z.string(),
  sector: z.string().nullable(),
  country: z.string().nullable(),
  tier,
  keyAccount: z.enum(['no', 'nominated', 'designated']),
  externalIds: z.array(externalId),
  changedAt: instant,
});
export const accountPage = pageOf(accountItem);

export const accountFile = accountItem.extend({
  programme: z.string().nullable(),
  ownerId: z.string().nullable(),
  profile: z.record(z.string(), z.unknown()),
  ratings: z.record(z.string(), z.unknown()),
  assessment: z.record(z.string(), z.unknown()).nullable(),
  registeredAt: instant,
});

export const accountAsOf = z.object({
  id: z.uuid(),
  asOf: instant,
  knownAt: instant,
  profile: z.record(z.string(), z.unknown()),
  tier,
  keyAccount: z.enum(['no', 'nominated', 'designated']),
});

export const effectiveTierAnswer = z.object({
  id: z.uuid(),
  asOf: instant,
  knownAt: instant,
  tier,
  isDesignated: z.boolean().meta({ description: 'It is the tier of a key account.' }),
  via: z.uuid().nullable().meta({ description: 'The account whose tier it is; null where the reader does not reach it.' }),
});

const stored = z.object({
  eventId: z.uuid().meta({ description: '`GET /accounts/{id}/events/{eventId}` shows it.' }),
  type: z.string(),
  occurredAt: instant,
  recordedAt: instant,
  by: z.string(),
});
const assessment = stored.extend({
  model: z.object({ modelId: z.uuid(), version: z.int(), name: z.string().nullable() }),
  total: z.string(),
  coverage: z.string(),
  computedTier: z.string(),
  reachedFrom: z.string().nullable().meta({ description: 'The score from which on the computed tier is reached.' }),
  cause: z.string(),
  below: z.int(),
  needsApproval: z.boolean(),
  ladder: scoringModelContent.shape.ladder.nullable(),
  criteria: z
    .array(
      z.object({
        code: z.string(),
        label: z.object({ en: z.string(), zh: z.string() }).nullable(),
        raw: z.unknown(),
        normalised: z.string().nullable(),
        weight: z.string(),
        contribution: z.string(),
        note: z.string().nullable(),
        sources: z.array(stored.partial().required({ eventId: true }).extend({ raw: z.unknown(), note: z.string().nullish() })),
      }),
    )
    .meta({ description: 'Their contributions sum to the total exactly.' }),
});
export const tierExplained = z.object({
  id: z.uuid(),
  asOf: instant,
  knownAt: instant,
  tier,
  decision: stored
    .extend({
      from: tier,
      to: tier,
      cause: z.string(),
      effectiveFrom: instant,
      approverId: z.string().nullable(),
      reason: z.string().nullable(),
    })
    .nullable()
    .meta({ description: 'What brought the tier about; null: nothing has yet.' }),
  assessment: assessment.nullable().meta({ description: 'The one that the decision rests on.' }),
  latest: assessment.nullable().meta({ description: 'The newest one, where that is another.' }),
});

export const storedEvent = stored.extend({
  id: z.uuid(),
  schema: z.int(),
  revision: z.int(),
  data: z.record(z.string(), z.unknown()),
});

export const historyPage = z.object({
  items: z.array(
    z.object({
      attribute: z.string(),
      value: z.unknown(),
      validFrom: instant.nullable(),
      validTo: instant.nullable(),
      recordedFrom: instant,
      recordedTo: instant.nullable(),
    }),
  ),
});

export const contactItem = z.object({
  id: z.uuid(),
  revision: z.int(),
  accountId: z.uuid(),
  person: z.record(z.string(), z.string()).meta({ description: 'What is known of the person; `[erased]` once it is forgotten.' }),
  role: z.string().nullable(),
  power: z.int().nullable(),
  stance: z.int().nullable(),
  reportsTo: z.uuid().nullable(),
  departedOn: day.nullable(),
  pseudonym: z.uuid().nullable(),
  registeredAt: instant,
  changedAt: instant,
});
export const contactPage = pageOf(contactItem);
export const contactFile = contactItem.extend({ consents: z.array(z.record(z.string(), z.unknown())) });

const relative = z.object({ accountId: z.uuid(), name: z.string().nullable(), linkType: z.string(), distance: z.int() });
export const hierarchyView = z.object({
  accountId: z.uuid(),
  asOf: instant,
  knownAt: instant,
  ancestors: z.array(relative).meta({ description: 'The parent first.' }),
  descendants: z.array(relative.extend({ parentId: z.uuid() })).meta({ description: 'The nearest first.' }),
});

export const purchaseItem = z.object({
  id: z.uuid(),
  accountId: z.uuid(),
  sourceSystem: z.string(),
  txnId: z.string(),
  kind: z.enum(['sale', 'return']),
  txnDate: day,
  occurredAt: instant,
  total: z.object({ minor: z.int(), currency: z.string() }),
  lines: z.array(z.record(z.string(), z.unknown())),
  reverses: z.string().nullable(),
  reversedOn: day.nullable(),
});
export const purchasePage = pageOf(purchaseItem);

export const scoringModelItem = z.object({
  id: z.uuid(),
  revision: z.int(),
  name: z.string(),
  draft: scoringModelContent.nullable(),
  versions: z.array(
    z.object({ version: z.int(), content: scoringModelContent, publishedAt: instant, retiredAt: instant.nullable() }),
  ),
});
export const scoringModelPage = pageOf(scoringModelItem);

const stands = z.object({ tier, total: z.string().nullable() });
const perTier = z.record(z.string(), z.int()).meta({ description: 'Accounts by tier; `-` for those without one.' });
export const whatIfAnswer = z.object({
  modelId: z.uuid(),
  version: z.int().nullable().meta({ description: 'null: the draft.' }),
  from: day,
  to: day,
  accounts: z.int().meta({ description: 'Those that were assessed in the period.' }),
  assessments: z.int(),
  moved: z.int(),
  refused: z.int().meta({ description: 'Accounts of which too little is rated for this model at their last assessment.' }),
  overridden: z.int().meta({ description: "A person's decision is in force at the end: they stay where they are." }),
  tiers: z.object({ was: perTier, would: perTier }),
  items: z
    .array(
      z.object({
        accountId: z.uuid(),
        was: stands,
        would: stands,
        needsApproval: z.boolean().meta({ description: 'On the way was a move of several tiers, which a person would decide.' }),
      }),
    )
    .meta({ description: 'Who would stand elsewhere, by id, as many as were asked for.' }),
});

export const tierPage = pageOf(
  z.object({
    accountId: z.uuid(),
    name: z.string(),
    tier: z.string(),
    keyAccount: z.enum(['no', 'nominated', 'designated']),
    since: instant.meta({ description: 'From when on it has had the tier and what else was known with it.' }),
  }),
).extend({ asOf: instant, knownAt: instant, counts: perTier });

const quintile = z.int().min(1).max(5);
export const rankingPage = pageOf(
  z.object({
    rank: z.int(),
    accountId: z.uuid(),
    name: z.string().nullable(),
    externalIds: z.array(externalId),
    recencyDays: z.int().nullable(),
    frequency: z.int(),
    monetary: z.object({ minor: z.int(), currency: z.string() }),
    r: quintile,
    f: quintile,
    m: quintile,
  }),
).extend({ asOf: day, knownAt: instant, position: z.string().meta({ description: 'What the ranking has seen of the store.' }) });

export const roleAssignmentItem = z.object({
  id: z.uuid(),
  revision: z.int(),
  subject: z.string(),
  roles: z.array(z.object({ role: z.string(), accountId: z.uuid().nullable(), grantedAt: instant, grantedBy: z.string() })),
  changedAt: instant,
});
export const roleAssignmentPage = pageOf(roleAssignmentItem);

export const accountTeamItem = z.object({
  id: z.uuid(),
  revision: z.int(),
  accountId: z.uuid(),
  members: z.array(z.object({ memberId: z.string(), role: z.string(), since: instant })),
  changedAt: instant,
});
export const accountTeamPage = pageOf(accountTeamItem);

const amount = z.object({ minor: z.int(), currency: z.string() });
export const opportunityItem = z.object({
  id: z.uuid(),
  revision: z.int(),
  accountId: z.uuid(),
  name: z.string().nullable(),
  ownerId: z.string().nullable(),
  productRefs: z.array(z.string()),
  state: z.enum(['open', 'won', 'lost']),
  stage: z.string().meta({ description: 'Where it stands, or stood when it was decided.' }),
  stageSince: day.nullable(),
  probability: z.string(),
  amount: amount.nullable().meta({ description: 'Of the contract once it is won; null: not known yet.' }),
  openedOn: day.nullable(),
  expectedClose: day.nullable(),
  closedOn: day.nullable(),
  changedAt: instant,
});
export const opportunityPage = pageOf(opportunityItem);
export const opportunityFile = opportunityItem.extend({
  externalId: externalId.nullable(),
  pipelineVersion: z.int(),
  stages: z.array(z.string()).meta({ description: 'All stages that it has been in, the last one last.' }),
  reasonCode: z.string().nullable(),
  competitorId: z.string().nullable().meta({ description: 'To whom it was lost.' }),
  competitors: z.array(z.string()),
  tender: z.record(z.string(), z.unknown()).nullable(),
  milestones: z.array(z.record(z.string(), z.unknown())),
  deliveredAt: instant.nullable(),
});

const position = z.string().meta({ description: 'What the figures have seen of the store.' });
export const funnelView = z.object({
  items: z.array(
    z.object({
      stage: z.string(),
      currency: z.string().nullable().meta({ description: 'Null: of what has no amount yet.' }),
      count: z.int(),
      amount: amount.nullable(),
      weighted: amount.nullable(),
      ageing: z.object({ known: z.int(), meanDays: z.string().nullable(), longestDays: z.int().nullable() }),
    }),
  ),
  asOf: day,
  probability: z.enum(['policy', 'history']),
  pipelineVersions: z.array(z.int()).meta({ description: 'Those that gave the probabilities of what is open.' }),
  position,
});
export const winRates = z.object({
  items: z.array(
    z.object({
      stage: z.string(),
      product: z.string().nullable(),
      tier,
      won: z.int(),
      lost: z.int(),
      probability: z.string(),
    }),
  ),
  position,
});
export const velocityView = z.object({
  currency: z.string(),
  open: z.int(),
  won: z.int(),
  lost: z.int(),
  winRate: z.string().nullable(),
  averageValue: amount.nullable(),
  cycleDays: z.string().nullable(),
  velocity: amount.nullable().meta({ description: 'Money a day.' }),
  position,
});
export const wonView = z.object({
  items: z.array(z.object({ month: z.string(), count: z.int(), amount })),
  position,
});

export const pipelineView = z.object({
  version: z.int().meta({ description: '0: that of the product, until one is published.' }),
  stages: pipelineContent.shape.stages,
  publishedAt: instant.nullable(),
  draft: pipelineContent.nullable(),
  versions: z.array(z.object({ version: z.int(), content: pipelineContent, publishedAt: instant })),
});
const participants = z.array(z.object({ contactId: z.uuid().optional(), userId: z.string().optional() }));
/** What was written in words. */
const written = z.string().nullable().meta({ description: '`[erased]` once it is forgotten.' });

export const interactionItem = z.object({
  id: z.uuid(),
  revision: z.int(),
  accountId: z.uuid(),
  kind: z.string(),
  direction: z.enum(['inbound', 'outbound', 'two_way']),
  occurredAt: instant,
  participants,
  sentiment: z.int().nullable(),
  durationMin: z.int().nullable(),
  campaignId: z.uuid().nullable(),
  visitId: z.uuid().nullable(),
  outcome: written,
  nextStep: written,
  status: z.enum(['logged', 'withdrawn']),
  withdrawnBecause: z.string().nullable(),
  loggedBy: z.string(),
  loggedAt: instant,
  changedAt: instant,
});
export const interactionPage = pageOf(interactionItem);

export const VISIT_STATES = ['planned', 'missed', 'cancelled', 'completed', 'reported'] as const;
export const visitItem = z.object({
  id: z.uuid(),
  revision: z.int(),
  accountId: z.uuid(),
  ownerId: z.string(),
  contactIds: z.array(z.uuid()),
  startsAt: instant,
  endsAt: instant,
  place: z.string().nullable(),
  goal: written,
  status: z.enum(VISIT_STATES),
  reason: written,
  participants: participants.nullable(),
  startedAt: instant.nullable(),
  durationMin: z.int().nullable(),
  sentiment: z.int().nullable(),
  reportDueAt: instant.nullable(),
  reportOverdueAt: instant.nullable(),
  report: z.object({ outcome: written, nextStep: written, by: z.string(), at: instant, isLate: z.boolean() }).nullable(),
  plannedBy: z.string(),
  plannedAt: instant,
  changedAt: instant,
});
export const visitPage = pageOf(visitItem);

export const COMMITMENT_STATES = ['open', 'fulfilled', 'broken'] as const;
export const commitmentItem = z.object({
  id: z.uuid(),
  revision: z.int(),
  accountId: z.uuid(),
  ownerId: z.string(),
  contactId: z.uuid().nullable(),
  what: written,
  madeIn: z.object({ kind: z.string(), ref: z.uuid().optional() }),
  dueAt: instant,
  status: z.enum(COMMITMENT_STATES),
  overdueAt: instant.nullable(),
  postponements: z.array(z.object({ from: instant, to: instant, reason: written, by: z.string(), at: instant })),
  closedAt: instant.nullable(),
  isLate: z.boolean().nullable(),
  brokenBecause: z.string().nullable(),
  note: written,
  madeBy: z.string(),
  madeAt: instant,
  changedAt: instant,
});
export const commitmentPage = pageOf(commitmentItem);

const stage = z.enum(STAGES);
const relationshipAction = z.object({ what: z.string(), ownerId: z.string(), dueOn: z.iso.date() });
export const relationshipItem = z.object({
  id: z.uuid(),
  revision: z.int(),
  accountId: z.uuid(),
  stage: stage.nullable(),
  stages: z.array(z.object({ stage, evidence: z.array(z.string()), by: z.string(), at: instant })),
  goal: z
    .object({
      stageTarget: stage,
      coverageTarget: z.string().optional(),
      npsTarget: z.int().optional(),
      visitEveryDays: z.int().optional(),
      until: z.iso.date(),
      by: z.string(),
      at: instant,
    })
    .nullable(),
  plan: z.object({ actions: z.array(relationshipAction), by: z.string(), at: instant }).nullable(),
  changedAt: instant,
});
export const relationshipPage = pageOf(relationshipItem);

const thread = z.object({
  concentration: z
    .string()
    .nullable()
    .meta({ description: 'Herfindahl index of the shares in the two-way interactions, 1/n to 1.' }),
  isSingle: z.boolean().meta({ description: 'Above 0.5: one person carries too much of it.' }),
});
export const relationshipOfAccount = z.object({
  accountId: z.uuid(),
  asOf: instant,
  knownAt: instant,
  stage: stage.nullable(),
  index: z
    .string()
    .nullable()
    .meta({ description: '0 to 100, weighted by power, faded by half in 180 days; null: nobody is mapped.' }),
  coverage: z.string().nullable().meta({ description: 'Share of the power that was reached in the window, 0 to 1.' }),
  layers: z.object({
    breadth: z
      .object({ mapped: z.int(), reached: z.int() })
      .meta({ description: '普遍关系: contacts with a role, and those reached.' }),
    key: z
      .object({ index: z.string().nullable() })
      .meta({ description: '关键关系: the index over decision makers and approvers.' }),
    organisation: z
      .object({ meetings: z.int() })
      .meta({ description: '组织关系: meetings and visits of 365 days that one of these took part in.' }),
  }),
  singleThread: z.object({ byUs: thread, byThem: thread }),
  contacts: z.array(
    z.object({
      contactId: z.uuid(),
      role: z.string(),
      power: z.int(),
      quality: z
        .object({
          score: z.string(),
          dims: means,
          assessorIds: z.array(z.string()),
          wanting: z.int().meta({ description: 'Assessors that are missing: until then it counts 0.' }),
          isDisputed: z.boolean(),
          assessedAt: instant,
        })
        .nullable(),
      lastContactAt: instant.nullable(),
      isReached: z.boolean(),
    }),
  ),
});
