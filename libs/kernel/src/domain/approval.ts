// One person asks, another one decides, and that once.
import { approvalContract, type ApprovalContract } from '@kams/contracts/kernel/approval';
import type { EventData, EventOf } from '@kams/contracts/define';
import { aggregate, refusing } from '@kams/eventing/pure';

type Asked = EventData<ApprovalContract, 'ApprovalRequested'>;
export type Approval =
  | { readonly is: 'none' }
  | { readonly is: 'open'; readonly asked: Asked }
  | { readonly is: 'granted' | 'rejected' | 'withdrawn' };

/** The approvals of a service. */
export function approval(service: string) {
  const contract = approvalContract(service);
  const refuse = refusing(contract);

  /** The handler of a command for a request that waits for its decision; the engine answers 404 for one that never was. */
  const whenOpen =
    <D>(decide: (asked: Asked, data: D, actor: string) => readonly EventOf<ApprovalContract>[]) =>
    (it: Approval, data: D, { actor }: { readonly actor: string }): readonly EventOf<ApprovalContract>[] =>
      it.is === 'open' ? decide(it.asked, data, actor) : it.is === 'none' ? [] : refuse('approval-decided', { state: it.is });

  const byAnother = ({ requestedBy }: Asked, actor: string): string => (actor === requestedBy ? refuse('four-eyes') : actor);

  return aggregate(contract, { is: 'none' } as Approval)({
    decide: {
      Request: (it, asked, { id: approvalId, actor }) =>
        it.is === 'none'
          ? [{ type: 'ApprovalRequested', data: { approvalId, ...asked, requestedBy: actor } }]
          : refuse('approval-exists'),

      Grant: whenOpen((asked, { note }, actor) => [
        { type: 'ApprovalGranted', data: { ...matter(asked), approverId: byAnother(asked, actor), note } },
      ]),

      Reject: whenOpen((asked, { reason }, actor) => [
        { type: 'ApprovalRejected', data: { ...matter(asked), approverId: byAnother(asked, actor), reason } },
      ]),

      Withdraw: whenOpen((asked, { reason }, actor) =>
        actor === asked.requestedBy
          ? [{ type: 'ApprovalWithdrawn', data: { ...matter(asked), reason } }]
          : refuse('not-the-requester'),
      ),
    },

    evolve: {
      ApprovalRequested: (_, asked) => ({ is: 'open', asked }),
      ApprovalGranted: () => ({ is: 'granted' }),
      ApprovalRejected: () => ({ is: 'rejected' }),
      ApprovalWithdrawn: () => ({ is: 'withdrawn' }),
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
