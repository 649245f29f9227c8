// The profile as it is held true today. The aggregate decides by it, and the view shows it.
import type { AccountContract, Profile, ProfileField } from '@kams/contracts/accounts/account';
import type { EventData } from '@kams/contracts/define';

export interface KnownProfile {
  readonly profile: Profile;
  /** The day or the instant from which each field is as it is; absent where it was always so. */
  readonly since: Readonly<Partial<Record<ProfileField, string>>>;
}
type Change = EventData<AccountContract, 'AccountProfileUpdated'>['changes'][number];

/** What was so from an earlier day than the value in hand is history: the value in hand stays. */
export const withChanges = (known: KnownProfile, changes: readonly Change[], occurredAt: string): KnownProfile =>
  changes.reduce(({ profile, since }, { field, new: value, validFrom }) => {
    const start = validFrom ?? occurredAt;
    if (start < (since[field] ?? '')) return { profile, since };
    const { [field]: _old, ...others } = profile;
    return {
      profile: value === null ? others : { ...others, [field]: value },
      since: { ...since, [field]: start },
    };
  }, known);
