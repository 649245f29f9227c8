// How good our relationship with an account and its people is.
import { relationshipContract, STAGES, type RelationshipContract } from '@kams/contracts/accounts/relationship';
import type { EventData, EventOf } from '@kams/contracts/define';
import { aggregate, refusing } from '@kams/eventing/pure';
import { msOf } from '@kams/methods/dates';
import { ASSESSORS_OF_TIER, countsUntil, relationshipQuality, type Dimensions } from '@kams/methods/relationship';
import { lookPeople, stranger } from './people';

type Stage = EventData<RelationshipContract, 'RelationshipStageAssessed'>['stage'];
interface Judgement {
  readonly by: string;
  readonly at: string;
  readonly dims: Dimensions;
}
interface Relationship {
  readonly stage: Stage | null;
  /** By contact, the newest of each assessor. */
  readonly judgements: ReadonlyMap<string, readonly Judgement[]>;
  /** Contacts about whom the assessors differ. */
  readonly disputed: ReadonlySet<string>;
}

const refuse = refusing(relationshipContract);

export const relationship = aggregate(relationshipContract, {
  stage: null,
  judgements: new Map(),
  disputed: new Set(),
} as Relationship)({
  accounts: (_id, _state, { accountId }) => [accountId],

  look: {
    AssessContact: ({ accountId, contactId }) => lookPeople(accountId, [contactId]),
    AssessStage: ({ accountId }) => lookPeople(accountId, []),
    SetGoal: ({ accountId }) => lookPeople(accountId, []),
    PlanStrengthening: ({ accountId }) => lookPeople(accountId, []),
  },

  decide: {
    AssessContact: (it, { accountId, contactId, ...judged }, looked) => {
      const { id: relationshipId, customer, actor: by, at } = looked;
      if (customer.state.is !== 'open') return refuse('unknown-account', { accountId });
      if (stranger(accountId, [contactId], looked) !== undefined) return refuse('unknown-contact', { contactId });
      const person = looked[`contact ${contactId}`]!.state;
      if (person.is === 'known' && person.departed) return refuse('contact-departed');

      const others = (it.judgements.get(contactId) ?? []).filter(
        (other) => other.by !== by && msOf(countsUntil(other.at)) > msOf(at),
      );
      const all = [...others, { by, at, dims: judged }].sort((a, b) => (a.by < b.by ? -1 : 1));
      const { dims, score, spread, isDisputed } = relationshipQuality(all.map((one) => one.dims));
      const wanting = Math.max(0, (ASSESSORS_OF_TIER[customer.state.tier ?? ''] ?? 1) - all.length);
      const assessorIds = all.map((one) => one.by);
      const validUntil = countsUntil(at);
      const assessed: EventOf<RelationshipContract> = {
        type: 'RelationshipAssessed',
        data: {
          ...{ relationshipId, accountId, contactId, by, judged, dims, assessorIds, wanting, isDisputed, validUntil },
          score: wanting > 0 ? null : score,
        },
      };
      if (!isDisputed || it.disputed.has(contactId)) return [assessed];
      return [assessed, { type: 'AssessmentDisputed', data: { relationshipId, accountId, contactId, ...spread, assessorIds } }];
    },

    AssessStage: (it, { accountId, stage, evidence }, { id: relationshipId, customer, actor: by }) => {
      if (customer.state.is !== 'open') return refuse('unknown-account', { accountId });
      const { stage: from } = it;
      const [before, after] = [from === null ? -1 : STAGES.indexOf(from), STAGES.indexOf(stage)];
      // The first assessment says where the relationship stands already.
      if (from !== null && after > before + 1) return refuse('stage-skipped', { next: STAGES[before + 1]! });
      return [
        { type: 'RelationshipStageAssessed', data: { relationshipId, accountId, from, stage, evidence, by } },
        ...(from !== null && after < before
          ? [{ type: 'RelationshipStageRegressed' as const, data: { relationshipId, accountId, from, stage } }]
          : []),
      ];
    },

    SetGoal: (_, goal, { id: relationshipId, customer, actor: by, at }) => {
      if (customer.state.is !== 'open') return refuse('unknown-account', { accountId: goal.accountId });
      if (goal.until < at.slice(0, 10)) return refuse('goal-in-the-past', { until: goal.until });
      return [{ type: 'RelationshipGoalSet', data: { relationshipId, ...goal, by } }];
    },

    PlanStrengthening: (_, plan, { id: relationshipId, customer, actor: by }) =>
      customer.state.is === 'open'
        ? [{ type: 'StrengtheningPlanned', data: { relationshipId, ...plan, by } }]
        : refuse('unknown-account', { accountId: plan.accountId }),
  },

  evolve: {
    RelationshipAssessed: (it, { contactId, by, judged: dims, isDisputed }, { occurredAt: at }) => {
      const before = it.judgements.get(contactId) ?? [];
      const others = before.filter((one) => one.by !== by);
      // What is told late of an earlier day does not take the place of a later word.
      const newest = [{ by, at, dims }, ...before.filter((one) => one.by === by)].reduce((a, b) => (b.at > a.at ? b : a));
      const disputed = new Set(it.disputed);
      if (isDisputed) disputed.add(contactId);
      else disputed.delete(contactId);
      return { ...it, disputed, judgements: new Map(it.judgements).set(contactId, [...others, newest]) };
    },
    AssessmentDisputed: (it) => it,
    RelationshipStageAssessed: (it, { stage }) => ({ ...it, stage }),
    RelationshipStageRegressed: (it) => it,
    RelationshipGoalSet: (it) => it,
    StrengtheningPlanned: (it) => it,
  },
});
