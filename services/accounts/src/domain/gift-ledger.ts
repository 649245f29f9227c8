// What one recipient was given, and what that takes of the cap. One stream a recipient, so that of any number of approvals at once
// each knows of the others: the store takes the first, and the next is decided again (decision 0023).
//
// The module of approvals does not carry these: what it grants would still have to find room below the cap, in another stream,
// and might not. Here the yes and the reservation are one event.
import {
  giftKey,
  giftLedgerContract,
  type GiftLedgerContract,
  type HospitalityApprover,
} from '@kams/contracts/accounts/gift-ledger';
import type { EventData, EventOf } from '@kams/contracts/define';
import { aggregate, naturalId, refusing, via, type Aggregate, type Circumstances, type Found } from '@kams/eventing/pure';
import { capUse, countsUntil, lapsesAt, peakUse, type Counted } from '@kams/methods/gift-cap';
import { account, type Account } from './account';
import { contact } from './contact';
import { approverRole, approversOf, giftPolicy, giftPolicyAt, type GiftPolicy } from './gift-policy';

type Requested = EventData<GiftLedgerContract, 'GiftRequested'>;
type Wish = Pick<Requested, 'accountId' | 'contactId' | 'value' | 'what' | 'occasion'>;
type State = 'requested' | 'approved' | 'rejected' | 'delivered' | 'returned' | 'lapsed';

interface Gift {
  readonly is: State;
  readonly asked: Requested;
  /** When it came to be as it is. */
  readonly at: string;
  readonly lapsesAt: string;
  readonly approverId?: string;
  /** What it takes of the cap, once it was approved. */
  readonly counted?: Counted;
}
export type GiftLedger =
  | { readonly is: 'none' }
  | {
      readonly is: 'open';
      readonly accountId: string;
      readonly contactId: string;
      readonly gifts: Readonly<Record<string, Gift>>;
    };

interface Knowing {
  readonly employer: Found<Account> | undefined;
  readonly person: Found<{ readonly is: string; readonly accountId?: string }> | undefined;
  readonly policy: Found<GiftPolicy>;
}
type Facts = readonly EventOf<GiftLedgerContract>[];

const refuse = refusing(giftLedgerContract);
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

const giftsOf = (it: GiftLedger): readonly Gift[] => (it.is === 'open' ? Object.values(it.gifts) : []);

/** The handler of a command for a gift in one of these states, dated no earlier than what it follows on. */
const when =
  <D extends { readonly giftId: string }, C extends Circumstances>(
    states: readonly State[],
    decide: (gift: Gift, data: D, circumstances: C, it: GiftLedger) => Facts,
  ) =>
  (it: GiftLedger, data: D, circumstances: C): Facts => {
    const gift = (it.is === 'open' ? it.gifts[data.giftId] : undefined) ?? refuse('unknown-gift');
    if (gift.is === 'lapsed') refuse('gift-lapsed', { lapsedAt: gift.at });
    if (!states.includes(gift.is)) refuse('gift-decided', { state: gift.is });
    if (circumstances.at < gift.at) refuse('dated-too-early', { after: gift.at });
    return decide(gift, data, circumstances, it);
  };

/** Whether the timer was late says nothing: at its instant it has lapsed. */
const ensureInTime = ({ lapsesAt: lapsedAt }: Gift, at: string): void =>
  void (at >= lapsedAt && refuse('gift-lapsed', { lapsedAt }));

/** What every event says of its gift. */
const known = ({ asked: { giftId, accountId, recipient } }: Gift) => ({ giftId, accountId, recipient });

/** The gifts of the ledger that take something of the cap, at `at` or later, without one. */
const countedFrom = (it: GiftLedger, at: string, but: Gift): readonly Gift[] =>
  giftsOf(it).filter((gift) => gift !== but && gift.counted && (gift.counted.until === null || at < gift.counted.until));
const countedIn = (gifts: readonly Gift[]): readonly Counted[] => gifts.flatMap(({ counted }) => counted ?? []);

/** Who decides this, and as what. */
function decided({ asked }: Gift, { actor, holds, employer, policy, at }: Circumstances & Knowing) {
  const roles = approversOf(employer?.state ?? account.initial, giftPolicyAt(policy.state, at).content);
  const role: HospitalityApprover =
    approverRole(roles, asked.accountId, { holds }) ??
    (roles.length === 1 ? refuse('compliance-decides') : refuse('not-an-approver', { roles }));
  if (actor === asked.requestedBy) refuse('four-eyes');
  return { approverId: actor, approverRole: role };
}

/** The value is one that the policy takes for a gift. */
function ensureWithin({ content: { currency, perGift } }: ReturnType<typeof giftPolicyAt>, { value }: Pick<Wish, 'value'>) {
  if (value.currency !== currency) refuse('gift-in-another-currency', { currency });
  if (value.minor > perGift) refuse('over-cap-of-gift', { cap: { minor: perGift, currency }, value });
}

/** What a decision knows of the recipient, whom the ledger itself names. */
const lookUp = (_: object, { id, tenantId }: Circumstances) => ({
  employer: via({ of: giftLedger, id }, (it) => (it.is === 'open' ? { of: account, id: it.accountId } : undefined)),
  person: via({ of: giftLedger, id }, (it) => (it.is === 'open' ? { of: contact, id: it.contactId } : undefined)),
  policy: { of: giftPolicy, id: tenantId },
});

export const giftLedger: Aggregate<GiftLedgerContract, GiftLedger> = aggregate(giftLedgerContract, { is: 'none' } as GiftLedger)({
  accounts: (_id, it, data) => (it.is === 'open' ? [it.accountId] : 'accountId' in data ? [data.accountId] : undefined),

  look: {
    RequestGift: ({ contactId }, { tenantId }) => ({
      person: { of: contact, id: contactId },
      policy: { of: giftPolicy, id: tenantId },
    }),
    ApproveGift: lookUp,
    RejectGift: lookUp,
    DeliverGift: (_, { tenantId }) => ({ policy: { of: giftPolicy, id: tenantId } }),
  },

  claims: { RequestGift: ({ giftId }) => [giftKey(giftId)] },

  decide: {
    RequestGift: (it, request, { tenantId, actor, at, person, policy }) => {
      const { giftId, accountId, contactId, value, what, occasion } = request;
      const before = it.is === 'open' ? it.gifts[giftId]?.asked : undefined;
      if (before) return same(content(before), content(request)) ? [] : refuse('gift-differs');
      if (person.state.is === 'erased') return refuse('recipient-erased');
      if (person.state.is !== 'known' || person.state.accountId !== accountId) return refuse('unknown-recipient');
      const by = giftPolicyAt(policy.state, at);
      ensureWithin(by, request);
      return [
        {
          type: 'GiftRequested',
          data: {
            giftId,
            accountId,
            contactId,
            recipient: naturalId(tenantId, 'pseudonym', [contactId]),
            value,
            what,
            occasion,
            requestedBy: actor,
            lapsesAt: lapsesAt(at, by.content.lapseAfterDays, by.content.zone),
            policyVersion: by.version,
          },
        },
      ];
    },

    ApproveGift: when(['requested'], (gift, _, by: Circumstances & Knowing, it) => {
      const { at, person, policy } = by;
      ensureInTime(gift, at);
      const approval = decided(gift, by);
      if (person?.state.is === 'erased') refuse('recipient-erased');
      const { asked } = gift;
      const { version, content } = giftPolicyAt(policy.state, at);
      ensureWithin({ version, content }, asked);
      const { currency, perRecipient, zone, lapseAfterDays } = content;
      const others = countedFrom(it, at, gift);
      if (others.some((other) => other.asked.value.currency !== currency)) refuse('caps-in-another-currency');
      const left = perRecipient - peakUse(countedIn(others), at);
      const { minor } = asked.value;
      if (minor > left) {
        const inCurrency = (amount: number) => ({ minor: Math.max(0, amount), currency });
        refuse('over-cap-of-recipient', { cap: inCurrency(perRecipient), left: inCurrency(left), value: asked.value });
      }
      return [
        {
          type: 'GiftApproved',
          data: {
            ...known(gift),
            value: asked.value,
            capUsed: capUse(countedIn(others), at) + minor,
            cap: perRecipient,
            policyVersion: version,
            requestedBy: asked.requestedBy,
            ...approval,
            lapsesAt: lapsesAt(at, lapseAfterDays, zone),
          },
        },
      ];
    }),

    RejectGift: when(['requested'], (gift, { reason }: { giftId: string; reason: string }, by: Circumstances & Knowing) => [
      { type: 'GiftRejected', data: { ...known(gift), contactId: gift.asked.contactId, reason, ...decided(gift, by) } },
    ]),

    DeliverGift: when(['approved'], (gift, _, { at, policy }: Circumstances & Pick<Knowing, 'policy'>, it) => {
      ensureInTime(gift, at);
      const { version, content } = giftPolicyAt(policy.state, at);
      const { value } = gift.asked;
      const others = countedFrom(it, at, gift).filter(({ asked }) => asked.value.currency === value.currency);
      return [
        {
          type: 'GiftDelivered',
          data: {
            ...known(gift),
            value,
            capUsed: capUse(countedIn(others), at) + value.minor,
            policyVersion: version,
            approverId: gift.approverId!,
            countsUntil: countsUntil(at, content.zone),
          },
        },
      ];
    }),

    ReturnGift: when(['requested', 'approved'], (gift, { reason }: { giftId: string; reason: string }) => [
      { type: 'GiftReturned', data: { ...known(gift), contactId: gift.asked.contactId, reason } },
    ]),

    LapseGift: when(['requested', 'approved'], (gift, _, { at }) =>
      at < gift.lapsesAt ? refuse('gift-not-due', { lapsesAt: gift.lapsesAt }) : [{ type: 'GiftLapsed', data: known(gift) }],
    ),
  },

  evolve: {
    GiftRequested: (it, asked, { occurredAt: at }) => ({
      is: 'open',
      accountId: asked.accountId,
      contactId: asked.contactId,
      gifts: {
        ...(it.is === 'open' && it.gifts),
        [asked.giftId]: { is: 'requested', asked, at, lapsesAt: asked.lapsesAt },
      },
    }),
    GiftApproved: (it, { giftId, value, approverId, lapsesAt }, { occurredAt: at }) =>
      changed(it, giftId, { is: 'approved', at, approverId, lapsesAt, counted: { minor: value.minor, from: at, until: null } }),
    GiftRejected: (it, { giftId }, { occurredAt: at }) => changed(it, giftId, { is: 'rejected', at }),
    GiftDelivered: (it, { giftId, countsUntil }, { occurredAt: at }) => changed(it, giftId, { is: 'delivered', at }, countsUntil),
    GiftReturned: (it, { giftId }, { occurredAt: at }) => changed(it, giftId, { is: 'returned', at }, at),
    GiftLapsed: (it, { giftId }, { occurredAt: at }) => changed(it, giftId, { is: 'lapsed', at }, at),
  },
});

/** What is asked for, without what was made of it; its fields come in no order. */
const content = ({ accountId, contactId, value: { minor, currency }, what, occasion }: Wish) =>
  [accountId, contactId, minor, currency, what, occasion] as const;

/** The ledger with a gift that has changed; with `until`, it takes nothing of the cap from that instant on. */
function changed(it: GiftLedger, giftId: string, to: Partial<Gift>, until?: string): GiftLedger {
  const gift = it.is === 'open' ? it.gifts[giftId] : undefined;
  if (it.is !== 'open' || !gift) return it;
  const counted = gift.counted && until !== undefined ? { counted: { ...gift.counted, until } } : {};
  return { ...it, gifts: { ...it.gifts, [giftId]: { ...gift, ...to, ...counted } } };
}
