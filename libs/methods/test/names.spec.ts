import fc from 'fast-check';
import { searchName, unifiedSocialCreditCode } from '../src/names';

describe('the search name', () => {
  test.each([
    ['华为技术有限公司', '华为技术'],
    ['华为技术（集团）股份有限公司', '华为技术'],
    ['华为 技术 有限责任公司', '华为技术'],
    ['中国石油化工集团公司', '中国石油化工'],
    ['华为技术有限公司（深圳）', '华为技术有限公司深圳'],
    ['深圳市（华强）电子有限公司', '深圳市华强电子'],
    ['上海创业投资中心（有限合伙）', '上海创业投资中心'],
    ['鴻海精密工業股份有限公司', '鴻海精密工業'],
    ['遠東集團有限公司', '遠東'],
    ['ＩＢＭ　中国有限公司', 'ibm中国'],
    ['IBM 中国 有限公司', 'ibm中国'],
    ['Müller GmbH & Co. KG', 'muller'],
    ['MUELLER AG', 'mueller'],
    ['Straße & Söhne OHG', 'strasse and sohne'],
    ['Société Générale S.A.', 'societe generale'],
    ['Smith & Co., Ltd.', 'smith'],
    ['Smith and Company Limited', 'smith'],
    ['Kan-code, Inc', 'kan code'],
    ['Acme  Corporation', 'acme'],
    ['Philips B. V.', 'philips'],
    ['I.B.M. Corp.', 'ibm'],
    ["McDonald's plc", 'mcdonalds'],
    ['Ørsted A/S', 'orsted a s'],
    ['ŁÓDŹ Sp. z o.o.', 'lodz sp z oo'],
    ['Ａｃｍｅ Ｌｔｄ．', 'acme'],
    ['华为 Ltd', '华为'],
  ])('of %s is %s', (name, search) => expect(searchName(name)).toBe(search));

  test.each([
    ['AG Barr', 'ag barr'],
    ['Co-operative Bank', 'co operative bank'],
    ['Limited Brands', 'limited brands'],
    ['3AG', '3ag'],
    ['Viking', 'viking'],
    ['公司宝', '公司宝'],
  ])('of %s keeps a legal form that is not at the end, or no word', (name, search) => expect(searchName(name)).toBe(search));

  test('of a branch is not that of its parent', () => {
    expect(searchName('华为技术有限公司深圳分公司')).toBe('华为技术有限公司深圳分公司');
    expect(searchName('华为技术有限公司')).not.toBe(searchName('华为技术有限公司分公司'));
  });

  test.each([
    ['公司', '公司'],
    ['有限公司', '有限公司'],
    ['集团公司', '集团'],
    ['Limited', 'limited'],
    ['Co. Ltd.', 'co'],
    ['***', '***'],
    ['（）', '()'],
  ])('of %s, which is nothing else, is %s', (name, search) => expect(searchName(name)).toBe(search));

  test('keeps the marks that make another word in other scripts', () => {
    expect(searchName('バンダイ')).not.toBe(searchName('ハンタイ'));
    expect(searchName('हिन्दी')).toBe('हिन्दी');
    expect(searchName('삼성전자')).toBe('삼성전자');
  });

  const name = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: 'binary' }),
    fc
      .array(
        fc.constantFrom(
          '华为',
          '集团',
          '有限公司',
          '公司',
          '分',
          '有限',
          '股份',
          'Müller',
          'Co',
          'Ltd',
          's.a.',
          'and',
          '&',
          ' ',
          '.',
          ',',
          '（',
          '）',
          'İ',
          'ß',
          'ﬁ',
          '３',
        ),
      )
      .map((parts) => parts.join('')),
  );

  test('is empty for a blank name only', () =>
    fc.assert(fc.property(name, (it) => expect(searchName(it) === '').toBe(it.normalize('NFKC').trim() === ''))));

  test('of a search name is the same', () =>
    fc.assert(
      fc.property(name, (it) => expect(searchName(searchName(it))).toBe(searchName(it))),
      { numRuns: 1000 },
    ));

  test('does not change with the width of the letters', () =>
    expect(searchName('ＡＢＣ（上海）有限公司')).toBe(searchName('abc(上海)有限公司')));
});

describe('the unified social credit code', () => {
  // The worked example of GB 32100-2015: 91350100M000100Y4 has the sum 1640, 1640 mod 31 = 28, and so the check character 3.
  test.each(['91350100M000100Y43', '914403001922038216', '9144030071526726XG'])('%s is one', (code) =>
    expect(unifiedSocialCreditCode(code)).toBe(code),
  );

  test.each([
    ['the wrong check character of the standard’s own example', '91350100M000100Y4Z'],
    ['another check character', '91350100M000100Y44'],
    ['two digits exchanged', '91530100M000100Y43'],
    ['17 characters', '91350100M000100Y4'],
    ['19 characters', '91350100M000100Y433'],
    ['a letter in the region', '9135A100M000100Y43'],
    ['the letter O for a zero', '91350100MO00100Y43'],
    ['the letter I', '9I350100M000100Y43'],
    ['nothing', ''],
  ])('is not one with %s', (_, code) => expect(unifiedSocialCreditCode(code)).toBeUndefined());

  test('is given back in capital half-width characters', () =>
    expect(unifiedSocialCreditCode(' ９１350100m000100y43 ')).toBe('91350100M000100Y43'));

  test('shows every wrong character', () => {
    const code = '91350100M000100Y43';
    const wrong = [...code].flatMap((right, at) =>
      [...'0123456789ABCDEFGHJKLMNPQRTUWXY']
        .filter((it) => it !== right)
        .map((it) => code.slice(0, at) + it + code.slice(at + 1)),
    );
    expect(wrong.filter((it) => unifiedSocialCreditCode(it) !== undefined)).toEqual([]);
  });
});
