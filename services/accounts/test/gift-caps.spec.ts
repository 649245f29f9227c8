// The caps of gifts hold at every instant, whatever is asked in whatever order and however it is dated: random sequences against
// a second opinion, which knows the rules and none of the code. It asks of each day which gifts were given within a year of it.
import type { GiftLedgerContract } from '@kams/contracts/accounts/gift-ledger';
import { DEFAULT_GIFT_POLICY } from '@kams/contracts/accounts/gift-policy';
import type { EventOf } from '@kams/contracts/define';
import { Refusal } from '@kams/eventing/pure';
import { SEED } from '@kams/testing/faults/chance';
import { found } from '@kams/testing/given';
import fc from 'fast-check';
import { account } from '../src/domain/account';
import { contact } from '../src/domain/contact';
import { giftLedger } from '../src/domain/gift-ledger';
import { giftPolicy } from '../src/domain/gift-policy';

const RUNS = 10_000;
const PER_GIFT = 100;
const PER_RECIPIENT = 200;
const LAPSES_AFTER_DAYS = 30;

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Shanghai has had no other offset since 1991. */
const dayOf = (ms: number): number => Math.floor((ms + 8 * HOUR) / DAY);
const startOf = (day: number): number => day * DAY - 8 * HOUR;
const yearsBefore = new Map<number, number>();
/** The same day of the year before, or the 28th where there was no 29 February. */
function yearBefore(day: number): number {
  const it = new Date(day * DAY);
  const [year, month, date] = [it.getUTCFullYear() - 1, it.getUTCMonth(), it.getUTCDate()];
  const known = yearsBefore.get(day) ?? Date.UTC(year, month, month === 1 && date === 29 ? 28 : date) / DAY;
  yearsBefore.set(day, known);
  return known;
}

/** A gift as the second opinion keeps it: what happened to it, in milliseconds. */
interface Gift {
  minor: number;
  requested: number;
  approved?: number;
  delivered?: number;
  ended?: number;
}
const isOpen = ({ delivered, ended }: Gift): boolean => delivered === undefined && ended === undefined;
const lapseOf = ({ requested, approved = requested }: Gift): number => startOf(dayOf(approved) + LAPSES_AFTER_DAYS + 1);
function counts({ approved, delivered, ended }: Gift, ms: number): boolean {
  if (approved === undefined || ms < approved || (ended !== undefined && ms >= ended)) return false;
  return delivered === undefined || ms < delivered || dayOf(delivered) > yearBefore(dayOf(ms));
}
const useAt = (gifts: readonly Gift[], ms: number): number =>
  gifts.reduce((used, gift) => used + (counts(gift, ms) ? gift.minor : 0), 0);

/** Whenever anything happened, a moment before and after it, and the days on which a year is over. */
const instantsOf = (gifts: readonly Gift[]): number[] =>
  gifts.flatMap(({ approved = 0, delivered = approved, ended = approved }) =>
    [approved, delivered, ended, ...[364, 365, 366, 367].map((days) => startOf(dayOf(delivered) + days))].flatMap((ms) => [
      ms - 1,
      ms,
      ms + 1,
    ]),
  );

const step = fc.record({
  what: fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom('RequestGift', 'ApproveGift', 'ApproveGift', 'DeliverGift') },
    { weight: 1, arbitrary: fc.constantFrom('ReturnGift', 'RejectGift', 'LapseGift') },
  ),
  /** One of the gifts; mostly one with which it can be done. */
  gift: fc.nat({ max: 99 }),
  fits: fc.constantFrom(true, true, true, true, false),
  minor: fc.oneof(fc.integer({ min: 1, max: PER_GIFT + 1 }), fc.constantFrom(50, 80, 100)),
  /** How much later than the one before, and by how much it is dated back: mostly little. */
  after: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(0, 0, 1, HOUR, DAY, 3 * DAY) },
    { weight: 1, arbitrary: fc.constantFrom(10 * DAY, 29 * DAY, 31 * DAY, 90 * DAY, 334 * DAY, 364 * DAY, 365 * DAY) },
  ),
  back: fc.oneof(
    { weight: 8, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.constantFrom(1, HOUR, DAY, 3 * DAY, 25 * DAY, 40 * DAY) },
  ),
});
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** May this be done, by the rules alone? */
function allowed(gifts: readonly Gift[], { what, minor }: Step, nth: number, ms: number): boolean {
  if (what === 'RequestGift') return minor <= PER_GIFT;
  const gift = gifts[nth];
  const since = gift && (gift.approved ?? gift.requested);
  if (!gift || !isOpen(gift) || ms < since!) return false;
  switch (what) {
    case 'ApproveGift': {
      if (gift.approved !== undefined || ms >= lapseOf(gift)) return false;
      const after = [...gifts.slice(0, nth), { ...gift, approved: ms }, ...gifts.slice(nth + 1)];
      return instantsOf(after).every((instant) => useAt(after, instant) <= PER_RECIPIENT);
    }
    case 'RejectGift':
      return gift.approved === undefined;
    case 'DeliverGift':
      return gift.approved !== undefined && ms < lapseOf(gift);
    case 'LapseGift':
      return ms >= lapseOf(gift);
    default:
      return true;
  }
}

/** Which gift it is done with: a new one, or one of those that are there. */
function chosen(gifts: readonly Gift[], { what, gift, fits }: Step): number {
  if (what === 'RequestGift') return gifts.length;
  const waits = (it: Gift) => isOpen(it) && (it.approved === undefined ? what !== 'DeliverGift' : !/Approve|Reject/.test(what));
  const fitting = gifts.flatMap((it, nth) => (!fits || waits(it) ? [nth] : []));
  return fitting[gift % fitting.length] ?? 0;
}

const accountId = '00000000-0000-7000-8000-0000000000aa';
const contactId = '00000000-0000-7000-8000-0000000000c1';
const idOf = (nth: number): string => `00000000-0000-7000-8000-0000000001${String(nth).padStart(2, '0')}`;
const content = { ...DEFAULT_GIFT_POLICY, perGift: PER_GIFT, perRecipient: PER_RECIPIENT, lapseAfterDays: LAPSES_AFTER_DAYS };
const published = found(giftPolicy, 'acme', { type: 'GiftPolicyPublished', data: { version: 1, content } });
/** In force from the first version on, however far back something is dated. */
const policy = {
  ...published,
  state: { ...published.state, versions: [{ version: 1, content, publishedAt: '2000-01-01T00:00:00.000Z' }] },
};
const KNOWN = {
  ...{ id: '00000000-0000-7000-8000-000000000001', tenantId: 'acme', holds: () => true, policy },
  employer: found(account, accountId, { type: 'AccountRegistered', data: { accountId, name: 'Acme', externalIds: [] } }),
  person: found(contact, contactId, { type: 'ContactRegistered', data: { contactId, accountId, name: 'Li Wei' } }),
};

test('the caps of gifts hold at every instant, and nothing is refused for which there is room', () => {
  const seen: Record<string, number> = { sequences: 0, refusedByCap: 0, datedBack: 0 };
  const tell = (what: string) => (seen[what] = (seen[what] ?? 0) + 1);
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 2_000 }),
      fc.array(step, { minLength: 10, maxLength: 30, size: 'max' }),
      (start, steps) => {
        let clock = Date.UTC(2022, 0, 1) + start * DAY;
        let state = giftLedger.initial;
        const gifts: Gift[] = [];
        tell('sequences');

        for (const it of steps) {
          clock += it.after;
          const ms = clock - it.back;
          const at = new Date(ms).toISOString();
          const nth = chosen(gifts, it);
          const giftId = idOf(nth);
          const asked = { giftId, accountId, contactId, value: { minor: it.minor, currency: 'CNY' }, what: 'Tea' };
          const data = it.what === 'RequestGift' ? asked : { giftId, reason: 'So' };
          const actor = it.what === 'RequestGift' ? 'wang.fang' : 'chen.jie';
          const expected = allowed(gifts, it, nth, ms);

          let fact: EventOf<GiftLedgerContract> | undefined;
          try {
            const circumstances = { ...KNOWN, actor, at } as never;
            [fact] = giftLedger.decide[it.what]!(state, data, circumstances) as readonly EventOf<GiftLedgerContract>[];
          } catch (error) {
            if (!(error instanceof Refusal)) throw error;
            if (error.code === 'over-cap-of-recipient') tell('refusedByCap');
          }
          if (fact) {
            state = giftLedger.evolve[fact.type]!(state, fact.data, { eventId: giftId, occurredAt: at, actor });
            if (it.back > 0) tell('datedBack');
            tell(fact.type);
            if (fact.type === 'GiftRequested') gifts.push({ minor: it.minor, requested: ms });
            else if (fact.type === 'GiftApproved') gifts[nth]!.approved = ms;
            else if (fact.type === 'GiftDelivered') gifts[nth]!.delivered = ms;
            else gifts[nth]!.ended = ms;

            for (const instant of instantsOf(gifts)) {
              const used = useAt(gifts, instant);
              if (used > PER_RECIPIENT) throw new Error(`over the cap: ${used} at ${new Date(instant).toISOString()}`);
            }
            if ('capUsed' in fact.data && fact.data.capUsed !== useAt(gifts, ms))
              throw new Error(`not what is used: ${fact.data.capUsed}`);
          }
          if ((fact !== undefined) !== expected) throw new Error(`${it.what} at ${at}: ${expected ? 'refused' : 'taken'}`);
        }
      },
    ),
    { numRuns: RUNS, seed: SEED },
  );
  console.log(
    `gift caps pass ${Object.entries({ ...seen, seed: SEED })
      .map(([name, n]) => `${name}=${n}`)
      .join(' ')}`,
  );
  // It tests something: the cap was met, and what counts no longer made room.
  expect(seen['sequences']).toBe(RUNS);
  for (const what of ['GiftApproved', 'GiftDelivered', 'GiftLapsed', 'GiftReturned', 'refusedByCap', 'datedBack'])
    expect([what, seen[what]! > RUNS / 10]).toEqual([what, true]);
}, 240_000);
