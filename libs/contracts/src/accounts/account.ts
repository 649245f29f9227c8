// 客户档案: who the key accounts are, what is known of them, what they are worth and at which tier they stand.
import { z } from 'zod';
import { command, contract, event, field } from '../define';
import { code, decimal, foreignKey, instant, localDate, money, text, uuid } from '../values';
import { criterionResult } from './scoring-model';

/** The same wherever an account is named that is not there. */
export const unknownAccount = {
  en: 'There is no account with this id or external id. Register or import it first.',
  zh: '没有该客户，请先登记或导入。',
  status: 404,
} as const;

export const externalId = z.strictObject({
  system: field(code(40), 'System', '来源系统'),
  type: field(code(40), 'Kind of key', '标识类型'),
  value: field(foreignKey(120), 'Key', '标识值'),
});
export type ExternalId = z.output<typeof externalId>;

export const profileFields = {
  name: field(text(200), 'Name', '客户名称'),
  legalName: field(text(200), 'Legal name', '法定名称'),
  nameZh: field(text(200), 'Chinese name', '中文名称'),
  unifiedSocialCreditCode: field(z.string().regex(/^[0-9A-HJ-NP-RTUWXY]{18}$/), 'Unified social credit code', '统一社会信用代码'),
  industry: field(z.strictObject({ scheme: z.enum(['GB/T 4754', 'ISIC', 'NAICS']), code: code(12) }), 'Industry', '行业'),
  sector: field(text(80), 'Sector', '所属领域'),
  country: field(text(80), 'Country', '国家或地区'),
  foundedYear: field(z.int().min(1000).max(2200), 'Founded in', '成立年份'),
  employees: field(z.int().min(0), 'Employees', '员工人数'),
  revenue: field(money().extend({ year: z.int().min(1900).max(2200).optional() }), 'Revenue', '营业收入'),
  website: field(z.url({ protocol: /^https?$/ }).max(300), 'Website', '网站'),
} as const;
export type ProfileField = keyof typeof profileFields;

const profile = z.strictObject(profileFields).partial().required({ name: true });
const changes = z.strictObject(profileFields).partial();
export type Profile = z.output<typeof changes>;

const source = field(text(120), 'Source', '信息来源', 'Where this is known from.');
const reason = field(text(500), 'Reason', '原因');
/** Who did it: the subject of the token. */
const actor = text(255);
const accountId = field(uuid(), 'Account', '客户');
const tier = field(z.string().regex(/^[A-Z][A-Z0-9]{0,7}$/), 'Tier', '客户等级');
const modelRef = z.strictObject({ modelId: uuid(), version: z.int().min(1) });
const rating = field(z.union([decimal(), z.boolean(), code(40)]), 'Rating', '评分');

const anAccount = '0190f5a0-0000-7000-8000-000000000001';
const aModel = { modelId: '0190f5a0-0000-7000-8000-0000000000aa', version: 1 };
const aKey = { system: 'erp', type: 'customer', value: '17850' };

export const accountContract = contract({
  name: 'account',
  plural: 'accounts',
  label: { en: 'Account', zh: '客户' },
  description: 'A customer: its profile, its keys in other systems, whether it is a key account, its value and its tier.',

  commands: {
    Register: command({
      version: 1,
      label: { en: 'Register account', zh: '登记客户' },
      description: 'Opens the file of a customer.',
      opens: true,
      data: z.strictObject({
        profile: field(profile, 'Profile', '档案'),
        externalIds: field(z.array(externalId).max(20), 'External ids', '外部标识').optional(),
        ownerId: field(code(80), 'Owner', '客户经理').optional(),
        source: source.optional(),
      }),
      example: {
        profile: { name: 'Acme Corporation', sector: 'technology', employees: 2822 },
        externalIds: [aKey],
        source: 'trade register',
      },
    }),
    Import: command({
      version: 1,
      label: { en: 'Import account', zh: '导入客户' },
      description:
        'Says what another system knows of a customer: registers it, or brings its profile up to that. Said again, it changes nothing.',
      opens: true,
      data: z.strictObject({
        externalId: field(externalId, 'External id', '外部标识'),
        profile: field(profile, 'Profile', '档案'),
        source: source.optional(),
      }),
      example: { externalId: aKey, profile: { name: 'Acme Corporation' }, source: 'erp' },
      heldKey: ({ externalId: { system, type, value } }) => ({ kind: 'external_id', parts: [system, type, value] }),
    }),
    UpdateProfile: command({
      version: 1,
      label: { en: 'Update profile', zh: '更新档案' },
      description: 'Changes fields of the profile, each with its source and the day from which it is so.',
      data: z.strictObject({
        set: field(changes, 'New values', '新值').optional(),
        clear: field(
          z.array(z.enum(Object.keys(profileFields) as [ProfileField, ...ProfileField[]]).exclude(['name'])).max(20),
          'Fields to clear',
          '清空字段',
        ).optional(),
        validFrom: field(localDate(), 'Valid from', '生效日期').optional(),
        source: source.optional(),
      }),
      example: { set: { employees: 3100 }, validFrom: '2026-01-01', source: 'annual report 2025' },
    }),
    AssignExternalId: command({
      version: 1,
      label: { en: 'Assign external id', zh: '关联外部标识' },
      description: 'Notes under which key another system knows this customer. A key belongs to one account.',
      data: externalId,
      example: aKey,
    }),
    NominateKeyAccount: command({
      version: 1,
      label: { en: 'Nominate as key account', zh: '提名为大客户' },
      description: 'Proposes the account for a programme, under criteria that were published before.',
      data: z.strictObject({
        programme: field(code(40), 'Programme', '大客户计划'),
        modelId: field(uuid(), 'Scoring model', '评分模型'),
        reason,
      }),
      example: { programme: 'strategic-2026', modelId: aModel.modelId, reason: 'Largest buyer of the sector' },
    }),
    DesignateKeyAccount: command({
      version: 1,
      label: { en: 'Designate as key account', zh: '认定为大客户' },
      description:
        'Decides for the nomination, after an assessment under its criteria. Another person than the one who nominated.',
      data: z.strictObject({ reason }),
      example: { reason: 'Score above the bar, capacity is there' },
    }),
    DeclineKeyAccount: command({
      version: 1,
      label: { en: 'Decline nomination', zh: '否决提名' },
      description: 'Decides against the nomination.',
      data: z.strictObject({ reason }),
      example: { reason: 'No capacity this year' },
    }),
    ReleaseKeyAccount: command({
      version: 1,
      label: { en: 'Release key account', zh: '解除大客户' },
      description: 'The account is a key account no longer.',
      data: z.strictObject({ reason }),
      example: { reason: 'Moved to the partner channel' },
    }),
    RateCriterion: command({
      version: 1,
      label: { en: 'Rate criterion', zh: '评定指标' },
      description: 'A person’s judgement of one criterion; a later one replaces it.',
      data: z.strictObject({
        code: field(code(40), 'Criterion', '指标'),
        raw: rating,
        note: field(text(500), 'Note', '说明').optional(),
      }),
      example: { code: 'influence', raw: '80', note: 'Chairs the trade association' },
    }),
    AssessValue: command({
      version: 1,
      label: { en: 'Assess value', zh: '评估客户价值' },
      description: 'Scores the account by the published version of a model, and moves its tier by the model’s ladder.',
      data: z.strictObject({
        modelId: field(uuid(), 'Scoring model', '评分模型'),
        version: field(z.int().min(1), 'Version', '版本').optional(),
        scheduled: field(
          z.boolean(),
          'Scheduled',
          '定期评估',
          'A scheduled evaluation moves the tier; one on demand only places an account that has none.',
        ).optional(),
      }),
      example: { modelId: aModel.modelId, scheduled: true },
    }),
    ApproveTier: command({
      version: 1,
      label: { en: 'Approve tier', zh: '批准等级变更' },
      description: 'Lets a move of more than one tier take effect. Another person than the one who assessed.',
      data: z.strictObject({ reason }),
      example: { reason: 'Merger doubled the wallet' },
    }),
    OverrideTier: command({
      version: 1,
      label: { en: 'Override tier', zh: '人工调整等级' },
      description: 'Asks for another tier than the score gives, for a time. It takes effect when another person approves it.',
      data: z.strictObject({ tier, reason, until: field(instant(), 'Until', '有效期至') }),
      example: { tier: 'A', reason: 'Framework contract is about to be signed', until: '2026-12-31T16:00:00.000Z' },
    }),
    ApproveTierOverride: command({
      version: 1,
      label: { en: 'Approve tier override', zh: '批准人工调整' },
      description: 'Lets an override take effect. Another person than the one who asked for it.',
      data: z.strictObject({ reason }),
      example: { reason: 'Contract is on the table' },
    }),
    EndTierOverride: command({
      version: 1,
      label: { en: 'End tier override', zh: '结束人工调整' },
      description:
        'The override has run out: the account stands where its last assessment puts it. Given by a timer at the instant.',
      data: z.strictObject({}),
      example: {},
    }),
  },

  events: {
    AccountRegistered: event({
      version: 1,
      label: { en: 'Account registered', zh: '客户已登记' },
      description: 'The file of a customer was opened.',
      public: 'account.registered',
      data: z.strictObject({
        accountId,
        ...profile.shape,
        externalIds: z.array(externalId),
        ownerId: code(80).optional(),
        source: source.optional(),
      }),
      example: { accountId: anAccount, name: 'Acme Corporation', sector: 'technology', externalIds: [aKey] },
    }),
    AccountProfileUpdated: event({
      version: 1,
      label: { en: 'Profile updated', zh: '档案已更新' },
      description: 'Fields of the profile changed, each with what it was.',
      public: 'account.profile_updated',
      data: z.strictObject({
        accountId,
        changes: z.array(
          z.strictObject({
            field: z.enum(Object.keys(profileFields) as [ProfileField, ...ProfileField[]]),
            old: z.unknown(),
            new: z.unknown(),
            validFrom: localDate().optional(),
            sourceRef: source.optional(),
          }),
        ),
      }),
      example: {
        accountId: anAccount,
        changes: [{ field: 'employees', old: 2822, new: 3100, validFrom: '2026-01-01', sourceRef: 'annual report 2025' }],
      },
    }),
    ExternalIdAssigned: event({
      version: 1,
      label: { en: 'External id assigned', zh: '外部标识已关联' },
      description: 'Another system knows this customer under this key.',
      public: 'account.external_id_assigned',
      data: z.strictObject({ accountId, externalId }),
      example: { accountId: anAccount, externalId: aKey },
    }),
    KeyAccountNominated: event({
      version: 1,
      label: { en: 'Key account nominated', zh: '大客户已提名' },
      description: 'The account was proposed, under criteria published before.',
      data: z.strictObject({ accountId, programme: code(40), modelRef, reason, by: actor }),
      example: {
        accountId: anAccount,
        programme: 'strategic-2026',
        modelRef: aModel,
        reason: 'Largest buyer of the sector',
        by: 'user-1',
      },
    }),
    KeyAccountDesignated: event({
      version: 1,
      label: { en: 'Key account designated', zh: '大客户已认定' },
      description: 'The account is a key account of the programme.',
      public: 'account.key_account_designated',
      data: z.strictObject({
        accountId,
        programme: code(40),
        criteriaRef: modelRef,
        score: decimal(),
        approverId: actor,
        reason,
      }),
      example: {
        accountId: anAccount,
        programme: 'strategic-2026',
        criteriaRef: aModel,
        score: '84.500000',
        approverId: 'user-2',
        reason: 'Score above the bar',
      },
    }),
    KeyAccountDeclined: event({
      version: 1,
      label: { en: 'Nomination declined', zh: '提名已否决' },
      description: 'The nomination was decided against.',
      data: z.strictObject({ accountId, programme: code(40), reason }),
      example: { accountId: anAccount, programme: 'strategic-2026', reason: 'No capacity this year' },
    }),
    KeyAccountReleased: event({
      version: 1,
      label: { en: 'Key account released', zh: '大客户已解除' },
      description: 'The account is a key account no longer.',
      public: 'account.key_account_released',
      data: z.strictObject({
        accountId,
        programme: code(40),
        criteriaRef: modelRef,
        score: decimal(),
        approverId: actor,
        reason,
      }),
      example: {
        accountId: anAccount,
        programme: 'strategic-2026',
        criteriaRef: aModel,
        score: '84.500000',
        approverId: 'user-2',
        reason: 'Moved to the partner channel',
      },
    }),
    CriterionRated: event({
      version: 1,
      label: { en: 'Criterion rated', zh: '指标已评定' },
      description: 'A person judged one criterion.',
      data: z.strictObject({ accountId, code: code(40), raw: rating, note: text(500).optional() }),
      example: { accountId: anAccount, code: 'influence', raw: '80' },
    }),
    AccountScored: event({
      version: 1,
      label: { en: 'Account scored', zh: '客户已评分' },
      description: 'What the account is worth by a published model, and how that came about.',
      public: 'account.scored',
      data: z.strictObject({
        accountId,
        modelRef,
        total: decimal(),
        coverage: decimal(),
        criteria: z.array(criterionResult),
        computedTier: tier,
        cause: z.enum(['placed', 'promoted', 'demoted', 'unchanged', 'within-hysteresis', 'demotion-pending', 'on-demand']),
        below: field(z.int().min(0), 'Evaluations below the tier', '连续低于等级的评估次数'),
        needsApproval: field(z.boolean(), 'Needs approval', '需要批准'),
        by: actor,
      }),
      example: {
        accountId: anAccount,
        modelRef: aModel,
        total: '84.500000',
        coverage: '1.000000',
        criteria: [
          {
            code: 'influence',
            raw: '80',
            normalised: '80.000000',
            weight: '1',
            contribution: '80.000000',
            sourceEventIds: [anAccount],
          },
        ],
        computedTier: 'A',
        cause: 'placed',
        below: 0,
        needsApproval: false,
        by: 'user-1',
      },
    }),
    TierOverrideRequested: event({
      version: 1,
      label: { en: 'Tier override requested', zh: '已申请人工调整等级' },
      description: 'Somebody asks for another tier than the score gives.',
      data: z.strictObject({ accountId, tier, reason, until: instant(), by: actor }),
      example: {
        accountId: anAccount,
        tier: 'A',
        reason: 'Framework contract is about to be signed',
        until: '2026-12-31T16:00:00.000Z',
        by: 'user-1',
      },
    }),
    TierOverrideApproved: event({
      version: 1,
      label: { en: 'Tier override approved', zh: '人工调整已批准' },
      description: 'Until its end the account stands at the tier of the override, whatever the score gives.',
      data: z.strictObject({ accountId, tier, until: instant(), requestedBy: actor, approverId: actor, reason }),
      example: {
        accountId: anAccount,
        tier: 'A',
        until: '2026-12-31T16:00:00.000Z',
        requestedBy: 'user-1',
        approverId: 'user-2',
        reason: 'Contract is on the table',
      },
    }),
    TierOverrideEnded: event({
      version: 1,
      label: { en: 'Tier override ended', zh: '人工调整已结束' },
      description: 'From here on the score gives the tier again.',
      data: z.strictObject({ accountId, until: instant() }),
      example: { accountId: anAccount, until: '2026-12-31T16:00:00.000Z' },
    }),
    AccountTierChanged: event({
      version: 1,
      label: { en: 'Tier changed', zh: '客户等级已变更' },
      description: 'The account stands at another tier.',
      public: 'account.tier_changed',
      data: z.strictObject({
        accountId,
        from: tier.nullable(),
        to: tier.nullable(),
        cause: z.enum(['placed', 'promoted', 'demoted', 'override', 'override_expired']),
        modelRef: modelRef.optional(),
        effectiveFrom: instant(),
        approverId: actor.optional(),
        reason: reason.optional(),
      }),
      example: {
        accountId: anAccount,
        from: null,
        to: 'A',
        cause: 'placed',
        modelRef: aModel,
        effectiveFrom: '2026-01-05T09:00:00.000Z',
      },
    }),
  },

  refusals: {
    'account-exists': {
      en: 'This account is registered already. Change it with update-profile.',
      zh: '该客户已登记，请使用更新档案。',
    },
    'unknown-model': {
      en: 'There is no published scoring model with this id and version. Publish one first: POST /scoring-models/{id}/publish.',
      zh: '没有已发布的评分模型，请先发布模型。',
    },
    'already-nominated': {
      en: 'The account is nominated already. Designate or decline the nomination.',
      zh: '该客户已被提名，请先认定或否决。',
    },
    'already-a-key-account': { en: 'The account is a key account already.', zh: '该客户已是大客户。' },
    'not-nominated': { en: 'The account is not nominated. Nominate it first.', zh: '该客户尚未被提名，请先提名。' },
    'not-a-key-account': { en: 'The account is not a key account.', zh: '该客户不是大客户。' },
    'not-assessed': {
      en: 'The account was not assessed under the criteria of its nomination. Assess it first: assess-value.',
      zh: '尚未按提名所依据的标准评估，请先评估客户价值。',
    },
    'four-eyes': { en: 'Who proposed may not decide. Ask another person to do it.', zh: '提议人不能自行批准，请由他人决定。' },
    'coverage-too-low': {
      en: 'Too little of the model is rated for a score. Rate the criteria named in "missing": rate-criterion.',
      zh: '已评定的指标权重不足，请先评定所缺指标。',
    },
    'criterion-missing': {
      en: 'The model gives no score without this criterion. Rate it first: rate-criterion.',
      zh: '缺少必需指标，请先评定。',
    },
    'rating-does-not-fit': {
      en: 'A rating is not of the kind that the model measures. Rate the criterion again.',
      zh: '评分与模型的计量方式不符，请重新评定。',
    },
    'override-in-force': {
      en: 'An override is in force until the instant in "until". Wait for its end.',
      zh: '已有人工调整在生效，请等待其结束。',
    },
    'override-too-late': {
      en: 'The override would have ended already. Give a later instant.',
      zh: '截止时间已过，请给出更晚的时间。',
    },
    'override-not-due': { en: 'The override does not end before the instant in "until".', zh: '人工调整尚未到期。' },
    'nothing-to-approve': { en: 'No move of the tier waits for approval.', zh: '没有待批准的等级变更。' },
  },
});
export type AccountContract = typeof accountContract;
