// 大客户: who the key accounts are, what they are worth, and what was promised to them.
import { service } from '@kams/platform';
import { AccountsController } from './api/accounts.controller';
import { ContactsController } from './api/contacts.controller';
import { PurchasesController } from './api/purchases.controller';
import { RankingsController } from './api/rankings.controller';
import { ScoringModelsController } from './api/scoring-models.controller';
import { account } from './domain/account';
import { contact } from './domain/contact';
import { hierarchy } from './domain/hierarchy';
import { purchase } from './domain/purchase';
import { scoringModel } from './domain/scoring-model';
import { accountHistory } from './projections/account-history';
import { accounts } from './projections/accounts';
import { contacts } from './projections/contacts';
import { hierarchyHistory } from './projections/hierarchy-history';
import { purchases } from './projections/purchases';
import { scoringModels } from './projections/scoring-models';
import { tierOverrideEnds } from './timers/tier-override-ends';
import { valueIsAssessedEachQuarter } from './timers/value-is-assessed-each-quarter';

export const accountsService = service({
  name: 'accounts',
  description: 'Key accounts: who they are, where they belong, what they buy, what they are worth.',
  aggregates: [account, contact, hierarchy, scoringModel, purchase],
  projections: [accounts, accountHistory, contacts, hierarchyHistory, purchases, scoringModels],
  timers: [tierOverrideEnds, valueIsAssessedEachQuarter],
  controllers: [AccountsController, ContactsController, PurchasesController, RankingsController, ScoringModelsController],
});
