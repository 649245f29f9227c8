// 大客户: who the key accounts are, what they are worth, and what was promised to them.
import { accountsPolicy } from '@kams/contracts/accounts/policy';
import { approvals } from '@kams/kernel/approvals';
import { forms } from '@kams/kernel/forms';
import { service } from '@kams/platform';
import { AccountTeamsController } from './api/account-teams.controller';
import { AccountsController } from './api/accounts.controller';
import { CommitmentsController } from './api/commitments.controller';
import { ContactsController } from './api/contacts.controller';
import { PurchasesController } from './api/purchases.controller';
import { RankingsController } from './api/rankings.controller';
import { RoleAssignmentsController } from './api/role-assignments.controller';
import { ScoringModelsController } from './api/scoring-models.controller';
import { TimelineController } from './api/timeline.controller';
import { VisitsController } from './api/visits.controller';
import { account } from './domain/account';
import { accountTeam } from './domain/account-team';
import { commitment } from './domain/commitment';
import { contact } from './domain/contact';
import { hierarchy } from './domain/hierarchy';
import { interaction } from './domain/interaction';
import { purchase } from './domain/purchase';
import { roleAssignment } from './domain/role-assignment';
import { scoringModel } from './domain/scoring-model';
import { visit } from './domain/visit';
import { accountHistory } from './projections/account-history';
import { accountTeams } from './projections/account-teams';
import { accounts } from './projections/accounts';
import { commitments } from './projections/commitments';
import { contacts } from './projections/contacts';
import { hierarchyHistory } from './projections/hierarchy-history';
import { interactions } from './projections/interactions';
import { purchases } from './projections/purchases';
import { roleAssignments } from './projections/role-assignments';
import { scoringModels } from './projections/scoring-models';
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
  aggregates: [account, contact, hierarchy, scoringModel, purchase, accountTeam, roleAssignment, interaction, visit, commitment],
  projections: [
    accounts,
    accountHistory,
    contacts,
    hierarchyHistory,
    purchases,
    scoringModels,
    accountTeams,
    roleAssignments,
    interactions,
    visits,
    commitments,
  ],
  reactions: [aVisitThatTookPlaceIsAnInteraction],
  timers: [tierOverrideEnds, valueIsAssessedEachQuarter, visitIsMissed, visitReportIsOverdue, commitmentIsOverdue],
  policy: accountsPolicy,
  controllers: [
    AccountsController,
    ContactsController,
    PurchasesController,
    RankingsController,
    ScoringModelsController,
    AccountTeamsController,
    RoleAssignmentsController,
    TimelineController,
    VisitsController,
    CommitmentsController,
  ],
});
