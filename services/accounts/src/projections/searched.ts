// How names are written where they are searched, and what is asked of them there.
import { searchName } from '@kams/methods/names';
import type { Search } from '@kams/platform';

/**
 * The form of a name that the trigram index is made of: as `searchName` has it, with every Chinese character thrice and every
 * other one twice. So a single Chinese character has a trigram and a pair of any script has two, and what is a part of a name
 * is a part of its written form and the other way round.
 */
export const written = (name: string): string =>
  searchName(name)
    .replace(/\p{Script=Han}/gu, '$&$&$&')
    .replace(/[^\s\p{Script=Han}]/gu, '$&$&');

const SHORTEST_MISSPELT = 4;
/**
 * Of 50 misspelt names 46 are found at 0.5, 41 at 0.55 and 40 at 0.6, which is the default (company-names.ts in the tests). Short
 * words are near to many at 0.5, each of which is compared: with one trigram more that has to be the same it takes 12 ms instead
 * of 51 (simens), and none of the 46 is lost.
 */
const leastSimilarity = (letters: number): number => (letters <= 4 ? 0.56 : letters <= 6 ? 0.54 : 0.5);

const inLike = (it: string): string => `%${it.replace(/[\\%_]/g, '\\$&')}%`;
const holding = (part: string) => ({ sql: 'search like ?', values: [inLike(part)] });

/**
 * The search for a part of a name in a table with a column `search`. Near to it is a name with something near to each word of
 * the part: to words of four letters and more by the similarity of their letters, the shorter ones must be there as they are.
 * Chinese names are not misspelt by letters, so nothing is near to a part with Chinese characters.
 */
export function searchFor(part: string): Search {
  const all = written(part);
  const words = searchName(part)
    .split(/\s+/)
    .filter((it) => it !== '');
  const misspelt = words.filter((it) => [...it].length >= SHORTEST_MISSPELT);
  const long = misspelt.map(written);
  const short = words.filter((it) => [...it].length < SHORTEST_MISSPELT).map(written);
  const holds = { ...holding(all), isIndexed: [...all].length >= 3 };
  if (long.length === 0 || /\p{Script=Han}/u.test(all)) return { holds };
  return {
    holds,
    near: {
      sql: [...long.map(() => 'search %> ?'), ...short.map(() => 'search like ?')].join(' and '),
      values: [...long, ...short.map(inLike)],
      distance: {
        sql: `(1 + ${long.map(() => '100 - round(100 * word_similarity(?, search))').join(' + ')})::int`,
        values: long,
      },
      setting: ['pg_trgm.word_similarity_threshold', String(Math.min(...misspelt.map((it) => leastSimilarity([...it].length))))],
    },
  };
}
