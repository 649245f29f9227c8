// What comes while the process is about to end.
import { startTestServices } from '@kams/testing';
import { until } from '@kams/testing/until';
import { connect } from 'node:net';
import { fieldService } from './visits';

test('a request that comes too late is refused as a problem to try again elsewhere, and those before it are answered', async () => {
  const kams = await startTestServices([fieldService]);
  const line = JSON.stringify({
    command: 'Plan',
    data: { accountId: '0190f5a0-0000-7000-8000-000000000001', day: '2026-03-02', subject: 'Annual review' },
  });
  const bulk = Array<string>(1_000).fill(line).join('\n');
  const head = ['HTTP/1.1', 'host: kams', `authorization: Bearer ${await kams.token()}`].join('\r\n');
  const socket = connect(Number(new URL(kams.url).port), '127.0.0.1');
  let heard = '';
  socket.setEncoding('utf8').on('data', (text: string) => (heard += text));
  const ended = new Promise((resolve) => socket.on('close', resolve));

  // The answer "go on" says that the request is in the server's hands; its body comes once the server is about to close.
  socket.write(
    `POST /visits/bulk ${head}\r\ncontent-type: application/x-ndjson\r\ncontent-length: ${Buffer.byteLength(bulk)}\r\nexpect: 100-continue\r\n\r\n`,
  );
  await until('it goes on', () => heard !== '');
  const stopped = kams.stop();
  setTimeout(() => socket.write(`${bulk}GET /visits ${head}\r\n\r\n`), 100);
  await Promise.all([ended, stopped]);

  const [goOn, first, second] = heard.split(/(?=HTTP\/1\.1 \d)/);
  expect(goOn).toMatch(/^HTTP\/1\.1 100/);
  expect(first).toMatch(/^HTTP\/1\.1 200/);
  expect(first!.match(/"status":201/g)).toHaveLength(1_000);
  expect(second).toMatch(/^HTTP\/1\.1 503/);
  expect(second).toMatch(/content-type: application\/problem\+json/);
  expect(second).toMatch(/retry-after: 1/);
  expect(second).toMatch(/"code":"unavailable"/);
});
