// 审批: what needs a second person, in any service. `POST /accounts-approvals`, `GET /accounts-approvals?state=open`.
import { approvalPolicy } from '@kams/contracts/kernel/policy';
import type { Part } from '@kams/platform';
import { approvalsController } from './api/approvals.controller';
import { approval } from './domain/approval';
import { approvalsOf } from './projections/approvals';

export function approvals(service: string): Part {
  const view = approvalsOf(service);
  return {
    aggregates: [approval(service)],
    projections: [view],
    policy: approvalPolicy(service),
    controllers: [approvalsController(service, view)],
  };
}
