// A reception from its request to its cost. A cost above the budget is a fact: it is recorded, flagged, and has to be explained.
//
// The module of approvals does not carry these either: an approval names one role, and here one of several decides; what a
// reaction asks for would be asked for by nobody, and so be no matter of four eyes; and the budget that was approved is in the
// stream that the cost is held against.
import { receptionContract, type ReceptionContract } from '@kams/contracts/accounts/reception';
import type { EventData, EventOf } from '@kams/contracts/define';
import { aggregate, naturalId, refusing, via, type Aggregate, type Circumstances, type Found } from '@kams/eventing/pure';
import { isCurrency } from '@kams/methods/money';
import { account, type Account } from './account';
import { contact } from './contact';
import { approverRole, approversOf, giftPolicy, giftPolicyAt, type GiftPolicy } from './gift-policy';

type Requested = EventData<ReceptionContract, 'ReceptionRequested'>;
type State = 'requested' | 'approved' | 'rejected' | 'reported';
export type Reception =
  | { readonly is: 'none' }
  | {
      readonly is: State;
      readonly asked: Requested;
      /** When it came to be as it is. */
      readonly at: string;
      readonly approverId?: string;
      readonly overrun?: number;
      readonly explanation?: string;
    };
type Known = Exclude<Reception, { is: 'none' }>;

interface Knowing {
  readonly employer: Found<Account> | undefined;
  readonly policy: Found<GiftPolicy>;
}

const refuse = refusing(receptionContract);

/** The handler of a command for a reception in this state; the engine answers 404 for one that never was. */
const when =
  <D, C extends Circumstances>(state: State, decide: (it: Known, data: D, by: C) => readonly EventOf<ReceptionContract>[]) =>
  (it: Reception, data: D, by: C): readonly EventOf<ReceptionContract>[] => {
    if (it.is === 'none') return [];
    if (it.is !== state) refuse('reception-decided', { state: it.is });
    if (by.at < it.at) refuse('dated-too-early', { after: it.at });
    return decide(it, data, by);
  };

/** Who decides this, and as what. */
function decided({ asked: { receptionId, accountId, requestedBy } }: Known, by: Circumstances & Knowing) {
  const roles = approversOf(by.employer?.state ?? account.initial, giftPolicyAt(by.policy.state, by.at).content);
  const role =
    approverRole(roles, accountId, by) ??
    (roles.length === 1 ? refuse('compliance-decides') : refuse('not-an-approver', { roles }));
  if (by.actor === requestedBy) refuse('four-eyes');
  return { receptionId, accountId, approverId: by.actor, approverRole: role };
}

const lookUp = (_: object, { id, tenantId }: Circumstances) => ({
  employer: via({ of: reception, id }, (it) => (it.is === 'none' ? undefined : { of: account, id: it.asked.accountId })),
  policy: { of: giftPolicy, id: tenantId },
});

export const reception: Aggregate<ReceptionContract, Reception> = aggregate(receptionContract, { is: 'none' } as Reception)({
  accounts: (_id, it, data) => (it.is !== 'none' ? [it.asked.accountId] : 'accountId' in data ? [data.accountId] : undefined),

  look: {
    Request: ({ accountId, guestIds }) => ({
      employer: { of: account, id: accountId },
      ...Object.fromEntries(guestIds.map((id) => [id, { of: contact, id }])),
    }),
    Approve: lookUp,
    Reject: lookUp,
  },

  decide: {
    Request: (it, request, { id: receptionId, actor, employer, ...found }) => {
      const { accountId, budget } = request;
      if (it.is !== 'none') return refuse('reception-exists');
      if (employer.revision < 0) return refuse('unknown-account', { accountId });
      if (!isCurrency(budget.currency)) return refuse('unknown-currency');
      const guestIds = [...new Set(request.guestIds)];
      const guests = found as unknown as Readonly<Record<string, Found<{ readonly accountId?: string }>>>;
      for (const contactId of guestIds)
        if (guests[contactId]?.state.accountId !== accountId) refuse('unknown-guest', { contactId });
      return [{ type: 'ReceptionRequested', data: { receptionId, ...request, guestIds, requestedBy: actor } }];
    },

    Approve: when('requested', (it, _: object, by: Circumstances & Knowing) => [
      { type: 'ReceptionApproved', data: { ...decided(it, by), budget: it.asked.budget } },
    ]),

    Reject: when('requested', (it, { reason }: { reason: string }, by: Circumstances & Knowing) => [
      { type: 'ReceptionRejected', data: { ...decided(it, by), reason } },
    ]),

    Report: when('approved', (it, { cost, result, explanation }, { tenantId }) => {
      const { receptionId, accountId, guestIds, budget } = it.asked;
      if (cost.currency !== budget.currency) refuse('cost-in-another-currency', { currency: budget.currency });
      const overrun = Math.max(0, cost.minor - budget.minor);
      return [
        {
          type: 'ReceptionReported',
          data: {
            receptionId,
            accountId,
            recipients: guestIds.map((id) => naturalId(tenantId, 'pseudonym', [id])),
            value: cost,
            budget,
            capUsed: cost.minor - overrun,
            overrun,
            result,
            explanation: overrun > 0 ? explanation : undefined,
            approverId: it.approverId!,
          },
        },
      ];
    }),

    ExplainOverrun: when('reported', ({ asked: { receptionId, accountId }, overrun = 0, ...it }, { explanation }) => {
      if (overrun === 0) refuse('no-overrun');
      if (it.explanation === explanation) return [];
      return [{ type: 'ReceptionOverrunExplained', data: { receptionId, accountId, overrun, explanation } }];
    }),
  },

  evolve: {
    ReceptionRequested: (_, asked, { occurredAt: at }) => ({ is: 'requested', asked, at }),
    ReceptionApproved: (it, { approverId }, { occurredAt: at }) => changed(it, { is: 'approved', at, approverId }),
    ReceptionRejected: (it, _, { occurredAt: at }) => changed(it, { is: 'rejected', at }),
    ReceptionReported: (it, { overrun, explanation }, { occurredAt: at }) =>
      changed(it, { is: 'reported', at, overrun, explanation }),
    ReceptionOverrunExplained: (it, { explanation }) => changed(it, { explanation }),
  },
});

const changed = (it: Reception, to: Partial<Known>): Reception => (it.is === 'none' ? it : { ...it, ...to });
