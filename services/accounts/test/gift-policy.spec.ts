import { DEFAULT_GIFT_POLICY } from '@kams/contracts/accounts/gift-policy';
import { given, stateAfter } from '@kams/testing/given';
import { giftPolicy, giftPolicyAt } from '../src/domain/gift-policy';

const content = { ...DEFAULT_GIFT_POLICY, perRecipient: 150_000 };
const published = (version: number, it = content) => ({ type: 'GiftPolicyPublished' as const, data: { version, content: it } });

test('a policy is published as the next version, and the same again is nothing new', () => {
  given(giftPolicy)().when('Publish', { content }).then(published(1));
  given(giftPolicy)(published(1)).when('Publish', { content }).then();
  given(giftPolicy)(published(1)).when('Publish', { content: DEFAULT_GIFT_POLICY }).then(published(2, DEFAULT_GIFT_POLICY));
});

test('caps that contradict each other, or are in no currency, are refused', () => {
  given(giftPolicy)()
    .when('Publish', { content: { ...content, perGift: 150_001 } })
    .refused('caps-contradict');
  given(giftPolicy)()
    .when('Publish', { content: { ...content, currency: 'XXX' } })
    .refused('unknown-currency');
});

test('before the first version the default is in force, and each version from its instant on', () => {
  const state = stateAfter(giftPolicy, [published(1)]);
  expect(giftPolicyAt(state, '2026-03-02T08:59:59.999Z')).toEqual({ version: 0, content: DEFAULT_GIFT_POLICY });
  expect(giftPolicyAt(state, '2026-03-02T09:00:00.000Z')).toMatchObject({ version: 1, content });
});
