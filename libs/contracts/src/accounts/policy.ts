// Who may do what with accounts. A table to be read by those who answer for it: `GET /policy` shows it as it is at work.
import type { Role, Rule } from '../policy';

const FILE = [
  ...['id', 'revision', 'name', 'sector', 'country', 'tier', 'keyAccount', 'externalIds', 'programme', 'ownerId'],
  ...['registeredAt', 'changedAt', 'profile.name', 'profile.legalName', 'profile.nameZh', 'profile.unifiedSocialCreditCode'],
  ...['profile.industry', 'profile.sector', 'profile.country', 'profile.website'],
];
const SIZE = ['profile.foundedYear', 'profile.employees', 'profile.revenue'];
const IN_THE_BUYING_CENTRE = ['id', 'revision', 'accountId', 'role', 'reportsTo', 'departedOn', 'registeredAt', 'changedAt'];
const REACHED_BY = ['person.name', 'person.email', 'person.phone', 'person.jobTitle'];
const WHAT_WAS_BOUGHT = [
  ...['id', 'accountId', 'sourceSystem', 'txnId', 'kind', 'txnDate', 'occurredAt', 'reverses', 'reversedOn'],
];
/** A gift, a ledger and a reception without what was said of them: that may say something of a person, or of what is negotiated. */
const HOSPITALITY_IN_FIGURES = [
  ...['id', 'revision', 'accountId', 'recipient', 'status', 'value', 'requestedBy', 'requestedAt', 'approverId', 'approverRole'],
  ...['policyVersion', 'lapsesAt', 'approvedAt', 'deliveredAt', 'countsUntil', 'endedAt', 'changedAt', 'ledgerId'],
  ...['asOf', 'cap', 'used', 'left', 'movements', 'on', 'budget', 'cost', 'overrun', 'explained', 'decidedAt', 'reportedAt'],
];

const WHAT_IT_IS_WORTH = [
  ...['id', 'revision', 'accountId', 'name', 'productRefs', 'state', 'stage', 'probability', 'amount', 'expectedClose'],
  ...['closedOn', 'changedAt'],
];
const THE_FUNNEL = ['funnel', 'sales_pipeline'];

/** When we were in touch, and what was promised, without a word of what was said. */
const IN_TOUCH = [
  ...['id', 'revision', 'accountId', 'kind', 'direction', 'occurredAt', 'participants', 'sentiment', 'durationMin'],
  ...['campaignId', 'visitId', 'status', 'withdrawnBecause', 'loggedBy', 'loggedAt', 'changedAt'],
];
const VISITED = [
  ...['id', 'revision', 'accountId', 'ownerId', 'contactIds', 'startsAt', 'endsAt', 'place', 'status', 'participants'],
  ...['startedAt', 'durationMin', 'sentiment', 'reportDueAt', 'reportOverdueAt', 'plannedBy', 'plannedAt', 'changedAt'],
];
const PROMISED = [
  ...['id', 'revision', 'accountId', 'ownerId', 'contactId', 'madeIn', 'dueAt', 'status', 'overdueAt', 'closedAt'],
  ...['isLate', 'brokenBecause', 'madeBy', 'madeAt', 'changedAt'],
];

const EVERY_RESOURCE = [
  ...['account', 'contact', 'hierarchy', 'purchase', 'ranking', 'scoring_model', 'account_team', 'gift_policy', 'opportunity'],
  ...['interaction', 'visit', 'commitment', 'relationship', ...THE_FUNNEL],
];
const reads = (role: Role, ...resources: readonly string[]): Rule[] =>
  resources.map((resource) => ({ role, resource, actions: ['read'] }));

export const accountsPolicy: readonly Rule[] = [
  // Who answers for an account knows and does all that concerns it, but approves nothing.
  {
    role: 'key_account_manager',
    resource: 'account',
    actions: [
      ...['read', 'stream', 'UpdateProfile', 'AssignExternalId', 'NominateKeyAccount', 'RateCriterion', 'AssessValue'],
      ...['OverrideTier', 'EndTierOverride'],
    ],
  },
  {
    role: 'key_account_manager',
    resource: 'contact',
    actions: ['read', 'Register', 'Change', 'SetRole', 'ChangeConsent', 'Depart'],
  },
  { role: 'key_account_manager', resource: 'purchase', actions: ['read', 'stream'] },
  { role: 'key_account_manager', resource: 'hierarchy', actions: ['read', 'stream', 'Link', 'Unlink'] },
  { role: 'key_account_manager', resource: 'account_team', actions: ['read', 'stream', 'Assign', 'Release'] },
  ...reads('key_account_manager', 'ranking', 'scoring_model', ...THE_FUNNEL),
  {
    role: 'key_account_manager',
    resource: 'opportunity',
    actions: [
      ...['read', 'stream', 'Open', 'Move', 'Revise', 'NameCompetitor', 'Win', 'Lose', 'Reopen'],
      ...['AnnounceTender', 'ChangeTender', 'SubmitBid', 'OpenBids', 'AwardTender', 'PlanDelivery', 'CompleteMilestone'],
    ],
  },
  {
    role: 'key_account_manager',
    resource: 'interaction',
    actions: ['read', 'stream', 'LogInteraction', 'Correct', 'Withdraw'],
  },
  {
    role: 'key_account_manager',
    resource: 'visit',
    actions: ['read', 'stream', 'Plan', 'Reschedule', 'Cancel', 'Complete', 'Report'],
  },
  {
    role: 'key_account_manager',
    resource: 'commitment',
    actions: ['read', 'stream', 'Make', 'Reassign', 'Postpone', 'Fulfil', 'Break'],
  },
  {
    role: 'key_account_manager',
    resource: 'relationship',
    actions: ['read', 'stream', 'AssessContact', 'AssessStage', 'SetGoal', 'PlanStrengthening'],
  },

  // Who stands behind it decides.
  ...(['executive_sponsor', 'regional_manager'] as const).flatMap((role): Rule[] => [
    {
      role,
      resource: 'account',
      actions: [
        ...['read', 'stream', 'NominateKeyAccount', 'DesignateKeyAccount', 'DeclineKeyAccount', 'ReleaseKeyAccount'],
        ...['ApproveTier', 'ApproveTierOverride', 'EndTierOverride'],
      ],
    },
    { role, resource: 'account_team', actions: ['read', 'stream', 'Assign', 'Release'] },
    { role, resource: 'opportunity', actions: ['read', 'stream', 'Reopen'] },
    { role, resource: 'relationship', actions: ['read', 'stream', 'AssessContact', 'AssessStage', 'SetGoal'] },
    ...reads(role, 'contact', 'hierarchy', 'purchase', 'ranking', 'scoring_model', ...THE_FUNNEL),
    ...reads(role, 'interaction', 'visit', 'commitment'),
  ]),

  { role: 'service_lead', resource: 'account', actions: ['read'], fields: FILE },
  {
    role: 'service_lead',
    resource: 'contact',
    actions: ['read', 'Register', 'Change', 'Depart'],
    fields: [...IN_THE_BUYING_CENTRE, 'power', 'stance', ...REACHED_BY, 'person.notes'],
  },
  { role: 'service_lead', resource: 'purchase', actions: ['read'], fields: WHAT_WAS_BOUGHT },
  ...reads('service_lead', 'hierarchy', 'account_team'),

  { role: 'marketing_lead', resource: 'account', actions: ['read'], fields: [...FILE, ...SIZE, 'ratings', 'assessment'] },
  {
    role: 'marketing_lead',
    resource: 'contact',
    actions: ['read', 'Register', 'Change', 'SetRole', 'ChangeConsent'],
    fields: [...IN_THE_BUYING_CENTRE, 'power', 'stance', ...REACHED_BY, 'person.interests', 'consents'],
  },
  ...reads('marketing_lead', 'purchase', 'hierarchy', 'ranking', 'scoring_model', 'account_team', 'opportunity', ...THE_FUNNEL),

  // Who serves an account, or speaks to it, is in touch with it too, and keeps what they promise. To postpone a promise, or to
  // say that it is broken, is for who answers for the account.
  ...(['service_lead', 'marketing_lead'] as const).flatMap((role): Rule[] => [
    { role, resource: 'interaction', actions: ['read', 'LogInteraction'] },
    { role, resource: 'commitment', actions: ['read', 'Make', 'Fulfil'] },
    { role, resource: 'relationship', actions: ['read', 'AssessContact'] },
    ...reads(role, 'visit'),
  ]),

  // 首问负责: whoever is asked first helps, whatever the account. That takes its name and whom to call, not its worth.
  { role: 'service_desk', resource: 'account', actions: ['read'], fields: FILE },
  { role: 'service_desk', resource: 'contact', actions: ['read', 'Register'], fields: [...IN_THE_BUYING_CENTRE, ...REACHED_BY] },
  { role: 'service_desk', resource: 'purchase', actions: ['read'], fields: WHAT_WAS_BOUGHT },
  // Says that somebody was in touch, of any account; what others were told stays theirs.
  { role: 'service_desk', resource: 'interaction', actions: ['read', 'LogInteraction'], fields: IN_TOUCH },
  ...reads('service_desk', 'hierarchy', 'account_team'),

  { role: 'club_desk', resource: 'account', actions: ['read'], fields: FILE },
  {
    role: 'club_desk',
    resource: 'contact',
    actions: ['read', 'ChangeConsent'],
    fields: [...IN_THE_BUYING_CENTRE, ...REACHED_BY, 'consents'],
  },

  ...reads('compliance_officer', ...EVERY_RESOURCE, 'role_assignment'),
  { role: 'compliance_officer', resource: 'contact', actions: ['ChangeConsent', 'Erase'] },
  ...['interaction', 'visit', 'commitment'].map((resource): Rule => ({
    role: 'compliance_officer',
    resource,
    actions: ['Erase'],
  })),

  { role: 'finance', resource: 'account', actions: ['read', 'stream'] },
  { role: 'finance', resource: 'purchase', actions: ['read', 'stream', 'Record', 'Reverse'] },
  { role: 'finance', resource: 'contact', actions: ['read'], fields: IN_THE_BUYING_CENTRE },
  { role: 'finance', resource: 'opportunity', actions: ['read'], fields: WHAT_IT_IS_WORTH },
  ...reads('finance', 'hierarchy', 'ranking', ...THE_FUNNEL),

  // Figures, and no persons.
  ...['account', 'hierarchy', 'purchase', 'scoring_model', 'account_team', 'opportunity'].map((resource): Rule => ({
    role: 'analyst',
    resource,
    actions: ['read', 'stream'],
  })),
  { role: 'analyst', resource: 'contact', actions: ['read'], fields: [...IN_THE_BUYING_CENTRE, 'power', 'stance', 'consents'] },
  ...reads('analyst', 'ranking', ...THE_FUNNEL),

  // Who works for an account asks for gifts and receptions and carries them out; who stands behind it decides, or compliance.
  ...(['key_account_manager', 'marketing_lead'] as const).flatMap((role): Rule[] => [
    { role, resource: 'gift_ledger', actions: ['read', 'RequestGift', 'DeliverGift', 'ReturnGift'] },
    { role, resource: 'reception', actions: ['read', 'Request', 'Report', 'ExplainOverrun'] },
  ]),
  ...(['executive_sponsor', 'regional_manager', 'compliance_officer'] as const).flatMap((role): Rule[] => [
    { role, resource: 'gift_ledger', actions: ['read', 'ApproveGift', 'RejectGift', 'ReturnGift'] },
    { role, resource: 'reception', actions: ['read', 'Approve', 'Reject'] },
  ]),
  { role: 'compliance_officer', resource: 'gift_policy', actions: ['Publish'] },
  ...(['finance', 'analyst'] as const).flatMap((role) =>
    ['gift_ledger', 'reception'].map((resource): Rule => ({ role, resource, actions: ['read'], fields: HOSPITALITY_IN_FIGURES })),
  ),
  ...(['key_account_manager', 'executive_sponsor', 'regional_manager'] as const).flatMap((role) =>
    ['gift_ledger', 'reception'].map((resource): Rule => ({ role, resource, actions: ['stream'] })),
  ),
  ...(['finance', 'analyst'] as const).map((role): Rule => ({ role, resource: 'gift_ledger', actions: ['stream'] })),
  ...(['key_account_manager', 'marketing_lead', 'executive_sponsor', 'regional_manager', 'finance', 'analyst'] as const).flatMap(
    (role) => reads(role, 'gift_policy'),
  ),
  { role: 'analyst', resource: 'interaction', actions: ['read', 'stream'], fields: IN_TOUCH },
  { role: 'analyst', resource: 'visit', actions: ['read'], fields: VISITED },
  { role: 'analyst', resource: 'commitment', actions: ['read', 'stream'], fields: PROMISED },
  { role: 'analyst', resource: 'relationship', actions: ['read', 'stream'] },
];
