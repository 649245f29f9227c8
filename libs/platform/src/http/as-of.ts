// The two dates of a question: as of when (valid), and by what was known when (recorded).
import { z } from 'zod';
import { instant, localDate } from '@kams/contracts/values';

const dayOrInstant = z.union([localDate(), instant()]);

export const asOfAndKnownAt = {
  asOf: dayOrInstant.optional().meta({ description: 'As it was then: an instant, or a day with all that happened on it.' }),
  knownAt: dayOrInstant
    .optional()
    .meta({ description: 'By what was recorded then: an instant, or a day with all that was recorded on it.' }),
};

/** A day means its last microsecond, in UTC. */
export const asInstant = (it: string | undefined, now: string): string =>
  it === undefined ? now : /^\d{4}-\d\d-\d\d$/.test(it) ? `${it}T23:59:59.999999Z` : it;
