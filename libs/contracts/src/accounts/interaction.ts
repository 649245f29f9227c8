// 互动记录: that we were in touch with an account, how, and who took part. One stream an interaction. It is a fact: a wrong one is
// corrected or withdrawn.
import { z } from 'zod';
import { command, contract, event, field } from '../define';
import { instant, uuid } from '../values';
import { unknownAccount } from './account';
import {
  aContact,
  accountId,
  anAccount,
  contactsOf,
  durationMin,
  erase,
  forgottenWithTheContact,
  nextStep,
  outcome,
  participants,
  reason,
  request,
  sentiment,
  unknownContact,
  type Participant,
} from './touch';

export const INTERACTION_KINDS = ['visit', 'call', 'mail', 'message', 'meeting', 'event'] as const;

const interactionId = field(uuid(), 'Interaction', '互动');
const changeable = {
  kind: field(z.enum(INTERACTION_KINDS), 'Kind', '互动方式', 'An event is one of ours or theirs that a contact came to.'),
  occurredAt: field(instant(), 'Took place at', '发生时间'),
  direction: field(
    z.enum(['inbound', 'outbound', 'two_way']),
    'Direction',
    '方向',
    'They spoke, we spoke, or both did. Coming to an event is inbound: it is not two-way contact.',
  ),
  sentiment: sentiment.optional(),
  durationMin: durationMin.optional(),
  campaignId: field(uuid(), 'Campaign', '营销活动').optional(),
  outcome: outcome.optional(),
  nextStep: nextStep.optional(),
};
const content = {
  ...changeable,
  participants,
  visitId: field(uuid(), 'Visit', '拜访', 'The visit that it was, if it was one that had been planned.').optional(),
};
const clearable = field(
  z.array(z.enum(['sentiment', 'durationMin', 'campaignId', 'outcome', 'nextStep'])).max(5),
  'Fields to clear',
  '清空字段',
);

/** With one contact the words are forgotten with that person, else by themselves. */
export const aboutWhom = (it: { readonly interactionId: string; readonly participants: readonly Participant[] }): string => {
  const [only, ...others] = contactsOf(it.participants);
  return only !== undefined && others.length === 0 ? only : it.interactionId;
};

const anInteraction = '0190f5a0-0000-7000-8000-0000000000d1';
const aCall = {
  kind: 'call' as const,
  participants: [{ contactId: aContact }, { userId: 'li.na' }],
  occurredAt: '2026-03-02T01:30:00.000Z',
  direction: 'two_way' as const,
  sentiment: 1,
  durationMin: 20,
  outcome: 'They want a second source for the spring',
  nextStep: 'Send the offer by Friday',
};

export const interactionContract = contract({
  name: 'interaction',
  plural: 'interactions',
  label: { en: 'Interaction', zh: '互动' },
  description: 'A visit, a call, a mail, a meeting, an event: when we were in touch with an account, and with whom of it.',

  commands: {
    LogInteraction: command({
      version: 1,
      label: { en: 'Log interaction', zh: '记录互动' },
      description: 'Says that we were in touch with an account: when, how, and who took part.',
      opens: true,
      data: z.strictObject({ accountId, ...content }),
      example: { accountId: anAccount, ...aCall },
    }),
    Correct: command({
      version: 1,
      label: { en: 'Correct interaction', zh: '更正互动' },
      description:
        'Says how it was. What was said before stays in the history. Who took part decides with whom the words are forgotten: where that is wrong, withdraw it and log it anew.',
      data: z.strictObject({
        set: field(z.strictObject(changeable).partial(), 'New values', '新值').optional(),
        clear: clearable.optional(),
        reason,
      }),
      example: { set: { durationMin: 45 }, clear: ['sentiment'], reason: 'Mistyped' },
    }),
    Withdraw: command({
      version: 1,
      label: { en: 'Withdraw interaction', zh: '撤回互动' },
      description: 'Says that it was not so: it leaves the timeline, and counts no more.',
      data: z.strictObject({
        because: field(z.enum(['logged_twice', 'wrong_account', 'wrong_participants', 'did_not_happen']), 'Because', '撤回原因'),
      }),
      example: { because: 'logged_twice' },
    }),
    Erase: erase({ en: 'interaction', zh: '互动' }),
  },

  events: {
    InteractionLogged: event({
      version: 1,
      label: { en: 'Interaction logged', zh: '互动已记录' },
      description: 'We were in touch with the account.',
      public: 'interaction.logged',
      data: z.strictObject({ interactionId, accountId, ...content }),
      example: { interactionId: anInteraction, accountId: anAccount, ...aCall },
      person: aboutWhom,
    }),
    InteractionCorrected: event({
      version: 1,
      label: { en: 'Interaction corrected', zh: '互动已更正' },
      description: 'How it was, as a whole.',
      public: 'interaction.corrected',
      data: z.strictObject({
        interactionId,
        accountId,
        ...content,
        supersedes: field(uuid(), 'Supersedes', '被更正的事件', 'The event after which it was as it was.'),
        reason,
      }),
      example: {
        interactionId: anInteraction,
        accountId: anAccount,
        ...aCall,
        durationMin: 45,
        supersedes: '0190f5a0-0000-7000-8000-0000000000e1',
        reason: 'Mistyped',
      },
      person: aboutWhom,
    }),
    InteractionWithdrawn: event({
      version: 1,
      label: { en: 'Interaction withdrawn', zh: '互动已撤回' },
      description: 'It was not so.',
      public: 'interaction.withdrawn',
      data: z.strictObject({
        interactionId,
        accountId,
        because: z.enum(['logged_twice', 'wrong_account', 'wrong_participants', 'did_not_happen']),
      }),
      example: { interactionId: anInteraction, accountId: anAccount, because: 'logged_twice' },
    }),
    InteractionErased: event({
      version: 1,
      label: { en: 'Interaction erased', zh: '互动文字已删除' },
      description: 'What was written in words is to be forgotten.',
      erases: true,
      data: z.strictObject({ interactionId, accountId, request }),
      example: { interactionId: anInteraction, accountId: anAccount, request: 'dsr-2026-0042' },
    }),
  },

  refusals: {
    'unknown-account': unknownAccount,
    'unknown-contact': unknownContact,
    'forgotten-with-the-contact': forgottenWithTheContact,
    'interaction-exists': {
      en: 'This interaction is logged already. Correct it instead.',
      zh: '该互动已记录，请改为更正。',
    },
    'interaction-withdrawn': {
      en: 'This interaction was withdrawn. Log it anew if it was so after all.',
      zh: '该互动已撤回，如确有其事请重新记录。',
    },
    'not-yet-happened': {
      en: 'This lies in the future. Log what took place; plan a visit for what is to come.',
      zh: '时间在将来。请记录已发生的互动；尚未发生的请计划拜访。',
    },
    'event-is-not-two-way': {
      en: 'Coming to an event is not two-way contact. Log it as inbound, and the talk that was had there as a meeting.',
      zh: '参加活动不算双向沟通。请记为客户来访方向，现场洽谈另记为会议。',
    },
  },
});
export type InteractionContract = typeof interactionContract;
