import { cellReaders, Flaw, needed } from '../src/cli/imports/cells';
import type { CellRules, Decimals } from '../src/cli/imports/mapping';

const plain: Decimals = { point: '.' };
const readersOf = (decimals: Decimals = plain, nulls: string[] = []) => cellReaders(['c'], { decimals, nulls });
const rules = (more: Partial<CellRules> = {}): CellRules => ({ column: 'c', ...more });
const flaw = expect.any(Flaw);

describe('text', () => {
  const text = (cell: string, more: Partial<CellRules> = {}, nulls: string[] = []) =>
    readersOf(plain, nulls).text(rules(more))([cell]);

  test('is what the cell says, blanks and formulas too', () => {
    expect(text(' a  b ')).toBe(' a  b ');
    for (const cell of ['=HYPERLINK("x")', '+1', '-1', '@SUM(A1)', '\tx']) expect(text(cell)).toBe(cell);
  });

  test('is trimmed, stripped and replaced only where the mapping says so', () => {
    expect(text('17850.0', { stripTrailing: '.0' })).toBe('17850');
    expect(text('17850', { stripTrailing: '.0' })).toBe('17850');
    expect(text(' x ', { trim: true })).toBe('x');
    expect(text('technolgy', { replace: { technolgy: 'technology' } })).toBe('technology');
    expect(text('17850.0', { stripTrailing: '.0', template: 'Customer {}' })).toBe('Customer 17850');
    expect(text('$&', { template: 'Customer {}' })).toBe('Customer $&');
  });

  test('is nothing in an empty cell and in a null marker', () => {
    expect(text('')).toBeUndefined();
    expect(text('  ', { trim: true })).toBeUndefined();
    expect(text('?', {}, ['?'])).toBeUndefined();
    expect(text('Unspecified', { nulls: ['Unspecified'] })).toBeUndefined();
    expect(text('Unspecified')).toBe('Unspecified');
  });

  test('that must be there gives a flaw that names its column', () =>
    expect(needed(readersOf().text(rules()), 'c', 'it is the key')([''])).toMatchObject({
      code: 'cell-empty',
      reason: 'c is empty; it is the key',
    }));

  test('may be a constant', () => expect(readersOf().text({ constant: 'x' })(['y'])).toBe('x'));
});

describe('numbers are read in the declared form only', () => {
  const comma: Decimals = { point: ',', grouping: '.' };
  const cases: [string, Decimals, string | Flaw][] = [
    ['2.55', plain, '2.55'],
    ['-11062.06', plain, '-11062.06'],
    ['1,234.56', plain, flaw],
    ['1,234.56', { point: '.', grouping: ',' }, '1234.56'],
    ['12,34.56', { point: '.', grouping: ',' }, flaw],
    ['1.234,56', comma, '1234.56'],
    ['1234,56', comma, '1234.56'],
    ['1.234', comma, '1234'],
    ['1.23', comma, flaw],
    ['1 234', plain, flaw],
    ["1'234.5", { point: '.', grouping: "'" }, '1234.5'],
    ['€5', plain, flaw],
    ['５', plain, flaw],
    ['1e3', plain, flaw],
    ['.5', plain, flaw],
    ['+5', plain, flaw],
    [' 5', plain, flaw],
    ['NaN', plain, flaw],
  ];
  test.each(cases)('%s with %j', (cell, decimals, expected) =>
    expect(readersOf(decimals).decimal(rules())([cell])).toEqual(expected),
  );

  test('a whole number has no decimals and stays exact', () => {
    const whole = (cell: string, decimals = plain) => readersOf(decimals).whole(rules())([cell]);
    expect(whole('-6')).toBe(-6);
    expect(whole('1.234', comma)).toBe(1234);
    expect(whole('6.0')).toEqual(flaw);
    expect(whole('9007199254740993')).toEqual(flaw);
  });

  test('an amount becomes minor units, exactly', () => {
    const money = (cell: string, times?: string, currency = 'USD') => readersOf().money({ ...rules(), currency, times })([cell]);
    expect(money('1100.04', '1000000')).toEqual({ minor: 110_004_000_000, currency: 'USD' });
    expect(money('0.29')).toEqual({ minor: 29, currency: 'USD' });
    expect(money('5', undefined, 'JPY')).toEqual({ minor: 5, currency: 'JPY' });
    expect(money('0.295')).toEqual(flaw);
    expect(money('5', undefined, 'QQQ')).toEqual(flaw);
  });
});

describe('times', () => {
  const instant = (cell: string, format = 'yyyy-MM-dd HH:mm:ss', zone = 'Europe/London') =>
    readersOf().instant(rules(), { format, zone })([cell]);

  const cases: [string, string | undefined, string | undefined, string | Flaw][] = [
    ['2010-12-01 08:26:00', undefined, undefined, '2010-12-01T08:26:00.000Z'],
    ['2011-06-01 08:26:00', undefined, undefined, '2011-06-01T07:26:00.000Z'],
    // The clocks skip 01:00 to 02:00 on the 27th of March, and show it twice on the 30th of October.
    ['2011-03-27 01:30:00', undefined, undefined, '2011-03-27T01:30:00.000Z'],
    ['2011-03-27 00:30:00', undefined, undefined, '2011-03-27T00:30:00.000Z'],
    ['2011-03-27 12:00:00', undefined, undefined, '2011-03-27T11:00:00.000Z'],
    ['2011-10-30 01:30:00', undefined, undefined, '2011-10-30T00:30:00.000Z'],
    ['01.02.2011', 'dd.MM.yyyy', 'Asia/Shanghai', '2011-01-31T16:00:00.000Z'],
    ['1/2/2011 5:07 PM', 'M/d/yyyy h:mm a', 'UTC', '2011-01-02T17:07:00.000Z'],
    ['2011-02-01T10:00:00+08:00', "yyyy-MM-dd'T'HH:mm:ssZZ", 'UTC', '2011-02-01T02:00:00.000Z'],
    ['2024-02-30 00:00:00', undefined, undefined, flaw],
    ['2010-12-01', undefined, undefined, flaw],
    ['12/01/2010 08:26', undefined, undefined, flaw],
    ['２０１０-12-01 08:26:00', undefined, undefined, flaw],
    ['tomorrow', undefined, undefined, flaw],
  ];
  test.each(cases)('%s as %s in %s', (cell, format, zone, expected) => expect(instant(cell, format, zone)).toEqual(expected));

  test('every hour of a year is the instant that the zone says', () => {
    const read = readersOf().instant(rules(), { format: 'yyyy-MM-dd HH:mm:ss', zone: 'America/New_York' });
    const shown = new Intl.DateTimeFormat('sv-SE', { timeZone: 'America/New_York', dateStyle: 'short', timeStyle: 'medium' });
    for (let at = Date.UTC(2025, 0, 1); at < Date.UTC(2026, 0, 1); at += 3_600_000) {
      const cell = shown.format(at);
      // Of a time that is shown twice the earlier one is taken.
      const again = shown.format(at - 3_600_000) === cell ? at - 3_600_000 : at;
      expect(read([cell])).toBe(new Date(again).toISOString());
    }
  });
});

describe('a day', () => {
  const day = (cell: string, format = 'yyyy-MM-dd') => readersOf().day(rules(), format)([cell]);

  test('is read in its format and in no other, and needs no zone', () => {
    expect(day('1985-03-31')).toBe('1985-03-31');
    expect(day('31.3.1985', 'd.M.yyyy')).toBe('1985-03-31');
    expect(day('1985年3月31日', 'yyyy年M月d日')).toBe('1985-03-31');
    expect(day('')).toBeUndefined();
    for (const cell of ['31.3.1985', '1985-02-30', '1985-3-31', '85-03-31', '1985-03-31 ']) expect(day(cell)).toEqual(flaw);
  });

  test('that is wrong is not shown', () =>
    expect(day('1985-02-30')).toMatchObject({ code: 'cell-malformed', reason: 'c is not a date like yyyy-MM-dd' }));
});
