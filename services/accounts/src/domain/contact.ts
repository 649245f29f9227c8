// Who a person at a customer is, what the person decides there, and what we may do. An erased person has no state but that.
import {
  contactContract,
  personFields,
  type ContactContract,
  type Person,
  type PersonField,
} from '@kams/contracts/accounts/contact';
import type { EventData, EventOf } from '@kams/contracts/define';
import { aggregate, keyOf, naturalId, refusing, via } from '@kams/eventing/pure';
import { account } from './account';

type Role = Omit<EventData<ContactContract, 'ContactRoleSet'>, 'contactId' | 'accountId'>;

export type Contact =
  | { readonly is: 'none' }
  | { readonly is: 'erased'; readonly accountId: string }
  | {
      readonly is: 'known';
      readonly accountId: string;
      readonly person: Person;
      readonly role?: Role;
      readonly consents: Readonly<Record<string, string>>;
      readonly departed: boolean;
    };
type Known = Extract<Contact, { is: 'known' }>;

const refuse = refusing(contactContract);
const FIELDS = Object.keys(personFields) as PersonField[];
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
const consentKey = ({ channel, purpose }: { channel: string; purpose: string }): string => `${channel} ${purpose}`;

/** The handler of a command for a person that is known; the engine answers 404 for one that never was. */
const whenKnown =
  <D, C>(decide: (it: Known, data: D, circumstances: C) => readonly EventOf<ContactContract>[]) =>
  (it: Contact, data: D, circumstances: C): readonly EventOf<ContactContract>[] =>
    it.is === 'known' ? decide(it, data, circumstances) : it.is === 'erased' ? refuse('contact-erased') : [];

/** What of this is news. */
function news(it: Known, set: Person, clear: readonly PersonField[]) {
  const changed = FIELDS.filter((name) => set[name] !== undefined && set[name] !== it.person[name]);
  const cleared = clear.filter((name) => it.person[name] !== undefined && set[name] === undefined);
  return { set: Object.fromEntries(changed.map((name) => [name, set[name]])) as Person, cleared };
}

function changedTo(it: Known, contactId: string, set: Person, clear: readonly PersonField[], source: string | undefined) {
  const { set: values, cleared } = news(it, set, clear);
  if (Object.keys(values).length === 0 && cleared.length === 0) return [];
  return [
    {
      type: 'ContactChanged' as const,
      data: { contactId, ...values, cleared: cleared as EventData<ContactContract, 'ContactChanged'>['cleared'], source },
    },
  ];
}

export const contact = aggregate(contactContract, { is: 'none' } as Contact)({
  accounts: (_id, it, data) => (it.is === 'known' ? [it.accountId] : 'accountId' in data ? [data.accountId] : undefined),

  look: {
    Register: ({ accountId }) => ({ employer: { of: account, id: accountId } }),
    Import: ({ account: { system, type, value } }, { tenantId }) => ({
      employer: via(keyOf('account', tenantId, { kind: 'external_id', parts: [system, type, value] }), ({ holder }) =>
        holder === undefined ? undefined : { of: account, id: holder },
      ),
    }),
  },

  claims: {
    Import: ({ externalId: { system, type, value } }) => [{ kind: 'external_id', parts: [system, type, value] }],
  },

  decide: {
    Register: (it, { accountId, person, source }, { id: contactId, employer }) => {
      if (it.is !== 'none') return refuse(it.is === 'erased' ? 'contact-erased' : 'contact-exists');
      if (employer.revision < 0) return refuse('unknown-account', { accountId });
      return [{ type: 'ContactRegistered', data: { contactId, accountId, ...person, source } }];
    },

    Import: (it, { externalId, account: by, person, source }, { id: contactId, employer }) => {
      if (it.is === 'erased') return refuse('contact-erased');
      if (!employer || employer.revision < 0) return refuse('unknown-account', { account: by });
      if (it.is === 'known') return changedTo(it, contactId, person, [], source);
      return [{ type: 'ContactRegistered', data: { contactId, accountId: employer.id, ...person, externalId, source } }];
    },

    Change: whenKnown((it, { set = {}, clear = [], source }, { id: contactId }) => changedTo(it, contactId, set, clear, source)),

    SetRole: whenKnown((it, role, { id: contactId }) => {
      if (role.reportsTo === contactId) return refuse('reports-to-self');
      return same(it.role, role) ? [] : [{ type: 'ContactRoleSet', data: { contactId, accountId: it.accountId, ...role } }];
    }),

    ChangeConsent: whenKnown((it, consent, { id: contactId }) =>
      it.consents[consentKey(consent)] === consent.status
        ? []
        : [{ type: 'ContactConsentChanged', data: { contactId, accountId: it.accountId, ...consent } }],
    ),

    Depart: whenKnown((it, { on, reason }, { id: contactId }) =>
      it.departed
        ? refuse('contact-departed')
        : [{ type: 'ContactDeparted', data: { contactId, accountId: it.accountId, on, reason } }],
    ),

    Erase: (it, { request }, { id: contactId, tenantId }) =>
      it.is === 'known'
        ? [
            {
              type: 'ContactErased',
              data: {
                contactId,
                accountId: it.accountId,
                pseudonym: naturalId(tenantId, 'pseudonym', [contactId]),
                request,
              },
            },
          ]
        : [],
  },

  evolve: {
    ContactRegistered: (_, { contactId: _id, accountId, externalId: _key, source: _source, ...person }) => ({
      is: 'known',
      accountId,
      person,
      consents: {},
      departed: false,
    }),
    ContactChanged: (it, { contactId: _id, cleared, source: _source, ...set }) =>
      known(it, (contact) => ({ ...contact, person: withChanges(contact.person, set, cleared) })),
    ContactRoleSet: (it, { contactId: _id, accountId: _account, ...role }) => known(it, (contact) => ({ ...contact, role })),
    ContactConsentChanged: (it, consent) =>
      known(it, (contact) => ({ ...contact, consents: { ...contact.consents, [consentKey(consent)]: consent.status } })),
    ContactDeparted: (it) => known(it, (contact) => ({ ...contact, departed: true })),
    ContactErased: (_, { accountId }) => ({ is: 'erased', accountId }),
  },
});

const known = (it: Contact, change: (contact: Known) => Contact): Contact => (it.is === 'known' ? change(it) : it);

function withChanges(person: Person, set: Person, cleared: readonly PersonField[]): Person {
  const kept = Object.entries(person).filter(([name]) => !cleared.includes(name as PersonField));
  return { ...Object.fromEntries(kept), ...set };
}
