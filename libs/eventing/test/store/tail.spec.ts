import { START } from '../../src/store/port';
import { Tail } from '../../src/store/postgres/tail';
import { positionOf } from '../../src/store/recorded';

const all = () => true;
const text = (size: number) => JSON.stringify('x'.repeat(size - 2));

function tailOf(limits: { events: number; bytes: number }, positions: readonly number[], size = 10): Tail {
  const tail = new Tail(limits);
  for (const position of positions) {
    tail.add(
      { stream: position % 2 === 0 ? 'even-1' : 'odd-1', revision: position, position, recordedAt: '' },
      { id: String(position), type: 'T', schema: 1, data: text(size - 2), metadata: '{}' },
    );
  }
  return tail;
}
const shown = (tail: Tail, after: number, limit = 100, wanted: (stream: string) => boolean = all) => {
  const page = tail.page(after, limit, wanted);
  return page && { ids: page.events.map((it) => Number(it.id)), upTo: Number(page.position) };
};

test('shows what follows without a hole, up to a limit', () => {
  const tail = tailOf({ events: 100, bytes: 10_000 }, [5, 6, 7, 9]);
  expect(shown(tail, 4)).toEqual({ ids: [5, 6, 7], upTo: 7 });
  expect(shown(tail, 5, 1)).toEqual({ ids: [6], upTo: 6 });
  expect(shown(tail, 8)).toEqual({ ids: [9], upTo: 9 });
});

test('shows nothing when the next event is not here', () => {
  const tail = tailOf({ events: 100, bytes: 10_000 }, [5, 6]);
  for (const after of [0, 3, 6, 7]) expect(shown(tail, after)).toBeUndefined();
  expect(tail.page(0, 10, all)?.position ?? START).toBe(START);
});

test('takes events in any order: the answers of two calls may cross', () => {
  expect(shown(tailOf({ events: 100, bytes: 10_000 }, [3, 4, 1, 2]), 0)).toEqual({ ids: [1, 2, 3, 4], upTo: 4 });
});

test('moves on over events that are not wanted', () => {
  const tail = tailOf({ events: 100, bytes: 10_000 }, [1, 2, 3]);
  expect(shown(tail, 0, 100, (stream) => stream === 'even-1')).toEqual({ ids: [2], upTo: 3 });
});

test('keeps so many events, and so many bytes', () => {
  const positions = Array.from({ length: 50 }, (_, i) => i + 1);
  const few = tailOf({ events: 10, bytes: 10_000 }, positions);
  expect(shown(few, 40)).toEqual({ ids: positions.slice(40), upTo: 50 });
  expect(shown(few, 39)).toBeUndefined();
  const small = tailOf({ events: 100, bytes: 50 }, positions);
  expect(shown(small, 45)).toEqual({ ids: positions.slice(45), upTo: 50 });
  expect(shown(small, 44)).toBeUndefined();
  expect(shown(tailOf({ events: 1, bytes: 0 }, positions), 49)).toBeUndefined();
});

test('forgets by bytes again after other processes have appended much', () => {
  const tail = tailOf({ events: 10, bytes: 30 }, [1, 2, 3, 1_000_001, 1_000_002, 1_000_003, 1_000_004]);
  expect(shown(tail, 1_000_001)).toEqual({ ids: [1_000_002, 1_000_003, 1_000_004], upTo: 1_000_004 });
  expect(shown(tail, 1_000_000)).toBeUndefined();
});

test('parses an event once for all who read it', () => {
  const tail = tailOf({ events: 10, bytes: 10_000 }, [1]);
  expect(tail.page(0, 1, all)!.events[0]).toBe(tail.page(0, 1, all)!.events[0]);
  expect(tail.page(0, 1, all)!.position).toBe(positionOf(1));
});
