// 联系人名册: one row a person, as known now. What is personal stands in it as it does in the log, sealed; the words by which a
// person is found are keyed hashes, and go with the person.
import { contactContract, personFields, type PersonField } from '@kams/contracts/accounts/contact';
import { ERASED } from '@kams/contracts/personal';
import { projection, table, type RowOf } from '@kams/eventing';

export const contactTable = table(
  'contact',
  {
    tenant_id: 'text',
    id: 'uuid',
    revision: 'int',
    account_id: 'uuid',
    /** Field -> sealed value. */
    person: 'json',
    /** Field -> the words of its value. */
    words: 'json',
    role: 'text?',
    power: 'int?',
    stance: 'int?',
    reports_to: 'uuid?',
    consents: 'json',
    departed_on: 'date?',
    pseudonym: 'uuid?',
    registered_at: 'instant',
    changed_at: 'instant',
  },
  {
    primaryKey: ['tenant_id', 'id'],
    groupBy: 'id',
    indexes: ['id', 'tenant_id, account_id', 'tenant_id, registered_at, id', 'using gin (tenant_id, words jsonb_path_ops)'],
  },
);
type ContactRow = RowOf<typeof contactTable>;

const PERSON = Object.keys(personFields) as PersonField[];
const personIn = (data: object): object =>
  Object.fromEntries(Object.entries(data).filter(([name]) => PERSON.includes(name as PersonField)));
const without = (it: unknown, names: readonly string[]): object =>
  Object.fromEntries(Object.entries(it as object).filter(([name]) => !names.includes(name)));

const change = (row: ContactRow | undefined, { recordedAt }: { recordedAt: string }, to: Partial<ContactRow>) =>
  row && { ...row, ...to, changed_at: recordedAt };

export const contacts = projection({
  name: 'contacts',
  from: [contactContract],
  table: contactTable,
})({
  ContactRegistered: (_, { id, tenantId, revision, occurredAt, recordedAt, data, index = {} }) => ({
    tenant_id: tenantId,
    id,
    revision,
    account_id: data.accountId,
    person: personIn(data),
    words: index,
    role: null,
    power: null,
    stance: null,
    reports_to: null,
    consents: {},
    departed_on: null,
    pseudonym: null,
    registered_at: occurredAt,
    changed_at: recordedAt,
  }),
  ContactChanged: (row, event) =>
    change(row, event, {
      person: { ...without(row?.person, event.data.cleared), ...personIn(event.data) },
      words: { ...without(row?.words, event.data.cleared), ...event.index },
    }),
  ContactRoleSet: (row, event) => {
    const { role, power, stance, reportsTo = null } = event.data;
    return change(row, event, { role, power, stance, reports_to: reportsTo });
  },
  ContactConsentChanged: (row, event) => {
    const { channel, purpose, status, basis } = event.data;
    const consent = { channel, purpose, status, basis, changedAt: event.occurredAt };
    return change(row, event, { consents: { ...(row?.consents as object), [`${channel} ${purpose}`]: consent } });
  },
  ContactDeparted: (row, event) => change(row, event, { departed_on: event.data.on }),
  ContactErased: (row, event) => change(row, event, { person: { name: ERASED }, words: {}, pseudonym: event.data.pseudonym }),
});
