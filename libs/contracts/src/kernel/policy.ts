// Who may do what with what modules bring: a part of the table of each service that lists them.
import { TEAM_ROLES, type Role, type Rule } from '../policy';
import { APPROVER_ROLES, approvalContract } from './approval';
import { formContract } from './form';
import { formTemplateContract } from './form-template';

const rules = (roles: readonly Role[], resource: string, actions: Rule['actions'], fields?: Rule['fields']): Rule[] =>
  roles.map((role) => ({ role, resource, actions, ...(fields && { fields }) }));

/** Who decides is named by the approval itself; here stands who may be. */
export function approvalPolicy(service: string): readonly Rule[] {
  const { name } = approvalContract(service);
  return [
    // Who works for an account asks, and sees what was asked for it.
    ...rules(TEAM_ROLES, name, ['read', 'Request', 'Withdraw']),
    ...rules(APPROVER_ROLES, name, ['read', 'Grant', 'Reject']),
    ...rules(['analyst'], name, ['read']),
    ...rules(['key_account_manager', 'executive_sponsor', 'regional_manager', 'finance', 'analyst'], name, ['stream']),
  ];
}

/** What a form is, without what was said in it. */
const FRAME = [
  ...['id', 'revision', 'templateId', 'version', 'subject', 'accountId', 'completeness', 'corrections'],
  ...['submittedBy', 'submittedAt', 'erasedAt', 'changedAt'],
];

export function formPolicy(service: string): readonly Rule[] {
  const { name } = formContract(service);
  const template = formTemplateContract(service).name;
  return [
    // Who works for an account fills in and corrects. Its templates are published by administrators.
    ...rules(TEAM_ROLES, name, ['read', 'Submit', 'Correct']),
    ...rules(['regional_manager'], name, ['read']),
    ...rules(['compliance_officer'], name, ['read', 'Erase']),
    // Who sees the account, but not its worth, sees that there is a form; figures are for those who reckon.
    ...rules(['service_desk', 'club_desk'], name, ['read'], FRAME),
    ...rules(['finance', 'analyst'], name, ['read'], [...FRAME, 'score']),
    ...rules(['key_account_manager', 'executive_sponsor', 'regional_manager'], name, ['stream']),

    ...rules([...TEAM_ROLES, 'regional_manager', 'compliance_officer'], template, ['read']),
    ...rules(['service_desk', 'club_desk', 'finance'], template, ['read']),
    ...rules(['analyst'], template, ['read', 'stream']),
  ];
}
