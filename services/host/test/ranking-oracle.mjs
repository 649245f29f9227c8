// The value ranking once more, from the CSV files alone, by a script that shares no code with the product.
//   node services/host/test/ranking-oracle.mjs <asOf> <limit> <file...>
import { parse } from 'csv-parse/sync';
import { readFileSync } from 'node:fs';

const [asOf, limit, ...files] = process.argv.slice(2);

/** Whole thousandths: unit prices have up to three decimals. */
function thousandths(text) {
  const [, sign, whole, part = ''] = /^(-?)(\d+)(?:\.(\d{1,3}))?$/.exec(text);
  return (sign ? -1n : 1n) * (BigInt(whole) * 1000n + BigInt(part.padEnd(3, '0')));
}
/** To whole pence; half goes to the even one. */
function pence(thousandth) {
  const whole = thousandth / 10n;
  const rest = thousandth % 10n;
  const size = rest < 0n ? -rest : rest;
  const away = size > 5n || (size === 5n && whole % 2n !== 0n);
  return whole + (away ? (rest < 0n ? -1n : 1n) : 0n);
}

const invoices = new Map();
for (const file of files) {
  for (const row of parse(readFileSync(file), { columns: true, bom: true })) {
    if (row.CustomerID === '') continue;
    const customer = row.CustomerID.replace(/\.0$/, '');
    const invoice = invoices.get(row.InvoiceNo) ?? {
      customer,
      day: row.InvoiceDate.slice(0, 10),
      value: 0n,
      cancelled: row.InvoiceNo.startsWith('C'),
    };
    invoice.value += pence(BigInt(row.Quantity) * thousandths(row.UnitPrice));
    invoices.set(row.InvoiceNo, invoice);
  }
}

const customers = new Map();
for (const { customer, day, value, cancelled } of invoices.values()) {
  if (day > asOf) continue;
  const it = customers.get(customer) ?? { customer, last: '', frequency: 0, monetary: 0n };
  it.monetary += value;
  if (!cancelled) {
    it.frequency++;
    if (day > it.last) it.last = day;
  }
  customers.set(customer, it);
}
const all = [...customers.values()].map((it) => ({
  customer: it.customer,
  recencyDays: it.last === '' ? null : Math.round((Date.parse(asOf) - Date.parse(it.last)) / 86_400_000),
  frequency: it.frequency,
  monetary: Number(it.monetary),
}));

/** 5 for the best fifth; equals share the best place of any of them. */
function fifths(better) {
  const sorted = [...all].sort(better);
  const scores = new Map();
  let place = 0;
  sorted.forEach((it, i) => {
    if (i > 0 && better(sorted[i - 1], it) !== 0) place = i;
    scores.set(it.customer, 5 - Math.floor((place * 5) / sorted.length));
  });
  return scores;
}
const days = (it) => it.recencyDays ?? Infinity;
const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
const r = fifths((a, b) => compare(days(a), days(b)));
const f = fifths((a, b) => b.frequency - a.frequency);
const m = fifths((a, b) => b.monetary - a.monetary);

all.sort((a, b) => b.monetary - a.monetary || b.frequency - a.frequency || compare(days(a), days(b)));
for (const [i, it] of all.slice(0, Number(limit)).entries()) {
  const recency = it.recencyDays === null ? 1 : r.get(it.customer);
  console.log(JSON.stringify({ rank: i + 1, ...it, r: recency, f: f.get(it.customer), m: m.get(it.customer) }));
}
