// What a process tells of its work: traces, and figures.
import { START, traceWith, Unavailable, type CloudEvent, type Publisher } from '@kams/eventing';
import { dataFolder, freePort, removeFolder, startHost, type TestHost } from '@kams/testing/host';
import { freshDatabase, type TestDatabase } from '@kams/testing/postgres';
import { startTestServices, type Asking, type TestServices } from '@kams/testing/services';
import { eventually, until } from '@kams/testing/until';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { metricsOf } from '../src/run/metrics';
import { bells } from './timers/bell';
import { fieldService } from './visits';

const traceOf = (traceparent: string | undefined) => traceparent?.split('-')[1];
const spanOf = (traceparent: string | undefined) => traceparent?.split('-')[2];
const newTrace = () => `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`;

/** As OTLP has it in JSON. */
interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly attributes: readonly { readonly key: string; readonly value: object }[];
  readonly links?: readonly { readonly traceId: string }[];
}
interface Sent {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly { key: string; value: { stringValue?: string } }[] };
    readonly scopeSpans: readonly { readonly spans: readonly Span[] }[];
  }[];
}

describe('a host', () => {
  let database: TestDatabase;
  let data: string;
  let host: TestHost | undefined;
  let receiver: Server | undefined;
  beforeEach(async () => void ([database, data] = await Promise.all([freshDatabase(), dataFolder()])));
  afterEach(async () => {
    await host?.end('SIGKILL');
    receiver?.closeAllConnections();
    receiver?.close();
    [host, receiver] = [undefined, undefined];
    await database.drop();
    await removeFolder(data);
  });

  async function start(env: NodeJS.ProcessEnv = {}): Promise<TestHost> {
    // Says on SIGUSR2 what of OpenTelemetry is loaded.
    const probe = join(data, 'probe.cjs');
    const loaded = "Object.keys(require.cache).filter((it) => it.includes('@opentelemetry'))";
    await writeFile(probe, `process.on('SIGUSR2', () => console.error('loaded ' + JSON.stringify(${loaded})));`);
    const own = { KAMS_DATA: data, KAMS_PORT: String(await freePort()), KAMS_POSTGRES_URL: database.url };
    return (host = await startHost({ ...own, NODE_OPTIONS: `--require ${probe}`, ...env }));
  }
  async function loadedIn({ process: { pid }, said }: TestHost): Promise<string[]> {
    process.kill(pid!, 'SIGUSR2');
    const line = await until('it says what is loaded', () => /^loaded (\[.*\])$/m.exec(said())?.[1]);
    return JSON.parse(line) as string[];
  }
  async function asking(of: TestHost) {
    const token = (await of.kams('token')).stdout.trim();
    return async (path: string, body?: object, headers = {}) => {
      const answer = await fetch(`${of.url}${path}`, {
        method: body ? 'POST' : 'GET',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
        body: body && JSON.stringify(body),
      });
      return { status: answer.status, text: await answer.text() };
    };
  }
  const listening = (server: Server) =>
    new Promise<string>((resolve) => {
      receiver = server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
    });

  test('tells one trace from the request through the event to the projection, and the last of it when it ends', async () => {
    const sent: Sent[] = [];
    const endpoint = await listening(
      createServer((request, response) => {
        expect(request.url).toBe('/v1/traces');
        void json(request).then((it) => {
          sent.push(it as Sent);
          response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
        });
      }),
    );
    const spans = () => sent.flatMap((it) => it.resourceSpans.flatMap((of) => of.scopeSpans.flatMap((some) => some.spans)));
    const it = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint });
    const ask = await asking(it);
    const traceparent = newTrace();
    const traceId = traceOf(traceparent);
    const name = '华东电气有限公司';
    const { status, text } = await ask('/accounts', { profile: { name, sector: 'power' } }, { traceparent });
    expect(status).toBe(201);
    const { id } = JSON.parse(text) as { id: string };

    const request = await until('the span of the request', () => spans().find((it) => it.traceId === traceId));
    expect(request).toMatchObject({ name: 'POST /accounts', parentSpanId: spanOf(traceparent) });
    expect(request.attributes).toEqual([
      { key: 'http.request.method', value: { stringValue: 'POST' } },
      { key: 'http.route', value: { stringValue: '/accounts' } },
      { key: 'http.response.status_code', value: { intValue: 201 } },
    ]);
    const event = JSON.parse((await ask('/events?limit=1')).text) as CloudEvent;
    expect(event).toMatchObject({ subject: `account/${id}`, traceparent: `00-${traceId}-${request.spanId}-01` });
    const linked = (name: string) =>
      until(`the span ${name}`, () => spans().find((it) => it.name === name && it.links?.some((to) => to.traceId === traceId)));
    await linked('append');
    await linked('project accounts');
    expect(sent[0]!.resourceSpans[0]!.resource.attributes).toContainEqual({
      key: 'service.name',
      value: { stringValue: 'kams-accounts' },
    });

    // No address and nothing of anybody, in no span.
    const last = newTrace();
    await ask(`/accounts/${id}/rate-criterion`, { code: 'x', raw: '7' }, { traceparent: last });
    expect(await it.end('SIGTERM')).toEqual({ code: 0, signal: null });
    host = undefined;
    expect(spans().find((it) => it.traceId === traceOf(last))?.name).toBe('POST /accounts/{id}/rate-criterion');
    for (const secret of [id, name, 'developer']) expect(JSON.stringify(sent)).not.toContain(secret);
  });

  test('that tells nobody has no SDK in its memory, and measures itself', async () => {
    const it = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: '' });
    const loaded = await loadedIn(it);
    expect(loaded.some((path) => path.includes('@opentelemetry/api/'))).toBe(true);
    expect(loaded.filter((path) => !path.includes('@opentelemetry/api/'))).toEqual([]);
    const ask = await asking(it);
    const { text } = await ask('/metrics');
    for (const name of ['nodejs_eventloop_lag_p99_seconds', 'process_resident_memory_bytes'])
      expect(text).toMatch(new RegExp(`^${name} [\\d.e-]+$`, 'm'));
    // A caller's trace is stored all the same.
    const traceparent = newTrace();
    await ask('/accounts', { profile: { name: 'Acme', sector: 'power' } }, { traceparent });
    expect(JSON.parse((await ask('/events?limit=1')).text)).toMatchObject({ traceparent });
  });

  test.each(['refuses', 'hangs'])('is not held up, and no request fails, where the receiver %s', async (kind) => {
    const sockets: Socket[] = [];
    const hanging = createServer();
    hanging.on('connection', (socket) => sockets.push(socket));
    const endpoint = kind === 'hangs' ? await listening(hanging) : `http://127.0.0.1:${await freePort()}`;
    const it = await start({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${endpoint}/v1/traces` });
    expect((await loadedIn(it)).some((path) => path.includes('@opentelemetry/sdk-trace/'))).toBe(true);
    const ask = await asking(it);
    const slowest = { ms: 0 };
    for (let i = 0; i < 300; i++) {
      const began = performance.now();
      expect((await ask('/accounts', { profile: { name: `Acme ${i}`, sector: 'power' } })).status).toBe(201);
      slowest.ms = Math.max(slowest.ms, performance.now() - began);
    }
    expect(slowest.ms).toBeLessThan(2_000);
    if (kind === 'hangs') await until('it was tried', () => sockets.length > 0);
    else await until('it is said', () => it.said().includes('traces do not arrive'), 20_000);
    const began = performance.now();
    expect(await it.end('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(performance.now() - began).toBeLessThan(6_000);
    host = undefined;
  });
});

describe('services', () => {
  const published: CloudEvent[] = [];
  const outlet: Publisher = {
    ensureTopic: async () => undefined,
    begin: () => undefined,
    newest: async () => [],
    mark: async () => undefined,
    publish: async (_, events) => void published.push(...events),
    close: async () => undefined,
  };
  const finished = new InMemorySpanExporter();
  let kams: TestServices;
  afterEach(async () => {
    traceWith(undefined);
    await kams.stop();
    finished.reset();
    published.splice(0);
  });
  const PAST = '2026-03-02T09:00:00.000Z';
  const traces = async (stream: string) => (await kams.store.read(stream)).map((it) => it.metadata.traceparent);
  /** Of a bell that rings at once, and of what answers it. */
  async function rung(traceparent: string) {
    const { id } = (await kams.post('/bells', { at: PAST }, { headers: { traceparent } })).body as { id: string };
    const [set, rang] = await until('it rings', async () => {
      const all = await traces(`bell-${id}`);
      return all.length === 2 && all;
    });
    const answered = await until('it is answered', async () => {
      const all = (await kams.store.readAll(START, 1_000)).events;
      return all.find((it) => it.type === 'Answered' && (it.data as { bell: string }).bell === id);
    });
    return { set, rang, answered: answered.metadata.traceparent };
  }

  test('that are not traced keep a caller in the trace, through what is due and what follows', async () => {
    kams = await startTestServices([bells]);
    const traceparent = newTrace();
    expect(await rung(traceparent)).toEqual({ set: traceparent, rang: traceparent, answered: traceparent });
  });

  test('that are traced have a span for what follows, and for what is published', async () => {
    traceWith(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter: finished })] }).getTracer('test'));
    kams = await startTestServices([bells], { outlet: () => outlet });
    const traceparent = newTrace();
    const { set, rang, answered } = await rung(traceparent);
    for (const it of [set, rang, answered]) expect(traceOf(it)).toBe(traceOf(traceparent));
    expect(spanOf(set)).not.toBe(spanOf(traceparent));
    expect(rang).toBe(set);
    const span = (name: string) => until(name, () => finished.getFinishedSpans().find((it) => it.name === name));
    const react = await span('react echo-answers-when-bell-rings');
    expect(react.parentSpanContext?.spanId).toBe(spanOf(rang));
    expect(spanOf(answered)).toBe(react.spanContext().spanId);
    for (const name of ['append', 'project rung', 'publish kams.bells.v1'])
      expect((await span(name)).links.map((it) => it.context.traceId)).toContain(traceOf(traceparent));
    await eventually(() => expect(published.map((it) => it.traceparent)).toEqual([set, rang]));
  });

  test('take a malformed traceparent for none, and store that of a bulk with each of its lines', async () => {
    kams = await startTestServices([fieldService]);
    const visit = { accountId: randomUUID(), day: '2026-03-02', subject: 'Annual review' };
    const planned = async (options: Asking) => {
      const { status, body } = await kams.post('/visits', visit, options);
      expect(status).toBe(201);
      return (await traces(`visit-${body.id}`))[0];
    };
    for (const it of ['x', newTrace().toUpperCase(), `00-${'0'.repeat(32)}-b7ad6b7169203331-01`])
      expect(await planned({ headers: { traceparent: it } })).toBeUndefined();
    const traceparent = newTrace();
    const line = JSON.stringify({ command: 'Plan', data: visit });
    const { text } = await kams.ask('/visits/bulk', {
      method: 'POST',
      body: `${line}\n${line}`,
      headers: { 'content-type': 'application/x-ndjson', traceparent },
    });
    const ids = text
      .trim()
      .split('\n')
      .map((it) => (JSON.parse(it) as { id: string }).id);
    for (const id of ids) expect(await traces(`visit-${id}`)).toEqual([traceparent]);
  });
});

describe('figures', () => {
  let kams: TestServices;
  beforeAll(async () => {
    const administrators = [{ tenantId: '*', subject: 'user-1' }];
    kams = await startTestServices([fieldService, bells], { administrators });
  });
  afterAll(() => kams.stop());
  const lines = async () => (await kams.ask('/metrics')).text.split('\n').filter((it) => it !== '' && !it.startsWith('#'));
  const valueOf = async (series: string) => {
    const line = (await lines()).find((it) => it.startsWith(`${series} `));
    return line === undefined ? undefined : Number(line.slice(series.length + 1));
  };
  const ofCommand = (service: string, command: string, outcome: string) =>
    valueOf(`kams_commands_total{service="${service}",command="${command}",outcome="${outcome}"}`);
  const visit = { accountId: randomUUID(), day: '2026-03-02', subject: 'Annual review' };
  const bulk = (...of: object[]) =>
    kams.ask('/visits/bulk', {
      method: 'POST',
      body: of.map((it) => JSON.stringify(it)).join('\n'),
      headers: { 'content-type': 'application/x-ndjson' },
    });

  test('of commands, by what became of them', async () => {
    const plan = (options?: Asking, body: unknown = visit) => kams.post('/visits', body, options);
    const { id } = (await plan({ headers: { 'idempotency-key': 'k' } })).body as { id: string };
    await plan({ headers: { 'idempotency-key': 'k' } });
    await plan({}, { ...visit, day: 'tomorrow' });
    await plan({}, '{"day":');
    await plan({ as: { subject: 'li.na' } });
    await plan({ headers: { authorization: 'Bearer x' } });
    jest.spyOn(kams.store, 'append').mockRejectedValueOnce(new Unavailable('down'));
    await plan();
    const cancel = (headers = {}) => kams.post(`/visits/${id}/cancel`, { reason: 'Ill' }, { headers });
    await cancel({ 'if-match': '"7"' });
    await cancel();
    await cancel();
    const set = (await kams.post('/bells', { at: '2100-01-01T00:00:00.000Z' })).body as { id: string };
    for (let i = 0; i < 2; i++) await kams.post(`/bells/${set.id}/silence`, {});
    await bulk({ command: 'Plan', data: visit }, { command: 'Plan', data: {} }, { command: '__proto__' }, {});
    const found = await Promise.all(
      [
        ['appended', 2],
        ['repeated', 1],
        ['invalid', 3],
        ['forbidden', 2],
        ['failed', 1],
      ].map(async ([outcome]) => [outcome, await ofCommand('field', 'visit.Plan', outcome as string)]),
    );
    expect(found).toEqual([
      ['appended', 2],
      ['repeated', 1],
      ['invalid', 3],
      ['forbidden', 2],
      ['failed', 1],
    ]);
    for (const outcome of ['conflict', 'appended', 'refused']) expect(await ofCommand('field', 'visit.Cancel', outcome)).toBe(1);
    expect(await ofCommand('bells', 'bell.Silence', 'unchanged')).toBe(1);
    expect(await ofCommand('field', 'visit.none', 'invalid')).toBe(2);
    expect(await valueOf('kams_append_seconds_count')).toBe(await valueOf('kams_append_batch_events_count'));
    expect(await valueOf('kams_append_batch_events_sum')).toBe((await kams.store.readAll(START, 1_000)).events.length);
  });

  test('of what is behind: nothing at the head, and since when', async () => {
    const [events, seconds] = ['events', 'seconds'].map((it) => `kams_projection_lag_${it}{projection="visits"}`);
    await eventually(async () => expect([await valueOf(events!), await valueOf(seconds!)]).toEqual([0, 0]));
    const { events: all } = await kams.store.readAll(START, 1_000);
    jest.spyOn(kams.runtime.projector('visits')!, 'position').mockReturnValue(all[1]!.position);
    const since = () => (Date.now() - Date.parse(all[2]!.recordedAt)) / 1_000;
    const least = since();
    const age = await valueOf(seconds!);
    expect(age).toBeGreaterThanOrEqual(least - 0.001);
    expect(age).toBeLessThanOrEqual(since());
    expect(await valueOf(events!)).toBe(all.length - 2);
    expect(await valueOf('kams_projection_lag_seconds{projection="rung"}')).toBe(0);
    jest.restoreAllMocks();
  });

  test('are as many as before, whatever anybody sends', async () => {
    const word = () => randomUUID();
    const send = async () => {
      await kams.post('/visits', visit, {
        as: { subject: 'user-1', tenantId: `t${word().slice(0, 8)}` },
        headers: { traceparent: newTrace() },
      });
      await kams.post('/visits', visit, { as: { subject: word() } });
      await kams.ask(`/visits/${word()}`);
      await kams.ask(`/${word()}/${word()}`);
      await kams.post(`/visits/${word()}/${word()}`, {});
      await kams.post(`/visits/${word()}/cancel`, { reason: word() });
      await bulk({ command: word(), data: {} }, { command: 'Cancel', id: word(), data: { reason: word() } });
    };
    await send();
    const names = async () => (await lines()).map((it) => it.slice(0, it.lastIndexOf(' ')));
    const before = await names();
    for (let i = 0; i < 200; i++) await send();
    expect(await names()).toEqual(before);
  });

  test('are all in the table for operators', () => {
    type Metric = { readonly name: string; readonly type: string; readonly help: string; readonly labelNames: readonly string[] };
    const metrics = metricsOf(kams.runtime).register.getMetricsAsArray() as unknown as Metric[];
    const code = (it: string) => `\`${it}\``;
    const rows = metrics.map((it) => [code(it.name), it.type, it.labelNames.map(code).join(', '), it.help]);
    const page = readFileSync(join(__dirname, '../../../docs/administration/telemetry.md'), 'utf8');
    const written = [...page.matchAll(/^\| (`kams_.*) \|$/gm)].map(([, row]) => row!.split(' | ').map((it) => it.trim()));
    expect(written).toEqual(rows.sort(([a], [b]) => (a! < b! ? -1 : 1)));
  });
});
