// 大客户: who the key accounts are, what they are worth, and what was promised to them.
import { accountsPolicy } from '@kams/contracts/accounts/policy';
import { approvals } from '@kams/kernel/approvals';
import { forms } from '@kams/kernel/forms';
import { service } from '@kams/platform';
import { AccountTeamsController } from './api/account-teams.controller';
import { AccountsController } from './api/accounts.controller';
import { CommitmentsController } from './api/commitments.controller';
import { ContactsController } from './api/contacts.controller';
import { GiftsController } from './api/gifts.controller';
import { FunnelController } from './api/funnel.controller';
import { OpportunitiesController } from './api/opportunities.controller';
import { PurchasesController } from './api/purchases.controller';
import { RankingsController } from './api/rankings.controller';
import { ReceptionsController } from './api/receptions.controller';
import { RelationshipsController } from './api/relationships.controller';
import { RoleAssignmentsController } from './api/role-assignments.controller';
import { SalesPipelineController } from './api/sales-pipeline.controller';
import { ScoringModelsController } from './api/scoring-models.controller';
import { TimelineController } from './api/timeline.controller';
import { VisitsController } from './api/visits.controller';
import { account } from './domain/account';
import { accountTeam } from './domain/account-team';
import { commitment } from './domain/commitment';
import { contact } from './domain/contact';
import { giftLedger } from './domain/gift-ledger';
import { giftPolicy } from './domain/gift-policy';
import { hierarchy } from './domain/hierarchy';
import { opportunity } from './domain/opportunity';
import { interaction } from './domain/interaction';
import { purchase } from './domain/purchase';
import { reception } from './domain/reception';
import { relationship } from './domain/relationship';
import { roleAssignment } from './domain/role-assignment';
import { salesPipeline } from './domain/sales-pipeline';
import { scoringModel } from './domain/scoring-model';
import { visit } from './domain/visit';
import { accountHistory } from './projections/account-history';
import { accountTeams } from './projections/account-teams';
import { accounts } from './projections/accounts';
import { buyingCentreHistory } from './projections/buying-centre-history';
import { commitments } from './projections/commitments';
import { contacts } from './projections/contacts';
import { giftPolicies } from './projections/gift-policies';
import { gifts } from './projections/gifts';
import { hierarchyHistory } from './projections/hierarchy-history';
import { opportunities } from './projections/opportunities';
import { interactions } from './projections/interactions';
import { purchases } from './projections/purchases';
import { receptions } from './projections/receptions';
import { relationshipJudgements } from './projections/relationship-judgements';
import { relationships } from './projections/relationships';
import { roleAssignments } from './projections/role-assignments';
import { salesPipelines } from './projections/sales-pipelines';
import { scoringModels } from './projections/scoring-models';
import { valueRecord } from './projections/value-record';
import { giftLapses } from './timers/gift-lapses';
import { milestoneIsLate } from './timers/milestone-is-late';
import { tenderDeadlineIsMissed } from './timers/tender-deadline-is-missed';
import { visits } from './projections/visits';
import { aVisitThatTookPlaceIsAnInteraction } from './reactions/a-visit-that-took-place-is-an-interaction';
import { commitmentIsOverdue } from './timers/commitment-is-overdue';
import { tierOverrideEnds } from './timers/tier-override-ends';
import { valueIsAssessedEachQuarter } from './timers/value-is-assessed-each-quarter';
import { visitIsMissed } from './timers/visit-is-missed';
import { visitReportIsOverdue } from './timers/visit-report-is-overdue';

export const accountsService = service({
  name: 'accounts',
  description: 'Key accounts: who they are, where they belong, what they buy, what they are worth.',
  modules: [approvals, forms],
  aggregates: [
    account,
    contact,
    hierarchy,
    scoringModel,
    purchase,
    accountTeam,
    roleAssignment,
    giftLedger,
    giftPolicy,
    reception,
    salesPipeline,
    opportunity,
    interaction,
    visit,
    commitment,
    relationship,
  ],
  projections: [
    accounts,
    accountHistory,
    contacts,
    hierarchyHistory,
    purchases,
    scoringModels,
    accountTeams,
    roleAssignments,
    valueRecord,
    gifts,
    giftPolicies,
    receptions,
    salesPipelines,
    opportunities,
    interactions,
    visits,
    commitments,
    buyingCentreHistory,
    relationshipJudgements,
    relationships,
  ],
  reactions: [aVisitThatTookPlaceIsAnInteraction],
  timers: [
    tierOverrideEnds,
    valueIsAssessedEachQuarter,
    giftLapses,
    tenderDeadlineIsMissed,
    milestoneIsLate,
    visitIsMissed,
    visitReportIsOverdue,
    commitmentIsOverdue,
  ],
  policy: accountsPolicy,
  controllers: [
    AccountsController,
    ContactsController,
    PurchasesController,
    RankingsController,
    ScoringModelsController,
    AccountTeamsController,
    RoleAssignmentsController,
    GiftsController,
    ReceptionsController,
    OpportunitiesController,
    FunnelController,
    SalesPipelineController,
    TimelineController,
    VisitsController,
    CommitmentsController,
    RelationshipsController,
  ],
});
