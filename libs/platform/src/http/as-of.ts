// The two dates of a question: as of when (valid), and by what was known when (recorded).
import { z } from 'zod';
import { localDate } from '@kams/contracts/values';

const hasYear = (instant: string): boolean => {
  const at = new Date(instant);
  return !Number.isNaN(at.getTime()) && /^[1-9]\d{3}-/.test(at.toISOString());
};
/** With all its digits: what an answer says of an instant can be asked again. */
const dayOrInstant = z.union([localDate(), z.iso.datetime({ offset: true }).refine(hasYear, 'has no such year')]);

export const asOfAndKnownAt = {
  asOf: dayOrInstant.optional().meta({ description: 'As it was then: an instant, or a day with all that happened on it.' }),
  knownAt: dayOrInstant
    .optional()
    .meta({ description: 'By what was recorded then: an instant, or a day with all that was recorded on it.' }),
};

/** By all that is known: the store's clock may be ahead of this process's. */
const NOW_KNOWN = 'infinity';

/** A day means its last microsecond, in UTC. */
export const asInstant = (it: string | undefined, now: string): string =>
  it === undefined ? now : /^\d{4}-\d\d-\d\d$/.test(it) ? `${it}T23:59:59.999999Z` : it;

/** Both dates of a question, as they are answered (`asOf`, `knownAt`) and as rows are asked (`asOf`, `known`). */
export const datesOf = (query: { readonly asOf?: string | undefined; readonly knownAt?: string | undefined }, now: Date) => ({
  asOf: asInstant(query.asOf, now.toISOString()),
  knownAt: asInstant(query.knownAt, now.toISOString()),
  known: asInstant(query.knownAt, NOW_KNOWN),
});
