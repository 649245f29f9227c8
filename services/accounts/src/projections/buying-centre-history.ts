// 采购中心: who decides what at an account, on any day, as it was known on any other.
import { contactContract } from '@kams/contracts/accounts/contact';
import { history, startOfDay } from '@kams/eventing';

export const buyingCentreHistory = history({ name: 'buying_centre_history', from: [contactContract] })({
  ContactRoleSet: ({ data: { role, power, stance, reportsTo, validFrom }, occurredAt }) => [
    {
      attribute: 'role',
      value: { role, power, stance, ...(reportsTo !== undefined && { reportsTo }) },
      from: validFrom === undefined ? occurredAt : startOfDay(validFrom),
    },
  ],
  ContactDeparted: ({ data: { on } }) => [{ attribute: 'departed', value: true, from: startOfDay(on) }],
});
