// Money: whole minor units of one currency. Never a float, never rounded in silence.
import { Decimal, decimal, type Numeric } from './decimal';
import { MethodRefused } from './refusal';

export type Money = {
  /** A safe integer: pence for GBP, fen for CNY, yen for JPY. */
  readonly minor: number;
  /** ISO 4217, three capital letters. */
  readonly currency: string;
};

// ISO 4217 list one of 2026-01-01, with the codes withdrawn since 2020, because history is imported too. Not from Intl: Node's
// own table (CLDR) gives HUF, IDR and IQD no digits where ISO gives 2, 2 and 3, and it moves with the version of Node, which
// would change the value of stored amounts. Units without minor unit (XAU, XDR, XXX) are no money.
const CODES: Readonly<Record<number, string>> = {
  0: 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF',
  2:
    'AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY ' +
    'COP COU CRC CUC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HRK HTG HUF IDR ILS ' +
    'INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD ' +
    'NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP ' +
    'SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG ZWL',
  3: 'BHD IQD JOD KWD LYD OMR TND',
  4: 'CLF UYW',
};
const DIGITS = new Map(
  Object.entries(CODES).flatMap(([digits, codes]) => codes.split(' ').map((code) => [code, Number(digits)])),
);

/** Is this a currency of ISO 4217 that money is kept in? */
export const isCurrency = (code: string): boolean => DIGITS.has(code);

/**
 * Digits after the point by ISO 4217: GBP 2, JPY 0, KWD 3, CLF 4.
 * @throws MethodRefused `unknown-currency`
 */
export function minorDigits(currency: string): number {
  const digits = DIGITS.get(currency);
  if (digits === undefined) throw new MethodRefused('unknown-currency', 'Name a currency by its ISO 4217 code, such as CNY.');
  return digits;
}

/** @throws MethodRefused `not-whole-minor-units`, `unknown-currency` */
export function money(minor: number, currency: string): Money {
  if (!Number.isSafeInteger(minor)) {
    throw new MethodRefused('not-whole-minor-units', 'Give the amount in whole minor units, at most 2^53 - 1 of them.');
  }
  return exactly(BigInt(minor), currency);
}

/** @throws MethodRefused `currencies-differ`, `amount-too-large` */
export const add = (a: Money, b: Money): Money => sum([a, b], a.currency);

export const negate = (it: Money): Money => ({ ...it, minor: 0 - it.minor });

/**
 * The sum in any order: only the result has to fit, not the steps to it. The currency is named, so that nothing sums to zero of it.
 * @throws MethodRefused `currencies-differ`, `amount-too-large`
 */
export function sum(amounts: readonly Money[], currency: string): Money {
  let total = 0n;
  for (const amount of amounts) {
    if (amount.currency !== currency) {
      throw new MethodRefused(
        'currencies-differ',
        'Convert the amounts to one currency first, and record rate, date and source.',
      );
    }
    total += BigInt(amount.minor);
  }
  return exactly(total, currency);
}

/**
 * `fromDecimal('12.34', 'GBP')` is 1234 pence. `12.340` is the same amount; `12.345` is not whole pence and is refused.
 * @throws MethodRefused `not-a-decimal`, `too-many-decimals`, `unknown-currency`, `amount-too-large`
 */
export function fromDecimal(amount: string, currency: string): Money {
  const minor = decimal(amount).times(unit(currency));
  if (!minor.eq(minor.round(0))) {
    throw new MethodRefused('too-many-decimals', `Give at most ${minorDigits(currency)} decimals for this currency.`);
  }
  return exactly(BigInt(minor.toFixed(0)), currency);
}

/** `12.34` for 1234 pence, with all digits of the currency. */
export const toDecimal = ({ minor, currency }: Money): string =>
  new Decimal(minor).div(unit(currency)).toFixed(minorDigits(currency));

/**
 * The amount of an invoice line: quantity x unit price, rounded half-even to minor units. Unit prices may be finer than the
 * currency (0.001 occurs), quantities are negative on returns, and a return has exactly the negative amount of its sale.
 * @throws MethodRefused `not-a-decimal`, `unknown-currency`, `amount-too-large`
 */
export const lineAmount = (quantity: Numeric, unitPrice: string, currency: string): Money =>
  exactly(BigInt(decimal(quantity).times(decimal(unitPrice)).times(unit(currency)).toFixed(0)), currency);

const unit = (currency: string): number => 10 ** minorDigits(currency);

function exactly(minor: bigint, currency: string): Money {
  minorDigits(currency);
  const amount = Number(minor);
  if (Number.isSafeInteger(amount)) return { minor: amount, currency };
  throw new MethodRefused('amount-too-large', 'Split the amount: more than 2^53 - 1 minor units are not kept exactly.');
}
