import { event, contract } from '@kams/contracts/define';
import fc from 'fast-check';
import { z } from 'zod';
import { assert, BEGINNING, beliefsOf, END, history, holds, type Assertion, type HistoryRow } from '../../src/run/history';
import type { Occurrence } from '../../src/run/occurrence';
import type { Position } from '../../src/store/port';

const at = (day: number): string => `2026-01-${String(day).padStart(2, '0')}T00:00:00.000000Z`;
const saying = (value: unknown, from?: string): Assertion => ({ attribute: 'tier', value, from });
const told = (...said: readonly (readonly [recorded: number, Assertion])[]): readonly HistoryRow[] =>
  said.reduce<readonly HistoryRow[]>((rows, [recorded, it]) => then(rows, recorded, it), []);
const then = (rows: readonly HistoryRow[], recorded: number, ...said: readonly Assertion[]) =>
  assert(rows, 'acme', said, 'tenant', at(recorded));
/** The one value that a question finds. */
const asked = (rows: readonly HistoryRow[], asOf: string, knownAt: string, attribute = 'tier'): unknown => {
  const found = beliefsOf(rows).filter((it) => it.attribute === attribute && holds(it, asOf, knownAt));
  expect(found.length).toBeLessThanOrEqual(1);
  return found[0]?.value;
};

test('what is said holds from its day on, and from the day on which it was said', () => {
  const rows = told([10, saying('A', at(5))]);
  expect(asked(rows, at(4), at(10))).toBeUndefined();
  expect(asked(rows, at(5), at(10))).toBe('A');
  expect(asked(rows, END, END)).toBe('A');
  expect(asked(rows, at(5), at(9))).toBeUndefined();
});

test('what is said without a day was always so', () => {
  expect(asked(told([10, saying('A')]), BEGINNING, at(10))).toBe('A');
});

test('a change ends what held before it, and leaves it for the days before', () => {
  const rows = told([10, saying('A', at(1))], [11, saying('B', at(5))]);
  expect(asked(rows, at(4), at(11))).toBe('A');
  expect(asked(rows, at(5), at(11))).toBe('B');
  expect(asked(rows, at(5), at(10))).toBe('A');
});

test('a change that is told late ends where the next known one begins', () => {
  const rows = told([10, saying('A', at(1))], [11, saying('C', at(20))], [12, saying('B', at(10))]);
  expect([1, 9, 10, 19, 20].map((day) => asked(rows, at(day), at(12)))).toEqual(['A', 'A', 'B', 'B', 'C']);
  expect(asked(rows, at(15), at(11))).toBe('A');
});

test('what is told of the days before everything known ends where that begins', () => {
  const rows = told([10, saying('B', at(20))], [11, saying('A', at(5))]);
  expect([4, 5, 19, 20].map((day) => asked(rows, at(day), at(11)))).toEqual([undefined, 'A', 'A', 'B']);
});

test('a correction replaces the value of its stretch, and what was believed can still be asked for', () => {
  const rows = told([10, saying('A', at(1))], [11, saying('B', at(5))], [12, saying('X', at(5))]);
  expect(asked(rows, at(6), at(12))).toBe('X');
  expect(asked(rows, at(6), at(11))).toBe('B');
  expect(asked(rows, at(4), at(12))).toBe('A');
});

test('an end is a value too: nothing holds from there on', () => {
  const rows = told([10, saying('A', at(1))], [11, saying(null, at(5))]);
  expect(asked(rows, at(4), at(11))).toBe('A');
  expect(asked(rows, at(5), at(11))).toBeNull();
});

test('saying what is so already changes nothing, in whatever order its fields come', () => {
  const rows = told([10, saying({ parentId: 'p', linkType: 'branch' }, at(1))]);
  expect(then(rows, 11, saying({ linkType: 'branch', parentId: 'p' }, at(5)))).toBe(rows);
  expect(then(rows, 11, saying({ linkType: 'division', parentId: 'p' }, at(5)))).not.toBe(rows);
});

test('attributes do not touch each other', () => {
  const rows = then(told([10, saying('A', at(1))]), 11, { ...saying('energy', at(3)), attribute: 'sector' });
  expect(asked(rows, at(4), at(11))).toBe('A');
  expect(asked(rows, at(4), at(11), 'sector')).toBe('energy');
});

test('what is said at once is one row, and what changes later leaves the rest of it', () => {
  const of = (attribute: string, value: unknown, from?: string): Assertion => ({ attribute, value, from });
  const first = then([], 10, of('name', 'Acme'), of('sector', 'steel'), of('country', 'CN'));
  expect(first).toMatchObject([
    { attributes: { country: 'CN', name: 'Acme', sector: 'steel' }, valid_to: END, recorded_to: END },
  ]);
  const changed = then(first, 11, of('sector', 'energy', at(5)));
  expect(changed).toHaveLength(4);
  expect(changed).toContainEqual({ ...first[0]!, attributes: { country: 'CN', name: 'Acme' } });
  const again = then(changed, 12, of('tier', 'A', at(6)));
  for (const row of changed) expect(again.some((it) => it === row)).toBe(true);
});

test('what is corrected at the instant at which it was learned leaves no trace', () => {
  expect(told([10, saying('A', at(1))], [10, saying('B', at(1))])).toEqual(told([10, saying('B', at(1))]));
});

describe('whatever is said, in whatever order', () => {
  const days = 8;
  const steps = fc.array(
    fc.record({
      day: fc.option(fc.integer({ min: 1, max: days })),
      value: fc.constantFrom<unknown>('A', 'B', null, { a: 1, b: 2 }, { b: 2, a: 1 }),
      later: fc.integer({ min: 0, max: 2 }),
      attribute: fc.constantFrom('tier', 'sector'),
    }),
    { maxLength: 25 },
  );
  const same = (a: unknown, b: unknown) => JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
  const sorted = (value: unknown): unknown =>
    typeof value === 'object' && value !== null ? Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)) : value;

  /**
   * The simplest thing that could be right: for each attribute the points at which a change is known, and a copy of all of them
   * for every instant at which something was said.
   */
  function model() {
    const points = new Map<string, Map<string, unknown>>();
    const versions: { recorded: string; points: Map<string, Map<string, unknown>> }[] = [];
    const valueAt = (of: Map<string, unknown> | undefined, asOf: string): unknown => {
      const before = [...(of ?? [])].filter(([from]) => from <= asOf).sort(([a], [b]) => (a < b ? -1 : 1));
      return before.at(-1)?.[1];
    };
    return {
      say(attribute: string, from: string, value: unknown, recorded: string) {
        const known = valueAt(points.get(attribute), from);
        if (known === undefined || !same(known, value)) {
          points.set(attribute, new Map(points.get(attribute)).set(from, value));
        }
        versions.push({ recorded, points: new Map(points) });
      },
      ask(attribute: string, asOf: string, knownAt: string): unknown {
        return valueAt(versions.findLast((it) => it.recorded <= knownAt)?.points.get(attribute), asOf);
      },
    };
  }

  test('each question finds the last word that was known then, and one answer at most', () => {
    fc.assert(
      fc.property(steps, (said) => {
        const simple = model();
        let rows: readonly HistoryRow[] = [];
        let recorded = 1;
        for (const { day, value, later, attribute } of said) {
          recorded += later;
          const from = day === null ? BEGINNING : at(day);
          simple.say(attribute, from, value, at(recorded));
          rows = then(rows, recorded, { attribute, value, ...(day !== null && { from }) });
        }
        for (const attribute of ['tier', 'sector']) {
          for (let known = 1; known <= recorded; known++) {
            for (const asOf of [BEGINNING, ...Array.from({ length: days + 1 }, (_, i) => at(i + 1))]) {
              const answer = asked(rows, asOf, at(known), attribute);
              expect(sorted(answer)).toEqual(sorted(simple.ask(attribute, asOf, at(known))));
            }
          }
        }
        const keys = rows.map((row) => [row.valid_from, row.valid_to, row.recorded_from, row.recorded_to].join());
        expect(new Set(keys).size).toBe(keys.length);
        for (const row of rows) {
          expect(Object.keys(row.attributes)).not.toEqual([]);
          expect(row.valid_from < row.valid_to).toBe(true);
          expect(row.recorded_from < row.recorded_to).toBe(true);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test('the rows do not depend on the order in which a database gives them back', () => {
    fc.assert(
      fc.property(steps, fc.infiniteStream(fc.nat()), (said, chances) => {
        const both = said.reduce<readonly (readonly HistoryRow[])[]>(
          (all, { day, value, attribute }, i) =>
            all.map((rows, mixed) => {
              const given = mixed ? [...rows].sort(() => (chances.next().value % 2 ? 1 : -1)) : rows;
              const from = day === null ? BEGINNING : at(day);
              return then(given, 1 + Math.floor(i / 2), { attribute, value, from });
            }),
          [[], []],
        );
        const texts = both.map((rows) => rows.map((row) => JSON.stringify(row)).sort());
        expect(texts[1]).toEqual(texts[0]);
      }),
    );
  });
});

describe('a history of attributes', () => {
  const data = z.strictObject({ tier: z.string() });
  const about = { version: 1, label: { en: 'Changed', zh: '变更' }, description: 'For a test.', data, example: { tier: 'A' } };
  const memberContract = contract({
    name: 'member',
    plural: 'members',
    label: about.label,
    description: 'A member.',
    commands: {},
    events: { TierChanged: event(about), Greeted: event(about) },
    refusals: {},
  });
  const tiers = history({ name: 'tiers', from: [memberContract] })({
    TierChanged: ({ data: { tier }, occurredAt }) => [{ attribute: 'tier', value: tier, from: occurredAt }],
  });
  const occurrence = (type: string, tier: string): Occurrence => ({
    type,
    data: { tier },
    eventId: 'e',
    schema: 1,
    category: 'member',
    id: 'm-1',
    revision: 0,
    position: '' as Position,
    tenantId: 'acme',
    actor: 'user-1',
    occurredAt: at(3),
    recordedAt: at(4),
  });

  test('is kept by the thing that an event happened to', () => {
    expect(tiers.groupOf(occurrence('TierChanged', 'A'))).toBe('m-1');
    expect(tiers.apply([], occurrence('TierChanged', 'A'))).toEqual([
      {
        tenant_id: 'acme',
        key: 'm-1',
        attributes: { tier: 'A' },
        valid_from: at(3),
        valid_to: END,
        recorded_from: at(4),
        recorded_to: END,
      },
    ]);
  });

  test('takes no notice of events that say nothing of an attribute', () =>
    expect(tiers.groupOf(occurrence('Greeted', 'A'))).toBeUndefined());
});
