import { decodeJwt } from 'jose';
import { mkdtemp, rm } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { certificateFor } from '@kams/testing/certificate';
import { readCliConfig, tokensOf } from '../src/cli/connection';
import { dataFolder, nodeVersion, settingsIn } from '../src/cli/doctor';
import { HostClient } from '../src/cli/host-client';
import { routesOf } from '../src/cli/routes';
import { serverSent } from '../src/cli/tail';
import { answer, FakeHost } from './fake-host';
import { runKams } from './run-kams';

let host: FakeHost;
let data: string;
beforeEach(async () => {
  host = new FakeHost();
  await host.start();
  data = await mkdtemp(join(tmpdir(), 'kams-cli-'));
});
afterEach(async () => {
  await host.stop();
  await rm(data, { recursive: true, force: true });
});

const env = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({ KAMS_URL: host.url, KAMS_DATA: data, ...more });
const run = (args: string, more: NodeJS.ProcessEnv = {}) => runKams(args.split(' '), env(more));

/** Answers these paths; all others as the fake host does. */
function answers(bodies: Readonly<Record<string, object | (() => object)>>): void {
  host.handler = (request, response) => {
    const body = bodies[`${request.method} ${request.url}`];
    if (body === undefined) return false;
    answer(response, 200, typeof body === 'function' ? (body as () => object)() : body);
    return true;
  };
}

const status = {
  epoch: 'e-1',
  head: 'e-1.120',
  projections: [
    { name: 'accounts', position: 'e-1.120', lag: 0, owner: 'vm:1:a', parked: 2 },
    { name: 'purchases', position: 'e-1.20', lag: 100, owner: null, failure: 'no such column' },
  ],
  workers: [{ name: 'timer ends', owner: 'vm:1:a' }, { name: 'erasures' }],
};

describe('how it is called', () => {
  test.each(['stat', 'import purchases', 'import visits f.csv', 'status --fast', '--tenant UPPER status'])(
    'kams %s is a wrong call: 2',
    async (args) => {
      const { code, out, err } = await run(args);
      expect({ code, out }).toEqual({ code: 2, out: '' });
      expect(err).toMatch(/^error: .*\(kams --help says how\)/s);
    },
  );

  test('help goes to stdout and is no error', async () => {
    const { code, out } = await run('import purchases --help');
    expect(code).toBe(0);
    expect(out).toMatch(/--dry-run.*--json.*The result file has a line for every row/s);
  });

  test('a setting that is wrong is named: 78', async () => {
    const { code, err } = await run('status', { KAMS_PROT: '1' });
    expect({ code, err }).toEqual({ code: 78, err: 'kams: KAMS_PROT: there is no such setting. Did you mean KAMS_PORT?\n' });
  });

  test('KAMS_URL comes before KAMS_PORT, which comes before 3000', async () => {
    answers({ 'GET /operations/status': status });
    const { port } = new URL(host.url);
    expect((await runKams(['status'], { KAMS_PORT: port, KAMS_DATA: data })).code).toBe(0);
    expect((await run('status', { KAMS_PORT: '1' })).code).toBe(0);
  });
});

describe('the token', () => {
  test('is KAMS_TOKEN where that is set', async () => {
    answers({ 'GET /operations/status': status });
    await run('status', { KAMS_TOKEN: 'mine' });
    expect(host.tokens).toEqual(['Bearer mine']);
  });

  test('is made in development, for the tenant that was named', async () => {
    answers({ 'GET /operations/status': status });
    await run('status --tenant acme');
    const claims = decodeJwt(host.tokens[0]!.slice('Bearer '.length));
    expect(claims).toMatchObject({ sub: 'developer', tenant: 'acme' });
    expect(claims.exp! - claims.iat!).toBe(900);
  });

  test('is made again before it ends, while a long command runs', async () => {
    jest.useFakeTimers({ now: Date.now(), doNotFake: ['nextTick', 'setImmediate'] });
    try {
      const tokens = tokensOf(readCliConfig(env()), { subject: 'developer', tenantId: 'demo' });
      const first = await tokens.current();
      jest.advanceTimersByTime(12 * 60_000);
      expect(await tokens.current()).toBe(first);
      jest.advanceTimersByTime(2 * 60_000);
      const second = await tokens.current();
      expect(decodeJwt(second).exp! * 1_000).toBeGreaterThan(Date.now() + 14 * 60_000);
    } finally {
      jest.useRealTimers();
    }
  });

  test('is made anew once when the host refuses it, and then it says what to do', async () => {
    let refusals = 1;
    host.handler = (_request, response) => {
      if (refusals-- > 0) answer(response, 401, { code: 'unauthenticated', reason: 'expired' });
      else answer(response, 200, status);
      return true;
    };
    expect((await run('status')).code).toBe(0);
    refusals = Infinity;
    const { code, err } = await run('status');
    expect(code).toBe(1);
    expect(err).toMatch(/^kams: The host refuses the token \(401, expired\)\. Does the host run with another KAMS_DATA than /);
    expect((await run('status', { KAMS_TOKEN: 'mine' })).err).toMatch(/Put a new token of its issuer into KAMS_TOKEN\.\n$/);
  });

  test('is not made where an installation has an issuer of its own', async () => {
    const issuer = {
      KAMS_ISSUER: 'https://id.example.com',
      KAMS_AUDIENCE: 'kams',
      KAMS_JWKS_URL: 'https://id.example.com/certs',
      KAMS_TOKEN_ALGORITHMS: 'ES256',
    };
    for (const args of ['status', 'token']) {
      const { code, err } = await run(args, issuer);
      expect(code).toBe(1);
      expect(err).toMatch(/KAMS_TOKEN|ask that one for a token/);
    }
  });

  test('is printed by kams token, and nothing else on stdout', async () => {
    const { out, err } = await run('token --subject li --tenant acme');
    expect(decodeJwt(out.trim())).toMatchObject({ sub: 'li', tenant: 'acme' });
    expect(err).toMatch(/^for development only: li of tenant acme; ends at /);
    expect(JSON.parse((await run('token --json')).out)).toMatchObject({ subject: 'developer', tenantId: 'demo' });
  });
});

describe('an answer that is none', () => {
  test('from another server is said so', async () => {
    host.handler = (_request, response) => {
      response.end('<html>');
      return true;
    };
    expect((await run('status')).err).toMatch(/answered something that is not JSON\. Is it a KAMS host\?/);
  });

  test('with a problem shows its words and its places', async () => {
    host.handler = (_request, response) => {
      answer(response, 422, {
        code: 'invalid',
        detail: 'Some values are not valid.',
        errors: [{ pointer: '/after', reason: 'is no position' }],
      });
      return true;
    };
    expect((await run('status')).err).toBe('kams: Some values are not valid. /after is no position\n');
  });

  test('from a host that stays busy is given up after a while', async () => {
    host.handler = (_request, response) => {
      answer(response, 503, { code: 'unavailable' });
      return true;
    };
    const waits: string[] = [];
    const client = new HostClient({
      url: host.url,
      tokens: { current: async () => 'mine', renew: () => false, cure: '' },
      signal: new AbortController().signal,
      patienceMs: 60,
      pausesMs: [20],
      onWait: (why) => waits.push(why),
    });
    await expect(client.get('/x')).rejects.toThrow(/^503 from .*\. Gave up after 0 s; run the command again\.$/);
    expect(host.requests.length).toBeGreaterThan(2);
    expect(waits).toEqual([`503 from ${host.url}`]);
  });
});

describe('kams status', () => {
  test('shows each projection, how far behind it is, who keeps it, and why it stands', async () => {
    answers({ 'GET /operations/status': status });
    expect((await run('status')).out).toBe(
      [
        'store at 120 (epoch e-1)',
        'projection  position  lag  parked  owner',
        'accounts    120       0    2       vm:1:a',
        'purchases   20        100  0       nobody  stands: no such column',
        'timer ends                         vm:1:a',
        'erasures',
        '',
      ].join('\n'),
    );
    expect(JSON.parse((await run('status --json')).out)).toEqual(status);
  });
});

describe('kams rebuild', () => {
  const path = '/operations/projections/purchases/rebuild';
  const running = { state: 'running', position: '00000000000000000010', head: '00000000000000000120' };

  test('waits until the projection is built', async () => {
    const states = [running, { ...running, state: 'done' }];
    answers({ [`POST ${path}`]: running, [`GET ${path}`]: () => states.shift()! });
    const { code, out } = await run('rebuild purchases');
    expect(code).toBe(0);
    expect(out).toMatch(/^purchases is built again \(.* s\)\n$/);
    expect(host.requests).toEqual([`POST ${path}`, `GET ${path}`, `GET ${path}`]);
  });

  test('says why it failed', async () => {
    answers({ [`POST ${path}`]: { state: 'failed', error: 'no such column' } });
    expect(await run('rebuild purchases')).toMatchObject({ code: 1, err: expect.stringContaining('failed: no such column.') });
  });

  test('knows the near name of a projection that is not there', async () => {
    answers({ 'GET /operations/status': status });
    const { code, err } = await run('rebuild purchase');
    expect(code).toBe(1);
    expect(err).toMatch(/no projection "purchase"\. Did you mean purchases\? There are accounts, purchases\./);
  });
});

describe('kams tail', () => {
  const event = (n: number) => {
    const data = {
      time: '2026-01-05T09:00:00Z',
      type: 'kams.accounts.account.registered.v1',
      subject: `account/${n}`,
      data: { n },
    };
    return `id: e-1.${n}\nevent: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
  };

  test('begins now, prints a line each, and goes on where it was when the host went away', async () => {
    const stop = new AbortController();
    const asked: string[] = [];
    const send: ((response: ServerResponse) => void)[] = [
      (response) => response.write(': connected\n\n' + event(121), () => response.destroy()),
      (response) => {
        response.write(event(122).slice(0, 30));
        setTimeout(() => response.write(event(122).slice(30), () => setTimeout(() => stop.abort(), 50)), 20);
      },
    ];
    host.handler = (request, response) => {
      if (request.url === '/health/ready') {
        answer(response, 200, status);
        return true;
      }
      asked.push(`${request.url} ${String(request.headers['last-event-id'])} ${String(request.headers.accept)}`);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      send.shift()!(response);
      return true;
    };
    const { code, out, err } = await runKams(['tail', '--types', 'a', 'b'], env(), stop.signal);
    expect(code).toBe(0);
    expect(out).toBe(
      [121, 122].map((n) => `2026-01-05T09:00:00Z  kams.accounts.account.registered.v1  account/${n}  {"n":${n}}\n`).join(''),
    );
    expect(asked).toEqual(['/events?types=a%2Cb e-1.120 text/event-stream', '/events?types=a%2Cb e-1.121 text/event-stream']);
    expect(err).toBe('The host went away; waiting for it.\nconnected again\n');
  });

  test('ends when the host refuses the position', async () => {
    host.handler = (_request, response) => {
      answer(response, 422, { code: 'position-foreign', detail: 'It belongs to another history.' });
      return true;
    };
    expect(await run('tail --after e-0.1')).toMatchObject({ code: 1, err: 'kams: It belongs to another history.\n' });
  });

  test('reads events whose letters are cut between two pieces', async () => {
    const bytes = Buffer.from('id: 1\ndata: {"name":"大客户"}\n\n: still here\n\nid: 2\ndata: {}\n\n');
    for (const size of [1, 2, 5, 1_000]) {
      const pieces = (async function* () {
        for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
      })();
      const events = [];
      for await (const it of serverSent(pieces)) events.push(it);
      expect(events).toEqual([
        { id: '1', data: '{"name":"大客户"}' },
        { id: '2', data: '{}' },
      ]);
    }
  });
});

describe('kams routes', () => {
  const paths = {
    '/accounts': { post: { summary: 'Register account' }, get: { summary: 'Accounts' }, parameters: {} },
    '/purchases/bulk': { post: { summary: 'Up to 1,000 commands' } },
  };

  test('lists method, path and summary, and keeps those with every word', async () => {
    answers({ 'GET /openapi.json': { paths } });
    expect((await run('routes')).out).toBe(
      'POST  /accounts        Register account\nGET   /accounts        Accounts\nPOST  /purchases/bulk  Up to 1,000 commands\n',
    );
    expect(routesOf({ paths }, ['POST', 'register'])).toEqual([
      { method: 'POST', path: '/accounts', summary: 'Register account' },
    ]);
  });
});

describe('kams doctor', () => {
  test('says of each thing what to do, and ends with 1 when something is wrong', async () => {
    answers({
      'GET /openapi.json': { info: { version: '9.9.9' } },
      'GET /health/ready': status,
      'GET /operations/status': status,
    });
    const { code, out } = await run('doctor');
    expect(code).toBe(1);
    expect(out).toMatch(/^ok +node +20|^ok +node/m);
    expect(out).toMatch(new RegExp(`^ok +host +answers at ${host.url}, version 9\\.9\\.9$`, 'm'));
    expect(out).toMatch(
      /^wrong +projections +purchases can not go on: no such column -> mend the cause, then kams rebuild purchases$/m,
    );
    expect(out).toMatch(/^warning +database +there is none in .* -> npm start makes it$/m);
    expect(out).toMatch(
      /^warning +parked +events can not be handled: accounts holds back 2 -> kams parked list says which and why$/m,
    );
    expect(out).toMatch(/^ok +token +the host takes it$/m);
  });

  test('finds a database that does not answer, a host that is not there and a setting that is wrong', async () => {
    const url = 'postgres://u:hidden-word@127.0.0.1:1/kams';
    const { out } = await runKams(['doctor'], { KAMS_URL: 'http://127.0.0.1:1', KAMS_DATA: data, KAMS_POSTGRES_URL: url });
    expect(out).toMatch(/^wrong +database +no answer \(ECONNREFUSED\) -> /m);
    expect(out).toMatch(/^wrong +host +no answer at http:\/\/127\.0\.0\.1:1 -> npm start starts it/m);
    expect(out).toMatch(/^KAMS_POSTGRES_URL +\*\*\* +environment$/m);
    expect(out).not.toContain('hidden-word');
    const wrong = JSON.parse((await run('doctor --json', { KAMS_PORT: '0x50' })).out) as {
      findings: { what: string; says: string }[];
    };
    expect(wrong.findings).toContainEqual(
      expect.objectContaining({ what: 'settings', says: expect.stringMatching(/^KAMS_PORT: must be/) }),
    );
  });

  test('finds a Kafka that is away, which stops nothing, and one that may be anybody, which is wrong', async () => {
    const before = (port: number) =>
      runKams(['doctor', '--before-start'], {
        KAMS_DATA: data,
        KAMS_KAFKA_BROKERS: `localhost:${port}`,
        KAMS_KAFKA_TLS: 'true',
        KAMS_KAFKA_USER: 'kams-accounts',
        KAMS_KAFKA_PASSWORD: 'hidden-word',
      });
    const away = await before(1);
    expect(away.code).toBe(0);
    expect(away.out).toMatch(/^warning +kafka +Kafka is away: .*ECONNREFUSED.* -> are the brokers of KAMS_KAFKA_BROKERS up/m);
    const { key, certificate } = certificateFor('localhost');
    const anybody = createServer({ key, cert: certificate }).on('tlsClientError', () => undefined);
    await new Promise<void>((done) => anybody.listen(0, '127.0.0.1', done));
    try {
      const { code, out, err } = await before((anybody.address() as AddressInfo).port);
      expect(code).toBe(1);
      expect(out).toMatch(/^wrong +kafka +Kafka: the certificate is of no authority .* -> name a file .* NODE_EXTRA_CA_CERTS$/m);
      expect(out + err + away.out + away.err).not.toContain('hidden-word');
    } finally {
      anybody.close();
    }
  });

  test('asks no host before the first one is started', async () => {
    const { code, out } = await runKams(['doctor', '--before-start'], { KAMS_URL: 'http://127.0.0.1:1', KAMS_DATA: data });
    expect(code).toBe(0);
    expect(out).toMatch(/^ok +settings /m);
    expect(out).not.toMatch(/^\w+ +host /m);
    const nowhere = { KAMS_DATA: data, KAMS_POSTGRES_URL: 'postgres://u:w@127.0.0.1:1/kams' };
    expect((await runKams(['doctor', '--before-start'], nowhere)).code).toBe(1);
  });

  test('knows an old Node, a missing data folder and where a setting comes from', async () => {
    expect(nodeVersion('20.18.3').state).toBe('wrong');
    expect(nodeVersion('20.19.0').state).toBe('ok');
    expect(nodeVersion('24.0.1').state).toBe('ok');
    expect((await dataFolder(join(data, 'none'))).state).toBe('warning');
    expect((await dataFolder(__filename)).state).toBe('wrong');
    const from = (key: string, of: NodeJS.ProcessEnv) => settingsIn(of).find((it) => it.key === key);
    expect(from('KAMS_HOST', {})).toMatchObject({ value: '127.0.0.1', from: 'default' });
    expect(from('KAMS_HOST', { KAMS_MODE: 'production' })).toMatchObject({ value: '0.0.0.0' });
    expect(from('KAMS_TOKEN', { KAMS_TOKEN_FILE: '/run/token' })).toMatchObject({ value: '***', from: 'file' });
    expect(from('KAMS_ISSUER', {})).toMatchObject({ value: '', from: 'not set' });
  });
});
