// 定期评估: a quarter after the last assessment the next one is made, under the same model. One that is refused (too little is
// rated) is noted, and the next assessment by a person starts the quarters anew.
import { accountContract } from '@kams/contracts/accounts/account';
import { timer } from '@kams/eventing';
import { DateTime } from 'luxon';
import { account } from '../domain/account';

const MONTHS = 3;

export const valueIsAssessedEachQuarter = timer({
  name: 'value-is-assessed-each-quarter',
  from: [accountContract],
  give: ({ id, data }) => ({ to: account, type: 'AssessValue', id, data: { ...(data as { modelId: string }), scheduled: true } }),
})({
  // From the day on which it was recorded: an assessment of years ago that is imported now calls for none of the years between.
  AccountScored: ({ recordedAt, data }) => ({
    at: DateTime.fromISO(recordedAt, { zone: 'utc' }).plus({ months: MONTHS }).toISO()!,
    data: { modelId: data.modelRef.modelId },
  }),
  KeyAccountReleased: () => null,
});
