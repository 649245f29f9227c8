// The order oracle: does every reader see every event, once, in order, and is every answer true? Sequences and transaction id
// fences fail this in seconds; see append.sql. KAMS_ORACLE_SECONDS makes it run longer.
import type { Client } from 'pg';
import { runOracle } from './run';

const seconds = Number(process.env.KAMS_ORACLE_SECONDS ?? 10);
const say = (text: string) => process.stderr.write(`order oracle: ${text}\n`);

test(
  'every event is seen once and in order by every reader, and every answer is true',
  async () => {
    const { failures, missed, doubled, outOfOrder, events, answers, errors, kills, deadlocks, stopped } = await runOracle({
      seconds,
    });
    say(
      `${events} events in ${seconds} s, ${missed.join(' and ')} missed, ${doubled} doubled, ${outOfOrder} out of order, ` +
        `${deadlocks} deadlocks, ${kills} connections killed; answers ${JSON.stringify(answers)}`,
    );
    expect({ failures, deadlocks, stopped }).toEqual({ failures: {}, deadlocks: 0, stopped: undefined });
    for (const answer of ['appended', 'conflict', 'rolled back', 'duplicate (sent again)'])
      expect(answers[answer]).toBeGreaterThan(20);
    expect(kills).toBeGreaterThan(5);
    expect(Object.keys(errors)).not.toEqual([]);
  },
  (seconds + 60) * 1_000,
);

test('the oracle notices when the lock is taken out and positions come from a sequence', async () => {
  const { failures, missed, events, stopped } = await runOracle({ seconds: 4, sabotage: withoutTheLock });
  say(
    `sabotaged: ${missed[0]} of ${events} missed by the polling reader; the store says: ${stopped}; ${JSON.stringify(failures)}`,
  );
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
