import { nextOf } from '../../../src/bus/kafka/client';

const written = (...partitions: readonly number[]) => new Map(partitions.map((it) => [it, new Set(['a', 'b'])]));

test('a send is through when each partition that was written to has answered, and says what comes next', () => {
  const answers = [
    { partition: 3, baseOffset: '40' },
    { partition: 7, baseOffset: '0' },
  ];
  expect(nextOf(written(3, 7), answers)).toEqual(
    new Map([
      [3, 42n],
      [7, 2n],
    ]),
  );
  expect(() => nextOf(written(3, 5, 7, 11), answers)).toThrow('no broker has answered for partition 5, 11');
});
