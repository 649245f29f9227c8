// 客户关系: how good our relationship with an account and its people is, where it is to go, and what is done for that. One stream
// an account.
import { z } from 'zod';
import { command, contract, event, field } from '../define';
import { decimal, instant, localDate, text, uuid } from '../values';
import { unknownAccount } from './account';
import { contactDeparted } from './contact';
import { aContact, accountId, anAccount, contactId, ownerId, unknownContact, userId } from './touch';

const relationshipId = field(uuid(), 'Relationship', '客户关系');
const assessor = field(userId, 'Assessor', '评估人', 'As the token names them: `sub`.');
export const STAGES = ['exploratory', 'basic', 'cooperative', 'interdependent', 'integrated'] as const;
const stage = field(z.enum(STAGES), 'Stage', '关系阶段', 'The five stages of McDonald: 试探, 基本, 合作, 相互依存, 一体化.');
const points = (en: string, zh: string) => field(z.int().min(1).max(5), en, zh, '1 is poor, 5 is as good as it can be.');
const judged = z.strictObject({
  trust: points('Trust', '信任'),
  commitment: points('Commitment', '承诺'),
  satisfaction: points('Satisfaction', '满意'),
  openness: points('Openness', '信息共享'),
  access: points('Access', '个人接触'),
});
/** Of all who judged, by dimension. */
export const means = z.strictObject({
  trust: decimal(),
  commitment: decimal(),
  satisfaction: decimal(),
  openness: decimal(),
  access: decimal(),
});
const evidence = field(
  z.array(text(500)).min(1).max(20),
  'Evidence',
  '依据',
  'What shows it: contacts, joint activities. It names no person.',
);
const action = z.strictObject({
  what: field(text(300), 'What', '措施'),
  ownerId,
  dueOn: field(localDate(), 'Due on', '截止日期'),
});
const share = z.string().regex(/^(0(\.\d{1,6})?|1(\.0{1,6})?)$/, 'is not a share from 0 to 1');
const goal = {
  stageTarget: field(stage, 'Stage to come to', '目标阶段'),
  coverageTarget: field(
    share,
    'Coverage to come to',
    '目标覆盖率',
    'The share of the influence that is reached, 0 to 1.',
  ).optional(),
  npsTarget: field(z.int().min(-100).max(100), 'NPS to come to', '目标净推荐值').optional(),
  visitEveryDays: field(z.int().min(1).max(366), 'Visit every so many days', '拜访周期(天)').optional(),
  until: field(localDate(), 'Until', '目标期限'),
};

const aRelationship = '0190f5a0-0000-7000-8000-0000000000d1';
const of = { relationshipId: aRelationship, accountId: anAccount };
const about = { relationshipId, accountId };
const aJudgement = { trust: 4, commitment: 3, satisfaction: 5, openness: 2, access: 3 };
const anAction = { what: 'Invite to the technical forum', ownerId: 'wang.fang', dueOn: '2026-06-30' };
const aGoal = { stageTarget: 'cooperative' as const, coverageTarget: '0.8', visitEveryDays: 30, until: '2026-12-31' };

export const relationshipContract = contract({
  name: 'relationship',
  plural: 'relationships',
  label: { en: 'Relationship', zh: '客户关系' },
  description: 'How good our relationship with an account and its people is, and where it is to go.',

  commands: {
    AssessContact: command({
      version: 1,
      label: { en: 'Assess relationship with a contact', zh: '评估与联系人的关系' },
      description:
        'One assessor judges the relationship with one person of the account. The mean of all who judged within 180 days counts; an account of tier S needs two of them.',
      opens: true,
      data: z.strictObject({ accountId, contactId, ...judged.shape }),
      naturalKey: (it) => [it.accountId],
      example: { accountId: anAccount, contactId: aContact, ...aJudgement },
    }),
    AssessStage: command({
      version: 1,
      label: { en: 'Assess stage of the relationship', zh: '评估关系阶段' },
      description: 'Says at which of the five stages the relationship stands, and what shows it. One step up at most.',
      opens: true,
      data: z.strictObject({ accountId, stage, evidence }),
      naturalKey: (it) => [it.accountId],
      example: { accountId: anAccount, stage: 'basic', evidence: ['Orders in three quarters in a row'] },
    }),
    SetGoal: command({
      version: 1,
      label: { en: 'Set relationship goal', zh: '设定关系目标' },
      description: 'Where the relationship is to come to, and until when.',
      opens: true,
      data: z.strictObject({ accountId, ...goal }),
      naturalKey: (it) => [it.accountId],
      example: { accountId: anAccount, ...aGoal },
    }),
    PlanStrengthening: command({
      version: 1,
      label: { en: 'Plan strengthening', zh: '制定关系强化计划' },
      description:
        'What is done to strengthen the relationship, by whom and until when (客户关系强化表). Replaces the plan before.',
      opens: true,
      data: z.strictObject({ accountId, actions: field(z.array(action).min(1).max(50), 'Actions', '措施') }),
      naturalKey: (it) => [it.accountId],
      example: { accountId: anAccount, actions: [anAction] },
    }),
  },

  events: {
    RelationshipAssessed: event({
      version: 1,
      label: { en: 'Relationship assessed', zh: '关系已评估' },
      description: 'What one assessor judged, and what that makes of the relationship with the person.',
      public: 'relationship.assessed',
      data: z.strictObject({
        ...about,
        contactId,
        by: assessor,
        judged,
        dims: field(means, 'Means', '均值'),
        score: field(decimal().nullable(), 'Quality', '关系质量', '0 to 100; null while an assessor is wanting.'),
        assessorIds: field(z.array(assessor), 'Assessors', '评估人'),
        wanting: field(z.int().min(0), 'Assessors that are wanting', '尚缺评估人数'),
        isDisputed: field(z.boolean(), 'Disputed', '有分歧'),
        validUntil: field(instant(), 'Counts until', '有效期至'),
      }),
      example: {
        ...of,
        contactId: aContact,
        by: 'wang.fang',
        judged: aJudgement,
        dims: {
          trust: '4.000000',
          commitment: '3.000000',
          satisfaction: '5.000000',
          openness: '2.000000',
          access: '3.000000',
        },
        score: '65.000000',
        assessorIds: ['wang.fang'],
        wanting: 0,
        isDisputed: false,
        validUntil: '2026-08-29T09:00:00.000Z',
      },
    }),
    AssessmentDisputed: event({
      version: 1,
      label: { en: 'Assessment disputed', zh: '评估有分歧' },
      description: 'The assessors lie two points or more apart: they are to talk about it.',
      data: z.strictObject({
        ...about,
        contactId,
        dimension: field(judged.keyof(), 'Dimension', '维度'),
        spread: field(z.int(), 'Points between the lowest and the highest', '最高与最低之差'),
        assessorIds: field(z.array(assessor), 'Assessors', '评估人'),
      }),
      example: { ...of, contactId: aContact, dimension: 'trust', spread: 3, assessorIds: ['wang.fang', 'li.na'] },
    }),
    RelationshipStageAssessed: event({
      version: 1,
      label: { en: 'Stage assessed', zh: '关系阶段已评估' },
      description: 'The relationship stands at this stage, and this shows it.',
      public: 'relationship.stage_assessed',
      data: z.strictObject({ ...about, from: stage.nullable(), stage, evidence, by: assessor }),
      example: {
        ...of,
        from: null,
        stage: 'basic',
        evidence: ['Orders in three quarters in a row'],
        by: 'wang.fang',
      },
    }),
    RelationshipStageRegressed: event({
      version: 1,
      label: { en: 'Stage regressed', zh: '关系阶段倒退' },
      description: 'The relationship stands at a lower stage than before.',
      public: 'relationship.stage_regressed',
      data: z.strictObject({ ...about, from: stage, stage }),
      example: { ...of, from: 'cooperative', stage: 'basic' },
    }),
    RelationshipGoalSet: event({
      version: 1,
      label: { en: 'Relationship goal set', zh: '关系目标已设定' },
      description: 'Where the relationship is to come to.',
      data: z.strictObject({ ...about, ...goal, by: assessor }),
      example: { ...of, ...aGoal, by: 'wang.fang' },
    }),
    StrengtheningPlanned: event({
      version: 1,
      label: { en: 'Strengthening planned', zh: '关系强化计划已制定' },
      description: 'What is done to strengthen the relationship.',
      data: z.strictObject({ ...about, actions: z.array(action), by: assessor }),
      example: { ...of, actions: [anAction], by: 'wang.fang' },
    }),
  },

  refusals: {
    'unknown-account': unknownAccount,
    'unknown-contact': unknownContact,
    'contact-departed': contactDeparted,
    'stage-skipped': {
      en: 'A stage moves up one step at a time. The next one is in "next".',
      zh: '关系阶段每次最多上升一级，下一级见 next。',
    },
    'goal-in-the-past': { en: 'The goal would be due already. Give a later day.', zh: '目标期限已过，请给出更晚的日期。' },
  },
});
export type RelationshipContract = typeof relationshipContract;
