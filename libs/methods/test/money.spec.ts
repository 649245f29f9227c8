import fc from 'fast-check';
import { add, fromDecimal, isCurrency, lineAmount, minorDigits, money, negate, sum, toDecimal } from '../src/money';
import { refused } from './refused';

const gbp = (minor: number) => money(minor, 'GBP');

describe('currencies', () => {
  test.each([
    ['GBP', 2],
    ['CNY', 2],
    ['JPY', 0],
    ['KWD', 3],
    ['CLF', 4],
  ])('%s has %i digits after the point', (currency, digits) => expect(minorDigits(currency)).toBe(digits));

  test('what has no minor unit is no currency to keep money in', () =>
    expect(['CNY', 'JPY', 'XXX', 'XAU', 'cny', ''].map(isCurrency)).toEqual([true, true, false, false, false, false]));

  test.each([
    ['HUF', 2],
    ['IDR', 2],
    ['IQD', 3],
  ])('%s has the %i digits of ISO 4217, not those of Node’s own table', (currency, digits) => {
    expect(minorDigits(currency)).toBe(digits);
    expect(new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits).not.toBe(digits);
  });

  test('a currency that was withdrawn lately is still known', () =>
    expect(fromDecimal('7.53', 'HRK')).toEqual(money(753, 'HRK')));

  test.each(['', 'gbp', 'EUX', 'XAU', 'XXX', '€', '__proto__'])('%j is no currency', (code) =>
    expect(() => money(1, code)).toThrow(refused('unknown-currency')),
  );
});

describe('sums', () => {
  test('amounts of one currency are added', () => {
    expect(add(gbp(1), gbp(2))).toEqual(gbp(3));
    expect(sum([gbp(100), gbp(-250), gbp(1)], 'GBP')).toEqual(gbp(-149));
    expect(sum([], 'JPY')).toEqual(money(0, 'JPY'));
  });

  test('two currencies are never added', () => {
    expect(() => add(gbp(1), money(1, 'EUR'))).toThrow(refused('currencies-differ'));
    expect(() => sum([gbp(1)], 'EUR')).toThrow(refused('currencies-differ'));
  });

  test('a sum beyond the safe integers is refused', () => {
    expect(() => add(gbp(Number.MAX_SAFE_INTEGER), gbp(1))).toThrow(refused('amount-too-large'));
    expect(() => sum([gbp(Number.MIN_SAFE_INTEGER), gbp(-1)], 'GBP')).toThrow(refused('amount-too-large'));
  });

  test('a sum that fits is given even where a step to it does not fit', () =>
    expect(sum([gbp(Number.MAX_SAFE_INTEGER), gbp(2), gbp(-2)], 'GBP')).toEqual(gbp(Number.MAX_SAFE_INTEGER)));

  test('nothing, negated, is plain zero', () => expect(Object.is(negate(gbp(0)).minor, 0)).toBe(true));

  test.each([0.5, NaN, Infinity, 2 ** 53])('%d is no number of minor units', (minor) =>
    expect(() => gbp(minor)).toThrow(refused('not-whole-minor-units')),
  );
});

describe('decimals', () => {
  test.each([
    ['12.34', 'GBP', 1234],
    ['12.340', 'GBP', 1234],
    ['-0.05', 'GBP', -5],
    ['1200', 'JPY', 1200],
    ['1.234', 'KWD', 1234],
    ['90071992547409.91', 'GBP', Number.MAX_SAFE_INTEGER],
  ])('%s %s is %i minor units', (text, currency, minor) => expect(fromDecimal(text, currency)).toEqual(money(minor, currency)));

  test.each([
    ['12.345', 'GBP'],
    ['0.5', 'JPY'],
    ['1.2345', 'KWD'],
  ])('%s %s is not whole minor units and is refused, not rounded', (text, currency) =>
    expect(() => fromDecimal(text, currency)).toThrow(refused('too-many-decimals')),
  );

  test.each(['', '1,234.56', '1.234,56', '€5', '１２', '1e3', '1e100000', '.5', '5.', '+1', ' 1', 'NaN'])(
    '%j is no decimal',
    (text) => expect(() => fromDecimal(text, 'GBP')).toThrow(refused('not-a-decimal')),
  );

  test('an amount one unit beyond the safe integers is refused', () =>
    expect(() => fromDecimal('90071992547409.92', 'GBP')).toThrow(refused('amount-too-large')));

  test('an amount is written with all digits of its currency', () => {
    expect(toDecimal(gbp(-5))).toBe('-0.05');
    expect(toDecimal(money(1200, 'JPY'))).toBe('1200');
    expect(toDecimal(money(1, 'KWD'))).toBe('0.001');
  });

  test('what is written is read back the same', () =>
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.constantFrom('GBP', 'JPY', 'KWD', 'CLF'), (minor, currency) => {
        expect(fromDecimal(toDecimal(money(minor, currency)), currency)).toEqual(money(minor, currency));
      }),
    ));
});

describe('invoice lines', () => {
  test.each([
    [6, '2.55', 1530],
    [-12, '1.69', -2028],
    ['2.5', '0.99', 248],
    [1, '0.001', 0],
    [-1, '0.001', 0],
    [15_000, '0.001', 1500],
  ])('%s at %s is %i pence', (quantity, unitPrice, minor) => {
    expect(lineAmount(quantity, unitPrice, 'GBP')).toEqual(gbp(minor));
    expect(Object.is(lineAmount(quantity, unitPrice, 'GBP').minor, -0)).toBe(false);
  });

  test('half a minor unit goes to the even neighbour', () => {
    const minors = [1, 3, 5, -1, -3].map((halves) => lineAmount(halves, '0.005', 'GBP').minor);
    expect(minors).toEqual([0, 2, 2, 0, -2]);
  });

  test('a float does not disturb the half: 1.005 x 100 is exactly 100.5 pence', () =>
    expect(lineAmount(1, '1.005', 'GBP')).toEqual(gbp(100)));

  test('a return has exactly the negative amount of its sale', () =>
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 80_995 }), fc.integer({ min: 0, max: 40_000_000 }), (quantity, thousandths) => {
        const unitPrice = (thousandths / 1000).toFixed(3);
        expect(lineAmount(-quantity, unitPrice, 'GBP')).toEqual(negate(lineAmount(quantity, unitPrice, 'GBP')));
      }),
    ));

  test('a line beyond the safe integers is refused', () =>
    expect(() => lineAmount(Number.MAX_SAFE_INTEGER, '0.02', 'GBP')).toThrow(refused('amount-too-large')));

  test('a quantity that is no exact number is refused', () => {
    expect(() => lineAmount(NaN, '1', 'GBP')).toThrow(refused('not-a-decimal'));
    expect(() => lineAmount(2 ** 53, '1', 'GBP')).toThrow(refused('not-a-decimal'));
  });
});
