// One person asks, another one decides, who has the role for it, and that once.
import { approvalContract, type ApprovalContract } from '@kams/contracts/kernel/approval';
import type { EventData, EventOf } from '@kams/contracts/define';
import { ROLES } from '@kams/contracts/policy';
import { aggregate, refusing, type Circumstances } from '@kams/eventing/pure';
import { accountsOf } from './accounts-of';

type Asked = EventData<ApprovalContract, 'ApprovalRequested'>;
export type Approval =
  | { readonly is: 'none' }
  | { readonly is: 'open'; readonly accountId?: string; readonly asked: Asked }
  | { readonly is: 'granted' | 'rejected' | 'withdrawn'; readonly accountId?: string };

/** The approvals of a service. */
export function approval(service: string) {
  const contract = approvalContract(service);
  const refuse = refusing(contract);

  /** The handler of a command for a request that waits for its decision; the engine answers 404 for one that never was. */
  const whenOpen =
    <D>(decide: (asked: Asked, data: D, by: Circumstances) => readonly EventOf<ApprovalContract>[]) =>
    (it: Approval, data: D, by: Circumstances): readonly EventOf<ApprovalContract>[] =>
      it.is === 'open' ? decide(it.asked, data, by) : it.is === 'none' ? [] : refuse('approval-decided', { state: it.is });

  /** Who decides this, and as what. */
  function decided(asked: Asked, { actor, holds }: Circumstances) {
    const { approverRole, accountId, requestedBy } = asked;
    if (!holds(approverRole, accountId)) refuse('not-the-approver', { approverRole });
    if (actor === requestedBy) refuse('four-eyes');
    return { ...matter(asked), approverId: actor, approverRole };
  }

  return aggregate(contract, { is: 'none' } as Approval)({
    accounts: (_id, it, data) => accountsOf(it, data),

    decide: {
      Request: (it, asked, { id: approvalId, actor }) => {
        if (it.is !== 'none') return refuse('approval-exists');
        const { accountId, approverRole } = asked;
        if (accountId === undefined && ROLES[approverRole].at === 'account') refuse('approver-needs-account', { approverRole });
        return [{ type: 'ApprovalRequested', data: { approvalId, ...asked, requestedBy: actor } }];
      },

      Grant: whenOpen((asked, { note }, by) => [{ type: 'ApprovalGranted', data: { ...decided(asked, by), note } }]),

      Reject: whenOpen((asked, { reason }, by) => [{ type: 'ApprovalRejected', data: { ...decided(asked, by), reason } }]),

      Withdraw: whenOpen((asked, { reason }, { actor }) =>
        actor === asked.requestedBy
          ? [{ type: 'ApprovalWithdrawn', data: { ...matter(asked), reason } }]
          : refuse('not-the-requester'),
      ),
    },

    evolve: {
      ApprovalRequested: (_, asked) => ({ is: 'open', accountId: asked.accountId, asked }),
      ApprovalGranted: (_, { accountId }) => ({ is: 'granted', accountId }),
      ApprovalRejected: (_, { accountId }) => ({ is: 'rejected', accountId }),
      ApprovalWithdrawn: (_, { accountId }) => ({ is: 'withdrawn', accountId }),
    },
  });
}

/** What a decision repeats of its request. */
const matter = ({ approvalId, subject, accountId, rule, requestedBy }: Asked) => ({
  approvalId,
  subject,
  accountId,
  rule,
  requestedBy,
});
