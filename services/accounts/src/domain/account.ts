// Who a customer is, whether it is a key account, what it is worth and at which tier it stands.
import {
  accountContract,
  type AccountContract,
  type ExternalId,
  type Profile,
  type ProfileField,
} from '@kams/contracts/accounts/account';
import type { EventData, EventOf } from '@kams/contracts/define';
import { aggregate, refusing } from '@kams/eventing/pure';
import { score, type Raw } from '@kams/methods/scorecard';
import { nextTier } from '@kams/methods/tier-ladder';
import { inForce, version } from '@kams/methods/policy';
import { withChanges, type KnownProfile } from './profile';
import { scoringModel, type ScoringModel } from './scoring-model';

type ModelRef = { readonly modelId: string; readonly version: number };
type Scored = EventData<AccountContract, 'AccountScored'>;
/** 大客户: nominated under a model, then designated, or not. */
type KeyAccount =
  | { readonly is: 'no' }
  | {
      readonly is: 'nominated';
      readonly programme: string;
      readonly modelRef: ModelRef;
      readonly by: string;
      readonly at: string;
    }
  | { readonly is: 'designated'; readonly programme: string; readonly modelRef: ModelRef; readonly score: string };

/** 人工调整: asked for, then approved by another person, in force until its end. */
interface Override {
  readonly is: 'requested' | 'in-force';
  readonly tier: string;
  readonly until: string;
  readonly by: string;
  /** Where the account stood without it. */
  readonly before: string | null;
}

export type Account =
  | { readonly is: 'none' }
  | (KnownProfile & {
      readonly is: 'open';
      readonly externalIds: readonly ExternalId[];
      readonly keyAccount: KeyAccount;
      readonly ratings: Readonly<Record<string, { readonly raw: Raw; readonly eventId: string }>>;
      readonly assessment?: Scored & { readonly at: string };
      readonly tier: string | null;
      readonly below: number;
      readonly override?: Override;
    });
type Open = Extract<Account, { is: 'open' }>;

const refuse = refusing(accountContract);

const keysOf = (ids: readonly ExternalId[] = []) =>
  ids.map(({ system, type, value }) => ({ kind: 'external_id', parts: [system, type, value] }));
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** The handler of a command for an account that exists; the engine answers 404 before any other could see one. */
const whenOpen =
  <D, C>(decide: (it: Open, data: D, circumstances: C) => readonly EventOf<AccountContract>[]) =>
  (it: Account, data: D, circumstances: C): readonly EventOf<AccountContract>[] =>
    it.is === 'open' ? decide(it, data, circumstances) : [];

/** One change for each field whose value differs from what is known. */
function changed(
  it: Open,
  values: Profile,
  cleared: readonly ProfileField[],
  validFrom: string | undefined,
  sourceRef: string | undefined,
) {
  const fields = [...(Object.keys(values) as ProfileField[]).filter((field) => values[field] !== undefined), ...cleared];
  return (
    fields
      .map((field) => ({
        field,
        old: it.profile[field] ?? null,
        new: cleared.includes(field) ? null : values[field],
        ...(validFrom !== undefined && { validFrom }),
        ...(sourceRef !== undefined && { sourceRef }),
      }))
      // What is so since an earlier day than was known is news, though the value is the same.
      .filter(
        (change) => !same(change.old, change.new) || (validFrom !== undefined && validFrom < (it.since[change.field] ?? '')),
      )
  );
}

export const account = aggregate(accountContract, { is: 'none' } as Account)({
  accounts: (id) => [id],

  look: {
    NominateKeyAccount: ({ modelId }) => ({ model: { of: scoringModel, id: modelId } }),
    AssessValue: ({ modelId }) => ({ model: { of: scoringModel, id: modelId } }),
  },

  claims: {
    Register: ({ externalIds }) => keysOf(externalIds),
    Import: ({ externalId }) => keysOf([externalId]),
    AssignExternalId: (externalId) => keysOf([externalId]),
  },

  decide: {
    Register: (it, { profile, externalIds = [], ownerId, source }, { id: accountId }) =>
      it.is === 'none'
        ? [{ type: 'AccountRegistered', data: { accountId, ...profile, externalIds, ownerId, source } }]
        : refuse('account-exists'),

    Import: (it, { externalId, profile, source }, { id: accountId }) => {
      if (it.is === 'none')
        return [{ type: 'AccountRegistered', data: { accountId, ...profile, externalIds: [externalId], source } }];
      const changes = changed(it, profile, [], undefined, source);
      return changes.length === 0 ? [] : [{ type: 'AccountProfileUpdated', data: { accountId, changes } }];
    },

    UpdateProfile: whenOpen((it, { set = {}, clear = [], validFrom, source }, { id: accountId }) => {
      const changes = changed(it, set, clear, validFrom, source);
      return changes.length === 0 ? [] : [{ type: 'AccountProfileUpdated', data: { accountId, changes } }];
    }),

    AssignExternalId: whenOpen((it, externalId, { id: accountId }) =>
      it.externalIds.some((known) => same(known, externalId))
        ? []
        : [{ type: 'ExternalIdAssigned', data: { accountId, externalId } }],
    ),

    NominateKeyAccount: whenOpen((it, { programme, modelId, reason }, { id: accountId, actor, at, model }) => {
      if (it.keyAccount.is === 'nominated') return refuse('already-nominated');
      if (it.keyAccount.is === 'designated') return refuse('already-a-key-account');
      const published = inForce(model.state, at) ?? refuse('unknown-model', { modelId });
      const modelRef = { modelId, version: published.version };
      return [{ type: 'KeyAccountNominated', data: { accountId, programme, modelRef, reason, by: actor } }];
    }),

    DesignateKeyAccount: whenOpen((it, { reason }, { id: accountId, actor }) => {
      const { keyAccount, assessment } = it;
      if (keyAccount.is !== 'nominated')
        return refuse(keyAccount.is === 'designated' ? 'already-a-key-account' : 'not-nominated');
      if (keyAccount.by === actor) return refuse('four-eyes');
      const { programme, modelRef } = keyAccount;
      if (!assessment || !same(assessment.modelRef, modelRef)) return refuse('not-assessed', { modelRef });
      const data = { accountId, programme, criteriaRef: modelRef, score: assessment.total, approverId: actor, reason };
      return [{ type: 'KeyAccountDesignated', data }];
    }),

    DeclineKeyAccount: whenOpen(({ keyAccount }, { reason }, { id: accountId }) =>
      keyAccount.is === 'nominated'
        ? [{ type: 'KeyAccountDeclined', data: { accountId, programme: keyAccount.programme, reason } }]
        : refuse('not-nominated'),
    ),

    ReleaseKeyAccount: whenOpen(({ keyAccount }, { reason }, { id: accountId, actor }) => {
      if (keyAccount.is !== 'designated') return refuse('not-a-key-account');
      const { programme, modelRef, score } = keyAccount;
      return [
        { type: 'KeyAccountReleased', data: { accountId, programme, criteriaRef: modelRef, score, approverId: actor, reason } },
      ];
    }),

    RateCriterion: whenOpen((it, { code, raw, note }, { id: accountId }) =>
      it.ratings[code]?.raw === raw ? [] : [{ type: 'CriterionRated', data: { accountId, code, raw, note } }],
    ),

    AssessValue: whenOpen((it, { modelId, version: wanted, scheduled = false }, { id: accountId, actor, at, model }) => {
      const { version, content } =
        published(model.state, wanted, at) ?? refuse('unknown-model', { modelId, version: wanted ?? null });
      const ratings = Object.entries(it.ratings).map(([code, { raw, eventId }]) => ({ code, raw, sourceEventIds: [eventId] }));
      const result = score(content, ratings);
      if ('refused' in result) return refuse(result.refused, { ...result });

      const { cause, computed, below, needsApproval } = nextTier({
        ladder: content.ladder,
        current: { tier: it.override?.is === 'in-force' ? it.override.before : it.tier, below: it.below },
        score: result.total,
        scheduled,
      });
      const modelRef = { modelId, version };
      const scored = {
        accountId,
        modelRef,
        ...result,
        criteria: [...result.criteria],
        computedTier: computed,
        cause,
        below,
        needsApproval,
        by: actor,
      };
      const moves = cause === 'placed' || cause === 'promoted' || cause === 'demoted';
      return [
        { type: 'AccountScored', data: scored as Scored },
        // An override holds until its end: what was scored meanwhile takes effect then.
        ...(moves && !needsApproval && it.override?.is !== 'in-force'
          ? [
              {
                type: 'AccountTierChanged' as const,
                data: { accountId, from: it.tier, to: computed, cause, modelRef, effectiveFrom: at },
              },
            ]
          : []),
      ];
    }),

    ApproveTier: whenOpen(({ assessment, tier, override }, { reason }, { id: accountId, actor, at }) => {
      if (override?.is === 'in-force') return refuse('override-in-force', { until: override.until });
      if (!assessment?.needsApproval || assessment.computedTier === tier) return refuse('nothing-to-approve');
      if (assessment.by === actor) return refuse('four-eyes');
      const { modelRef, computedTier: to } = assessment;
      const cause = assessment.cause === 'demoted' ? 'demoted' : 'promoted';
      return [
        {
          type: 'AccountTierChanged',
          data: { accountId, from: tier, to, cause, modelRef, effectiveFrom: at, approverId: actor, reason },
        },
      ];
    }),

    OverrideTier: whenOpen(({ override }, { tier, reason, until }, { id: accountId, actor, at }) => {
      if (override?.is === 'in-force') return refuse('override-in-force', { until: override.until });
      if (until <= at) return refuse('override-too-late', { until });
      return [{ type: 'TierOverrideRequested', data: { accountId, tier, reason, until, by: actor } }];
    }),

    ApproveTierOverride: whenOpen(({ override, tier, assessment }, { reason }, { id: accountId, actor, at }) => {
      if (override?.is !== 'requested') return refuse('nothing-to-approve');
      if (override.by === actor) return refuse('four-eyes');
      const { tier: to, until, by: requestedBy } = override;
      if (until <= at) return refuse('override-too-late', { until });
      const approved = { accountId, tier: to, until, requestedBy, approverId: actor, reason };
      return [
        { type: 'TierOverrideApproved', data: approved },
        ...tierChange(accountId, tier, to, 'override', assessment, at, { approverId: actor, reason }),
      ];
    }),

    EndTierOverride: whenOpen(({ override, tier, assessment }, _, { id: accountId, at }) => {
      if (override?.is !== 'in-force') return [];
      const { until } = override;
      if (at < until) return refuse('override-not-due', { until });
      const to = assessment?.needsApproval === false ? assessment.computedTier : override.before;
      return [
        { type: 'TierOverrideEnded', data: { accountId, until } },
        ...tierChange(accountId, tier, to, 'override_expired', assessment, at),
      ];
    }),
  },

  evolve: {
    AccountRegistered: (_, { accountId: _id, externalIds, ownerId: _owner, source: _source, ...profile }) => ({
      is: 'open',
      profile,
      since: {},
      externalIds,
      keyAccount: { is: 'no' },
      ratings: {},
      tier: null,
      below: 0,
    }),
    AccountProfileUpdated: (it, { changes }, { occurredAt }) =>
      open(it, (account) => ({ ...account, ...withChanges(account, changes, occurredAt) })),
    ExternalIdAssigned: (it, { externalId }) =>
      open(it, (account) => ({ ...account, externalIds: [...account.externalIds, externalId] })),
    KeyAccountNominated: (it, { programme, modelRef, by }, { occurredAt }) =>
      open(it, (account) => ({ ...account, keyAccount: { is: 'nominated', programme, modelRef, by, at: occurredAt } })),
    KeyAccountDesignated: (it, { programme, criteriaRef, score }) =>
      open(it, (account) => ({ ...account, keyAccount: { is: 'designated', programme, modelRef: criteriaRef, score } })),
    KeyAccountDeclined: (it) => open(it, (account) => ({ ...account, keyAccount: { is: 'no' } })),
    KeyAccountReleased: (it) => open(it, (account) => ({ ...account, keyAccount: { is: 'no' } })),
    CriterionRated: (it, { code, raw }, { eventId }) =>
      open(it, (account) => ({ ...account, ratings: { ...account.ratings, [code]: { raw, eventId } } })),
    AccountScored: (it, scored, { occurredAt }) =>
      open(it, (account) => ({
        ...account,
        assessment: { ...scored, at: occurredAt },
        below: scored.needsApproval ? account.below : scored.below,
      })),
    TierOverrideRequested: (it, { tier, until, by }) =>
      open(it, (account) => ({ ...account, override: { is: 'requested', tier, until, by, before: account.tier } })),
    TierOverrideApproved: (it, { tier, until, requestedBy: by }) =>
      open(it, (account) => ({ ...account, override: { is: 'in-force', tier, until, by, before: account.tier } })),
    TierOverrideEnded: (it) => open(it, ({ override: _ended, ...account }) => account),
    AccountTierChanged: (it, { to, cause }) =>
      open(it, (account) => ({
        ...account,
        tier: to,
        // A move by the model, approved or not: low evaluations are counted from here on.
        ...(!cause.startsWith('override') && { below: 0 }),
        ...(account.assessment &&
          !cause.startsWith('override') && { assessment: { ...account.assessment, needsApproval: false } }),
      })),
  },
});

/** The change of the tier, if it is one. */
const tierChange = (
  accountId: string,
  from: string | null,
  to: string | null,
  cause: 'override' | 'override_expired',
  assessment: Open['assessment'],
  effectiveFrom: string,
  more: { approverId?: string; reason?: string } = {},
): EventOf<AccountContract>[] =>
  to === from
    ? []
    : [
        {
          type: 'AccountTierChanged',
          data: { accountId, from, to, cause, modelRef: assessment?.modelRef, effectiveFrom, ...more },
        },
      ];

const open = (it: Account, change: (account: Open) => Account): Account => (it.is === 'open' ? change(it) : it);

const published = (model: ScoringModel, wanted: number | undefined, at: string) => {
  const found = wanted === undefined ? inForce(model, at) : version(model, wanted);
  return found?.retiredAt === undefined ? found : undefined;
};
