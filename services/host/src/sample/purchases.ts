// What the accounts buy in the year: twice a week to once a month, more in autumn than in the month of the Spring Festival, each
// on its own way up or down. Some of it comes back.
import type { CommandData } from '@kams/contracts/define';
import type { PurchaseContract } from '@kams/contracts/accounts/purchase';
import { lineAmount, sum } from '@kams/methods/money';
import { ACCOUNTS, erpId, type Account } from './accounts';
import { onPurchase, purchaseId, type Act } from './act';
import { ARTICLES } from './articles';
import { at, ZONE } from './calendar';
import { between, nthChance, upTo } from './chance';
import { rows } from './columns';

/** `yearly` is what the year before came to, in CNY; `growth` what this year is to add to it, in %; one order in `every` working days. */
const habits = rows(
  'key | yearly | every | growth',
  `
  zixu          | 5200000  | 5   | 12
  zixu-parts    | 6900000  | 2.5 | 8
  zixu-battery  | 4300000  | 2.5 | 15
  zixu-cars     | 9300000  | 2.5 | 26
  zixu-freight  | 650000   | 10  | -4
  wuyou         | 3600000  | 5   | 3
  wuyou-wind    | 7400000  | 2.5 | 6
  wuyou-solar   | 4100000  | 2.5 | 24
  wuyou-power   | 900000   | 10  | 5
  jinghua       | 5800000  | 2.5 | 14
  shuiyue       | 2700000  | 5   | 4
  haishi        | 1200000  | 5   | -12
  balnibarbi    | 10400000 | 2.5 | 16
  lagado        | 5100000  | 5   | 6
  lindalino     | 1700000  | 5   | 20
  brobdingnag   | 6600000  | 5   | 7
  brob-steel    | 7800000  | 2.5 | -22
  flanflasnic   | 2200000  | 5   | -15
  lorbrulgrud   | 1500000  | 5   | 2
  glumdalclitch | 800000   | 20  | 1
  luggnagg      | 4700000  | 5   | 9
  traldragdubh  | 420000   | 20  | -6
  glubbdubdrib  | 3300000  | 5   | 10
  maldonada     | 560000   | 20  | -3
`,
);

/** January to December: 1 is an even month. */
const SEASON = [0.95, 0.6, 1.05, 1.1, 1.05, 1, 0.9, 0.9, 1.15, 1.15, 1.2, 0.95];
const FIRST_ORDER_ON = 10;
const RETURNED = 0.045;

/** The buyer of little orders one that is worth half of the best account's year, and calls it off three days later. */
export const CANCELLED = { key: 'traldragdubh', workday: 170, sku: 'RB-0600', qty: 54 } as const;
/** Recorded twice by the ERP under two numbers; the second is reversed. */
export const BOOKED_TWICE = { key: 'lorbrulgrud', workday: 88 } as const;

type Recorded = CommandData<PurchaseContract, 'Record'>;
type Line = Recorded['lines'][number];
interface Purchase {
  readonly workday: number;
  readonly data: Recorded;
  /** In fen. */
  readonly amount: number;
}

export interface Year {
  readonly acts: readonly Act[];
  /** Revenue of the twelve months up to a working day and its growth on the twelve months before: what a controller reports. */
  measured(key: string, workday: number): { readonly revenue: string; readonly growth: string };
}

export function purchasesOf(seed: number, days: readonly string[]): Year {
  const weights = days.map((day, i) => (i < FIRST_ORDER_ON ? 0 : SEASON[Number(day.slice(5, 7)) - 1]!));
  const whole = total(weights);
  const shares = weights.map((it) => it / whole);

  const bought = new Map(
    ACCOUNTS.map((account, nth) => [account.key, purchasesOfAccount(account, nthChance(seed, nth), days, shares)]),
  );
  const double = bookedTwice(bought.get(BOOKED_TWICE.key)!, days);

  return {
    acts: [
      ...[...bought.values()].flat().map(({ data }) => recording(data)),
      recording(double),
      onPurchase(
        'Reverse',
        purchaseId(double.sourceSystem, double.txnId),
        'sample-controller-1',
        at(days[BOOKED_TWICE.workday + 2], '16:00'),
        {
          reversedAt: at(days[BOOKED_TWICE.workday + 2], '16:00'),
          zone: ZONE,
          reason: 'Booked twice',
        },
      ),
    ],
    measured(key, workday) {
      const yearly = habitOf(key).yearly;
      const net = total(
        bought
          .get(key)!
          .filter((it) => it.workday <= workday)
          .map((it) => it.amount),
      );
      // Of the months that are not in the sample the share of the year before counts.
      const revenue = yearly * (1 - total(shares.slice(0, workday + 1))) + net / 100;
      return { revenue: revenue.toFixed(2), growth: (100 * (revenue / yearly - 1)).toFixed(1) };
    },
  };
}

function purchasesOfAccount(
  account: Account,
  random: () => number,
  days: readonly string[],
  shares: readonly number[],
): Purchase[] {
  const { yearly, every, growth } = habitOf(account.key);
  const purchases: Purchase[] = [];
  const record = (workday: number, data: Pick<Recorded, 'kind' | 'txnId' | 'lines' | 'reverses'>) => {
    const txnAt = at(
      days[workday],
      `${String(9 + Math.floor(random() * 9)).padStart(2, '0')}:${String(Math.floor(random() * 60)).padStart(2, '0')}`,
    );
    purchases.push({
      workday,
      amount: amountOf(data.lines),
      data: { sourceSystem: 'erp', account: { externalId: erpId(account) }, ccy: 'CNY', txnAt, zone: ZONE, ...data },
    });
  };

  let nth = 0;
  for (let due = FIRST_ORDER_ON + random() * every; due < days.length; due += every * between(random, 0.7, 1.3)) {
    const workday = Math.floor(due);
    const trend = 1 + (2 * growth * workday) / (100 * days.length);
    const target = yearly * shares[workday]! * every * trend * between(random, 0.85, 1.15);
    const number = `${account.no}-${String(++nth).padStart(3, '0')}`;
    const lines = linesFor(target, random);
    record(workday, { kind: 'sale', txnId: `SO-${number}`, lines });

    const back = workday + 3 + upTo(random, 12);
    const returned = random() < RETURNED && back < days.length ? partOf(lines, random) : [];
    if (returned.length > 0) record(back, { kind: 'return', txnId: `RT-${number}`, lines: returned, reverses: `SO-${number}` });
  }
  if (account.key === CANCELLED.key) {
    const txnId = `SO-${account.no}-900`;
    const lines = [lineOf(CANCELLED.sku, CANCELLED.qty), lineOf('SV-0001', CANCELLED.qty)];
    record(CANCELLED.workday, { kind: 'sale', txnId, lines });
    record(CANCELLED.workday + 3, {
      kind: 'return',
      txnId: txnId.replace('SO', 'RT'),
      lines: lines.map(givenBack),
      reverses: txnId,
    });
  }
  return purchases;
}

/** One to eight lines that come to about the target, mostly few. */
function linesFor(target: number, random: () => number): Line[] {
  const affordable = ARTICLES.filter((it) => Number(it.unitPrice) < target / 3);
  const count = Math.min(upTo(random, 8), upTo(random, 8), affordable.length);
  const chosen = affordable
    .map((it) => ({ it, place: random() }))
    .toSorted((a, b) => a.place - b.place)
    .slice(0, count);
  const parts = chosen.map(() => between(random, 0.5, 1.5));
  return chosen.map(({ it }, i) =>
    lineOf(it.sku, Math.max(1, Math.round((target * parts[i]!) / total(parts) / Number(it.unitPrice)))),
  );
}

function lineOf(sku: string, qty: number): Line {
  const { description, unitPrice, category } = ARTICLES.find((it) => it.sku === sku)!;
  return { sku, description, qty, unitPrice, category };
}

const givenBack = (line: Line): Line => ({ ...line, qty: -line.qty });

/** A tenth to a half of one line or two. */
const partOf = (lines: readonly Line[], random: () => number): Line[] =>
  lines
    .filter((line) => line.qty > 1)
    .slice(0, upTo(random, 2))
    .map((line) => givenBack({ ...line, qty: Math.max(1, Math.floor(line.qty * between(random, 0.1, 0.5))) }));

function bookedTwice(purchases: readonly Purchase[], days: readonly string[]): Recorded {
  const { data } = purchases.find((it) => it.workday >= BOOKED_TWICE.workday - 5 && it.data.kind === 'sale')!;
  return { ...data, txnId: `${data.txnId}-2`, txnAt: at(days[BOOKED_TWICE.workday], '17:30') };
}

const recording = (data: Recorded): Act =>
  onPurchase('Record', purchaseId(data.sourceSystem, data.txnId), 'sample-erp', data.txnAt, data);

const habitOf = (key: string): { yearly: number; every: number; growth: number } => {
  const { yearly, every, growth } = habits.find((it) => it.key === key)!;
  return { yearly: Number(yearly), every: Number(every), growth: Number(growth) };
};

const amountOf = (lines: readonly Line[]): number =>
  sum(
    lines.map((it) => lineAmount(it.qty, it.unitPrice, 'CNY')),
    'CNY',
  ).minor;

const total = (numbers: readonly number[]): number => numbers.reduce((all, it) => all + it, 0);
