import { Handover } from '../../../src/bus/kafka/handover';

const never = new AbortController().signal;
/** Whether it is done by now. */
const isDone = (work: Promise<unknown>) =>
  Promise.race([work.then(() => true), new Promise((later) => setImmediate(later, false))]);

test('who brings waits until the next is asked for', async () => {
  const handover = new Handover<number>();
  const given = handover.give(1);
  expect(await handover.take(never)).toBe(1);
  expect(await isDone(given)).toBe(false);
  const next = handover.take(never);
  expect(await isDone(given)).toBe(true);
  void handover.give(2);
  expect(await next).toBe(2);
});

test('things are taken in the order in which they were given', async () => {
  const handover = new Handover<number>();
  for (const it of [1, 2, 3]) void handover.give(it);
  expect([await handover.take(never), await handover.take(never), await handover.take(never)]).toEqual([1, 2, 3]);
});

test('a failure reaches who waits, and who comes later', async () => {
  const handover = new Handover<number>();
  const waiting = handover.take(never);
  handover.fail(new Error('away'));
  await expect(waiting).rejects.toThrow('away');
  await expect(handover.take(never)).rejects.toThrow('away');
});

test('an abort ends who waits', async () => {
  const stopping = new AbortController();
  const waiting = new Handover<number>().take(stopping.signal);
  stopping.abort();
  expect(await waiting).toBeUndefined();
});

test('when nobody asks any more, nobody has to wait', async () => {
  const handover = new Handover<number>();
  const given = [handover.give(1), handover.give(2)];
  await handover.take(never);
  handover.close();
  await Promise.all([...given, handover.give(3)]);
});
