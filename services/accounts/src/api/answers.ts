// What the queries answer. Money in minor units with its currency; instants in UTC.
import { pageOf } from '@kams/platform';
import { externalId } from '@kams/contracts/accounts/account';
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
