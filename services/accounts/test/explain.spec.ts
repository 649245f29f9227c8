import { explained } from '../src/api/explain';
import type { ValueRow } from '../src/api/tiers';

const row = (revision: number, type: string, on: string, data: object): ValueRow => ({
  tenant_id: 'acme',
  account_id: 'a',
  revision,
  event_id: `event ${revision}`,
  type,
  occurred_at: `2026-${on}T00:00:00.000000Z`,
  recorded_at: `2026-12-01T00:00:${String(revision).padStart(2, '0')}.000000Z`,
  actor: 'user-1',
  data,
});
const modelRef = { modelId: 'm', version: 1 };
const scored = (revision: number, on: string, total: string) =>
  row(revision, 'AccountScored', on, { modelRef, total, criteria: [] });
const moved = (revision: number, on: string, to: string) =>
  row(revision, 'AccountTierChanged', on, { from: null, to, cause: 'placed' });
const told = (...rows: readonly ValueRow[]) => {
  const { tier, decision, assessment, latest } = explained(rows, () => undefined);
  return [tier, decision?.eventId, assessment?.eventId, latest?.eventId];
};

test('a tier rests on the assessment before its change; a newer one that moved nothing is told beside it', () =>
  expect(told(scored(0, '01-10', '60'), moved(1, '01-10', 'B'), scored(2, '04-10', '61'))).toEqual([
    'B',
    'event 1',
    'event 0',
    'event 2',
  ]));

test('what happened last counts, though it was recorded earlier', () =>
  expect(told(scored(0, '04-10', '80'), moved(1, '04-10', 'A'), scored(2, '01-10', '60'), moved(3, '01-10', 'B'))[0]).toBe('A'));

test('of what happened at the same instant, what was said last counts', () =>
  expect(told(scored(0, '01-10', '60'), moved(1, '01-10', 'B'), scored(2, '01-10', '90'), moved(3, '01-10', 'S'))).toEqual([
    'S',
    'event 3',
    'event 2',
    undefined,
  ]));

test('an account that nothing has moved yet has no tier, and its assessment is told', () => {
  expect(told(scored(0, '01-10', '60'))).toEqual([null, undefined, 'event 0', undefined]);
  expect(told()).toEqual([null, undefined, undefined, undefined]);
});
