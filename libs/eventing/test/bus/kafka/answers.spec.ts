import { ensureAnswered } from '../../../src/bus/kafka/client';

test('a send is through when each partition that was written to has answered', () => {
  const answers = [{ partition: 3 }, { partition: 7 }];
  expect(() => ensureAnswered(new Set([3, 7]), answers)).not.toThrow();
  expect(() => ensureAnswered(new Set([3, 5, 7, 11]), answers)).toThrow('no broker has answered for partition 5, 11');
});
