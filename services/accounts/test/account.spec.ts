import type { AccountContract } from '@kams/contracts/accounts/account';
import type { EventOf } from '@kams/contracts/define';
import { found, given } from '@kams/testing/given';
import { account } from '../src/domain/account';
import { scoringModel } from '../src/domain/scoring-model';
import { content } from './scoring-models';

const accountId = '00000000-0000-7000-8000-000000000001';
const modelId = '00000000-0000-7000-8000-0000000000bb';
const modelRef = { modelId, version: 1 };
const erp = { system: 'erp', type: 'customer', value: '17850' };

const registered = { type: 'AccountRegistered' as const, data: { accountId, name: 'Acme', employees: 10, externalIds: [] } };
const nominated = {
  type: 'KeyAccountNominated' as const,
  data: { accountId, programme: 'strategic', modelRef, reason: 'Large', by: 'user-1' },
};
const rated = (code: string, raw: string | boolean) => ({ type: 'CriterionRated' as const, data: { accountId, code, raw } });
const scored = (total: string, computedTier: string, more: object = {}) => ({
  type: 'AccountScored' as const,
  data: {
    accountId,
    modelRef,
    total,
    coverage: '1.000000',
    criteria: [],
    computedTier,
    cause: 'placed' as const,
    below: 0,
    needsApproval: false,
    by: 'user-1',
    ...more,
  },
});
const moved = (from: string | null, to: string) => ({
  type: 'AccountTierChanged' as const,
  data: { accountId, from, to, cause: 'placed' as const, modelRef, effectiveFrom: '2026-03-02T09:00:00.000Z' },
});
const designated = {
  type: 'KeyAccountDesignated' as const,
  data: { accountId, programme: 'strategic', criteriaRef: modelRef, score: '84.000000', approverId: 'user-2', reason: 'Yes' },
};

const model = found(
  scoringModel,
  modelId,
  { type: 'ScoringModelDrafted', data: { modelId, content } },
  { type: 'ScoringModelPublished', data: { modelId, version: 1, content } },
);
const acme = (...facts: EventOf<AccountContract>[]) => given(account)(registered, ...facts).knowing({ model });

describe('profile', () => {
  test('an account is registered once', () => {
    given(account)()
      .when('Register', { profile: { name: 'Acme' }, externalIds: [erp] })
      .then({ type: 'AccountRegistered', data: { accountId, name: 'Acme', externalIds: [erp] } });
    acme()
      .when('Register', { profile: { name: 'Acme' } })
      .refused('account-exists');
  });

  test('a change says what was, what is, since when and from where', () =>
    acme()
      .when('UpdateProfile', { set: { employees: 20 }, validFrom: '2026-01-01', source: 'annual report' })
      .then({
        type: 'AccountProfileUpdated',
        data: {
          accountId,
          changes: [{ field: 'employees', old: 10, new: 20, validFrom: '2026-01-01', sourceRef: 'annual report' }],
        },
      }));

  test('what is known already is no change', () =>
    acme()
      .when('UpdateProfile', { set: { employees: 10, name: 'Acme' } })
      .then());

  test('a field can be cleared', () =>
    acme()
      .when('UpdateProfile', { clear: ['employees'] })
      .then({ type: 'AccountProfileUpdated', data: { accountId, changes: [{ field: 'employees', old: 10, new: null }] } }));

  test('what was learned of earlier days does not replace what is known of later ones', () => {
    const change = (value: number, validFrom: string, old: number) => ({
      type: 'AccountProfileUpdated' as const,
      data: { accountId, changes: [{ field: 'employees' as const, old, new: value, validFrom }] },
    });
    acme(change(30, '2026-01-01', 10), change(20, '2025-01-01', 30))
      .when('UpdateProfile', { set: { employees: 30 } })
      .then();
  });

  test('an import registers, then changes only what differs, then nothing', () => {
    const command = { externalId: erp, profile: { name: 'Acme', employees: 11 } };
    given(account)()
      .when('Import', command)
      .then({ type: 'AccountRegistered', data: { accountId, name: 'Acme', employees: 11, externalIds: [erp] } });
    acme()
      .when('Import', command)
      .then({ type: 'AccountProfileUpdated', data: { accountId, changes: [{ field: 'employees', old: 10, new: 11 }] } });
    acme()
      .when('Import', { ...command, profile: { name: 'Acme' } })
      .then();
  });
});

describe('key account', () => {
  test('it is nominated under the model in force', () =>
    acme().when('NominateKeyAccount', { programme: 'strategic', modelId, reason: 'Large' }).then(nominated));

  test('it is not nominated under criteria that are not published', () =>
    acme()
      .knowing({ model: found(scoringModel, modelId, { type: 'ScoringModelDrafted', data: { modelId, content } }) })
      .when('NominateKeyAccount', { programme: 'strategic', modelId, reason: 'Large' })
      .refused('unknown-model'));

  test('criteria published after the nomination do not count for it', () =>
    acme()
      .at({ at: '2026-03-02T08:59:59.999Z' })
      .when('NominateKeyAccount', { programme: 's', modelId, reason: 'r' })
      .refused('unknown-model'));

  test('it is designated after an assessment under the same criteria, by another person', () => {
    const designate = acme(nominated, scored('84.000000', 'A'))
      .at({ actor: 'user-2' })
      .when('DesignateKeyAccount', { reason: 'Yes' });
    designate.then(designated);
  });

  test('who nominated may not designate', () =>
    acme(nominated, scored('84.000000', 'A')).when('DesignateKeyAccount', { reason: 'Yes' }).refused('four-eyes'));

  test('it is not designated without an assessment', () =>
    acme(nominated).at({ actor: 'user-2' }).when('DesignateKeyAccount', { reason: 'Yes' }).refused('not-assessed'));

  test('a nomination is declined, and may be made again', () => {
    const declined = { type: 'KeyAccountDeclined' as const, data: { accountId, programme: 'strategic', reason: 'No capacity' } };
    acme(nominated).when('DeclineKeyAccount', { reason: 'No capacity' }).then(declined);
    acme(nominated, declined).when('NominateKeyAccount', { programme: 'strategic', modelId, reason: 'Large' }).then(nominated);
  });

  test('a key account is released; what is none can not be', () => {
    acme(nominated, designated)
      .at({ actor: 'user-3' })
      .when('ReleaseKeyAccount', { reason: 'Sold' })
      .then({ type: 'KeyAccountReleased', data: { ...designated.data, approverId: 'user-3', reason: 'Sold' } });
    acme(nominated).when('ReleaseKeyAccount', { reason: 'Sold' }).refused('not-a-key-account');
  });
});

describe('value', () => {
  test('a rating is kept; the same again is nothing new', () => {
    acme().when('RateCriterion', { code: 'influence', raw: '80' }).then(rated('influence', '80'));
    acme(rated('influence', '80')).when('RateCriterion', { code: 'influence', raw: '80' }).then();
  });

  test('a score names every criterion, its part and the event that says so', () => {
    const [score, tier] = acme(rated('influence', '90'), rated('openness', true)).when('AssessValue', { modelId }).facts;
    expect(score!.data).toMatchObject({
      modelRef,
      total: '94.000000',
      coverage: '1.000000',
      computedTier: 'S',
      criteria: [
        {
          code: 'influence',
          raw: '90',
          normalised: '90.000000',
          contribution: '54.000000',
          sourceEventIds: ['00000000-0000-7000-9000-000000000001'],
        },
        {
          code: 'openness',
          raw: true,
          normalised: '100.000000',
          contribution: '40.000000',
          sourceEventIds: ['00000000-0000-7000-9000-000000000002'],
        },
      ],
    });
    expect(tier).toEqual({ ...moved(null, 'S'), data: { ...moved(null, 'S').data } });
  });

  test('too little rated is "not enough", never a guess', () =>
    acme(rated('influence', '90'))
      .when('AssessValue', { modelId })
      .refused('coverage-too-low', { coverage: '0.600000', minCoverage: '0.700000', missing: ['openness'] }));

  test('a retired version assesses nothing', () =>
    acme(rated('influence', '90'), rated('openness', true))
      .knowing({
        model: found(
          scoringModel,
          modelId,
          { type: 'ScoringModelDrafted', data: { modelId, content } },
          { type: 'ScoringModelPublished', data: { modelId, version: 1, content } },
          { type: 'ScoringModelRetired', data: { modelId, version: 1, reason: 'Replaced' } },
        ),
      })
      .when('AssessValue', { modelId, version: 1 })
      .refused('unknown-model'));

  test('the tier falls at the second scheduled evaluation in a row that is too low', () => {
    const low = [rated('influence', '40'), rated('openness', true)]; // 64: below A's 70 - 3
    const first = acme(scored('75.000000', 'A'), moved(null, 'A'), ...low).when('AssessValue', {
      modelId,
      scheduled: true,
    }).facts;
    expect(first).toEqual([
      expect.objectContaining({ data: expect.objectContaining({ total: '64.000000', cause: 'demotion-pending', below: 1 }) }),
    ]);
    const second = acme(scored('75.000000', 'A'), moved(null, 'A'), ...low, ...first).when('AssessValue', {
      modelId,
      scheduled: true,
    }).facts;
    expect(second.map((it) => it.type)).toEqual(['AccountScored', 'AccountTierChanged']);
    expect(second[1]!.data).toMatchObject({ from: 'A', to: 'B', cause: 'demoted' });
  });

  test('an assessment on demand moves nobody', () => {
    const facts = acme(scored('55.000000', 'B'), moved(null, 'B'), rated('influence', '90'), rated('openness', true)).when(
      'AssessValue',
      { modelId },
    ).facts;
    expect(facts.map((it) => it.type)).toEqual(['AccountScored']);
  });

  test('more than one tier at once waits for another person', () => {
    const ratings = [rated('influence', '90'), rated('openness', true)];
    const waiting = acme(scored('55.000000', 'B'), moved(null, 'B'), ...ratings).when('AssessValue', {
      modelId,
      scheduled: true,
    }).facts;
    expect(waiting).toEqual([
      expect.objectContaining({ data: expect.objectContaining({ needsApproval: true, computedTier: 'S' }) }),
    ]);
    const before = [scored('55.000000', 'B'), moved(null, 'B'), ...ratings, ...waiting];
    acme(...before)
      .when('ApproveTier', { reason: 'Merger' })
      .refused('four-eyes');
    const approved = acme(...before)
      .at({ actor: 'user-2' })
      .when('ApproveTier', { reason: 'Merger' }).facts;
    expect(approved[0]!.data).toMatchObject({ from: 'B', to: 'S', cause: 'promoted', approverId: 'user-2' });
    acme(...before, ...approved)
      .at({ actor: 'user-2' })
      .when('ApproveTier', { reason: 'Again' })
      .refused('nothing-to-approve');
  });

  test('after a fall that was approved, low evaluations are counted anew', () => {
    const low = scored('55.000000', 'B', { cause: 'demotion-pending', below: 1 });
    const fall = scored('55.000000', 'B', { cause: 'demoted', needsApproval: true });
    const facts = acme(
      ...[scored('90.000000', 'S'), moved(null, 'S'), low, fall],
      { type: 'AccountTierChanged', data: { ...moved('S', 'B').data, cause: 'demoted', approverId: 'user-2' } },
      ...[rated('influence', '40'), rated('openness', false)],
    ).when('AssessValue', { modelId, scheduled: true }).facts;
    expect(facts).toEqual([expect.objectContaining({ data: expect.objectContaining({ cause: 'demotion-pending', below: 1 }) })]);
  });
});

describe('tier override', () => {
  const until = '2026-06-30T16:00:00.000Z';
  const requested = {
    type: 'TierOverrideRequested' as const,
    data: { accountId, tier: 'A', reason: 'Deal', until, by: 'user-1' },
  };
  const approved = {
    type: 'TierOverrideApproved' as const,
    data: { accountId, tier: 'A', until, requestedBy: 'user-1', approverId: 'user-2', reason: 'Yes' },
  };
  const override = (from: string | null, to: string | null, cause: 'override' | 'override_expired') => ({
    type: 'AccountTierChanged' as const,
    data: { accountId, from, to, cause, effectiveFrom: '2026-03-02T09:00:00.000Z' },
  });
  const ended = { type: 'TierOverrideEnded' as const, data: { accountId, until } };

  test('is asked for by one person and approved by another', () => {
    acme().when('OverrideTier', { tier: 'A', reason: 'Deal', until }).then(requested);
    acme(requested).when('ApproveTierOverride', { reason: 'Yes' }).refused('four-eyes');
    acme(requested)
      .at({ actor: 'user-2' })
      .when('ApproveTierOverride', { reason: 'Yes' })
      .then(approved, {
        ...override(null, 'A', 'override'),
        data: { ...override(null, 'A', 'override').data, approverId: 'user-2', reason: 'Yes' },
      });
    acme().when('ApproveTierOverride', { reason: 'Yes' }).refused('nothing-to-approve');
    acme().when('OverrideTier', { tier: 'A', reason: 'Deal', until: '2026-03-02T09:00:00.000Z' }).refused('override-too-late');
  });

  test('ends at its instant and not before, and the account stands where it would without it', () => {
    const inForce = acme(moved(null, 'B'), requested, approved, override('B', 'A', 'override'));
    inForce.when('EndTierOverride', {}).refused('override-not-due', { until });
    const back = override('A', 'B', 'override_expired');
    inForce
      .at({ at: until })
      .when('EndTierOverride', {})
      .then(ended, { ...back, data: { ...back.data, effectiveFrom: until } });
    acme(requested).at({ at: until }).when('EndTierOverride', {}).then();
    inForce.when('OverrideTier', { tier: 'C', reason: 'No', until }).refused('override-in-force');
  });

  test('holds against what is scored meanwhile, which takes effect at its end', () => {
    const meanwhile = acme(moved(null, 'B'), requested, approved, override('B', 'A', 'override'), scored('45', 'C'));
    const back = override('A', 'C', 'override_expired');
    meanwhile
      .at({ at: until })
      .when('EndTierOverride', {})
      .then(ended, { ...back, data: { ...back.data, modelRef, effectiveFrom: until } });
    meanwhile.when('ApproveTier', { reason: 'Yes' }).refused('override-in-force');
  });

  test('leaves an account that had no tier without one', () => {
    const back = override('A', null, 'override_expired');
    acme(requested, approved, override(null, 'A', 'override'))
      .at({ at: until })
      .when('EndTierOverride', {})
      .then(ended, { ...back, data: { ...back.data, effectiveFrom: until } });
  });
});
