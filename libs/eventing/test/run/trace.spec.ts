// What is traced, by a tracer that notes what it is asked for: the engine knows no SDK.
import { ROOT_CONTEXT, SpanStatusCode, trace, type Context, type Span, type SpanOptions, type Tracer } from '@opentelemetry/api';
import { commandHandler } from '../../src/run/handle';
import { giveOrder } from '../../src/run/order';
import { memoryStore } from '../../src/store/memory';
import { contextOf, inTraceOf, isTraceparent, linkedTo, SpanKind, traceWith } from '../../src/trace';
import { parcel, say } from './parcels';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const CALLER = `00-${TRACE}-b7ad6b7169203331-01`;

interface Noted {
  readonly name: string;
  readonly options: SpanOptions;
  readonly parent: string | undefined;
  status?: unknown;
  attributes: Record<string, unknown>;
  isEnded: boolean;
}
const spans: Noted[] = [];
const tracer = {
  startSpan(name: string, options: SpanOptions = {}, context: Context = ROOT_CONTEXT): Span {
    const parent = trace.getSpanContext(context);
    const it: Noted = { name, options, parent: parent?.spanId, attributes: {}, isEnded: false };
    spans.push(it);
    const own = { traceId: parent?.traceId ?? 'f'.repeat(32), spanId: String(spans.length).padStart(16, '0'), traceFlags: 1 };
    return {
      spanContext: () => own,
      setStatus: (status: unknown) => void (it.status = status),
      setAttribute: (key: string, value: unknown) => void (it.attributes[key] = value),
      end: () => void (it.isEnded = true),
    } as unknown as Span;
  },
} as Tracer;
beforeEach(() => void spans.splice(0));
afterEach(() => traceWith(undefined));

test.each([
  ['with capitals', CALLER.toUpperCase()],
  ['of a trace of zeros', `00-${'0'.repeat(32)}-b7ad6b7169203331-01`],
  ['of a span of zeros', `00-${TRACE}-${'0'.repeat(16)}-01`],
  ['of a version that is not known', CALLER.replace(/^00/, '01')],
  ['of the version that is none', CALLER.replace(/^00/, 'ff')],
  ['with more behind it', `${CALLER}-00`],
  ['with less', CALLER.slice(0, -1)],
  ['with a space', ` ${CALLER}`],
  ['with a line break', `${CALLER}\n`],
  ['sent twice', `${CALLER}, ${CALLER}`],
  ['that is empty', ''],
  ['that is none', undefined],
  ['that is no text', [CALLER]],
])('a traceparent %s is none', (_, it) => {
  expect(contextOf(it)).toBeUndefined();
  expect(isTraceparent(it)).toBe(false);
});

test('a traceparent is read to the bit', () => {
  expect(contextOf(CALLER)).toEqual({ traceId: TRACE, spanId: 'b7ad6b7169203331', traceFlags: 1, isRemote: true });
  expect(contextOf(CALLER.replace(/01$/, '00'))?.traceFlags).toBe(0);
});

test('without a tracer what follows is in the same span as what it follows from, and nothing is made', async () => {
  expect(await inTraceOf({ traceparent: CALLER }, 'react x', async (it) => it)).toBe(CALLER);
  expect(await inTraceOf({}, 'react x', async (it) => it)).toBeUndefined();
  expect(await linkedTo([{ traceparent: CALLER }], 'project x', SpanKind.CONSUMER, async () => 7)).toBe(7);
});

test('with one it is in a child', async () => {
  traceWith(tracer);
  expect(await inTraceOf({ traceparent: CALLER }, 'react x', async (it) => it)).toBe(`00-${TRACE}-0000000000000001-01`);
  expect(spans).toMatchObject([{ name: 'react x', parent: 'b7ad6b7169203331', isEnded: true }]);
});

test('a page is linked to the traces of its events, each once and 16 at most', async () => {
  traceWith(tracer);
  const of = (n: number) => ({ traceparent: `00-${TRACE}-${String(n).padStart(16, '0')}-01` });
  const page = [{}, { traceparent: 'x' }, of(1), of(1), ...Array.from({ length: 100 }, (_, i) => of(i + 2))];
  await linkedTo(page, 'project x', SpanKind.CONSUMER, async () => undefined);
  const [{ options, parent }] = spans as [Noted];
  expect(parent).toBeUndefined();
  expect(options.links!.map((it) => Number(it.context.spanId))).toEqual(Array.from({ length: 16 }, (_, i) => i + 1));
});

test('an error is told by its class and not in its words, ends the span, and goes on', async () => {
  traceWith(tracer);
  const failing = inTraceOf({}, 'react x', async () => {
    throw new RangeError('王芳 is not allowed');
  });
  await expect(failing).rejects.toThrow('王芳');
  expect(spans).toMatchObject([
    { isEnded: true, status: { code: SpanStatusCode.ERROR }, attributes: { 'error.type': 'RangeError' } },
  ]);
  expect(JSON.stringify(spans)).not.toContain('王芳');
});

describe('what is stored', () => {
  const handler = (store = memoryStore()) => ({ store, it: commandHandler({ store, hashKey: Buffer.alloc(32, 1) }) });

  test('has the trace of its command, and without one not a byte of it', async () => {
    const { store, it } = handler();
    const traced = await it.handle(parcel, say('Send', { to: 'Bern' }, { traceparent: CALLER }));
    const plain = await it.handle(parcel, say('Send', { to: 'Bern' }));
    const metadataOf = async (id: string) => (await store.read(`parcel-${id}`))[0]!.metadata;
    expect((await metadataOf(traced.id)).traceparent).toBe(CALLER);
    expect(Object.keys(await metadataOf(plain.id))).toEqual([
      'tenantId',
      'actor',
      'occurredAt',
      'commandId',
      'commandHash',
      'correlationId',
      'causationId',
    ]);
  });

  test('a command that comes again in another trace is the same command', async () => {
    const { store, it } = handler();
    const send = (more: object) => it.handle(parcel, say('Send', { to: 'Bern' }, { commandId: 'c-1', ...more }));
    const first = await send({ traceparent: CALLER });
    for (const more of [{}, { traceparent: CALLER.replace('b7', 'c8') }]) expect(await send(more)).toEqual(first);
    expect(await store.read(`parcel-${first.id}`)).toHaveLength(1);
  });

  test('of an order it has the trace of its cause', async () => {
    const { store, it } = handler();
    const { id } = await it.handle(parcel, say('Send', { to: 'Bern' }));
    const cause = { tenantId: 'acme', by: 'timer t', of: [id], occurredAt: '2026-03-02T09:00:00Z', traceparent: CALLER };
    await giveOrder(it, { to: parcel, type: 'Tag', id, data: { tag: 'x' } }, cause);
    expect((await store.read(`parcel-${id}`)).at(-1)!.metadata.traceparent).toBe(CALLER);
  });
});
