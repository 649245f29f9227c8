// When we were in touch with an account. What took place is a fact: a wrong one is corrected or withdrawn.
import { aboutWhom, interactionContract, type InteractionContract } from '@kams/contracts/accounts/interaction';
import { contactsOf } from '@kams/contracts/accounts/touch';
import type { EventData } from '@kams/contracts/define';
import { aggregate, refusing } from '@kams/eventing/pure';
import { msOf } from '@kams/methods/dates';
import { lookPeople, stranger } from './people';

type Content = Omit<EventData<InteractionContract, 'InteractionLogged'>, 'interactionId' | 'accountId'>;
type Interaction =
  | { readonly is: 'none' }
  | {
      readonly is: 'logged' | 'withdrawn';
      readonly accountId: string;
      readonly content: Content;
      readonly isErased: boolean;
      /** After which it was as it is. */
      readonly lastEventId: string;
    };

const refuse = refusing(interactionContract);

/** Clocks differ: what is logged while it ends must not be refused. */
const AHEAD_MS = 5 * 60_000;

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/**
 * The instant is in the data, and not that of the command: a rule has no other one to tell the future by.
 * 参加活动不算双向沟通: who comes to an event has listened, and nobody knows whether the two spoke.
 */
function sound(it: Content, at: string): Content {
  if (msOf(it.occurredAt) > msOf(at) + AHEAD_MS) return refuse('not-yet-happened', { occurredAt: it.occurredAt });
  return it.kind === 'event' && it.direction === 'two_way' ? refuse('event-is-not-two-way') : it;
}

const without = (it: Content, names: readonly string[]): Content =>
  Object.fromEntries(Object.entries(it).filter(([name]) => !names.includes(name))) as Content;

export const interaction = aggregate(interactionContract, { is: 'none' } as Interaction)({
  accounts: (_id, it, data) => (it.is !== 'none' ? [it.accountId] : 'accountId' in data ? [data.accountId] : undefined),

  look: {
    LogInteraction: ({ accountId, participants }) => lookPeople(accountId, contactsOf(participants)),
  },

  decide: {
    LogInteraction: (it, { accountId, ...content }, looked) => {
      if (it.is !== 'none') return refuse('interaction-exists');
      if (looked.customer.revision < 0) return refuse('unknown-account', { accountId });
      // A visit is logged by itself, after it took place: somebody who was there may have been erased in between.
      const before = content.visitId !== undefined;
      const contactId = stranger(accountId, contactsOf(content.participants), looked, { before });
      if (contactId !== undefined) return refuse('unknown-contact', { contactId });
      return [{ type: 'InteractionLogged', data: { interactionId: looked.id, accountId, ...sound(content, looked.at) } }];
    },

    Correct: (it, { set = {}, clear = [], reason }, { id: interactionId, at }) => {
      if (it.is === 'none') return [];
      if (it.is === 'withdrawn') return refuse('interaction-withdrawn');
      const { accountId, content: before, lastEventId: supersedes } = it;
      const given = Object.fromEntries(Object.entries(set).filter(([, value]) => value !== undefined));
      const content = { ...without(before, clear), ...given };
      const names = [...new Set([...Object.keys(before), ...Object.keys(content)])] as (keyof Content)[];
      if (names.every((name) => same(before[name], content[name]))) return [];
      return [{ type: 'InteractionCorrected', data: { interactionId, accountId, ...sound(content, at), supersedes, reason } }];
    },

    Withdraw: (it, { because }, { id: interactionId }) =>
      it.is === 'logged' ? [{ type: 'InteractionWithdrawn', data: { interactionId, accountId: it.accountId, because } }] : [],

    Erase: (it, { request }, { id: interactionId }) => {
      if (it.is === 'none' || it.isErased) return [];
      const { accountId, content } = it;
      const who = aboutWhom({ interactionId, participants: content.participants });
      if (who !== interactionId) return refuse('forgotten-with-the-contact', { contactId: who });
      return [{ type: 'InteractionErased', data: { interactionId, accountId, request } }];
    },
  },

  evolve: {
    InteractionLogged: (_, { interactionId: _id, accountId, ...content }, { eventId }) => ({
      is: 'logged',
      accountId,
      content,
      isErased: false,
      lastEventId: eventId,
    }),
    InteractionCorrected: (
      it,
      { interactionId: _id, accountId: _account, supersedes: _before, reason: _why, ...content },
      { eventId },
    ) => (it.is === 'none' ? it : { ...it, content, lastEventId: eventId }),
    InteractionWithdrawn: (it) => (it.is === 'none' ? it : { ...it, is: 'withdrawn' }),
    InteractionErased: (it) => (it.is === 'none' ? it : { ...it, isErased: true }),
  },
});
