// An account with two contacts, one of another account, and one that was erased: as decisions find them.
import { found } from '@kams/testing/given';
import { account } from '../src/domain/account';
import { contact } from '../src/domain/contact';

export const accountId = '00000000-0000-7000-8000-0000000000aa';
const elsewhere = '00000000-0000-7000-8000-0000000000bb';
export const [li, wang, stranger, forgotten, nobody] = ['c1', 'c2', 'c3', 'c4', 'c5'].map(
  (it) => `00000000-0000-7000-8000-0000000000${it}`,
) as [string, string, string, string, string];

const registered = (contactId: string, at = accountId) => ({
  type: 'ContactRegistered' as const,
  data: { contactId, accountId: at, name: 'Somebody' },
});
const erased = {
  type: 'ContactErased' as const,
  data: { contactId: forgotten, accountId, pseudonym: '00000000-0000-5000-8000-000000000000', request: 'dsr-1' },
};

export const people = {
  customer: found(account, accountId, { type: 'AccountRegistered', data: { accountId, name: 'Acme', externalIds: [] } }),
  [`contact ${li}`]: found(contact, li, registered(li)),
  [`contact ${wang}`]: found(contact, wang, registered(wang)),
  [`contact ${stranger}`]: found(contact, stranger, registered(stranger, elsewhere)),
  [`contact ${forgotten}`]: found(contact, forgotten, registered(forgotten), erased),
  [`contact ${nobody}`]: found(contact, nobody),
};
export const noAccount = { ...people, customer: found(account, accountId) };
