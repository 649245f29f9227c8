import { closing } from '../src/run/closing';

const never = () => new Promise(() => undefined);

test('what hangs or fails is said, and all else is closed, in the other order', async () => {
  const said: string[] = [];
  const closed: string[] = [];
  const close = (what: string) => async () => void closed.push(what);
  const way = closing({ error: ((given: { err: Error }) => void said.push(given.err.message)) as never }, 20);
  way.add(close('database'));
  way.addBounded('the store', never);
  way.addBounded('the reads', close('reads'));
  way.addBounded('the workers', () => Promise.reject(new Error('torn off')));
  way.add(close('HTTP'));
  await way.run();
  expect(closed).toEqual(['HTTP', 'reads', 'database']);
  expect(said).toEqual(['torn off', 'the store did not end within 20 ms']);
  await way.run();
  expect(closed).toHaveLength(3);
});
