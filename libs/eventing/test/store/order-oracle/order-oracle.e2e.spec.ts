// The order oracle: does every reader see every event, once, in order, and is every answer true? Sequences and transaction id
// fences fail this in seconds; see append.sql.
import { promised, trials } from '@kams/testing/faults/promise';
import type { Client } from 'pg';
import { runOracle } from './run';

const seconds = trials(10, 120);

promised(
  'P5',
  'every event is seen once and in order by every reader, and every answer is true',
  async (tell) => {
    const { failures, missed, doubled, outOfOrder, events, answers, errors, kills, deadlocks, stopped } = await runOracle({
      seconds,
    });
    const { appended, conflict, unknown = 0, 'rolled back': rolledBack } = answers;
    tell({ seconds, events, missed: missed.reduce((sum, it) => sum + it, 0), doubled, 'out-of-order': outOfOrder });
    tell({
      wrong: Object.keys(failures).length,
      appended: appended!,
      conflict: conflict!,
      unknown,
      'rolled-back': rolledBack!,
      kills,
    });
    expect({ failures, deadlocks, stopped }).toEqual({ failures: {}, deadlocks: 0, stopped: undefined });
    for (const answer of ['appended', 'conflict', 'rolled back', 'duplicate (sent again)'])
      expect(answers[answer]).toBeGreaterThan(2 * seconds);
    expect(kills).toBeGreaterThan(seconds / 2);
    expect(Object.keys(errors)).not.toEqual([]);
  },
  (seconds + 60) * 1_000,
);

test('the oracle notices when the lock is taken out and positions come from a sequence', async () => {
  const { missed, stopped } = await runOracle({ seconds: 4, sabotage: withoutTheLock });
  expect(missed[0]).toBeGreaterThan(0);
  expect(stopped).toMatch(/positions between/);
}, 60_000);

async function withoutTheLock(client: Client): Promise<void> {
  const { rows } = await client.query<{ sql: string }>(`select pg_get_functiondef('es.append_batch'::regproc) as sql`);
  const lock = /perform pg_advisory_xact_lock\(.*\);/;
  const number = 'head + row_number() over (order by i.ap, i.e)';
  expect(rows[0]!.sql).toMatch(lock);
  expect(rows[0]!.sql).toContain(number);
  await client.query('create sequence es.numbers');
  await client.query(rows[0]!.sql.replace(lock, '').replace(number, `nextval('es.numbers')`));
}
