import { follow, Head, type Following } from '../../src/store/follow';
import { LogDamaged, START, Unavailable, type Page, type Position } from '../../src/store/port';
import { numberOf, positionOf } from '../../src/store/recorded';

function start(more: Partial<Following<Page>> = {}) {
  const head = new Head();
  const stopping = new AbortController();
  const pages: number[] = [];
  const ended = (async () => {
    const read = async (): Promise<Page> => ({ events: [], position: positionOf(head.position) });
    const ensureReached = async () => undefined;
    for await (const page of follow({ after: START, signal: stopping.signal, head, read, ensureReached, ...more })) {
      pages.push(numberOf(page.position));
    }
  })();
  ended.catch(() => undefined);
  return { head, stopping, pages, ended };
}
const soon = () => new Promise((done) => setTimeout(done, 20));

test('reads when the head moves, and not before', async () => {
  const { head, stopping, pages, ended } = start();
  await soon();
  expect(pages).toEqual([]);
  head.advance(3);
  await soon();
  head.advance(2); // an answer that comes late
  head.advance(5);
  await soon();
  expect(pages).toEqual([3, 5]);
  stopping.abort();
  await ended;
});

test('what is stored in one turn is read once', async () => {
  const { head, stopping, pages, ended } = start();
  await soon();
  for (let position = 1; position <= 50; position++) head.advance(position);
  await soon();
  expect(pages).toEqual([50]);
  stopping.abort();
  await ended;
});

test('repeats a read while the store is unavailable, and says so', async () => {
  const errors: Error[] = [];
  let fail = true;
  const { head, stopping, pages, ended } = start({
    onError: (error) => errors.push(error),
    async read(): Promise<Page> {
      if (fail) throw new Unavailable('gone');
      return { events: [], position: positionOf(1) };
    },
  });
  head.advance(1);
  await soon();
  expect(pages).toEqual([]);
  expect(errors).toHaveLength(1);
  fail = false;
  await new Promise((done) => setTimeout(done, 300));
  expect(pages).toEqual([1]);
  stopping.abort();
  await ended;
});

test('ends with any other error, also of the first look', async () => {
  const reading = start({ read: async () => Promise.reject(new LogDamaged('hole')) });
  reading.head.advance(1);
  await expect(reading.ended).rejects.toThrow('hole');
  const looking = start({ ensureReached: async () => Promise.reject(new LogDamaged('beyond')) });
  await expect(looking.ended).rejects.toThrow('beyond');
});

test('ends with the failure of the head, also while it waits', async () => {
  const { head, ended } = start();
  await soon();
  head.fail(new LogDamaged('other log'));
  await expect(ended).rejects.toThrow('other log');
  expect(() => head.ensureSound()).toThrow('other log');
});

test('is damaged when what the head has is not there', async () => {
  const { head, ended } = start({ read: async (after: Position) => ({ events: [], position: after }) });
  head.advance(1);
  await expect(ended).rejects.toThrow(LogDamaged);
});

test('ends while it waits for the store to come back', async () => {
  const { head, stopping, ended } = start({ read: async () => Promise.reject(new Unavailable('gone')) });
  head.advance(1);
  await soon();
  stopping.abort();
  await ended;
});
