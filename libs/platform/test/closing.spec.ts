import { setTimeout as sleep } from 'node:timers/promises';
import { closing } from '../src/run/closing';

const never = () => new Promise(() => undefined);

test('what hangs or fails is said, what takes long is named, and all else is closed, in the other order', async () => {
  const said: string[] = [];
  const closed: string[] = [];
  const close =
    (what: string, ms = 0) =>
    async () => {
      await sleep(ms);
      closed.push(what);
    };
  const log = {
    warn: (words: string) => void said.push(words),
    error: ({ err }: { err: Error }) => void said.push(err.message),
  };
  const way = closing(log as never, { withinMs: 60, toldAfterMs: 30 });
  way.add('the database', close('database', 90), 'patient');
  way.add('the store', never);
  way.add('the reads', close('reads'));
  way.add('the workers', () => Promise.reject(new Error('torn off')));
  way.add('HTTP', close('HTTP'), 'patient');
  await way.run();
  expect(closed).toEqual(['HTTP', 'reads', 'database']);
  expect(said).toEqual([
    'torn off',
    'while stopping: the store is not at its end yet',
    'the store did not end within 60 ms',
    'while stopping: the database is not at its end yet',
  ]);
  await way.run();
  expect(closed).toHaveLength(3);
});
