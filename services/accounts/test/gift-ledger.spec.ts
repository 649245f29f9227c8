import type { GiftLedgerContract } from '@kams/contracts/accounts/gift-ledger';
import { DEFAULT_GIFT_POLICY } from '@kams/contracts/accounts/gift-policy';
import type { EventData, EventOf } from '@kams/contracts/define';
import type { Role } from '@kams/contracts/policy';
import { naturalId } from '@kams/eventing/pure';
import { found, given } from '@kams/testing/given';
import { account } from '../src/domain/account';
import { contact } from '../src/domain/contact';
import { giftLedger } from '../src/domain/gift-ledger';
import { giftPolicy } from '../src/domain/gift-policy';

const accountId = '00000000-0000-7000-8000-0000000000aa';
const contactId = '00000000-0000-7000-8000-0000000000c1';
const recipient = naturalId('acme', 'pseudonym', [contactId]);
const [tea, pen, ham] = ['a1', 'a2', 'a3'].map((it) => `00000000-0000-7000-8000-0000000000${it}`) as [string, string, string];
const NOW = '2026-03-02T09:00:00.000Z';
/** The end of the thirtieth day behind it, in Shanghai. */
const LAPSES = '2026-04-01T16:00:00.000Z';

const employerIn = (sector?: string) =>
  found(account, accountId, { type: 'AccountRegistered', data: { accountId, name: 'Acme', sector, externalIds: [] } });
const li = { type: 'ContactRegistered' as const, data: { contactId, accountId, name: 'Li Wei' } };
const person = found(contact, contactId, li);
const erased = found(contact, contactId, li, {
  type: 'ContactErased',
  data: { contactId, accountId, pseudonym: recipient, request: 'dsr-1' },
});
const policyOf = (content: object = {}) =>
  found(giftPolicy, 'acme', {
    type: 'GiftPolicyPublished',
    data: { version: 1, content: { ...DEFAULT_GIFT_POLICY, ...content } },
  });
const KNOWN = { employer: employerIn(), person, policy: found(giftPolicy, 'acme') };

const cny = (minor: number) => ({ minor, currency: 'CNY' });
const known = (giftId: string) => ({ giftId, accountId, recipient });
const request = (giftId: string, minor = 80_000) => ({ giftId, accountId, contactId, value: cny(minor), what: 'Tea set' });
const requested = (giftId: string, minor = 80_000) => ({
  type: 'GiftRequested' as const,
  data: { ...request(giftId, minor), recipient, requestedBy: 'wang.fang', lapsesAt: LAPSES, policyVersion: 0 },
});
const approved = (giftId: string, minor = 80_000, more: Partial<EventData<GiftLedgerContract, 'GiftApproved'>> = {}) => ({
  type: 'GiftApproved' as const,
  data: {
    ...known(giftId),
    ...{ value: cny(minor), capUsed: minor, cap: 200_000, policyVersion: 0, requestedBy: 'wang.fang', approverId: 'user-1' },
    ...{ approverRole: 'executive_sponsor' as const, lapsesAt: LAPSES, ...more },
  },
});
const rejected = {
  type: 'GiftRejected' as const,
  data: { ...known(tea), contactId, reason: 'No', approverId: 'user-1', approverRole: 'executive_sponsor' as const },
};
const delivered = (giftId: string, minor = 80_000, countsUntil = '2027-03-01T16:00:00.000Z') => ({
  type: 'GiftDelivered' as const,
  data: { ...known(giftId), value: cny(minor), capUsed: minor, policyVersion: 0, approverId: 'user-1', countsUntil },
});
const returned = (giftId: string) => ({
  type: 'GiftReturned' as const,
  data: { ...known(giftId), contactId, reason: 'Not wanted' },
});
const lapsed = (giftId: string) => ({ type: 'GiftLapsed' as const, data: known(giftId) });

const ledger = (...facts: EventOf<GiftLedgerContract>[]) => given(giftLedger)(...facts).knowing(KNOWN);
const holding = (...roles: Role[]) => ({ holds: (role: Role) => roles.includes(role) });

describe('a gift is requested', () => {
  test('for a contact of the account, and lapses when nobody decides', () => {
    ledger()
      .at({ actor: 'wang.fang' })
      .when('RequestGift', { ...request(tea), occasion: 'Spring festival' })
      .then({
        type: 'GiftRequested',
        data: { ...requested(tea).data, occasion: 'Spring festival' },
      });
    ledger()
      .knowing({ person: found(contact, contactId) })
      .when('RequestGift', request(tea))
      .refused('unknown-recipient');
    const elsewhere = { ...request(tea), accountId: '00000000-0000-7000-8000-0000000000ab' };
    ledger().when('RequestGift', elsewhere).refused('unknown-recipient');
  });

  test('once: the same again is nothing new, and another one needs another id', () => {
    ledger(requested(tea)).when('RequestGift', request(tea)).then();
    ledger(requested(tea), approved(tea)).when('RequestGift', request(tea)).then();
    ledger(requested(tea)).when('RequestGift', request(tea, 70_000)).refused('gift-differs');
    expect(ledger(requested(tea)).when('RequestGift', request(pen)).facts).toHaveLength(1);
  });

  test('within the cap of a gift, to the last fen', () => {
    expect(ledger().when('RequestGift', request(tea, 100_000)).facts).toHaveLength(1);
    ledger()
      .when('RequestGift', request(tea, 100_001))
      .refused('over-cap-of-gift', { cap: cny(100_000) });
  });

  test('in the currency of the caps, because nothing is converted', () =>
    ledger()
      .when('RequestGift', { ...request(tea), value: { minor: 1, currency: 'EUR' } })
      .refused('gift-in-another-currency', { currency: 'CNY' }));

  test('for nobody who was erased', () =>
    ledger().knowing({ person: erased }).when('RequestGift', request(tea)).refused('recipient-erased'));
});

describe('a gift is approved', () => {
  test('and from then on takes its value of the cap', () =>
    ledger(requested(pen, 50_000), approved(pen, 50_000), requested(tea))
      .when('ApproveGift', { giftId: tea })
      .then(approved(tea, 80_000, { capUsed: 130_000 })));

  test('by another person than who asked', () => {
    ledger(requested(tea)).at({ actor: 'wang.fang' }).when('ApproveGift', { giftId: tea }).refused('four-eyes');
    ledger(requested(tea)).at({ actor: 'wang.fang' }).when('RejectGift', { giftId: tea, reason: 'No' }).refused('four-eyes');
  });

  test('by a sponsor, a regional manager or compliance, and by nobody else', () => {
    for (const role of ['executive_sponsor', 'regional_manager', 'compliance_officer'] as const) {
      const it = ledger(requested(tea)).at(holding(role)).when('ApproveGift', { giftId: tea });
      it.then(approved(tea, 80_000, { approverRole: role }));
    }
    for (const role of ['administrator', 'key_account_manager', 'finance'] as const) {
      ledger(requested(tea)).at(holding(role)).when('ApproveGift', { giftId: tea }).refused('not-an-approver');
      ledger(requested(tea)).at(holding(role)).when('RejectGift', { giftId: tea, reason: 'No' }).refused('not-an-approver');
    }
  });

  test.each(['government', 'State-owned enterprise', '国有企业', '政府'])(
    'of a recipient in the sector %s by compliance alone',
    (sector) => {
      const it = ledger(requested(tea)).knowing({ employer: employerIn(sector) });
      it.at(holding('executive_sponsor', 'regional_manager')).when('ApproveGift', { giftId: tea }).refused('compliance-decides');
      it.at(holding('executive_sponsor')).when('RejectGift', { giftId: tea, reason: 'No' }).refused('compliance-decides');
      it.at(holding('executive_sponsor', 'compliance_officer'))
        .when('ApproveGift', { giftId: tea })
        .then(approved(tea, 80_000, { approverRole: 'compliance_officer' }));
    },
  );

  test('by the sector of this day, also when it was another one at the request', () =>
    ledger(requested(tea))
      .knowing({ employer: employerIn('trade'), policy: policyOf({ complianceSectors: ['Trade'] }) })
      .at(holding('executive_sponsor'))
      .when('ApproveGift', { giftId: tea })
      .refused('compliance-decides'));

  test('up to the cap of the recipient and not a fen beyond it', () => {
    const before = [requested(pen, 100_000), approved(pen, 100_000), requested(ham, 20_000), approved(ham, 20_000)];
    ledger(...before, requested(tea, 80_000))
      .when('ApproveGift', { giftId: tea })
      .then(approved(tea, 80_000, { capUsed: 200_000 }));
    ledger(...before, requested(tea, 80_001))
      .when('ApproveGift', { giftId: tea })
      .refused('over-cap-of-recipient', { cap: cny(200_000), left: cny(80_000), value: cny(80_001) });
  });

  test('by the caps in force at that instant: lowered ones hold for what is not approved yet', () => {
    const policy = policyOf({ perGift: 90_000, perRecipient: 100_000 });
    ledger(requested(tea, 95_000)).knowing({ policy }).when('ApproveGift', { giftId: tea }).refused('over-cap-of-gift');
    ledger(requested(pen), approved(pen), requested(tea, 20_001))
      .knowing({ policy })
      .when('ApproveGift', { giftId: tea })
      .refused('over-cap-of-recipient', { left: cny(20_000) });
    ledger(requested(tea))
      .knowing({ policy: policyOf({ currency: 'EUR' }) })
      .when('ApproveGift', { giftId: tea })
      .refused('gift-in-another-currency');
  });

  test('in no other currency than what still counts', () => {
    const euros = { minor: 5_000, currency: 'EUR' };
    const asked = { ...requested(tea), data: { ...requested(tea).data, value: euros } };
    ledger(requested(pen), approved(pen), asked)
      .knowing({ policy: policyOf({ currency: 'EUR' }) })
      .when('ApproveGift', { giftId: tea })
      .refused('caps-in-another-currency');
    expect(
      ledger(requested(pen), approved(pen), returned(pen), asked)
        .knowing({ policy: policyOf({ currency: 'EUR' }) })
        .when('ApproveGift', { giftId: tea }).facts,
    ).toHaveLength(1);
  });

  test('once, not after it lapsed, not before it was requested, and for nobody who was erased', () => {
    for (const facts of [[approved(tea)], [rejected], [approved(tea), delivered(tea)], [returned(tea)]])
      ledger(requested(tea), ...facts)
        .when('ApproveGift', { giftId: tea })
        .refused('gift-decided');
    ledger(requested(tea), lapsed(tea)).when('ApproveGift', { giftId: tea }).refused('gift-lapsed', { lapsedAt: NOW });
    ledger(requested(tea)).at({ at: LAPSES }).when('ApproveGift', { giftId: tea }).refused('gift-lapsed', { lapsedAt: LAPSES });
    ledger(requested(tea)).at({ at: '2026-03-02T08:59:59.999Z' }).when('ApproveGift', { giftId: tea }).refused('dated-too-early');
    ledger(requested(tea)).knowing({ person: erased }).when('ApproveGift', { giftId: tea }).refused('recipient-erased');
    ledger().when('ApproveGift', { giftId: tea }).refused('unknown-gift');
  });
});

describe('the cap is free again', () => {
  const full = [requested(pen, 100_000), approved(pen, 100_000), requested(ham, 100_000), approved(ham, 100_000), requested(tea)];
  const approve = (...more: EventOf<GiftLedgerContract>[]) => ledger(...full, ...more).when('ApproveGift', { giftId: tea });

  test('when a gift lapsed or was returned, and not when it was delivered', () => {
    approve().refused('over-cap-of-recipient', { left: cny(0) });
    approve(returned(pen)).then(approved(tea, 80_000, { capUsed: 180_000 }));
    approve(lapsed(pen)).then(approved(tea, 80_000, { capUsed: 180_000 }));
    approve(delivered(pen, 100_000)).refused('over-cap-of-recipient');
  });

  test('from the start of the same day a year later on, to the millisecond', () => {
    const late = { ...requested(tea), data: { ...requested(tea).data, lapsesAt: '2027-04-01T16:00:00.000Z' } };
    const it = ledger(...full.slice(0, 4), delivered(pen, 100_000), late);
    it.at({ at: '2027-03-01T15:59:59.999Z' }).when('ApproveGift', { giftId: tea }).refused('over-cap-of-recipient');
    expect(it.at({ at: '2027-03-01T16:00:00.000Z' }).when('ApproveGift', { giftId: tea }).facts).toMatchObject([
      { type: 'GiftApproved', data: { capUsed: 180_000 } },
    ]);
  });
});

describe('a gift is delivered', () => {
  test('and counts for 12 months from its day on, in the zone of the policy', () => {
    ledger(requested(tea), approved(tea)).when('DeliverGift', { giftId: tea }).then(delivered(tea));
    const at = '2026-03-02T16:00:00.000Z';
    ledger(requested(tea), approved(tea))
      .at({ at })
      .when('DeliverGift', { giftId: tea })
      .then(delivered(tea, 80_000, '2027-03-02T16:00:00.000Z'));
    const policy = policyOf({ zone: 'Europe/Berlin' });
    expect(
      ledger(requested(tea), approved(tea)).knowing({ policy }).at({ at }).when('DeliverGift', { giftId: tea }).facts[0]!.data,
    ).toMatchObject({ countsUntil: '2027-03-01T23:00:00.000Z', policyVersion: 1 });
  });

  test('only once it was approved, before it lapses, and not before its approval', () => {
    ledger(requested(tea)).when('DeliverGift', { giftId: tea }).refused('gift-decided', { state: 'requested' });
    ledger(requested(tea), rejected).when('DeliverGift', { giftId: tea }).refused('gift-decided');
    ledger(requested(tea), approved(tea), delivered(tea)).when('DeliverGift', { giftId: tea }).refused('gift-decided');
    const it = ledger(requested(tea), approved(tea));
    expect(it.at({ at: '2026-04-01T15:59:59.999Z' }).when('DeliverGift', { giftId: tea }).facts).toHaveLength(1);
    it.at({ at: LAPSES }).when('DeliverGift', { giftId: tea }).refused('gift-lapsed', { lapsedAt: LAPSES });
    it.at({ at: '2026-03-01T00:00:00.000Z' }).when('DeliverGift', { giftId: tea }).refused('dated-too-early', { after: NOW });
  });

  test('also to somebody who was erased meanwhile: it says nothing of the person', () =>
    ledger(requested(tea), approved(tea)).knowing({ person: erased }).when('DeliverGift', { giftId: tea }).then(delivered(tea)));
});

test('a gift is rejected with a reason', () =>
  ledger(requested(tea)).when('RejectGift', { giftId: tea, reason: 'No' }).then(rejected));

test('a gift is returned before it is decided or delivered, and not afterwards', () => {
  ledger(requested(tea)).when('ReturnGift', { giftId: tea, reason: 'Not wanted' }).then(returned(tea));
  ledger(requested(tea), approved(tea)).when('ReturnGift', { giftId: tea, reason: 'Not wanted' }).then(returned(tea));
  for (const facts of [[approved(tea), delivered(tea)], [rejected], [returned(tea)]])
    ledger(requested(tea), ...facts)
      .when('ReturnGift', { giftId: tea, reason: 'x' })
      .refused('gift-decided');
});

test('a gift lapses at its instant and not before, and only while it waits', () => {
  for (const facts of [[requested(tea)], [requested(tea), approved(tea)]]) {
    ledger(...facts)
      .at({ at: LAPSES })
      .when('LapseGift', { giftId: tea })
      .then(lapsed(tea));
    ledger(...facts)
      .at({ at: '2026-04-01T15:59:59.999Z' })
      .when('LapseGift', { giftId: tea })
      .refused('gift-not-due');
  }
  for (const facts of [[approved(tea), delivered(tea)], [rejected]])
    ledger(requested(tea), ...facts)
      .at({ at: LAPSES })
      .when('LapseGift', { giftId: tea })
      .refused('gift-decided');
});
