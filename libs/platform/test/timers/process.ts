// The bells in a process of their own, at a clock that the test gives. It is killed.
import 'reflect-metadata';
import { openRuntime } from '@kams/testing/runtime';
import { bells } from './bell';

async function main([url, now]: readonly string[]): Promise<void> {
  const { runtime } = await openRuntime([bells], url!, {
    now: () => new Date(now!),
    timerEveryMs: 10,
    alone: true, // the one before was killed
  });
  await runtime.start();
  process.send!('started');
}

process.on('disconnect', () => process.exit());
void main(process.argv.slice(2));
