import { accountsService } from '@kams/accounts';
import { accountContract } from '@kams/contracts/accounts/account';
import { projection, table, type Projection } from '@kams/eventing';
import type { Runtime, Service } from '@kams/platform';
import { removeEmbeddedPostgres } from '@kams/platform/embedded-postgres/embedded-postgres';
import { openDevelopmentIssuer } from '@kams/platform/tokens/development-issuer';
import { dataFolder, freePort, removeFolder, spawnHost, type TestHost } from '@kams/testing/host';
import { openRuntime, type TestRuntime } from '@kams/testing/runtime';
import { until } from '@kams/testing/until';
import { startTestServices, type TestServices } from '@kams/testing/services';
import { spawn, type ChildProcess } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

const root = join(__dirname, '../../..');
const READY_MS = 60_000;
const TESTS_MS = 150_000;

const folders: string[] = [];
const hosts: TestHost[] = [];
/** A data folder that does not exist yet. */
async function nowhere(): Promise<string> {
  const folder = await dataFolder();
  folders.push(folder);
  return join(folder, 'data');
}
afterEach(async () => {
  await Promise.all(hosts.splice(0).map((it) => it.end()));
  for (const folder of folders.splice(0)) {
    await removeEmbeddedPostgres(join(folder, 'data', 'postgres'));
    await removeFolder(folder);
  }
}, 60_000);

const isReady = (url: string) => async () => {
  const answer = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(3_000) }).catch(() => undefined);
  return answer?.ok ? ((await answer.json()) as { status: string; head: string }) : undefined;
};

/** A host with its stderr apart; `end` waits until it has gone. */
async function spawned(env: NodeJS.ProcessEnv) {
  const data = env['KAMS_DATA'] ?? (await nowhere());
  const port = env['KAMS_PORT'] ?? String(await freePort());
  const it = spawnHost({ KAMS_DATA: data, KAMS_PORT: port, ...env });
  hosts.push(it);
  return { it, data, port, url: `http://127.0.0.1:${port}`, ...watched(it.process) };
}
function watched(child: ChildProcess) {
  const said = { out: '', err: '' };
  child.stdout!.on('data', (more: Buffer) => void (said.out += more.toString()));
  child.stderr!.on('data', (more: Buffer) => void (said.err += more.toString()));
  const gone = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) =>
    child.once('close', (code, signal) => resolve({ code, signal })),
  );
  return { said, gone };
}
/** Lines that somebody would be called for: of level error or above, and whatever is no line of the log. */
const errorLines = (text: string): string[] =>
  text.split('\n').filter((line) => line !== '' && !(line.startsWith('{') && (JSON.parse(line) as { level: number }).level < 50));

const postmasterOf = (data: string): number | undefined => {
  const file = join(data, 'postgres', 'data', 'postmaster.pid');
  return existsSync(file) ? Number(readFileSync(file, 'utf8').split('\n')[0]) : undefined;
};
const isRunning = (pid: number): boolean =>
  existsSync(`/proc/${pid}`) && !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));

async function caller(data: string) {
  const issuer = await openDevelopmentIssuer({ mode: 'development', data });
  return { authorization: `Bearer ${await issuer.mint({ subject: 'developer', tenantId: 'acme' })}` };
}
const register = (url: string, headers: object, name: string) =>
  fetch(`${url}/accounts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ profile: { name } }),
  });

test(
  '`npm start` in a fresh checkout, with a data folder that does not exist, answers within 60 s; the second start finds what is there, and answers within 10 s',
  async () => {
    // A copy: building in this checkout would take the files of the hosts that other tests run.
    const checkout = mkdtempSync(join(tmpdir(), 'kams-checkout-'));
    try {
      const left = new Set(['node_modules', 'dist', '.git', '.nx', '.kams', 'test']);
      cpSync(root, checkout, { recursive: true, filter: (from) => !left.has(basename(from)) });
      symlinkSync(join(root, 'node_modules'), join(checkout, 'node_modules'));
      const data = await nowhere();
      const port = String(await freePort());
      const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('KAMS_')));
      const env = { ...clean, KAMS_DATA: data, KAMS_PORT: port };
      const url = `http://127.0.0.1:${port}`;
      const times: number[] = [];
      for (const names of [['first'], ['first', 'second']]) {
        const began = Date.now();
        const child = spawn('npm', ['start'], { cwd: checkout, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
        const { said, gone } = watched(child);
        expect(await until('ready', isReady(url), READY_MS)).toMatchObject({ status: 'ready' });
        times.push(Date.now() - began);
        const headers = await caller(data);
        const { position } = (await (await register(url, headers, names.at(-1)!)).json()) as { position: string };
        const list = await fetch(`${url}/accounts?after=${position}`, { headers });
        expect(((await list.json()) as { items: { name: string }[] }).items.map((it) => it.name)).toEqual(names);

        const metrics = await (await fetch(`${url}/metrics`)).text();
        for (const name of ['nodejs_eventloop_lag_p99_seconds', 'kams_store_head'])
          expect(metrics).toMatch(new RegExp(`^${name} `, 'm'));

        // As a terminal or a service manager does it: the whole group gets the signal, `npm` as well.
        process.kill(-child.pid!, 'SIGTERM');
        await gone;
        await until('no Postgres is left', () => postmasterOf(data) === undefined, READY_MS);
        expect(said.out).toContain(`KAMS is up at ${url}`);
        expect(errorLines(said.err)).toEqual([]);
      }
      console.log(`start  first ${times[0]} ms, second ${times[1]} ms`);
      expect(times[1]!).toBeLessThan(10_000);
    } finally {
      rmSync(checkout, { recursive: true, force: true });
    }
  },
  TESTS_MS,
);

describe('SIGTERM', () => {
  test(
    'lets the requests that run finish, ends the host with 0 within 10 s, and its Postgres with it',
    async () => {
      const { it, data, url, said, gone } = await spawned({});
      await until('ready', isReady(url), READY_MS);
      const headers = await caller(data);
      await register(url, headers, 'warm');
      const postgres = postmasterOf(data)!;
      expect(isRunning(postgres)).toBe(true);

      // Some keep-alive connections are idle, some wait for an answer, and one is a stream without end.
      const streaming = await fetch(`${url}/events`, { headers: { ...headers, accept: 'text/event-stream' } });
      const stream = streaming.text().catch((error: Error) => error.message);
      const lines = Array.from({ length: 1_000 }, (_, i) =>
        JSON.stringify({ command: 'Register', data: { profile: { name: `N ${i}` } } }),
      );
      const bulks = Array.from({ length: 4 }, () =>
        fetch(`${url}/accounts/bulk`, {
          method: 'POST',
          headers: { ...headers, 'content-type': 'application/x-ndjson' },
          body: lines.join('\n'),
        }),
      );
      await until('100 events', async () => Number((await isReady(url)())?.head.split('.')[1]) > 100, READY_MS);
      const began = Date.now();
      it.process.kill('SIGTERM');
      // What runs is answered as a whole; what comes in too late is refused as a whole. No connection is cut.
      const answers = await Promise.all(
        bulks.map(async (bulk) => ({ status: (await bulk).status, text: await (await bulk).text() })),
      );
      for (const { status, text } of answers) {
        const outcomes = text
          .trim()
          .split('\n')
          .map((line) => (JSON.parse(line) as { status: number }).status);
        expect([status, outcomes]).toEqual(status === 200 ? [200, Array(1_000).fill(201)] : [503, [503]]);
      }
      expect(answers.map((answer) => answer.status)).toContain(200);
      expect(await gone).toEqual({ code: 0, signal: null });
      expect(Date.now() - began).toBeLessThan(10_000);
      expect(await stream).toContain('event: kams.accounts.account.registered.v1');
      expect(isRunning(postgres)).toBe(false);
      expect(postmasterOf(data)).toBeUndefined();
      expect(errorLines(said.err)).toEqual([]);
      await expect(fetch(`${url}/health/live`)).rejects.toThrow();
    },
    TESTS_MS,
  );

  test(
    'while the host is starting ends it, and leaves no Postgres behind',
    async () => {
      const { it, data, gone } = await spawned({});
      const postgres = await until('a Postgres', () => postmasterOf(data), READY_MS);
      it.process.kill('SIGTERM');
      const { code } = await gone;
      expect(code).toBe(0);
      await until('Postgres has ended', () => !isRunning(postgres), 15_000);
    },
    TESTS_MS,
  );
});

describe('a host that can not start', () => {
  test(
    'because of a setting that does not exist ends with 78 and names the one that was meant',
    async () => {
      const { said, gone, data } = await spawned({ KAMS_PROT: '3001' });
      expect(await gone).toMatchObject({ code: 78 });
      expect(said.err).toBe('kams: KAMS_PROT: there is no such setting. Did you mean KAMS_PORT?\n');
      expect(existsSync(data)).toBe(false);
    },
    TESTS_MS,
  );

  test(
    'because its port is in use ends with 1 and says what to do, and leaves no Postgres behind',
    async () => {
      const port = await freePort();
      const other: Server = createServer();
      await new Promise<void>((listening) => other.listen(port, '127.0.0.1', listening));
      const { said, gone, data } = await spawned({ KAMS_PORT: String(port) });
      expect(await gone).toMatchObject({ code: 1 });
      other.close();
      const lines = said.err.split('\n').filter((line) => line.startsWith('kams: '));
      expect(lines).toHaveLength(1);
      expect(lines[0]).toContain(String(port));
      expect(lines[0]).toContain('KAMS_PORT');
      expect(postmasterOf(data)).toBeUndefined();
    },
    TESTS_MS,
  );

  test(
    'because another one has its data folder ends with 1 and says so; the other one goes on',
    async () => {
      const first = await spawned({});
      await until('ready', isReady(first.url), READY_MS);
      const second = await spawned({ KAMS_DATA: first.data });
      expect(await second.gone).toMatchObject({ code: 1 });
      expect(second.said.err).toMatch(
        /^kams: .* is in use by process \d+: stop that host first, or give this one a folder of its own\.$/m,
      );
      expect(await isReady(first.url)()).toMatchObject({ status: 'ready' });
    },
    TESTS_MS,
  );
});

test(
  'the settings of the command line do not keep a host from starting',
  async () => {
    const { url } = await spawned({ KAMS_URL: 'http://127.0.0.1:1', KAMS_TOKEN: 'a-token' });
    expect(await until('ready', isReady(url), READY_MS)).toMatchObject({ status: 'ready' });
  },
  TESTS_MS,
);

describe('a projection that the code has changed', () => {
  let before: TestServices;
  const started: TestRuntime[] = [];
  beforeAll(async () => {
    before = await startTestServices([serviceOf(namesOf(1, (name) => name))]);
    for (let i = 0; i < 500; i++) await before.post('/accounts', { profile: { name: `Name ${i}` } });
    await caughtUp(before.runtime);
  }, TESTS_MS);
  afterEach(() => Promise.all(started.splice(0).map((it) => it.stop())));
  afterAll(() => before.stop(), TESTS_MS);

  const nameTable = table('name', { id: 'uuid', revision: 'int', said: 'text' }, { primaryKey: ['id'], groupBy: 'id' });
  const namesOf = (version: number, said: (name: string) => string): Projection =>
    projection({ name: 'names', version, from: [accountContract], table: nameTable })({
      AccountRegistered: (_, { id, revision, data }) => ({ id, revision, said: said(data.name) }),
    });
  const serviceOf = (...projections: readonly Projection[]): Service => ({
    ...accountsService,
    projections: [...accountsService.projections, ...projections],
  });

  /** A second process, of other code, on the same database. */
  async function starts(service: Service): Promise<Runtime> {
    const opened = await openRuntime([service], before.databaseUrl);
    started.push(opened);
    const { runtime } = opened;
    await runtime.start();
    return runtime;
  }
  async function caughtUp(runtime: Runtime): Promise<void> {
    const { position } = await before.store.head();
    await until('ready', () => runtime.ready, READY_MS);
    for (const it of runtime.projections()) expect(await it.reached(position, READY_MS)).toBe(true);
  }
  const saidOf = async (which: 'min' | 'max') => {
    const [row] = await before.runtime.readDatabase.query<{ n: number; said: string }[]>(
      `select count(*)::int as n, ${which}(said) as said from accounts.name`,
    );
    return row!;
  };

  test(
    'is built again when the new code starts; the old code, which still runs, writes to it no more',
    async () => {
      expect(await saidOf('min')).toEqual({ n: 500, said: 'Name 0' });
      const old = before.runtime;
      const now = await starts(serviceOf(namesOf(2, (name) => name.toUpperCase())));
      await caughtUp(now);
      expect(now.rebuildOf('names')).toMatchObject({ state: 'done' });
      expect(await saidOf('min')).toEqual({ n: 500, said: 'NAME 0' });
      expect(now.rebuildOf('accounts')).toBeUndefined();

      for (let i = 0; i < 50; i++) await before.post('/accounts', { profile: { name: `Later ${i}` } });
      const { position } = await before.store.head();
      expect(await now.projector('names')!.reached(position, READY_MS)).toBe(true);
      await until('it stands', () => old.projector('names')!.failure()?.message.includes('another version'), READY_MS);
      const [row] = await before.runtime.readDatabase.query<{ n: number }[]>(
        `select count(*)::int as n from accounts.name where said <> upper(said)`,
      );
      expect(row!.n).toBe(0);
      expect(await saidOf('min')).toMatchObject({ n: 550 });
      expect(old.ready).toBe(false);
      expect(old.projector('accounts')!.failure()).toBeUndefined();
    },
    TESTS_MS,
  );

  test(
    'with another table is built again too, by two processes that start at the same moment',
    async () => {
      const lengthTable = table(
        'name',
        { id: 'uuid', revision: 'int', said: 'text', length: 'int' },
        { primaryKey: ['id'], groupBy: 'id' },
      );
      const withLength = projection({ name: 'names', version: 2, from: [accountContract], table: lengthTable })({
        AccountRegistered: (_, { id, revision, data: { name } }) => ({ id, revision, said: name, length: name.length }),
      });
      const both = await Promise.all([starts(serviceOf(withLength)), starts(serviceOf(withLength))]);
      for (const it of both) await caughtUp(it);
      const [row] = await before.runtime.readDatabase.query<{ n: number; wrong: number }[]>(
        `select count(*)::int as n, count(*) filter (where length <> char_length(said))::int as wrong from accounts.name`,
      );
      expect(row).toEqual({ n: 550, wrong: 0 });
    },
    TESTS_MS,
  );
});
