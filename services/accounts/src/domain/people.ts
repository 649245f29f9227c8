// Who is named by what we did or promised: the account, and contacts of it. They are looked up before a decision.
import type { Found, Ref } from '@kams/eventing/pure';
import { account, type Account } from './account';
import { contact, type Contact } from './contact';

/** By the id of the contact, as many as are named. */
type Contacts<C> = { readonly [contactId: `contact ${string}`]: C };
type People = { readonly customer: Ref<Account>; readonly [contactId: `contact ${string}`]: Ref<Contact> };

export const lookContacts = (ids: readonly string[]): Contacts<Ref<Contact>> =>
  Object.fromEntries(ids.map((id) => [`contact ${id}`, { of: contact, id }]));
export const lookPeople = (accountId: string, ids: readonly string[]): People => ({
  customer: { of: account, id: accountId },
  ...lookContacts(ids),
});

/** The first that is no contact of this account. One who was erased is none, but where something took place `before` that. */
export const stranger = (
  accountId: string,
  ids: readonly string[],
  looked: Contacts<Found<Contact>>,
  { before = false } = {},
): string | undefined =>
  ids.find((id) => {
    const it = looked[`contact ${id}`]?.state;
    const isContact = it?.is === 'known' || (before && it?.is === 'erased');
    return !isContact || it.accountId !== accountId;
  });
