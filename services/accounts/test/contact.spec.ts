import type { ContactContract } from '@kams/contracts/accounts/contact';
import type { EventOf } from '@kams/contracts/define';
import { found, given } from '@kams/testing/given';
import { account } from '../src/domain/account';
import { contact } from '../src/domain/contact';

const contactId = '00000000-0000-7000-8000-000000000001';
const accountId = '00000000-0000-7000-8000-0000000000aa';
const employer = found(account, accountId, { type: 'AccountRegistered', data: { accountId, name: 'Acme', externalIds: [] } });
const nobody = found(account, accountId);

const registered = {
  type: 'ContactRegistered' as const,
  data: { contactId, accountId, name: 'Li Wei', phone: '+8613912345678' },
};
const erased = {
  type: 'ContactErased' as const,
  data: { contactId, accountId, pseudonym: '00000000-0000-5000-8000-000000000000', request: 'dsr-1' },
};
const li = (...more: EventOf<ContactContract>[]) => given(contact)(registered, ...more).knowing({ employer });
const role = { role: 'decision_maker' as const, power: 5, stance: 1 };
const consent = { channel: 'email' as const, purpose: 'marketing' as const, status: 'granted' as const, basis: 'form' };
const key = { system: 'crm', type: 'contact', value: '4711' };
const byKey = { system: 'crm', type: 'account', value: 'Acme' };

test('a contact is registered once, at an account that exists', () => {
  given(contact)()
    .knowing({ employer })
    .when('Register', { accountId, person: { name: 'Li Wei' } })
    .then({ type: 'ContactRegistered', data: { contactId, accountId, name: 'Li Wei' } });
  given(contact)()
    .knowing({ employer: nobody })
    .when('Register', { accountId, person: { name: 'Li Wei' } })
    .refused('unknown-account');
  li()
    .when('Register', { accountId, person: { name: 'Li Wei' } })
    .refused('contact-exists');
});

test('an import registers, and later brings up to date what differs', () => {
  const data = { externalId: key, account: byKey, person: { name: 'Li Wei', jobTitle: 'Buyer' } };
  given(contact)()
    .knowing({ employer })
    .when('Import', data)
    .then({ type: 'ContactRegistered', data: { contactId, accountId, name: 'Li Wei', jobTitle: 'Buyer', externalId: key } });
  li()
    .when('Import', data)
    .then({ type: 'ContactChanged', data: { contactId, jobTitle: 'Buyer', cleared: [] } });
  li()
    .when('Import', { ...data, person: { name: 'Li Wei' } })
    .then();
  given(contact)().knowing({ employer: undefined }).when('Import', data).refused('unknown-account');
});

test('only what is news is recorded', () => {
  li()
    .when('Change', { set: { name: 'Li Wei' }, clear: ['email'] })
    .then();
  li()
    .when('Change', { set: { jobTitle: 'Buyer' }, clear: ['phone'] })
    .then({ type: 'ContactChanged', data: { contactId, jobTitle: 'Buyer', cleared: ['phone'] } });
});

test('a role is set once, and nobody reports to oneself', () => {
  li()
    .when('SetRole', role)
    .then({ type: 'ContactRoleSet', data: { contactId, accountId, ...role } });
  li({ type: 'ContactRoleSet', data: { contactId, accountId, ...role } })
    .when('SetRole', role)
    .then();
  li()
    .when('SetRole', { ...role, reportsTo: contactId })
    .refused('reports-to-self');
});

test('consent is kept by channel and purpose', () => {
  li()
    .when('ChangeConsent', consent)
    .then({ type: 'ContactConsentChanged', data: { contactId, accountId, ...consent } });
  const granted = { type: 'ContactConsentChanged' as const, data: { contactId, accountId, ...consent } };
  li(granted).when('ChangeConsent', consent).then();
  li(granted)
    .when('ChangeConsent', { ...consent, channel: 'phone' })
    .then({ type: 'ContactConsentChanged', data: { contactId, accountId, ...consent, channel: 'phone' } });
  li(granted)
    .when('ChangeConsent', { ...consent, status: 'withdrawn' })
    .then({ type: 'ContactConsentChanged', data: { contactId, accountId, ...consent, status: 'withdrawn' } });
});

test('a person leaves an account once', () => {
  const departed = { type: 'ContactDeparted' as const, data: { contactId, accountId, on: '2026-06-30' } };
  li().when('Depart', { on: '2026-06-30' }).then(departed);
  li(departed).when('Depart', { on: '2026-07-01' }).refused('contact-departed');
});

test('after the erasure nothing more is said of the person, and a second one changes nothing', () => {
  expect(li().when('Erase', { request: 'dsr-1' }).facts).toMatchObject([
    { type: 'ContactErased', data: { contactId, request: 'dsr-1' } },
  ]);
  li(erased).when('Erase', { request: 'dsr-2' }).then();
  li(erased)
    .when('Change', { set: { name: 'X' } })
    .refused('contact-erased');
  li(erased).when('SetRole', role).refused('contact-erased');
  li(erased).when('ChangeConsent', consent).refused('contact-erased');
  li(erased)
    .when('Register', { accountId, person: { name: 'X' } })
    .refused('contact-erased');
  li(erased)
    .when('Import', { externalId: key, account: byKey, person: { name: 'X' } })
    .refused('contact-erased');
});
