// 联系人: the people at a customer, what they decide there, and what they allow us to do. What says something of a person is
// sealed from the first event on.
import { z } from 'zod';
import { command, contract, event, field } from '../define';
import { personal } from '../personal';
import { code, localDate, text, uuid } from '../values';
import { externalId, unknownAccount } from './account';

const phone = z.string().regex(/^\+[1-9]\d{4,14}$/, 'is not a number in the international form: +8613912345678');

export const personFields = {
  name: field(personal(text(120), 'part'), 'Name', '姓名'),
  email: field(personal(z.email().max(254), 'whole'), 'E-mail', '电子邮箱'),
  phone: field(personal(phone, 'whole'), 'Phone', '电话'),
  jobTitle: field(personal(text(120)), 'Job title', '职务'),
  birthday: field(personal(localDate()), 'Birthday', '生日'),
  interests: field(personal(text(2_000)), 'Interests', '兴趣爱好'),
  notes: field(personal(text(2_000)), 'Notes', '备注', 'Family, work and life, as far as the person gave it.'),
} as const;
export type PersonField = keyof typeof personFields;

const person = z.strictObject(personFields).partial().required({ name: true });
const changes = z.strictObject(personFields).partial();
export type Person = z.output<typeof changes>;
const clearable = z.enum(Object.keys(personFields) as [PersonField, ...PersonField[]]).exclude(['name']);

const contactId = field(uuid(), 'Contact', '联系人');
const accountId = field(uuid(), 'Account', '客户');
const source = field(text(120), 'Source', '信息来源');
/** What somebody writes freely may name the person. */
const reason = field(personal(text(500)), 'Reason', '原因');

const role = field(
  z.enum(['decision_maker', 'approver', 'influencer', 'user', 'gatekeeper', 'coach']),
  'Role in the buying centre',
  '采购中心角色',
);
const power = field(z.int().min(1).max(5), 'Power', '影响力');
const stance = field(z.int().min(-2).max(2), 'Stance towards us', '态度', 'From -2 (against) to 2 (for us).');
const channel = field(z.enum(['email', 'phone', 'sms', 'wechat', 'post', 'visit']), 'Channel', '渠道');
const purpose = field(z.enum(['service', 'marketing', 'survey', 'event', 'gift']), 'Purpose', '目的');
const consent = field(z.enum(['granted', 'refused', 'withdrawn']), 'Consent', '同意状态');
const basis = field(text(200), 'Legal basis', '法律依据');

const aContact = '0190f5a0-0000-7000-8000-0000000000c1';
const anAccount = '0190f5a0-0000-7000-8000-000000000001';
const aPerson = { name: 'Li Wei 李伟', email: 'li.wei@example.com', phone: '+8613912345678', jobTitle: 'Head of purchasing' };

export const contactDeparted = { en: 'This contact has left the account already.', zh: '该联系人已离职。' } as const;

export const contactContract = contract({
  name: 'contact',
  plural: 'contacts',
  label: { en: 'Contact', zh: '联系人' },
  description: 'A person at a customer: the role in the buying centre, consent, and what is known of the person, sealed.',

  commands: {
    Register: command({
      version: 1,
      label: { en: 'Register contact', zh: '登记联系人' },
      description: 'Opens the file of a person at an account.',
      opens: true,
      data: z.strictObject({ accountId, person: field(person, 'Person', '个人信息'), source: source.optional() }),
      example: { accountId: anAccount, person: aPerson, source: 'trade fair 2026' },
    }),
    Import: command({
      version: 1,
      label: { en: 'Import contact', zh: '导入联系人' },
      description:
        'Says what another system knows of a person: registers the contact, or brings it up to that. Said again, it changes nothing.',
      opens: true,
      data: z.strictObject({
        externalId: field(externalId, 'External id', '外部标识'),
        account: field(externalId, 'Account, by the other system’s key', '客户外部标识'),
        person: field(person, 'Person', '个人信息'),
        source: source.optional(),
      }),
      example: {
        externalId: { system: 'crm', type: 'contact', value: '4711' },
        account: { system: 'crm', type: 'account', value: 'Acme Corporation' },
        person: aPerson,
      },
      heldKey: ({ externalId: { system, type, value } }) => ({ kind: 'external_id', parts: [system, type, value] }),
    }),
    Change: command({
      version: 1,
      label: { en: 'Change contact', zh: '更新联系人' },
      description: 'Changes or clears what is known of the person.',
      data: z.strictObject({
        set: field(changes, 'New values', '新值').optional(),
        clear: field(z.array(clearable).max(20), 'Fields to clear', '清空字段').optional(),
        source: source.optional(),
      }),
      example: { set: { jobTitle: 'Chief procurement officer' }, clear: ['phone'] },
    }),
    SetRole: command({
      version: 1,
      label: { en: 'Set role', zh: '设定角色' },
      description: 'Says what the person decides in the buying centre, how much it weighs, and where the person stands.',
      data: z.strictObject({
        role,
        power,
        stance,
        reportsTo: field(uuid(), 'Reports to', '汇报对象').optional(),
        validFrom: field(localDate(), 'Valid from', '生效日期').optional(),
      }),
      example: { role: 'decision_maker', power: 5, stance: 1, validFrom: '2026-01-01' },
    }),
    ChangeConsent: command({
      version: 1,
      label: { en: 'Change consent', zh: '变更同意' },
      description: 'Notes what the person allows, by channel and purpose, and on which basis.',
      data: z.strictObject({ channel, purpose, status: consent, basis }),
      example: { channel: 'email', purpose: 'marketing', status: 'granted', basis: 'PIPL article 13, signed form of 2026-03-02' },
    }),
    Depart: command({
      version: 1,
      label: { en: 'Note departure', zh: '登记离职' },
      description: 'The person has left the account. What was known stays.',
      data: z.strictObject({ on: field(localDate(), 'Left on', '离职日期'), reason: reason.optional() }),
      example: { on: '2026-06-30' },
    }),
    Erase: command({
      version: 1,
      label: { en: 'Erase contact', zh: '删除个人信息' },
      description:
        'Forgets the person for ever: the key of everything that says something of the person is destroyed. The facts stay, without a person. It can not be undone.',
      data: z.strictObject({
        request: field(
          code(80),
          'Reference of the request',
          '请求编号',
          'Of the request by the person; it must not name the person.',
        ),
      }),
      example: { request: 'dsr-2026-0042' },
    }),
  },

  events: {
    ContactRegistered: event({
      version: 1,
      label: { en: 'Contact registered', zh: '联系人已登记' },
      description: 'The person is known at this account.',
      public: 'contact.registered',
      data: z.strictObject({
        contactId,
        accountId,
        ...person.shape,
        externalId: externalId.optional(),
        source: source.optional(),
      }),
      example: { contactId: aContact, accountId: anAccount, ...aPerson, source: 'trade fair 2026' },
    }),
    ContactChanged: event({
      version: 1,
      label: { en: 'Contact changed', zh: '联系人已更新' },
      description: 'What is known of the person changed.',
      data: z.strictObject({
        contactId,
        ...changes.shape,
        cleared: field(z.array(clearable), 'Cleared', '已清空'),
        source: source.optional(),
      }),
      example: { contactId: aContact, jobTitle: 'Chief procurement officer', cleared: ['phone'] },
    }),
    ContactRoleSet: event({
      version: 1,
      label: { en: 'Role set', zh: '角色已设定' },
      description: 'What the person decides, how much it weighs, and where the person stands.',
      public: 'contact.role_set',
      data: z.strictObject({
        contactId,
        accountId,
        role,
        power,
        stance,
        reportsTo: field(uuid(), 'Reports to', '汇报对象').optional(),
        validFrom: field(localDate(), 'Valid from', '生效日期').optional(),
      }),
      example: {
        contactId: aContact,
        accountId: anAccount,
        role: 'decision_maker',
        power: 5,
        stance: 1,
        validFrom: '2026-01-01',
      },
    }),
    ContactConsentChanged: event({
      version: 1,
      label: { en: 'Consent changed', zh: '同意已变更' },
      description: 'What the person allows by a channel for a purpose.',
      public: 'contact.consent_changed',
      data: z.strictObject({ contactId, accountId, channel, purpose, status: consent, basis }),
      example: {
        contactId: aContact,
        accountId: anAccount,
        channel: 'email',
        purpose: 'marketing',
        status: 'granted',
        basis: 'PIPL article 13, signed form of 2026-03-02',
      },
    }),
    ContactDeparted: event({
      version: 1,
      label: { en: 'Contact departed', zh: '联系人已离职' },
      description: 'The person has left the account.',
      public: 'contact.departed',
      data: z.strictObject({ contactId, accountId, on: field(localDate(), 'Left on', '离职日期'), reason: reason.optional() }),
      example: { contactId: aContact, accountId: anAccount, on: '2026-06-30' },
    }),
    ContactErased: event({
      version: 1,
      label: { en: 'Contact erased', zh: '个人信息已删除' },
      description: 'The person is to be forgotten; what stays stands under the pseudonym.',
      public: 'contact.erased',
      erases: true,
      data: z.strictObject({
        contactId,
        accountId,
        pseudonym: field(uuid(), 'Pseudonym', '化名'),
        request: field(code(80), 'Reference of the request', '请求编号'),
      }),
      example: {
        contactId: aContact,
        accountId: anAccount,
        pseudonym: '6f1d2c9e-5a54-5b6e-9f0a-0d7f6f1c0d11',
        request: 'dsr-2026-0042',
      },
    }),
  },

  refusals: {
    'unknown-account': unknownAccount,
    'contact-exists': {
      en: 'This contact is registered already. Change it instead.',
      zh: '该联系人已登记，请改为更新。',
    },
    'contact-departed': contactDeparted,
    'contact-erased': {
      en: 'This contact was erased. Nothing more can be said of the person; register a new contact if there is a reason to.',
      zh: '该联系人的个人信息已删除，无法再变更。如有依据请另行登记。',
    },
    'reports-to-self': { en: 'Nobody reports to oneself. Name another contact.', zh: '汇报对象不能是本人。' },
  },
});
export type ContactContract = typeof contactContract;
