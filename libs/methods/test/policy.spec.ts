import { drafted, inForce, latest, noPolicy, published, retired, version, type PolicyState } from '../src/policy';

const JAN = '2026-01-01T00:00:00.000Z';
const FEB = '2026-02-01T00:00:00.000Z';
const MAR = '2026-03-01T00:00:00.000Z';
const APR = '2026-04-01T00:00:00.000Z';

const first = published(drafted<string>(noPolicy, 'weights of 2026'), JAN);
const second = published(drafted(first, 'weights of spring'), MAR);
const numberAt = (state: PolicyState<string>, at: string) => inForce(state, at)?.version;

test('nothing is in force before the first publication', () => {
  expect(latest(noPolicy)).toBeUndefined();
  expect(version(noPolicy, 1)).toBeUndefined();
  expect(inForce(noPolicy, JAN)).toBeUndefined();
  expect(inForce(first, '2025-12-31T23:59:59.999Z')).toBeUndefined();
});

test('a draft is not in force, and is gone once it is published', () => {
  expect(latest(drafted<string>(noPolicy, 'a draft'))).toBeUndefined();
  expect(first).toEqual({ is: 'policy', versions: [{ version: 1, content: 'weights of 2026', publishedAt: JAN }] });
});

test('a version is in force from the instant of its publication until the next one', () => {
  expect([JAN, FEB, '2026-02-28T23:59:59.999Z', MAR, APR].map((at) => numberAt(second, at))).toEqual([1, 1, 1, 2, 2]);
});

test('instants are compared as instants, however they are written', () => {
  expect(numberAt(second, '2026-03-01T00:00:00Z')).toBe(2);
  expect(numberAt(second, '2026-03-01T07:59:59+08:00')).toBe(1);
});

test('a published version never changes, whatever is drafted, published or retired after it', () => {
  const kept = version(first, 1);
  expect(version(drafted(second, 'other'), 1)).toBe(kept);
  expect(version(published(drafted(second, 'other'), APR), 1)).toBe(kept);
  expect(version(retired(second, 2, APR), 1)).toBe(kept);
});

test('the latest version is the one published last, retired or not', () =>
  expect(latest(retired(second, 2, APR))?.version).toBe(2));

test('a retired version is not in force from that instant on, but explains the decisions before', () => {
  const ended = retired(first, 1, FEB);
  expect([JAN, FEB, MAR].map((at) => numberAt(ended, at))).toEqual([1, undefined, undefined]);
  expect(version(ended, 1)?.content).toBe('weights of 2026');
});

test('a retired version does not bring back the one it had replaced', () =>
  expect(numberAt(retired(second, 2, APR), APR)).toBeUndefined());

test('a version that was replaced before it was retired was in force all the same', () =>
  expect(numberAt(retired(second, 1, APR), FEB)).toBe(1));

test('publishing without a draft, and retiring twice, change nothing', () => {
  expect(published(first, MAR)).toBe(first);
  expect(published<string>(noPolicy, MAR)).toBe(noPolicy);
  expect(retired<string>(noPolicy, 1, MAR)).toBe(noPolicy);
  expect(retired(retired(first, 1, FEB), 1, APR)).toEqual(retired(first, 1, FEB));
});
