// A log that is not what it was: whoever asks is told so, and whoever operates it finds it in the process's own log.
import { startTestServices } from '@kams/testing';
import { fieldService } from './visits';

test('of a log that was exchanged nothing is told any more, and that is said, to each who asks and once in the log', async () => {
  const kams = await startTestServices([fieldService]);
  try {
    expect((await kams.ask('/health/ready')).status).toBe(200);
    await kams.sql('update es.store set epoch = gen_random_uuid()');
    for (let i = 0; i < 3; i++) {
      const { status, body } = await kams.ask('/health/ready');
      expect({ status, body }).toMatchObject({
        status: 503,
        body: { code: 'log-damaged', reason: expect.stringMatching(/epoch/) },
      });
    }
    const plan = { accountId: '0190f5a0-0000-7000-8000-000000000001', day: '2026-03-02', subject: 'Annual review' };
    const line = JSON.stringify({ command: 'Plan', data: plan });
    const bulk = await kams.ask('/visits/bulk', {
      method: 'POST',
      body: line,
      headers: { 'content-type': 'application/x-ndjson' },
    });
    expect(JSON.parse(bulk.text)).toMatchObject({ line: 1, code: 'log-damaged' });
    expect(kams.logged().match(/the log is not what it was/g)).toHaveLength(1);
    expect((await kams.post('/visits', plan)).body).toMatchObject({ status: 503, code: 'log-damaged' });
    expect(kams.logged().match(/the log is not what it was/g)).toHaveLength(1);
    expect((await kams.ask('/health/live')).status).toBe(200);
  } finally {
    await kams.stop();
  }
});
