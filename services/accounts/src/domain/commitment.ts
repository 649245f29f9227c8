// A promise to a customer: open until somebody says how it ended.
//
// When its due time passes, that is recorded once, and the promise stays open: it is still owed. Broken is a person's word. A
// clock that broke it after a grace would take it off the list of what is owed on the very day on which it should be looked at, and
// would be wrong of each one that is kept late, which is most of them.
import { commitmentContract, type CommitmentContract } from '@kams/contracts/accounts/commitment';
import type { EventOf } from '@kams/contracts/define';
import { aggregate, refusing } from '@kams/eventing/pure';
import type { Instant } from '@kams/methods/dates';
import { lookPeople, stranger } from './people';

type Commitment =
  | { readonly is: 'none' }
  | {
      readonly is: 'open' | 'fulfilled' | 'broken';
      readonly accountId: string;
      readonly ownerId: string;
      readonly contactId?: string;
      readonly dueAt: Instant;
      /** It was said that this due time has passed. */
      readonly isOverdue: boolean;
      readonly isErased: boolean;
    };
type Known = Exclude<Commitment, { is: 'none' }>;

const refuse = refusing(commitmentContract);
const named = (contactId: string | undefined): readonly string[] => (contactId === undefined ? [] : [contactId]);
const about = ({ accountId, ownerId, contactId }: Known, commitmentId: string) => ({
  commitmentId,
  accountId,
  ownerId,
  contactId,
});

/** The handler of a command for a promise that nobody has said the end of; the engine answers 404 for one that never was. */
const whenOpen =
  <D, C>(decide: (it: Known, data: D, circumstances: C) => readonly EventOf<CommitmentContract>[]) =>
  (it: Commitment, data: D, circumstances: C): readonly EventOf<CommitmentContract>[] => {
    if (it.is === 'none') return [];
    if (it.is !== 'open') return refuse(`commitment-${it.is}`);
    return decide(it, data, circumstances);
  };

export const commitment = aggregate(commitmentContract, { is: 'none' } as Commitment)({
  accounts: (_id, it, data) => (it.is !== 'none' ? [it.accountId] : 'accountId' in data ? [data.accountId] : undefined),

  look: {
    Make: ({ accountId, contactId }) => lookPeople(accountId, named(contactId)),
  },

  decide: {
    Make: (it, { accountId, ownerId, contactId, ...promise }, looked) => {
      const { id: commitmentId, actor, at, customer } = looked;
      if (it.is !== 'none') return refuse('commitment-exists');
      if (customer.revision < 0) return refuse('unknown-account', { accountId });
      const unknown = stranger(accountId, named(contactId), looked);
      if (unknown !== undefined) return refuse('unknown-contact', { contactId: unknown });
      if (promise.dueAt <= at) return refuse('due-in-the-past', { dueAt: promise.dueAt });
      return [{ type: 'CommitmentMade', data: { commitmentId, accountId, ownerId: ownerId ?? actor, contactId, ...promise } }];
    },

    Reassign: whenOpen((it, { ownerId, reason }, { id }) =>
      it.ownerId === ownerId ? [] : [{ type: 'CommitmentReassigned', data: { ...about(it, id), ownerId, reason } }],
    ),

    Postpone: whenOpen((it, { dueAt, reason }, { id, at }) => {
      if (dueAt === it.dueAt) return [];
      if (dueAt < it.dueAt) return refuse('not-later', { dueAt: it.dueAt });
      if (dueAt <= at) return refuse('due-in-the-past', { dueAt });
      return [{ type: 'CommitmentPostponed', data: { ...about(it, id), from: it.dueAt, dueAt, reason } }];
    }),

    Fulfil: whenOpen((it, { note }, { id, at }) => [
      { type: 'CommitmentFulfilled', data: { ...about(it, id), dueAt: it.dueAt, isLate: at > it.dueAt, note } },
    ]),

    Break: whenOpen((it, because, { id }) => [
      { type: 'CommitmentBroken', data: { ...about(it, id), dueAt: it.dueAt, ...because } },
    ]),

    NoteOverdue: (it, _, { id, at }) => {
      if (it.is !== 'open' || it.isOverdue) return [];
      const { dueAt } = it;
      return at < dueAt ? refuse('not-due', { dueAt }) : [{ type: 'CommitmentOverdue', data: { ...about(it, id), dueAt } }];
    },

    Erase: (it, { request }, { id: commitmentId }) => {
      if (it.is === 'none' || it.isErased) return [];
      const { accountId, contactId } = it;
      if (contactId !== undefined) return refuse('forgotten-with-the-contact', { contactId });
      return [{ type: 'CommitmentErased', data: { commitmentId, accountId, request } }];
    },
  },

  evolve: {
    CommitmentMade: (_, { accountId, ownerId, contactId, dueAt }) => ({
      is: 'open',
      accountId,
      ownerId,
      contactId,
      dueAt,
      isOverdue: false,
      isErased: false,
    }),
    CommitmentReassigned: (it, { ownerId }) => known(it, { ownerId }),
    CommitmentPostponed: (it, { dueAt }) => known(it, { dueAt, isOverdue: false }),
    CommitmentOverdue: (it) => known(it, { isOverdue: true }),
    CommitmentFulfilled: (it) => known(it, { is: 'fulfilled' }),
    CommitmentBroken: (it) => known(it, { is: 'broken' }),
    CommitmentErased: (it) => known(it, { isErased: true }),
  },
});

const known = (it: Commitment, change: Partial<Known>): Commitment => (it.is === 'none' ? it : { ...it, ...change });
