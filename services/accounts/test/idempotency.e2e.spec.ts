// P3, P4: a retry gets the first answer and makes no second event; of several writers one wins, and the others are told so.
import { purchaseContract } from '@kams/contracts/accounts/purchase';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryPersonKeys, Vault, type EventStore } from '@kams/eventing';
import { postgresStore } from '@kams/eventing/store/postgres/postgres-store';
import { createApp, Runtime } from '@kams/platform';
import { openDevelopmentIssuer } from '@kams/platform/tokens/development-issuer';
import { TokenVerifier } from '@kams/platform/tokens/verify';
import { startTestServices, type TestServices } from '@kams/testing';
import pino from 'pino';
import { accountsService } from '../src/accounts.module';

let kams: TestServices;
beforeAll(async () => void (kams = await startTestServices([accountsService])));
afterAll(() => kams?.stop());

interface Sending {
  readonly key?: string;
  readonly ifMatch?: string;
  readonly subject?: string;
  readonly tenantId?: string;
}
/** All of an answer that a retry must get again. */
interface Whole {
  readonly status: number;
  readonly etag: string | null;
  readonly location: string | null;
  readonly text: string;
}
type Send = (path: string, body: unknown, sending?: Sending) => Promise<Whole>;

const headersOf = ({ key, ifMatch }: Sending) => ({
  ...(key !== undefined && { 'idempotency-key': key }),
  ...(ifMatch !== undefined && { 'if-match': ifMatch }),
});
const wholeOf = (status: number, headers: Headers, text: string): Whole => ({
  status,
  etag: headers.get('etag'),
  location: headers.get('location'),
  text,
});
const send: Send = async (path, body, sending = {}) => {
  const { subject, tenantId } = sending;
  const { status, headers, text } = await kams.post(path, body, { headers: headersOf(sending), as: { subject, tenantId } });
  return wholeOf(status, headers, text);
};

/** Another process of the same installation, as far as commands can tell: it shares the log and nothing else. */
async function startNode(
  store: (real: EventStore) => EventStore = (real) => real,
): Promise<{ send: Send; stop(): Promise<void> }> {
  const data = await mkdtemp(join(tmpdir(), 'kams-node-'));
  const issuer = await openDevelopmentIssuer({ mode: 'development', data });
  const real = await postgresStore({ connection: kams.databaseUrl, poolSize: 4 });
  const { readDatabase, cursorKey, readWaitMs } = kams.runtime;
  const runtime = new Runtime({
    services: [{ ...accountsService, projections: [] }],
    store: store(real),
    readDatabase,
    // The harness has one key for everything.
    hashKey: cursorKey,
    vault: new Vault(memoryPersonKeys(), cursorKey),
    cursorKey,
    administrators: [{ tenantId: '*', subject: '*' }],
    readWaitMs,
    log: pino({ level: 'silent' }),
  });
  await runtime.start();
  const app = await createApp(runtime, new TokenVerifier(issuer), 'test');
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  return {
    async send(path, body, sending = {}) {
      const { subject = 'user-1', tenantId = 'acme' } = sending;
      const token = await issuer.mint({ subject, tenantId });
      const answer = await fetch(`${url}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headersOf(sending) },
        body: JSON.stringify(body),
      });
      return wholeOf(answer.status, answer.headers, await answer.text());
    },
    async stop() {
      await app.close();
      await runtime.stop();
      await real.close();
      await rm(data, { recursive: true, force: true });
    },
  };
}

const head = async (): Promise<number> => Number((await kams.store.head()).position || 0);
/** How many events a piece of work made. */
async function eventsOf(work: () => Promise<unknown>): Promise<number> {
  const before = await head();
  await work();
  return (await head()) - before;
}
const idOf = ({ text }: Whole): string => JSON.parse(text).id as string;
const codeOf = ({ text }: Whole): string => JSON.parse(text).code as string;

let keys = 0;
const newKey = (): string => `key-${keys++}`;
const open = async (name = 'An account'): Promise<string> => idOf(await send('/accounts', { profile: { name } }));
const times = <T>(count: number, work: (i: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, i) => work(i)));

const externalId = (value: string) => ({ system: 'erp', type: 'customer', value });
const purchase = (accountId: string, txnId: string) => ({
  ...purchaseContract.commands.Record.example,
  account: { accountId },
  txnId,
});

/** A command of every kind of address, and how many events it makes. */
const COMMANDS: [string, () => Promise<[path: string, body: object]>, number][] = [
  ['that opens', async () => ['/accounts', { profile: { name: 'Opened' } }], 1],
  [
    'that opens and claims a key',
    async () => ['/accounts', { profile: { name: 'Keyed' }, externalIds: [externalId(newKey())] }],
    2,
  ],
  [
    'that opens what a key names',
    async () => ['/accounts/import', { externalId: externalId(newKey()), profile: { name: 'Imported' } }],
    2,
  ],
  ['that opens under a natural key', async () => ['/purchases', purchase(await open(), newKey())], 1],
  ['to one that exists', async () => [`/accounts/${await open()}/rate-criterion`, { code: 'influence', raw: '80' }], 1],
  [
    'to a ledger',
    async () => [
      '/hierarchy/link',
      { accountId: await open(), parentId: await open(), linkType: 'branch', validFrom: '2026-01-01' },
    ],
    1,
  ],
];

describe('P3 a command with a key', () => {
  test.each(COMMANDS)('%s, sent again, gets the same answer byte for byte and makes no second event', async (_, make, events) => {
    const [path, body] = await make();
    const key = newKey();
    const answers: Whole[] = [];
    const made = await eventsOf(async () => {
      for (let i = 0; i < 3; i++) answers.push(await send(path, body, { key }));
    });
    expect(made).toBe(events);
    expect(answers[0]!.status).toBeLessThan(300);
    expect(answers[0]!.etag).toMatch(/^"\d+"$/);
    for (const it of answers) expect(it).toEqual(answers[0]);
  });

  test.each(COMMANDS)('%s, sent eight times at once, is done once, and all eight get that answer', async (_, make, events) => {
    for (let round = 0; round < 10; round++) {
      const [path, body] = await make();
      const key = newKey();
      let answers: Whole[] = [];
      expect(await eventsOf(async () => (answers = await times(8, () => send(path, body, { key }))))).toBe(events);
      expect(answers[0]!.status).toBeLessThan(300);
      for (const it of answers) expect(it).toEqual(answers[0]);
    }
  });

  test.each(COMMANDS)('%s, sent by another process that never saw it, gets the same answer', async (_, make) => {
    const [path, body] = await make();
    const key = newKey();
    const first = await send(path, body, { key });
    const node = await startNode();
    try {
      expect(await eventsOf(async () => expect(await node.send(path, body, { key })).toEqual(first))).toBe(0);
    } finally {
      await node.stop();
    }
  });

  test('sent to two processes at once, eight times, is done once', async () => {
    const node = await startNode();
    try {
      for (let round = 0; round < 10; round++) {
        for (const [, make, events] of COMMANDS) {
          const [path, body] = await make();
          const key = newKey();
          let answers: Whole[] = [];
          const made = await eventsOf(
            async () => (answers = await times(8, (i) => (i % 2 === 0 ? send : node.send)(path, body, { key }))),
          );
          expect({ path, made }).toEqual({ path, made: events });
          for (const it of answers) expect(it).toEqual(answers[0]);
        }
      }
    } finally {
      await node.stop();
    }
  });

  test('and another body is refused: the key was for something else', async () => {
    const id = await open();
    const rate = `/accounts/${id}/rate-criterion`;
    for (const [path, body, other] of [
      ['/accounts', { profile: { name: 'One' } }, { profile: { name: 'Another' } }],
      [rate, { code: 'influence', raw: '80' }, { code: 'influence', raw: '81' }],
      [rate, { code: 'openness', raw: true }, { code: 'openness', raw: 'true' }],
    ] as const) {
      const key = newKey();
      expect((await send(path, body, { key })).status).toBeLessThan(300);
      expect(
        await eventsOf(async () => {
          const answer = await send(path, other, { key });
          expect([answer.status, codeOf(answer)]).toEqual([422, 'command-id-reused']);
        }),
      ).toBe(0);
    }
  });

  test('and another command to the same thing is refused too', async () => {
    const id = await open();
    const key = newKey();
    await send(`/accounts/${id}/update-profile`, { set: { employees: 1 } }, { key });
    const answer = await send(`/accounts/${id}/rate-criterion`, { code: 'influence', raw: '80' }, { key });
    expect([answer.status, codeOf(answer)]).toEqual([422, 'command-id-reused']);
  });

  test('and another body is refused by a process that never saw the first', async () => {
    const id = await open();
    const key = newKey();
    await send(`/accounts/${id}/rate-criterion`, { code: 'influence', raw: '80' }, { key });
    const node = await startNode();
    try {
      const answer = await node.send(`/accounts/${id}/rate-criterion`, { code: 'influence', raw: '81' }, { key });
      expect([answer.status, codeOf(answer)]).toEqual([422, 'command-id-reused']);
    } finally {
      await node.stop();
    }
  });

  test('is the same command however its body is written', async () => {
    const id = await open();
    const key = newKey();
    const path = `/accounts/${id}/rate-criterion`;
    const first = await send(path, '{"code":"influence","raw":"80"}', { key });
    expect(await send(path, ' {\n"raw" : "\\u0038\\u0030", "code":"influence" }', { key })).toEqual(first);
  });

  test('of one caller is not the key of another, of the same tenant or not', async () => {
    const key = newKey();
    const body = { profile: { name: 'Everybody’s' } };
    let answers: Whole[] = [];
    const made = await eventsOf(async () => {
      answers = await Promise.all([
        send('/accounts', body, { key, subject: 'user-1' }),
        send('/accounts', body, { key, subject: 'user-2' }),
        send('/accounts', body, { key, subject: 'user-1', tenantId: 'other' }),
      ]);
    });
    expect(made).toBe(3);
    expect(new Set(answers.map(idOf)).size).toBe(3);
  });

  test('gets its first answer when the thing has moved on, with the revision of then', async () => {
    const id = await open();
    const key = newKey();
    const path = `/accounts/${id}/rate-criterion`;
    const first = await send(path, { code: 'influence', raw: '80' }, { key });
    for (let i = 0; i < 20; i++) await send(path, { code: 'influence', raw: `${i}` });
    expect(await send(path, { code: 'influence', raw: '80' }, { key })).toEqual(first);
    expect(first.etag).toBe('"1"');
  });

  test('that was refused is decided again: nothing was done with the key', async () => {
    const id = await open();
    const key = newKey();
    const designate = () => send(`/accounts/${id}/designate-key-account`, { reason: 'x' }, { key });
    expect(codeOf(await designate())).toBe('not-nominated');
    expect(codeOf(await designate())).toBe('not-nominated');
    const rated = await send(`/accounts/${id}/rate-criterion`, { code: 'influence', raw: '80' }, { key });
    expect(rated.status).toBe(200);
  });

  test('gets its first answer though what it was decided by is stale now', async () => {
    const id = await open();
    const key = newKey();
    const path = `/accounts/${id}/rate-criterion`;
    const once = () => send(path, { code: 'influence', raw: '80' }, { key, ifMatch: '"0"' });
    const first = await once();
    expect(first.status).toBe(200);
    await send(path, { code: 'influence', raw: '81' });
    expect(await once()).toEqual(first);
  });

  test('is a new one when its thing has had a thousand commands since, as the reference says', async () => {
    const id = await open();
    const key = newKey();
    const again = () => send(`/accounts/${id}/rate-criterion`, { code: 'influence', raw: '80' }, { key });
    const first = await again();
    const rate = (i: number) => JSON.stringify({ command: 'RateCriterion', id, data: { code: 'influence', raw: `${i}` } });
    const others = (count: number) =>
      kams.post('/accounts/bulk', Array.from({ length: count }, (_, i) => rate(i)).join('\n'), {
        headers: { 'content-type': 'application/x-ndjson' },
      });
    await others(999);
    expect(await again()).toEqual(first);
    await others(2);
    expect((await again()).etag).toBe('"1003"');
  });

  test('without a key is a command of its own each time', async () => {
    const body = { profile: { name: 'Twice' } };
    expect(await eventsOf(() => times(2, () => send('/accounts', body)))).toBe(2);
  });
});

describe('P3 a bulk request with a key', () => {
  const bulk = async (lines: readonly object[], key?: string) => {
    const headers = { 'content-type': 'application/x-ndjson', ...headersOf({ key }) };
    const body = lines.map((it) => JSON.stringify(it)).join('\n');
    return (await kams.post('/accounts/bulk', body, { headers })).text;
  };
  const register = (name: string, more: object = {}) => ({ command: 'Register', data: { profile: { name } }, ...more });

  test('gives each line one of its own: sent again, or at once, it makes no second event', async () => {
    const lines = [...Array.from({ length: 50 }, (_, i) => register(`Line ${i}`)), register(''), register('Line 0')];
    const key = newKey();
    let answers: string[] = [];
    expect(await eventsOf(async () => (answers = await times(4, () => bulk(lines, key))))).toBe(51);
    expect(await eventsOf(async () => answers.push(await bulk(lines, key)))).toBe(0);
    for (const it of answers) expect(it).toBe(answers[0]);
    expect(answers[0]!.split('\n').filter((it) => it.includes('"opened"'))).toHaveLength(51);
  });

  test('with another line under that key refuses that line only', async () => {
    const key = newKey();
    await bulk([register('A'), register('B')], key);
    const [first, second] = (await bulk([register('A'), register('C')], key)).split('\n').map((it) => it && JSON.parse(it));
    expect([first.outcome, second.code]).toEqual(['opened', 'command-id-reused']);
  });

  test('leaves a line the key that it has, which is that of a single command too', async () => {
    const key = newKey();
    const [line] = (await bulk([register('Single', { idempotencyKey: key })], newKey()))
      .split('\n')
      .map((it) => it && JSON.parse(it));
    const single = await send('/accounts', { profile: { name: 'Single' } }, { key });
    expect(idOf(single)).toBe(line.id);
  });
});

describe('P4 of several writers', () => {
  const rate = (id: string) => `/accounts/${id}/rate-criterion`;

  test('who go by the same revision one wins, and the others get 412 with the current ETag', async () => {
    const node = await startNode();
    try {
      const id = await open();
      for (let revision = 0; revision < 20; revision++) {
        let answers: Whole[] = [];
        const made = await eventsOf(async () => {
          answers = await times(16, (i) =>
            (i % 2 === 0 ? send : node.send)(rate(id), { code: 'c', raw: `${revision}.${i}` }, { ifMatch: `"${revision}"` }),
          );
        });
        expect(made).toBe(1);
        const [winners, losers] = [answers.filter((it) => it.status === 200), answers.filter((it) => it.status !== 200)];
        expect(winners.map((it) => it.etag)).toEqual([`"${revision + 1}"`]);
        expect(losers).toHaveLength(15);
        for (const it of losers) {
          expect([it.status, it.etag, codeOf(it)]).toEqual([412, `"${revision + 1}"`, 'stale']);
          expect(JSON.parse(it.text).revision).toBe(revision + 1);
        }
      }
    } finally {
      await node.stop();
    }
  });

  test('who go by none all come to their turn, or are told of the conflict and have changed nothing', async () => {
    const node = await startNode();
    try {
      const id = await open();
      const answers: Whole[] = [];
      const made = await eventsOf(async () => {
        for (let round = 0; round < 10; round++)
          answers.push(
            ...(await times(16, (i) => (i % 2 === 0 ? send : node.send)(rate(id), { code: 'c', raw: `${round}.${i}` }))),
          );
      });
      const done = answers.filter((it) => it.status === 200);
      for (const it of answers) if (it.status !== 200) expect([it.status, codeOf(it)]).toEqual([409, 'version-conflict']);
      expect(done).toHaveLength(made);
      expect(done.map((it) => Number(it.etag!.slice(1, -1))).sort((a, b) => a - b)).toEqual(done.map((_, i) => i + 1));
      const stored = await kams.store.read(`account-${id}`);
      expect(stored.map((it) => it.revision)).toEqual(stored.map((_, i) => i));
    } finally {
      await node.stop();
    }
  });

  test('one who always comes second is told so after four attempts, and nothing of it is stored', async () => {
    const id = await open();
    let attempts = 0;
    // Whenever this node is about to append, the other one was just there.
    const node = await startNode((real) => ({
      append: async (stream, expected, events) => {
        await send(rate(id), { code: 'theirs', raw: `${attempts++}` });
        return real.append(stream, expected, events);
      },
      read: real.read.bind(real),
      at: real.at.bind(real),
      readAll: real.readAll.bind(real),
      subscribe: real.subscribe.bind(real),
      head: real.head.bind(real),
      close: real.close.bind(real),
    }));
    try {
      const answer = await node.send(rate(id), { code: 'mine', raw: '1' });
      expect([answer.status, codeOf(answer), attempts]).toEqual([409, 'version-conflict', 4]);
      const stored = await kams.store.read(`account-${id}`);
      expect(stored.map(({ data }) => (data as { code?: string }).code)).toEqual([undefined, ...Array(4).fill('theirs')]);
    } finally {
      await node.stop();
    }
  });

  test('one who goes by a revision that is still to come is told the current one', async () => {
    const id = await open();
    const answer = await send(rate(id), { code: 'c', raw: '1' }, { ifMatch: '"7"' });
    expect([answer.status, answer.etag]).toEqual([412, '"0"']);
  });
});
