// The contracts of the service accounts.
import { approvalContract } from '../kernel/approval';
import { formContract } from '../kernel/form';
import { formTemplateContract } from '../kernel/form-template';
import { accountContract } from './account';
import { accountTeamContract } from './account-team';
import { contactContract } from './contact';
import { giftLedgerContract } from './gift-ledger';
import { giftPolicyContract } from './gift-policy';
import { hierarchyContract } from './hierarchy';
import { opportunityContract } from './opportunity';
import { purchaseContract } from './purchase';
import { receptionContract } from './reception';
import { roleAssignmentContract } from './role-assignment';
import { salesPipelineContract } from './sales-pipeline';
import { scoringModelContract } from './scoring-model';

export const accountsContracts = [
  accountContract,
  contactContract,
  hierarchyContract,
  scoringModelContract,
  purchaseContract,
  accountTeamContract,
  roleAssignmentContract,
  giftLedgerContract,
  giftPolicyContract,
  receptionContract,
  salesPipelineContract,
  opportunityContract,
  approvalContract('accounts'),
  formTemplateContract('accounts'),
  formContract('accounts'),
] as const;
