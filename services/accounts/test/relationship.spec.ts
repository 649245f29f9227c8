import type { RelationshipContract } from '@kams/contracts/accounts/relationship';
import type { EventOf } from '@kams/contracts/define';
import { found, given } from '@kams/testing/given';
import { account } from '../src/domain/account';
import { contact } from '../src/domain/contact';
import { relationship } from '../src/domain/relationship';
import { accountId, forgotten, li, noAccount, nobody, people, stranger } from './people';

const relationshipId = '00000000-0000-7000-8000-000000000001';
const at = '2026-03-02T09:00:00.000Z';
const of = { relationshipId, accountId };
const modelRef = { modelId: '00000000-0000-7000-8000-00000000000d', version: 1 };

const registered = { type: 'AccountRegistered' as const, data: { accountId, name: 'Acme', externalIds: [] } };
const toTier = (to: string) => ({
  type: 'AccountTierChanged' as const,
  data: { accountId, from: null, to, cause: 'placed' as const, modelRef, effectiveFrom: at },
});
const topTier = { ...people, customer: found(account, accountId, registered, toTier('S')) };
const judged = { trust: 4, commitment: 3, satisfaction: 5, openness: 2, access: 3 };
const assess = (contactId = li, points = judged) => ({ accountId, contactId, ...points });

const assessed = (more: object = {}): EventOf<RelationshipContract> => ({
  type: 'RelationshipAssessed',
  data: {
    ...of,
    contactId: li,
    by: 'user-1',
    judged,
    dims: {
      trust: '4.000000',
      commitment: '3.000000',
      satisfaction: '5.000000',
      openness: '2.000000',
      access: '3.000000',
    },
    score: '65.000000',
    assessorIds: ['user-1'],
    wanting: 0,
    isDisputed: false,
    validUntil: '2026-08-29T09:00:00.000Z',
    ...more,
  },
});
const stage = (from: 'basic' | 'cooperative' | null, to: 'basic' | 'cooperative' | 'integrated', evidence = ['Orders']) => ({
  type: 'RelationshipStageAssessed' as const,
  data: { ...of, from, stage: to, evidence, by: 'user-1' },
});

test('the relationship with a contact is judged in five dimensions, and counts for 180 days', () =>
  given(relationship)().knowing(people).when('AssessContact', assess()).then(assessed()));

test('the mean of all who judged within 180 days counts, the newest word of each', () => {
  const other = { ...judged, trust: 5 };
  given(relationship)(assessed({ by: 'user-2', judged: other, assessorIds: ['user-2'] }), assessed())
    .knowing(people)
    .when('AssessContact', assess(li, { ...judged, commitment: 4 }))
    .then(
      assessed({
        judged: { ...judged, commitment: 4 },
        dims: {
          trust: '4.500000',
          commitment: '3.500000',
          satisfaction: '5.000000',
          openness: '2.000000',
          access: '3.000000',
        },
        // 0.25 x 87.5 + 0.20 x 62.5 + 0.25 x 100 + 0.15 x 25 + 0.15 x 50
        score: '70.625000',
        assessorIds: ['user-1', 'user-2'],
      }),
    );
  const [late] = given(relationship)(assessed({ by: 'user-2' }))
    .knowing(people)
    .at({ at: '2026-08-29T09:00:00.000Z' })
    .when('AssessContact', assess()).facts;
  expect(late!.data).toMatchObject({ assessorIds: ['user-1'] });
});

test('of an account of tier S two must judge: until then there is no score, and it says how many are wanting', () => {
  given(relationship)()
    .knowing(topTier)
    .when('AssessContact', assess())
    .then(assessed({ score: null, wanting: 1 }));
  given(relationship)(assessed({ by: 'user-2', score: null, wanting: 1, assessorIds: ['user-2'] }))
    .knowing(topTier)
    .when('AssessContact', assess())
    .then(assessed({ assessorIds: ['user-1', 'user-2'] }));
});

test('assessors who lie two points apart are a dispute, which is said once until they agree', () => {
  const far = { ...judged, openness: 4 };
  const other = assessed({ by: 'user-2', judged: far, assessorIds: ['user-2'] });
  const differ = given(relationship)(other).knowing(people).when('AssessContact', assess()).facts;
  expect(differ.map((it) => it.type)).toEqual(['RelationshipAssessed', 'AssessmentDisputed']);
  expect(differ[1]!.data).toEqual({ ...of, contactId: li, dimension: 'openness', spread: 2, assessorIds: ['user-1', 'user-2'] });
  const again = given(relationship)(other, ...differ).knowing(people);
  expect(again.when('AssessContact', assess()).facts.map((it) => it.type)).toEqual(['RelationshipAssessed']);
  const [agreed] = again.when('AssessContact', assess(li, far)).facts;
  expect(agreed!.data).toMatchObject({ isDisputed: false });
  expect(
    given(relationship)(other, ...differ, agreed!)
      .knowing(people)
      .when('AssessContact', assess())
      .facts.map((it) => it.type),
  ).toEqual(['RelationshipAssessed', 'AssessmentDisputed']);
});

test('whom it is about is a contact of this account, who is there and was not forgotten', () => {
  for (const contactId of [stranger, forgotten, nobody])
    given(relationship)().knowing(people).when('AssessContact', assess(contactId)).refused('unknown-contact', { contactId });
  const gone = found(
    contact,
    li,
    { type: 'ContactRegistered', data: { contactId: li, accountId, name: 'Li' } },
    { type: 'ContactDeparted', data: { contactId: li, accountId, on: '2026-01-31' } },
  );
  given(relationship)()
    .knowing({ ...people, [`contact ${li}`]: gone })
    .when('AssessContact', assess())
    .refused('contact-departed');
});

test('nothing is said of an account that is not there', () => {
  const none = given(relationship)().knowing(noAccount);
  none.when('AssessContact', assess()).refused('unknown-account');
  none.when('AssessStage', { accountId, stage: 'basic', evidence: ['Orders'] }).refused('unknown-account');
  none.when('SetGoal', { accountId, stageTarget: 'basic', until: '2026-12-31' }).refused('unknown-account');
  none
    .when('PlanStrengthening', { accountId, actions: [{ what: 'Forum', ownerId: 'li', dueOn: '2026-06-30' }] })
    .refused('unknown-account');
});

describe('the stage', () => {
  const to = (it: 'basic' | 'cooperative' | 'integrated') => ({ accountId, stage: it, evidence: ['Orders'] });
  test('is at first wherever the relationship stands already', () =>
    given(relationship)().knowing(people).when('AssessStage', to('cooperative')).then(stage(null, 'cooperative')));
  test('moves up one step at a time', () => {
    given(relationship)(stage(null, 'basic'))
      .knowing(people)
      .when('AssessStage', to('cooperative'))
      .then(stage('basic', 'cooperative'));
    given(relationship)(stage(null, 'basic'))
      .knowing(people)
      .when('AssessStage', to('integrated'))
      .refused('stage-skipped', { next: 'cooperative' });
  });
  test('may fall by any number of steps, and that is said', () =>
    given(relationship)(stage(null, 'cooperative'))
      .knowing(people)
      .when('AssessStage', to('basic'))
      .then(stage('cooperative', 'basic'), {
        type: 'RelationshipStageRegressed',
        data: { ...of, from: 'cooperative', stage: 'basic' },
      }));
  test('that stays is assessed anew, with what shows it', () =>
    given(relationship)(stage(null, 'basic')).knowing(people).when('AssessStage', to('basic')).then(stage('basic', 'basic')));
});

test('a goal lies ahead, and a plan says what is done, by whom and until when', () => {
  const goal = { accountId, stageTarget: 'cooperative' as const, coverageTarget: '0.8', until: '2026-12-31' };
  given(relationship)()
    .knowing(people)
    .when('SetGoal', goal)
    .then({ type: 'RelationshipGoalSet', data: { relationshipId, ...goal, by: 'user-1' } });
  given(relationship)()
    .knowing(people)
    .when('SetGoal', { ...goal, until: '2026-03-01' })
    .refused('goal-in-the-past');
  const plan = { accountId, actions: [{ what: 'Forum', ownerId: 'li', dueOn: '2026-06-30' }] };
  given(relationship)()
    .knowing(people)
    .when('PlanStrengthening', plan)
    .then({ type: 'StrengtheningPlanned', data: { relationshipId, ...plan, by: 'user-1' } });
});
