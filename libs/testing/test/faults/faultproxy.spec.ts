import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { faultProxy, type FaultProxy } from '../../src/faults/faultproxy';

/** Answers each line with `ok <line>`, and remembers what it got. */
const lines: string[] = [];
const answering = createServer((socket) => {
  socket.on('error', () => undefined);
  let text = '';
  socket.on('data', (bytes) => {
    text += bytes.toString();
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n')) {
      lines.push(text.slice(0, at));
      socket.write(`ok ${text.slice(0, at)}\n`);
      text = text.slice(at + 1);
    }
  });
});
let url: string;
let proxy: FaultProxy;
const sockets: Socket[] = [];

beforeAll(async () => {
  await once(answering.listen(0, '127.0.0.1'), 'listening');
  url = `tcp://127.0.0.1:${(answering.address() as AddressInfo).port}`;
});
beforeEach(async () => {
  lines.length = 0;
  proxy = await faultProxy(url, 1);
});
afterEach(async () => {
  for (const it of sockets.splice(0)) it.destroy();
  await proxy.close();
});
afterAll(() => new Promise((done) => answering.close(done)));

function client() {
  const socket = connect({ port: proxy.port, host: '127.0.0.1', noDelay: true });
  sockets.push(socket);
  const say = (line: string) => void socket.write(`${line}\n`);
  const it = { socket, say, got: '', pieces: 0, gone: undefined as string | undefined };
  socket.on('data', (bytes) => {
    it.got += bytes.toString();
    it.pieces++;
  });
  socket.on('error', (error: NodeJS.ErrnoException) => (it.gone = error.code));
  socket.on('close', () => (it.gone ??= 'ended'));
  return it;
}
async function until(holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 5_000; !holds(); await sleep(2))
    if (Date.now() > end) throw new Error(`never: ${holds.toString()}`);
}
/** Holds now and goes on to. */
async function stays(holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 120; Date.now() < end; await sleep(5))
    if (!holds()) throw new Error(`no more: ${holds.toString()}`);
}
async function took(work: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

test('without faults it passes on what comes, both ways, and ends what is ended', async () => {
  const it = client();
  it.say('a');
  await until(() => it.got === 'ok a\n');
  it.socket.end();
  await until(() => it.gone === 'ended');
  expect(proxy.through('postgres://user:secret@example:1/base')).toBe(`postgres://user:secret@127.0.0.1:${proxy.port}/base`);
});

test('latency is there in both directions, and what is sent stays in its order though it jitters', async () => {
  const it = client();
  proxy.set({ latencyMs: 30, jitterMs: 20 });
  const ms = await took(async () => {
    for (let i = 0; i < 20; i++) it.say(`${i}`);
    await until(() => it.got.endsWith('ok 19\n'));
  });
  expect(ms).toBeGreaterThan(58);
  expect(lines).toEqual(Array.from({ length: 20 }, (_, i) => `${i}`));
  proxy.set({});
  expect(
    await took(async () => {
      it.say('soon');
      await until(() => it.got.endsWith('ok soon\n'));
    }),
  ).toBeLessThan(50);
});

test('a narrow line takes the time that its bytes take', async () => {
  const it = client();
  proxy.set({ bytesPerSecond: 10_000 });
  const ms = await took(async () => {
    it.say('x'.repeat(1_000));
    await until(() => it.got.length === 1_004);
  });
  expect(ms).toBeGreaterThan(190);
});

test('what is sliced arrives in pieces, and whole', async () => {
  const it = client();
  proxy.set({ sliceBytes: 5 });
  it.say('abcdefghij'.repeat(20));
  await until(() => it.got === `ok ${'abcdefghij'.repeat(20)}\n`);
  expect(it.pieces).toBeGreaterThan(20);
});

test('a connection with a limit is cut at that byte', async () => {
  proxy.set({ limitBytes: 7 });
  const it = client();
  it.say('abcdefgh');
  await until(() => it.gone !== undefined);
  expect(it.got).toBe('ok abcd');
});

test('in a black hole nothing arrives and nothing is closed; when it is over, what was held does', async () => {
  const it = client();
  proxy.set({ held: 'both' });
  it.say('a');
  await stays(() => lines.length === 0 && it.got === '' && it.gone === undefined);
  proxy.set({});
  await until(() => it.got === 'ok a\n');
});

test('in a partition of one direction the server does what it is told, and nobody hears of it', async () => {
  const it = client();
  proxy.set({ held: 'to client' });
  it.say('a');
  await until(() => lines.length === 1);
  await stays(() => it.got === '' && it.gone === undefined);
  proxy.set({ held: 'to server' });
  it.say('b');
  await until(() => it.got === 'ok a\n');
  await stays(() => lines.length === 1);
});

test('faults of those that are there are not for those to come', async () => {
  const old = client();
  old.say('a');
  await until(() => old.got !== '');
  proxy.set({ held: 'both' }, 'those there are');
  const young = client();
  old.say('b');
  young.say('c');
  await until(() => young.got === 'ok c\n');
  await stays(() => old.got === 'ok a\n');
});

describe('a connection is cut over what its client sends', () => {
  test('before it is sent: the server knows nothing of it', async () => {
    const [it, other] = [client(), client()];
    const cut = proxy.cut(/COMMIT/, 'before it is sent');
    other.say('BEGIN');
    it.say('COMMIT');
    await cut;
    await until(() => it.gone !== undefined && other.got !== '');
    expect([it.gone, lines]).toEqual(['ECONNRESET', ['BEGIN']]);
    await stays(() => lines.length === 1 && other.gone === undefined);
  });

  test('after it is sent: the server does it, and its client hears of nothing', async () => {
    const it = client();
    const cut = proxy.cut(/COMMIT/, 'after it is sent');
    it.say('COMMIT');
    await cut;
    await until(() => lines.length === 1);
    await until(() => it.gone === 'ECONNRESET');
    expect(it.got).toBe('');
  });

  test('before its answer: by then the server has done it', async () => {
    const it = client();
    const cut = proxy.cut(/COMMIT/, 'before its answer');
    it.say('COMMIT');
    await cut;
    expect(lines).toEqual(['COMMIT']);
    await until(() => it.gone === 'ECONNRESET');
    expect(it.got).toBe('');
  });

  test('also when it comes in two pieces, and once for each time that it was asked', async () => {
    const cuts = [proxy.cut(/COMMIT/, 'before it is sent'), proxy.cut(/COMMIT/, 'before it is sent')];
    for (const cut of cuts) {
      const it = client();
      it.socket.write('COM');
      await sleep(20);
      it.say('MIT');
      await cut;
      await until(() => it.gone !== undefined);
    }
    const it = client();
    it.say('COMMIT');
    await until(() => it.got === 'ok COMMIT\n');
  });
});

test('all connections can be reset at once', async () => {
  const all = [client(), client(), client()];
  for (const it of all) it.say('a');
  await until(() => all.every((it) => it.got !== ''));
  expect(proxy.cutAll()).toBe(3);
  await until(() => all.every((it) => it.gone === 'ECONNRESET'));
  expect(proxy.cutAll()).toBe(0);
});

test('while it is down no one gets through, and it comes back at the same port', async () => {
  const before = client();
  before.say('a');
  await until(() => before.got !== '');
  await proxy.down();
  await until(() => before.gone === 'ECONNRESET');
  const during = client();
  await until(() => during.gone === 'ECONNREFUSED');
  await proxy.up();
  const after = client();
  after.say('b');
  await until(() => after.got === 'ok b\n');
});

test('a server that is not there is a connection that is reset', async () => {
  const nowhere = await faultProxy('tcp://127.0.0.1:1');
  const socket = connect(nowhere.port, '127.0.0.1');
  const [error] = (await once(socket, 'error').catch((it: Error) => [it])) as [NodeJS.ErrnoException];
  expect(error.code).toBe('ECONNRESET');
  await nowhere.close();
});
