// 礼品限额: what may be given to a person, and who decides. A policy of the tenant; a published version never changes.
import { z } from 'zod';
import { command, contract, event, field } from '../define';
import { currency, text, zone } from '../values';

const cap = z.int().min(1);

export const giftPolicyContent = z.strictObject({
  currency: field(currency(), 'Currency', '币种', 'Of the caps. A gift in another one is refused: nothing is converted.'),
  perGift: field(cap, 'Cap of a gift', '单件限额', 'Minor units.'),
  perRecipient: field(cap, 'Cap of a recipient', '个人年度限额', 'Minor units, for all gifts of the rolling 12 months.'),
  zone: field(zone(), 'Zone', '时区', 'Days and months are those of its calendar.'),
  lapseAfterDays: field(
    z.int().min(1).max(366),
    'Lapses after',
    '失效天数',
    'Days: what is not decided, or not delivered, by the end of the last one lapses.',
  ),
  complianceSectors: field(
    z.array(text(80)).max(100),
    'Sectors for compliance',
    '须合规审批的领域',
    'Of whoever works for an account of such a sector, compliance decides: government and state-owned enterprises.',
  ),
});
export type GiftPolicyContent = z.output<typeof giftPolicyContent>;

/** Version 0: in force until another one is published. */
export const DEFAULT_GIFT_POLICY: GiftPolicyContent = {
  currency: 'CNY',
  perGift: 100_000,
  perRecipient: 200_000,
  zone: 'Asia/Shanghai',
  lapseAfterDays: 30,
  complianceSectors: [
    ...['government', 'public administration', 'state-owned', 'state-owned enterprise'],
    ...['政府', '政府机关', '事业单位', '国有企业', '国企', '央企'],
  ],
};

const version = field(z.int().min(1), 'Version', '版本');

export const giftPolicyContract = contract({
  name: 'gift_policy',
  plural: 'gift-policy',
  label: { en: 'Gift policy', zh: '礼品限额规定' },
  description: 'The caps of gifts, and of whom compliance decides. One a tenant.',
  ledger: true,

  commands: {
    Publish: command({
      version: 1,
      label: { en: 'Publish gift policy', zh: '发布礼品限额规定' },
      description: 'The next version. It is in force from now on, and never changes; what was approved stays approved.',
      data: z.strictObject({ content: field(giftPolicyContent, 'Content', '内容') }),
      example: { content: DEFAULT_GIFT_POLICY },
    }),
  },

  events: {
    GiftPolicyPublished: event({
      version: 1,
      label: { en: 'Gift policy published', zh: '礼品限额规定已发布' },
      description: 'A version is in force, and here is the whole of it.',
      public: 'gift_policy.published',
      data: z.strictObject({ version, content: giftPolicyContent }),
      example: { version: 1, content: DEFAULT_GIFT_POLICY },
    }),
  },

  refusals: {
    'unknown-currency': {
      en: 'There is no such currency in ISO 4217. Name one such as CNY.',
      zh: '没有该币种，请使用 ISO 4217 代码，例如 CNY。',
      status: 422,
    },
    'caps-contradict': {
      en: 'The cap of a gift is above that of a recipient, so it could never be reached. Lower the one or raise the other.',
      zh: '单件限额高于个人年度限额，无法达到。请降低前者或提高后者。',
      status: 422,
    },
  },
});
export type GiftPolicyContract = typeof giftPolicyContract;
