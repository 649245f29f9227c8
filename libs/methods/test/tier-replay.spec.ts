import { DEFAULT_LADDER } from '../src/tier-ladder';
import { tierReplay, type TieredModel, type ValueFact } from '../src/tier-replay';

const model = (weight: string, hysteresis = '3'): TieredModel => ({
  minCoverage: '0.7',
  criteria: [
    { code: 'influence', weight, normaliser: { kind: 'linear', lo: '0', hi: '100', clamp: true }, missing: 'exclude' },
    {
      code: 'openness',
      weight: String(1 - Number(weight)),
      normaliser: { kind: 'linear', lo: '0', hi: '100', clamp: true },
      missing: 'exclude',
    },
  ],
  ladder: { ...DEFAULT_LADDER, hysteresis },
});

const rated = (code: string, raw: string): ValueFact => ({ is: 'rated', code, raw, eventId: `${code} ${raw}` });
const assessed = (at: string, total: string, more: object = {}): ValueFact => ({
  is: 'assessed',
  at,
  scheduled: true,
  total,
  below: 0,
  needsApproval: false,
  ...more,
});
const moved = (to: string | null, by: 'model' | 'override' | 'override-ended' = 'model'): ValueFact => ({ is: 'moved', to, by });
const FROM = '2026-01-01';

/** 80 and 40: 64 by the model of 0.6, 72 by that of 0.8. */
const known = [rated('influence', '80'), rated('openness', '40')];

test('under the model that it had, an account stands where it stands', () => {
  const facts = [...known, assessed('2026-02-01', '64.000000'), moved('B')];
  expect(tierReplay(model('0.6'), FROM)(facts)).toEqual({
    was: { tier: 'B', total: '64.000000' },
    would: { tier: 'B', total: '64.000000' },
    isOverridden: false,
    needsApproval: false,
    assessments: 1,
  });
});

test('under other weights it would have been placed elsewhere', () => {
  const facts = [...known, assessed('2026-02-01', '64.000000'), moved('B')];
  expect(tierReplay(model('0.8'), FROM)(facts)).toMatchObject({
    was: { tier: 'B' },
    would: { tier: 'A', total: '72.000000' },
  });
});

test('an assessment before the period is not replayed: it says from where the account comes', () => {
  const facts = [...known, assessed('2025-12-31', '64.000000'), moved('B')];
  expect(tierReplay(model('0.8'), FROM)(facts)).toMatchObject({ would: { tier: 'B', total: '64.000000' }, assessments: 0 });
});

test('each assessment is made with what was rated by then', () => {
  const facts = [...known, assessed('2026-02-01', '64.000000'), moved('B'), rated('openness', '90')];
  expect(tierReplay(model('0.6'), FROM)(facts).would.total).toBe('64.000000');
  expect(tierReplay(model('0.6'), FROM)([...facts, assessed('2026-05-01', '84.000000'), moved('A')]).would).toEqual({
    tier: 'A',
    total: '84.000000',
  });
});

describe('two low evaluations in a row', () => {
  const low = [rated('influence', '50'), rated('openness', '50')];
  test('count also when the first was before the period', () => {
    const before = [...known, assessed('2025-09-01', '72.000000'), moved('A'), ...low];
    const first = assessed('2025-12-01', '50.000000', { below: 1 });
    const facts = [...before, first, assessed('2026-03-01', '50.000000', { below: 0 }), moved('B')];
    expect(tierReplay(model('0.8'), FROM)(facts)).toMatchObject({ was: { tier: 'B' }, would: { tier: 'B' } });
  });
  test('do not demote when the threshold is far enough', () => {
    const facts = [
      ...[...known, assessed('2025-09-01', '72.000000'), moved('A'), ...low],
      ...[assessed('2026-01-10', '50.000000', { below: 1 }), assessed('2026-04-10', '50.000000'), moved('B')],
    ];
    expect(tierReplay(model('0.8', '25'), FROM)(facts)).toMatchObject({ was: { tier: 'B' }, would: { tier: 'A' } });
  });
});

test('while an override is in force it would be in force as well; what was computed meanwhile holds at its end', () => {
  const overridden: ValueFact[] = [
    ...[...known, assessed('2025-12-01', '64.000000'), moved('B'), { is: 'overridden' } as const, moved('S', 'override')],
    assessed('2026-02-01', '64.000000'),
  ];
  expect(tierReplay(model('0.8'), FROM)(overridden)).toMatchObject({
    was: { tier: 'S' },
    would: { tier: 'S', total: '72.000000' },
    isOverridden: true,
  });
  expect(tierReplay(model('0.8'), FROM)([...overridden, { is: 'override-ended' }, moved('B', 'override-ended')])).toMatchObject({
    was: { tier: 'B' },
    would: { tier: 'A' },
    isOverridden: false,
  });
});

test('a move of several rungs is taken as approved, and said', () => {
  const facts = [...known, assessed('2025-12-01', '30.000000'), moved('C'), assessed('2026-02-01', '64.000000'), moved('B')];
  expect(tierReplay(model('0.8'), FROM)(facts)).toMatchObject({ would: { tier: 'A' }, needsApproval: true });
});

test('what the model does not get enough of gives no score, and never a guess', () => {
  const facts = [rated('influence', '80'), assessed('2026-02-01', '64.000000'), moved('B')];
  expect(tierReplay(model('0.6'), FROM)(facts)).toMatchObject({
    was: { tier: 'B' },
    would: { tier: null, total: null },
    refused: { refused: 'coverage-too-low', missing: ['openness'] },
  });
});
