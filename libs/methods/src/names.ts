// Names of companies, made comparable; and the code by which a Chinese organisation is known.

/** Letters that have no decomposition into a plain letter and a mark. */
const PLAIN_LETTERS: Readonly<Record<string, string>> = { æ: 'ae', œ: 'oe', ø: 'o', đ: 'd', ð: 'd', þ: 'th', ł: 'l', ħ: 'h' };

// The longest first: what ends in 股份有限公司 ends in 公司 too.
const CHINESE_FORMS = '股份有限公司 有限责任公司 有限責任公司 股份公司 有限公司 有限合伙 有限合夥 股份 公司 集团 集團'.split(' ');

// As trailing words only: AG Barr and SE Labs keep theirs. `and` is left by "GmbH & Co. KG" and "Smith & Co".
const LATIN_FORMS = new Set(
  (
    'inc incorporated corp corporation co company ltd limited llc llp lp plc pty pte pvt gmbh mbh ag kg kgaa ohg ug se sa sas ' +
    'sarl rl spa srl sl sprl bv nv cv ab as asa aps oy oyj sro doo kft zrt bhd sdn kk and'
  ).split(' '),
);

/**
 * The form of a company's name to search and match by, never to show. Two names with the same form are candidates for one company.
 *
 * Width (NFKC), case, accents, punctuation, brackets and spaces are levelled, spaces beside Chinese characters removed, and legal
 * forms taken off the end: 华为技术有限公司 and 华为技术（集团）股份有限公司 -> 华为技术; Müller GmbH & Co. KG -> muller. A branch
 * (分公司) keeps its word, as it is not its parent. What is a legal form and nothing else stays: 公司 -> 公司.
 *
 * @returns never empty, unless the name is blank. Applied to its own result it changes nothing.
 */
export function searchName(name: string): string {
  const words = levelled(name);
  return words === '' ? name.normalize('NFKC').trim() : withoutForms(words);
}

function levelled(name: string): string {
  return (
    name
      .normalize('NFKC')
      // Up, then down: ß and SS, the two sigmas, the dotless i. It is the nearest to case folding without a table.
      .toUpperCase()
      .toLowerCase()
      // Only the marks of Latin, Greek and Cyrillic: the vowels of Hindi and the voicing of Japanese are marks as well.
      .normalize('NFD')
      .replace(/[\u0300-\u036f]/g, '')
      .normalize('NFKC')
      .replace(/[æœøđðþłħ]/g, (letter) => PLAIN_LETTERS[letter] ?? letter)
      .replaceAll('&', ' and ')
      .replace(/['’‘ʼ`´]/g, '')
      // S.A., B. V. and I.B.M. are one word each.
      .replace(/(?<![\p{L}\p{M}\p{N}])(\p{L})\.\s*(?=\p{L}(?![\p{L}\p{M}\p{N}]))/gu, '$1')
      .replace(/[^\p{L}\p{M}\p{N}]+/gu, ' ')
      .replace(/(?<=\p{Script=Han}) | (?=\p{Script=Han})/gu, '')
      .trim()
  );
}

function withoutForms(words: string): string {
  let rest = words;
  for (let form = lastForm(rest); form !== ''; form = lastForm(rest)) rest = rest.slice(0, -form.length).trimEnd();
  return rest;
}

/** The legal form at the end, if something stands before it. No form is longer than 15, so only the end is looked at. */
function lastForm(words: string): string {
  const end = words.slice(-16);
  if (/[分支总總]公司$/u.test(end)) return '';
  const [word = ''] = /(?<=[ \p{Script=Han}])[a-z]+$/u.exec(end) ?? [];
  const form = LATIN_FORMS.has(word) ? word : (CHINESE_FORMS.find((it) => end.endsWith(it)) ?? '');
  return form.length < words.length ? form : '';
}

const CODE_CHARACTERS = '0123456789ABCDEFGHJKLMNPQRTUWXY';
const CODE = /^[0-9A-HJ-NP-RTUWXY]{2}\d{6}[0-9A-HJ-NP-RTUWXY]{10}$/;

/**
 * 统一社会信用代码, the unified social credit code of GB 32100-2015: 18 characters without I, O, S, V and Z, of which 3 to 8 are
 * the digits of the region, and the last is the check character by MOD 31-3: `(31 - sum(value x 3^(i - 1)) mod 31) mod 31`.
 *
 * @returns the code in capital half-width characters, fit as a match key; undefined if it is no such code
 */
export function unifiedSocialCreditCode(text: string): string | undefined {
  const code = text.normalize('NFKC').trim().toUpperCase();
  if (!CODE.test(code)) return undefined;
  const value = (at: number) => CODE_CHARACTERS.indexOf(code.charAt(at));
  let sum = 0;
  for (let at = 0, weight = 1; at < 17; at += 1, weight = (weight * 3) % 31) sum += value(at) * weight;
  return value(17) === (31 - (sum % 31)) % 31 ? code : undefined;
}
