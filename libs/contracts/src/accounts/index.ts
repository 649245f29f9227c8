// The contracts of the service accounts.
import { approvalContract } from '../kernel/approval';
import { formContract } from '../kernel/form';
import { formTemplateContract } from '../kernel/form-template';
import { accountContract } from './account';
import { accountTeamContract } from './account-team';
import { commitmentContract } from './commitment';
import { contactContract } from './contact';
import { giftLedgerContract } from './gift-ledger';
import { giftPolicyContract } from './gift-policy';
import { hierarchyContract } from './hierarchy';
import { opportunityContract } from './opportunity';
import { interactionContract } from './interaction';
import { purchaseContract } from './purchase';
import { receptionContract } from './reception';
import { relationshipContract } from './relationship';
import { roleAssignmentContract } from './role-assignment';
import { salesPipelineContract } from './sales-pipeline';
import { scoringModelContract } from './scoring-model';
import { visitContract } from './visit';

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
  interactionContract,
  visitContract,
  commitmentContract,
  relationshipContract,
  approvalContract('accounts'),
  formTemplateContract('accounts'),
  formContract('accounts'),
] as const;
