// 客户档案: one row an account, as it stands now. The list, the search and the page are made of it.
import { accountContract, type ExternalId } from '@kams/contracts/accounts/account';
import { projection, table, type RowOf } from '@kams/eventing';
import { withChanges, type KnownProfile } from '../domain/profile';
import { written } from './searched';

export const accountTable = table(
  'account',
  {
    tenant_id: 'text',
    id: 'uuid',
    revision: 'int',
    name: 'text',
    /** All names of the account, a line each, as they are searched. */
    search: 'text',
    sector: 'text?',
    country: 'text?',
    tier: 'text?',
    key_account: 'text',
    programme: 'text?',
    owner_id: 'text?',
    profile: 'json',
    since: 'json',
    external_ids: 'json',
    ratings: 'json',
    assessment: 'json?',
    registered_at: 'instant',
    changed_at: 'instant',
  },
  {
    primaryKey: ['tenant_id', 'id'],
    groupBy: 'id',
    indexes: [
      'id',
      'tenant_id, name, id',
      'tenant_id, changed_at, id',
      'using gin (tenant_id, search gin_trgm_ops)',
      'using gin (tenant_id, external_ids jsonb_path_ops)',
    ],
  },
);
type AccountRow = RowOf<typeof accountTable>;

const shown = (row: AccountRow, { profile, since }: KnownProfile): AccountRow => ({
  ...row,
  profile,
  since,
  name: profile.name ?? row.name,
  search: [profile.name, profile.legalName, profile.nameZh]
    .filter((name) => name !== undefined)
    .map(written)
    .join('\n'),
  sector: profile.sector ?? null,
  country: profile.country ?? null,
});

/** The row after a change that says nothing of the row it changes, if there is one. */
const change = (
  row: AccountRow | undefined,
  event: { readonly recordedAt: string },
  to: Partial<AccountRow>,
): AccountRow | undefined => row && { ...row, ...to, changed_at: event.recordedAt };

export const accounts = projection({
  name: 'accounts',
  version: 2,
  from: [accountContract],
  table: accountTable,
})({
  AccountRegistered: (_, { id, tenantId, revision, occurredAt, recordedAt, data }) => {
    const { accountId: _id, externalIds, ownerId, source: _source, ...profile } = data;
    const row: AccountRow = {
      tenant_id: tenantId,
      id,
      revision,
      name: profile.name,
      search: '',
      sector: null,
      country: null,
      tier: null,
      key_account: 'no',
      programme: null,
      owner_id: ownerId ?? null,
      profile: {},
      since: {},
      external_ids: externalIds,
      ratings: {},
      assessment: null,
      registered_at: occurredAt,
      changed_at: recordedAt,
    };
    return shown(row, { profile, since: {} });
  },
  AccountProfileUpdated: (row, event) =>
    row && change(shown(row, withChanges(row as unknown as KnownProfile, event.data.changes, event.occurredAt)), event, {}),
  ExternalIdAssigned: (row, event) =>
    change(row, event, { external_ids: [...((row?.external_ids ?? []) as ExternalId[]), event.data.externalId] }),
  KeyAccountNominated: (row, event) => change(row, event, { key_account: 'nominated', programme: event.data.programme }),
  KeyAccountDesignated: (row, event) => change(row, event, { key_account: 'designated' }),
  KeyAccountDeclined: (row, event) => change(row, event, { key_account: 'no', programme: null }),
  KeyAccountReleased: (row, event) => change(row, event, { key_account: 'no', programme: null }),
  CriterionRated: (row, event) => {
    const { code, raw, note } = event.data;
    const rating = { raw, note, eventId: event.eventId, ratedBy: event.actor, ratedAt: event.occurredAt };
    return change(row, event, { ratings: { ...(row?.ratings as object), [code]: rating } });
  },
  AccountScored: (row, event) => {
    const { accountId: _id, ...assessment } = event.data;
    return change(row, event, { assessment: { ...assessment, eventId: event.eventId, assessedAt: event.occurredAt } });
  },
  AccountTierChanged: (row, event) => change(row, event, { tier: event.data.to }),
});
