import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answer, FakeHost } from './fake-host';
import { runKams } from './run-kams';

let host: FakeHost;
let data: string;
beforeEach(async () => {
  host = new FakeHost();
  await host.start();
  data = await mkdtemp(join(tmpdir(), 'kams-parked-'));
});
afterEach(async () => {
  await host.stop();
  await rm(data, { recursive: true, force: true });
});

const run = (...args: readonly string[]) =>
  runKams(['parked', ...args], { KAMS_URL: host.url, KAMS_DATA: data, KAMS_TOKEN: 't' });

const parked = (id: string) => ({
  id,
  reader: 'accounts',
  key: 'group a-1',
  eventId: 'e-1',
  type: 'AccountScored',
  tenantId: 'acme',
  stream: 'account-a-1',
  revision: 4,
  position: 'epoch.120',
  waiting: 3,
  tries: 6,
  error: 'TypeError: it is undefined',
  since: '2026-01-05T09:00:00.000000Z',
  state: 'parked',
});
const bodies: string[] = [];
/** Each id is answered to a retry and a skip with what stands here. */
function answers(tried: Readonly<Record<string, object>>): void {
  bodies.length = 0;
  const pages: Record<string, object> = {
    '/operations/parked?limit=200': { items: [parked('p-1'), parked('p-2')], next: 'more' },
    '/operations/parked?limit=200&cursor=more': { items: [parked('p-3')], next: null },
    '/operations/parked/p-1': parked('p-1'),
  };
  host.handler = ({ url, method }, response, body) => {
    const [, id] = /parked\/([^/]+)\/(retry|skip)$/.exec(url!) ?? [];
    if (method === 'POST') bodies.push(body);
    const found = method === 'POST' ? tried[id!] : pages[url!];
    answer(response, found ? 200 : 404, found ?? { code: 'not-found', detail: 'There is no such thing.' });
    return true;
  };
}
const through = (id: string) => ({ id, state: 'through' });

test('list shows all pages, with --json a line each', async () => {
  answers({});
  const { code, out, err } = await run('list');
  expect({ code, err }).toEqual({ code: 0, err: '3 parked; kams parked show <id> says more\n' });
  expect(out.trim().split('\n')).toHaveLength(4);
  expect(out).toMatch(/p-3 +accounts +AccountScored +120 +3 +TypeError/);
  const lines = (await run('list', '--json')).out.trim().split('\n');
  expect(lines.map((it) => (JSON.parse(it) as { id: string }).id)).toEqual(['p-1', 'p-2', 'p-3']);
});

test('show says which event it is, why, and how many wait', async () => {
  answers({});
  const { out } = await run('show', 'p-1');
  for (const it of ['AccountScored e-1', 'account-a-1, revision 4', 'epoch.120', '3 with it', 'TypeError', '6 tries'])
    expect(out).toContain(it);
  expect(await run('show', 'p-9')).toMatchObject({ code: 1, err: expect.stringContaining('kams parked list shows what is') });
});

test('retry asks for each, also for all, and fails when one is parked again', async () => {
  answers({ 'p-1': through('p-1'), 'p-2': parked('p-2'), 'p-3': through('p-3') });
  expect(await run('retry', 'p-1', 'p-3')).toMatchObject({ code: 0, out: 'p-1 is through\np-3 is through\n' });
  const { code, err } = await run('retry', '--all');
  expect(code).toBe(1);
  expect(err).toContain('1 of 3 are not through');
  expect(host.requests.filter((it) => it.endsWith('/retry'))).toHaveLength(5);
  expect((await run('retry')).err).toContain('--all');
});

test('skip takes a reason, and none is a wrong call', async () => {
  answers({ 'p-1': through('p-1') });
  expect((await run('skip', 'p-1')).code).toBe(2);
  expect(await run('skip', 'p-1', '--reason', 'counted by hand')).toMatchObject({ code: 0, out: 'p-1 is left out for good\n' });
  expect(bodies).toEqual(['{"reason":"counted by hand"}']);
});
