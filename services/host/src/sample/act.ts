// What somebody does in the sample: a command, on whose page, by which role, when.
import { accountContract } from '@kams/contracts/accounts/account';
import { contactContract } from '@kams/contracts/accounts/contact';
import { hierarchyContract } from '@kams/contracts/accounts/hierarchy';
import { purchaseContract } from '@kams/contracts/accounts/purchase';
import { scoringModelContract } from '@kams/contracts/accounts/scoring-model';
import { formContract } from '@kams/contracts/kernel/form';
import { formTemplateContract } from '@kams/contracts/kernel/form-template';
import type { AnyContract, CommandData, CommandName } from '@kams/contracts/define';
import { naturalId } from '@kams/eventing/pure';

/** Where the command line and its tokens are at home in development. */
export const TENANT = 'demo';

export interface Act {
  readonly contract: AnyContract;
  readonly type: string;
  /** Of the aggregate. */
  readonly id: string;
  readonly data: object;
  readonly actor: Role;
  readonly occurredAt: string;
}

export type Role =
  | 'sample-kam-1'
  | 'sample-kam-2'
  | 'sample-kam-3'
  | 'sample-controller-1'
  | 'sample-sales-director'
  | 'sample-masterdata-1'
  | 'sample-erp';

const acts =
  <K extends AnyContract>(contract: K) =>
  <N extends CommandName<K>>(type: N, id: string, actor: Role, occurredAt: string, data: CommandData<K, N>): Act => ({
    contract,
    type,
    id,
    data,
    actor,
    occurredAt,
  });

export const onAccount = acts(accountContract);
export const onContact = acts(contactContract);
export const onHierarchy = acts(hierarchyContract);
export const onPurchase = acts(purchaseContract);
export const onModel = acts(scoringModelContract);
const templates = formTemplateContract('accounts');
const forms = formContract('accounts');
export const onTemplate = acts(templates);
export const onForm = acts(forms);

export const accountId = (key: string): string => naturalId(TENANT, accountContract.name, ['sample', key]);
/** The id that the engine gives a purchase by its natural key. */
export const purchaseId = (sourceSystem: string, txnId: string): string =>
  naturalId(TENANT, purchaseContract.name, [sourceSystem, txnId]);
export const HIERARCHY_ID = TENANT;
export const MODEL_ID = naturalId(TENANT, scoringModelContract.name, ['sample', 'KAV-1']);
export const VISIT_REPORT_ID = naturalId(TENANT, templates.name, ['sample', 'visit report']);
export const formId = (key: string): string => naturalId(TENANT, forms.name, ['sample', key]);
