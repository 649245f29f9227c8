// One origin over processes of their own, as `kams up` makes it: what goes through, and what it says when somebody is away.
import { dataFolder, freePort, removeFolder, runKams } from '@kams/testing/host';
import { eventually } from '@kams/testing/until';
import { startUp, type Up } from '@kams/testing/up';
import { removeEmbeddedPostgres } from '@kams/platform/embedded-postgres/embedded-postgres';
import { startBuilt } from '@kams/testing/faults/procs';
import { join } from 'node:path';

const TESTS_MS = 120_000;
let host: { KAMS_DATA: string; KAMS_PORT: string };
let up: Up;

beforeAll(async () => {
  host = { KAMS_DATA: await dataFolder(), KAMS_PORT: String(await freePort()) };
  up = await startUp(host);
}, TESTS_MS);
afterAll(async () => {
  await up?.end();
  await removeEmbeddedPostgres(join(host.KAMS_DATA, 'postgres'));
  await removeFolder(host.KAMS_DATA);
}, TESTS_MS);

const get = (path: string, init: RequestInit = {}) =>
  fetch(`${up.url}${path}`, { ...init, headers: { authorization: `Bearer ${up.token}`, ...init.headers } });
const post = (path: string, body: string, type = 'application/json', headers: Record<string, string> = {}) =>
  get(path, { method: 'POST', body, headers: { 'content-type': type, ...headers } });

test('commands, bulks, refusals and streams go through as they are', async () => {
  const opened = await post('/accounts', '{"profile":{"name":"华东电气有限公司"}}', 'application/json', {
    'idempotency-key': 'k',
  });
  expect([opened.status, opened.headers.get('etag')]).toEqual([201, '"0"']);
  const { id, position } = (await opened.json()) as { id: string; position: string };
  expect(opened.headers.get('location')).toBe(`/accounts/${id}`);
  const lines = Array.from({ length: 500 }, (_, i) =>
    JSON.stringify({ command: 'Register', data: { profile: { name: `A ${i}` } } }),
  );
  const bulk = await post('/accounts/bulk', lines.join('\n'), 'application/x-ndjson');
  expect((await bulk.text()).trim().split('\n')).toHaveLength(500);
  const refused = await post('/accounts', '{"profile":{"name":"x"},"y":1}', 'application/json', { 'accept-language': 'zh' });
  expect([refused.status, refused.headers.get('content-language')]).toEqual([422, 'zh']);
  const tooLarge = await post('/accounts', JSON.stringify({ profile: { name: 'x'.repeat(70_000) } }));
  expect(tooLarge.status).toBe(413);
  expect(((await (await get(`/accounts/${id}?after=${position}`)).json()) as { id: string }).id).toBe(id);
  expect((await get('/accounts', { headers: { authorization: '' } })).status).toBe(401);
  expect((await get('/no/such/thing')).status).toBe(404);
  const leaving = new AbortController();
  const stream = await get('/events', { headers: { accept: 'text/event-stream' }, signal: leaving.signal });
  expect(stream.headers.get('content-type')).toMatch('text/event-stream');
  const reader = stream.body!.getReader();
  let text = '';
  while (!text.includes(id)) text += Buffer.from((await reader.read()).value!).toString();
  leaving.abort();
});

test(
  'the documents, the rights and what operators ask are those of the installation',
  async () => {
    const document = (await (await get('/openapi.json')).json()) as { paths: object };
    expect(Object.keys(document.paths)).toContain('/accounts/{id}/assess-value');
    expect((await get('/docs')).status).toBe(200);
    expect((await get('/me')).status).toBe(200);
    expect(await (await get('/metrics')).text()).toContain('nodejs_eventloop_lag_p99_seconds');
    expect((await runKams(host, 'status')).stdout).toMatch(/^accounts +\d+ +0 +0 /m);
    expect(await runKams(host, 'rebuild', 'accounts')).toMatchObject({ code: 0 });
    expect((await runKams(host, 'parked', 'list')).code).toBe(0);
    expect((await runKams(host, 'rebuild', 'none')).code).not.toBe(0);
  },
  TESTS_MS,
);

test(
  'a service that is away is said to be, and is started again',
  async () => {
    const { projections } = (await (await get('/operations/status')).json()) as { projections: { owner: string }[] };
    process.kill(Number(projections[0]!.owner.split(':')[1]), 'SIGKILL');
    await eventually(async () => {
      const answer = await get('/accounts');
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
      expect(await answer.json()).toMatchObject({ code: 'unavailable' });
    });
    const ready = await get('/health/ready');
    expect([ready.status, await ready.json()]).toMatchObject([503, { status: 'not-ready', services: { accounts: 'away' } }]);
    expect((await get('/health/live')).status).toBe(200);
    await eventually(async () => expect((await get('/health/ready')).status).toBe(200), 30_000);
    expect(up.said()).toMatch('accounts ended with SIGKILL: it is started again');
  },
  TESTS_MS,
);

test.each([
  [{}, 'KAMS_PEERS: says nothing of accounts'],
  [{ KAMS_PEERS: 'accounts=http://127.0.0.1:1,cluub=http://127.0.0.1:2' }, 'KAMS_PEERS: there is no cluub; there are accounts'],
  [{ KAMS_PEERS: 'accounts' }, 'KAMS_PEERS: must be service=http(s) URL'],
])('it does not start with %j, and says why', async (env, why) => {
  const it = startBuilt('services/host/src/gateway.js', { env });
  expect(await it.gone).toEqual({ code: 78, signal: null });
  await eventually(() => expect(it.said()).toContain(why));
});

test('kams up says what it can not do', async () => {
  expect(await runKams(host, 'up', '--services', 'club')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('There is no service club; there are accounts.'),
  });
  expect((await runKams(host, 'up', '--store', 'eventstoredb')).stderr).toContain('KAMS_EVENTSTOREDB_URL: is required');
  expect(await runKams(host, 'up', '--bus', 'rabbit')).toMatchObject({ code: 2 });
});
