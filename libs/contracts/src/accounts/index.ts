// The contracts of the service accounts.
import { accountContract } from './account';
import { contactContract } from './contact';
import { hierarchyContract } from './hierarchy';
import { purchaseContract } from './purchase';
import { scoringModelContract } from './scoring-model';

export const accountsContracts = [
  accountContract,
  contactContract,
  hierarchyContract,
  scoringModelContract,
  purchaseContract,
] as const;
